//! What serde's attributes say about a type's JSON names, read from the attributes themselves.

use proc_macro2::Span;
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{Attribute, Expr, Lit, Meta, Token};

use crate::case::Case;

/// What a struct says to serde.
#[derive(Default)]
pub(crate) struct Container {
    /// `rename_all`.
    pub(crate) case: Case,
    /// `tag`: a field that serde adds.
    pub(crate) tag: Option<String>,
    /// Where an attribute says that the JSON is made of another type, and which attribute.
    pub(crate) foreign_shape: Option<(Span, &'static str)>,
}

/// What a field says to serde.
#[derive(Default)]
pub(crate) struct Field {
    /// `rename`.
    pub(crate) rename: Option<String>,
    pub(crate) flatten: bool,
    /// An attribute that keeps the field, always or sometimes, out of the JSON.
    pub(crate) skips: Option<&'static str>,
    /// An attribute that writes the field with code of its own.
    pub(crate) custom: Option<&'static str>,
}

impl Field {
    /// The attribute that always keeps the field out of the JSON, if there is one.
    pub(crate) fn never_written(&self) -> Option<&'static str> {
        self.skips.filter(|skip| *skip != "skip_serializing_if")
    }
}

pub(crate) fn container(attributes: &[Attribute]) -> Container {
    let mut container = Container::default();
    for meta in metas(attributes) {
        if let Some(text) = name_value(&meta, "rename_all") {
            container.case = Case::parse(&text);
        } else if let Some(text) = name_value(&meta, "tag") {
            container.tag = Some(text);
        } else if let Some(name) =
            named(&meta, &["transparent", "into", "from", "try_from", "remote"])
        {
            container.foreign_shape = Some((meta.span(), name));
        }
    }
    container
}

pub(crate) fn field(attributes: &[Attribute]) -> Field {
    let mut field = Field::default();
    for meta in metas(attributes) {
        if let Some(text) = name_value(&meta, "rename") {
            field.rename = Some(text);
        } else if named(&meta, &["flatten"]).is_some() {
            field.flatten = true;
        } else if let Some(name) = named(&meta, &["skip", "skip_serializing"]) {
            field.skips = Some(name);
        } else if let Some(name) = named(&meta, &["skip_serializing_if"]) {
            field.skips = field.skips.or(Some(name));
        } else if let Some(name) = named(&meta, &["with", "serialize_with", "getter"]) {
            field.custom = Some(name);
        }
    }
    field
}

/// Everything inside `#[serde(…)]`. What does not parse is left to serde's own derive to refuse.
fn metas(attributes: &[Attribute]) -> impl Iterator<Item = Meta> {
    attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident("serde"))
        .filter_map(|attribute| {
            attribute.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated).ok()
        })
        .flatten()
}

fn named(meta: &Meta, names: &[&'static str]) -> Option<&'static str> {
    names.iter().copied().find(|name| meta.path().is_ident(name))
}

/// The text of `name = "text"`, or of `name(serialize = "text")`: the name that is written.
fn name_value(meta: &Meta, name: &str) -> Option<String> {
    if !meta.path().is_ident(name) {
        return None;
    }
    match meta {
        Meta::NameValue(pair) => text(&pair.value),
        Meta::List(list) => list
            .parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated)
            .ok()?
            .iter()
            .find_map(|meta| name_value(meta, "serialize")),
        _ => None,
    }
}

fn text(value: &Expr) -> Option<String> {
    match value {
        Expr::Lit(literal) => match &literal.lit {
            Lit::Str(text) => Some(text.value()),
            _ => None,
        },
        _ => None,
    }
}
