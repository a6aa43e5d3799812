//! What `#[store(…)]` says, on the struct and on its fields.

use proc_macro2::Span;
use syn::meta::ParseNestedMeta;
use syn::parse::ParseStream;
use syn::spanned::Spanned;
use syn::{Attribute, Error, LitStr, Path, Result, Token};

use crate::errors::keep;
use crate::model::{self, Chosen, Model};
use crate::suggest::suggestion;
use crate::vector_options::{self, VectorOptions};

/// Whether two documents may have the same value at an indexed path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Uniqueness {
    Many,
    Unique,
}

/// `index` or `unique`, with a path or without.
pub(crate) struct Index {
    pub(crate) path: Option<LitStr>,
    pub(crate) uniqueness: Uniqueness,
    pub(crate) span: Span,
}

/// What a struct says.
#[derive(Default)]
pub(crate) struct Container {
    pub(crate) chosen: Option<Chosen>,
    pub(crate) name: Option<LitStr>,
    pub(crate) crate_path: Option<Path>,
    pub(crate) indexes: Vec<Index>,
    pub(crate) vector: VectorOptions,
}

/// What a field says.
#[derive(Default)]
pub(crate) struct Field {
    pub(crate) id: Option<Span>,
    pub(crate) indexes: Vec<Index>,
    pub(crate) row: Vec<RowPart>,
}

/// `embedding`, `text` or `filter`: what a field is to a row of the vector store.
pub(crate) struct RowPart {
    pub(crate) name: &'static str,
    pub(crate) span: Span,
}

const ON_STRUCT: [&str; 4] = ["name", "crate", "index", "unique"];
const ON_FIELD: [&str; 6] = ["id", "index", "unique", "embedding", "text", "filter"];
const ROW_PARTS: [&str; 3] = ["embedding", "text", "filter"];

impl Container {
    /// As far as it can be understood; the rest goes to `errors`.
    pub(crate) fn parse(attributes: &[Attribute], errors: &mut Option<Error>) -> Self {
        let mut container = Container::default();
        each_option(attributes, errors, |meta| container.option(meta));
        container
    }

    fn option(&mut self, meta: &ParseNestedMeta<'_>) -> Result<()> {
        if let Some(model) = Model::of(&meta.path) {
            return self.choose(model, meta);
        }
        if meta.path.is_ident("name") {
            let name = string(meta, "name = \"customers\"")?;
            return set(&mut self.name, name, meta);
        }
        if meta.path.is_ident("crate") {
            let path = crate_path(meta)?;
            return set(&mut self.crate_path, path, meta);
        }
        if let Some(index) = index(meta)? {
            if index.path.is_none() {
                return Err(meta.error(
                    "on a struct, an index needs its path, as in `index = \"address.city\"`; to \
                     index one field, put the attribute on the field",
                ));
            }
            self.indexes.push(index);
            return Ok(());
        }
        if self.vector.option(meta)? {
            return Ok(());
        }
        if let Some(name) = ["id"].iter().chain(&ROW_PARTS).find(|name| meta.path.is_ident(name)) {
            return Err(meta.error(format!(
                "`{name}` belongs on a field: put `#[store({name})]` on the field that holds it"
            )));
        }
        Err(unknown(meta, "a struct", &struct_options()))
    }

    fn choose(&mut self, model: Model, meta: &ParseNestedMeta<'_>) -> Result<()> {
        if let Some(first) = &self.chosen {
            return Err(meta.error(format!(
                "this type is kept in the store `{}` already: one type has one store, so derive \
                 `Store` on a second type for `{}`",
                first.model.name(),
                model.name()
            )));
        }
        self.chosen = Some(Chosen { model, ident: meta.path.require_ident()?.clone() });
        Ok(())
    }
}

impl Field {
    /// As far as it can be understood; the rest goes to `errors`.
    pub(crate) fn parse(attributes: &[Attribute], errors: &mut Option<Error>) -> Self {
        let mut field = Field::default();
        each_option(attributes, errors, |meta| field.option(meta));
        field
    }

