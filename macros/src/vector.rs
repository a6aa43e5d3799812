//! A struct kept in the vector store: what its attributes and fields come to.

use proc_macro2::{Ident, Span};
use quote::format_ident;
use syn::{DeriveInput, Error, Result, Type};

use crate::attribute::{self, RowPart};
use crate::errors::{collect, keep};
use crate::kept::{Kept, Reading};
use crate::member::Member;
use crate::vector_options::VectorOptions;

/// The most dimensions that a vector store takes.
const MAX_DIMENSIONS: usize = 65_536;

/// All that the implementation is made of.
pub(crate) struct Vectors {
    pub(crate) kept: Kept,
    pub(crate) dimensions: usize,
    /// The variant of `Metric`.
    pub(crate) metric: Option<Ident>,
    /// The language, or that there is none.
    pub(crate) language: Option<Option<String>>,
    pub(crate) prefixes: Vec<usize>,
    pub(crate) embedding: Option<Part>,
    pub(crate) text: Option<Part>,
    pub(crate) filters: Vec<String>,
}

/// A field that holds a part of the row.
pub(crate) struct Part {
    pub(crate) member: Ident,
    pub(crate) kind: Type,
    pub(crate) json_name: String,
}

impl Vectors {
    /// What `input`, whose own attributes were read into `container`, comes to.
    pub(crate) fn read(
        input: &DeriveInput,
        container: &attribute::Container,
        errors: Option<Error>,
    ) -> Result<Self> {
        let mut reading = Reading::begin(input, container, errors)?;
        let Reading { members, errors, .. } = &mut reading;
        for index in container.indexes.iter().chain(members.iter().flat_map(|m| &m.store.indexes)) {
            collect(
                errors,
                Error::new(
                    index.span,
                    "a type of the store `vector` has no such index: put `#[store(filter)]` on the \
                     fields that searches filter by",
                ),
            );
        }
        let embedding = keep(part(members, "embedding"), errors).flatten();
        let text = keep(part(members, "text"), errors).flatten();
        let filters: Vec<Option<String>> =
            said(members, "filter").map(|(member, at)| keep(filter(member, at), errors)).collect();
        let options = &container.vector;
        let is_clean = errors.is_none();
        let dimensions = keep(dimensions(options, &input.ident, is_clean), errors);
        let metric = keep(metric(options), errors).flatten();
        let prefixes = keep(prefixes(options), errors);
        let language = options.language.as_ref().map(|(language, _)| language.value());
        Ok(Vectors {
            kept: reading.end()?,
            dimensions: dimensions.unwrap_or_default(),
            metric,
            language: language.map(|language| (language != "none").then_some(language)),
            prefixes: prefixes.unwrap_or_default(),
            embedding,
            text,
            filters: filters.into_iter().flatten().collect(),
        })
    }
}

/// The fields that say `name`, and where.
fn said<'m, 'a>(
    members: &'m [Member<'a>],
    name: &'static str,
) -> impl Iterator<Item = (&'m Member<'a>, Span)> {
    let part = move |part: &&RowPart| part.name == name;
    members.iter().filter_map(move |m| Some((m, m.store.row.iter().find(part)?.span)))
}

/// The one field that says it is `name`, if there is one.
fn part(members: &[Member<'_>], name: &'static str) -> Result<Option<Part>> {
    let mut all = said(members, name);
    let Some((member, span)) = all.next() else { return Ok(None) };
    if let Some((_, second)) = all.next() {
        let message = format!("`{}` is the {name} already: a row has one", member.ident);
        return Err(Error::new(second, message));
    }
    if member.store.row.len() > 1 {
        let message =
            format!("the {name} is no metadata, and so nothing else: leave `{name}` alone");
        return Err(Error::new(span, message));
    }
    let why = if member.serde.flatten {
        Some("cannot be flattened: it needs a name of its own".to_owned())
    } else if let Some(skip) = member.serde.never_written() {
        Some(format!("must be written: remove `#[serde({skip})]`"))
    } else {
        member
            .serde
            .custom
            .map(|custom| format!("must be written as it is: remove `#[serde({custom} = …)]`"))
    };
    match why {
        Some(why) => Err(Error::new(span, format!("the {name} {why}"))),
        None => Ok(Some(Part {
            member: member.ident.clone(),
            kind: member.field.ty.clone(),
            json_name: member.json_name.clone(),
        })),
    }
}

/// The path of a field that searches filter by.
fn filter(member: &Member<'_>, span: Span) -> Result<String> {
    let name = &member.json_name;
    let why = if member.serde.flatten {
        "a flattened field has no name of its own to filter by".to_owned()
    } else if let Some(skip) = member.serde.never_written() {
        format!("`{name}` is never written, because of `#[serde({skip})]`: nothing to filter by")
    } else if name.is_empty() || name.contains('.') {
        format!("{name:?} cannot be filtered by: a path cannot name a field with a dot in it")
    } else {
        return Ok(name.clone());
    };
    Err(Error::new(span, why))
}

/// Where they are not said although something was refused before, that may be why.
fn dimensions(options: &VectorOptions, type_name: &Ident, is_clean: bool) -> Result<usize> {
    let Some((dim, _)) = &options.dim else {
        if !is_clean {
            return Ok(0);
        }
        let message = format!(
            "`{type_name}` does not say how many dimensions its embeddings have: write \
             `#[store(vector, dim = 384)]`"
        );
        return Err(Error::new(type_name.span(), message));
    };
    match dim.base10_parse::<usize>() {
        Ok(number) if (1..=MAX_DIMENSIONS).contains(&number) => Ok(number),
        _ => {
            let message = format!("embeddings have 1 to {MAX_DIMENSIONS} dimensions");
            Err(Error::new(dim.span(), message))
        }
    }
}

fn metric(options: &VectorOptions) -> Result<Option<Ident>> {
    let Some((metric, _)) = &options.metric else { return Ok(None) };
    let variant = match metric.value().as_str() {
        "cosine" => "Cosine",
        "l2" => "L2",
        "dot" => "Dot",
        other => {
            let message = format!("metric {other:?} is none of \"cosine\", \"l2\", \"dot\"");
            return Err(Error::new(metric.span(), message));
        }
    };
    Ok(Some(format_ident!("{variant}")))
}

/// Ascending, and below the number of dimensions.
fn prefixes(options: &VectorOptions) -> Result<Vec<usize>> {
    let Some((prefixes, _)) = &options.prefixes else { return Ok(Vec::new()) };
    let dim = options.dim.as_ref().and_then(|(dim, _)| dim.base10_parse::<usize>().ok());
    let mut numbers = Vec::new();
    for prefix in prefixes {
        let number = prefix.base10_parse::<usize>().unwrap_or_default();
        if number <= numbers.last().copied().unwrap_or_default()
            || dim.is_some_and(|dim| number >= dim)
        {
            return Err(Error::new(
                prefix.span(),
                "prefixes ascend, from 1 and to less than the dimensions",
            ));
        }
        numbers.push(number);
    }
    Ok(numbers)
}
