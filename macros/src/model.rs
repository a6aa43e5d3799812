//! The stores by name.

use proc_macro2::Span;
use syn::{Error, Ident, Path};

use crate::suggest::suggestion;

/// A store that a type can be kept in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Model {
    Document,
    Graph,
    Relational,
    Columnar,
    Timeseries,
    Vector,
    Blob,
}

pub(crate) const ALL: [(&str, Model); 7] = [
    ("document", Model::Document),
    ("graph", Model::Graph),
    ("relational", Model::Relational),
    ("columnar", Model::Columnar),
    ("timeseries", Model::Timeseries),
    ("vector", Model::Vector),
    ("blob", Model::Blob),
];

impl Model {
    /// The store that `path` names, if it names one.
    pub(crate) fn of(path: &Path) -> Option<Model> {
        ALL.iter().find(|(name, _)| path.is_ident(name)).map(|(_, model)| *model)
    }

    pub(crate) fn name(self) -> &'static str {
        ALL.iter().find(|(_, model)| *model == self).map_or("", |(name, _)| name)
    }
}

/// The store that a container chose, and where it says so.
#[derive(Clone, Debug)]
pub(crate) struct Chosen {
    pub(crate) model: Model,
    pub(crate) ident: Ident,
}

/// What a container without a store is told.
pub(crate) fn missing(span: Span, type_name: &Ident) -> Error {
    Error::new(
        span,
        format!(
            "`{type_name}` does not say which store keeps it: add `#[store(document)]`{}",
            suggestion("", &ALL.map(|(name, _)| name))
        ),
    )
}
