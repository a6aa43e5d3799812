//! What `#[store(vector, …)]` says on the struct beside the options of all stores.

use proc_macro2::Span;
use syn::meta::ParseNestedMeta;
use syn::parse::ParseStream;
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{Error, LitInt, LitStr, Result, Token, bracketed};

use crate::attribute::{set, string};

/// The options of a vector store, each with its place.
#[derive(Default)]
pub(crate) struct VectorOptions {
    pub(crate) dim: Option<(LitInt, Span)>,
    pub(crate) metric: Option<(LitStr, Span)>,
    pub(crate) language: Option<(LitStr, Span)>,
    pub(crate) prefixes: Option<(Vec<LitInt>, Span)>,
}

/// Their names.
pub(crate) const NAMES: [&str; 4] = ["dim", "metric", "language", "prefixes"];

impl VectorOptions {
    /// Takes the option of `meta`. Whether it is one of these.
    pub(crate) fn option(&mut self, meta: &ParseNestedMeta<'_>) -> Result<bool> {
        let span = meta.path.span();
        if meta.path.is_ident("dim") {
            let dim = number(meta.value().map_err(|error| example(&error, "dim = 384"))?)?;
            set(&mut self.dim, (dim, span), meta)?;
        } else if meta.path.is_ident("metric") {
            set(&mut self.metric, (string(meta, "metric = \"l2\"")?, span), meta)?;
        } else if meta.path.is_ident("language") {
            set(&mut self.language, (string(meta, "language = \"en\"")?, span), meta)?;
        } else if meta.path.is_ident("prefixes") {
            set(&mut self.prefixes, (prefixes(meta)?, span), meta)?;
        } else {
            return Ok(false);
        }
        Ok(true)
    }

    /// What is said, by name.
    pub(crate) fn said(&self) -> impl Iterator<Item = (&'static str, Span)> {
        let spans = [
            self.dim.as_ref().map(|(_, span)| *span),
            self.metric.as_ref().map(|(_, span)| *span),
            self.language.as_ref().map(|(_, span)| *span),
            self.prefixes.as_ref().map(|(_, span)| *span),
        ];
        NAMES.into_iter().zip(spans).filter_map(|(name, span)| Some((name, span?)))
    }
}

fn prefixes(meta: &ParseNestedMeta<'_>) -> Result<Vec<LitInt>> {
    const EXAMPLE: &str = "prefixes = [64, 128]";
    let value = meta.value().map_err(|error| example(&error, EXAMPLE))?;
    let list = || {
        let content;
        bracketed!(content in value);
        Punctuated::<LitInt, Token![,]>::parse_terminated(&content)
    };
    Ok(list().map_err(|error| example(&error, EXAMPLE))?.into_iter().collect())
}

fn number(value: ParseStream<'_>) -> Result<LitInt> {
    value.parse().map_err(|error| example(&error, "dim = 384"))
}

fn example(error: &Error, example: &str) -> Error {
    Error::new(error.span(), format!("write `{example}`"))
}
