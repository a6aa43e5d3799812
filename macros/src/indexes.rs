//! The indexes that a struct and its fields ask for, as paths into the document.

use proc_macro2::Span;
use syn::{Error, LitStr, Result};

use crate::attribute::{self, Index, Uniqueness};
use crate::errors::{collect, keep};
use crate::member::Member;
use crate::suggest::suggestion;

/// An index to be there when the collection is first opened.
pub(crate) struct DeclaredIndex {
    pub(crate) path: String,
    pub(crate) uniqueness: Uniqueness,
    span: Span,
}

pub(crate) fn indexes(
    container: &attribute::Container,
    members: &[Member<'_>],
    tag: Option<&str>,
    errors: &mut Option<Error>,
) -> Vec<DeclaredIndex> {
    let mut declared: Vec<DeclaredIndex> = Vec::new();
    let names = written_names(members, tag);
    let on_struct = container.indexes.iter().map(|index| struct_index(index, names.as_deref()));
    let on_fields = members
        .iter()
        .flat_map(|member| member.store.indexes.iter().map(|index| field_index(index, member)));
    for index in on_fields.chain(on_struct) {
        let Some(index) = keep(index, errors) else {
            continue;
        };
        match declared.iter().any(|other| other.path == index.path) {
            true => collect(
                errors,
                Error::new(
                    index.span,
                    format!("`{}` has an index already: one is enough", index.path),
                ),
            ),
            false => declared.push(index),
        }
    }
    declared
}

fn field_index(index: &Index, member: &Member<'_>) -> Result<DeclaredIndex> {
    let name = &member.json_name;
    if member.serde.flatten {
        return Err(Error::new(
            index.span,
            "a flattened field has no name of its own: put the index on the struct, as in \
             `#[store(index = \"city\")]`",
        ));
    }
    if let Some(skip) = member.serde.never_written() {
        return Err(Error::new(
            index.span,
            format!("`{name}` is never written, because of `#[serde({skip})]`: nothing to index"),
        ));
    }
    if name.is_empty() || name.contains('.') {
        return Err(Error::new(
            index.span,
            format!("{name:?} cannot be indexed: a path cannot name a field with a dot in it"),
        ));
    }
    let path = match &index.path {
        None => name.clone(),
        Some(literal) => {
            let path = checked_path(literal)?;
            let inside = path.strip_prefix(name.as_str());
            if !inside.is_some_and(|rest| rest.is_empty() || rest.starts_with('.')) {
                let message = format!(
                    "the path starts at the document: write {:?}, or put the index on the struct",
                    format!("{name}.{path}")
                );
                return Err(Error::new(literal.span(), message));
            }
            path
        }
    };
    Ok(DeclaredIndex { path, uniqueness: index.uniqueness, span: index.span })
}

/// The names at the top of the document; `None` when a flattened field may add any.
fn written_names<'a>(members: &'a [Member<'_>], tag: Option<&'a str>) -> Option<Vec<&'a str>> {
    if members.iter().any(|member| member.serde.flatten) {
        return None;
    }
    let written = members.iter().filter(|member| member.serde.never_written().is_none());
    Some(written.map(|member| member.json_name.as_str()).chain(tag).collect())
}

fn struct_index(index: &Index, names: Option<&[&str]>) -> Result<DeclaredIndex> {
    let Some(literal) = &index.path else {
        return Err(Error::new(index.span, "an index on a struct needs its path"));
    };
    let path = checked_path(literal)?;
    let first = path.split('.').next().unwrap_or_default();
    if let Some(names) = names.filter(|names| !names.contains(&first)) {
        let message = format!("no field is called `{first}`{}", suggestion(first, names));
        return Err(Error::new(literal.span(), message));
    }
    Ok(DeclaredIndex { path, uniqueness: index.uniqueness, span: literal.span() })
}

fn checked_path(literal: &LitStr) -> Result<String> {
    let path = literal.value();
    if path.split('.').any(str::is_empty) {
        let message =
            format!("path {path:?} has an empty component: write names with dots between, \"a.b\"");
        return Err(Error::new(literal.span(), message));
    }
    Ok(path)
}
