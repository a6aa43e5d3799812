//! Where a namespace's lake is.

use headwater_objects::{Objects, OpenOptions};

use crate::catalog::RestCatalog;

/// How the lake of a namespace is opened.
///
/// Without a location it is the folder `lake/` of the namespace. Another one that an opening names is kept in the
/// hot tier, and stays for good once the lake has a table, since tables hold absolute addresses. So it is
/// with the catalog, which is in `hot.db` unless an opening before that names another one.
#[derive(Clone, Debug, Default)]
pub struct LakeOptions {
    pub(crate) location: Option<String>,
    pub(crate) objects: OpenOptions,
    pub(crate) store: Option<Objects>,
    pub(crate) catalog: Option<RestCatalog>,
}

impl LakeOptions {
    /// The lake in the namespace's own folder, or where it was made.
    pub fn new() -> LakeOptions {
        LakeOptions::default()
    }

    /// The lake at `location`: a path, or a URL that [`headwater_objects::open`] knows.
    #[must_use]
    pub fn location(mut self, location: impl Into<String>) -> LakeOptions {
        self.location = Some(location.into());
        self
    }

    /// Settings of the object store, such as its credentials. They are not kept.
    #[must_use]
    pub fn objects(mut self, options: OpenOptions) -> LakeOptions {
        self.objects = options;
        self
    }

    /// The lake in a store that is open already, in place of one that is opened by its location.
    #[must_use]
    pub fn store(mut self, store: Objects) -> LakeOptions {
        self.store = Some(store);
        self
    }

    /// The tables of the lake are in `catalog`, which other engines change too.
    ///
    /// Reads here see what they changed after the next hand-off or upkeep of that table. The login counts
    /// that the lake was first opened with in this process.
    #[must_use]
    pub fn catalog(mut self, catalog: RestCatalog) -> LakeOptions {
        self.catalog = Some(catalog);
        self
    }
}
