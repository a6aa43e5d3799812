//! The document store behind the facade.

use headwater_document::{Document, DocumentStore, collections, prepare, verify};
use headwater_primitives::{Namespace, Result};

use super::PartHooks;
use crate::database::Headwater;
use crate::stats::TableStats;
use crate::transaction::Transaction;

pub(crate) const HOOKS: PartHooks = PartHooks { prepare, verify, tables };

fn tables(namespace: &Namespace) -> Result<Vec<TableStats>> {
    let collections = collections(namespace)?;
    let table = |collection: headwater_document::CollectionInfo| TableStats {
        store: "document",
        table: collection.name,
        rows: collection.documents,
        indexes: collection.indexes,
    };
    Ok(collections.into_iter().map(table).collect())
}

impl Headwater {
    /// The collection of the document type `T`, with all that it can do. The first call makes the
    /// collection and builds the indexes that `T` declares and the collection lacks.
    ///
    /// ```
    /// # use headwater::prelude::*;
    /// # use serde::{Deserialize, Serialize};
    /// # #[derive(Store, Serialize, Deserialize)]
    /// # #[store(document)]
    /// # struct Customer { #[store(id)] id: u32, orders: u32 }
    /// # fn main() -> headwater::Result<()> {
    /// # let db = Headwater::in_memory()?;
    /// let customers = db.documents::<Customer>()?;
    /// customers.insert(&Customer { id: 1, orders: 0 }).wait()?;
    /// customers.update(1, |customer| customer.orders += 1).wait()?;
    /// assert_eq!(customers.count().wait()?, 1);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`DocumentStore::open`].
    pub fn documents<T: Document>(&self) -> Result<DocumentStore<T>> {
        self.opened().get_or_open(|| DocumentStore::open_default(self.namespace()))
    }

    /// The untyped collection `name`, made by its first document.
    ///
    /// # Errors
    /// As [`DocumentStore::open`].
    pub fn collection(&self, name: &str) -> Result<DocumentStore> {
        DocumentStore::open(self.namespace(), name)
    }
}

impl Transaction<'_> {
    /// The store of `T`: the open one, or one for this transaction.
    pub(crate) fn documents<T: Document>(&self) -> Result<DocumentStore<T>> {
        match self.db().opened().get() {
            Some(store) => Ok(store),
            None => DocumentStore::open_within(self, self.db().namespace(), T::collection()),
        }
    }
}