    fn option(&mut self, meta: &ParseNestedMeta<'_>) -> Result<()> {
        if meta.path.is_ident("id") {
            return set(&mut self.id, meta.path.span(), meta);
        }
        if let Some(index) = index(meta)? {
            self.indexes.push(index);
            return Ok(());
        }
        if let Some(name) = ROW_PARTS.into_iter().find(|name| meta.path.is_ident(name)) {
            if self.row.iter().any(|part| part.name == name) {
                return Err(meta.error(format!("`{name}` is said twice: once is enough")));
            }
            self.row.push(RowPart { name, span: meta.path.span() });
            return Ok(());
        }
        if struct_options().iter().any(|name| meta.path.is_ident(name)) {
            let name = meta.path.require_ident()?;
            return Err(meta.error(format!("`{name}` belongs on the struct, not on a field")));
        }
        Err(unknown(meta, "a field", &ON_FIELD))
    }
}

/// Calls `take` for each option of each `#[store(…)]`; keeps one error per attribute.
fn each_option(
    attributes: &[Attribute],
    errors: &mut Option<Error>,
    mut take: impl FnMut(&ParseNestedMeta<'_>) -> Result<()>,
) {
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("store")) {
        let mut options = 0;
        let parsed = attribute.parse_nested_meta(|meta| {
            options += 1;
            take(&meta)
        });
        let parsed = parsed.and_then(|()| match options {
            0 => Err(Error::new(attribute.span(), "`#[store()]` says nothing: remove it")),
            _ => Ok(()),
        });
        keep(parsed, errors);
    }
}

/// `index`, `unique`, `index = "path"` or `unique = "path"`; `None` for any other option.
fn index(meta: &ParseNestedMeta<'_>) -> Result<Option<Index>> {
    let (uniqueness, example) = if meta.path.is_ident("index") {
        (Uniqueness::Many, "index = \"address.city\"")
    } else if meta.path.is_ident("unique") {
        (Uniqueness::Unique, "unique = \"contact.email\"")
    } else {
        return Ok(None);
    };
    let ends_here = meta.input.is_empty() || meta.input.peek(Token![,]);
    let path = if ends_here { None } else { Some(string(meta, example)?) };
    Ok(Some(Index { path, uniqueness, span: meta.path.span() }))
}

/// The string after `=`.
pub(crate) fn string(meta: &ParseNestedMeta<'_>, example: &str) -> Result<LitStr> {
    let value: ParseStream<'_> =
        meta.value().map_err(|error| Error::new(error.span(), format!("write `{example}`")))?;
    value.parse().map_err(|error| {
        Error::new(error.span(), format!("expected text in quotes, as in `{example}`"))
    })
}

/// The path after `crate =`, with quotes or without.
fn crate_path(meta: &ParseNestedMeta<'_>) -> Result<Path> {
    const EXAMPLE: &str = "`crate = headwater_document`";
    let value =
        meta.value().map_err(|error| Error::new(error.span(), format!("write {EXAMPLE}")))?;
    let path = if value.peek(LitStr) {
        value.parse::<LitStr>()?.parse_with(Path::parse_mod_style)
    } else {
        value.call(Path::parse_mod_style)
    };
    path.map_err(|error| {
        Error::new(error.span(), format!("expected the path of a crate, as in {EXAMPLE}"))
    })
}

/// Fills `slot`, once.
pub(crate) fn set<T>(slot: &mut Option<T>, value: T, meta: &ParseNestedMeta<'_>) -> Result<()> {
    if slot.is_some() {
        let name = meta.path.require_ident()?;
        return Err(meta.error(format!("`{name}` is said twice: once is enough")));
    }
    *slot = Some(value);
    Ok(())
}

fn struct_options() -> Vec<&'static str> {
    let stores = model::ALL.iter().map(|(name, _)| *name);
    stores.chain(ON_STRUCT).chain(vector_options::NAMES).collect()
}

fn unknown(meta: &ParseNestedMeta<'_>, place: &str, known: &[&str]) -> Error {
    let name = path_text(&meta.path);
    meta.error(format!("unknown option `{name}` on {place}{}", suggestion(&name, known)))
}

fn path_text(path: &Path) -> String {
    let segments: Vec<String> =
        path.segments.iter().map(|segment| segment.ident.to_string()).collect();
    segments.join("::")
}
