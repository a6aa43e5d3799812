//! The vector store behind the facade.

use headwater_primitives::{Namespace, Result};
use headwater_vector::{Embedded, StoreInfo, VectorStore, prepare, stores, verify};

use super::PartHooks;
use crate::database::Headwater;
use crate::stats::TableStats;
use crate::transaction::Transaction;

pub(crate) const HOOKS: PartHooks = PartHooks { prepare, verify, tables };

fn tables(namespace: &Namespace) -> Result<Vec<TableStats>> {
    let stores = stores(namespace)?;
    let table = |store: StoreInfo| TableStats {
        store: "vector",
        table: store.name,
        rows: store.rows,
        indexes: store.options.filters,
    };
    Ok(stores.into_iter().map(table).collect())
}

impl Headwater {
    /// The store of the type `T`, with all that it can do. The first call makes the store, as the
    /// type declares it.
    ///
    /// ```
    /// # use headwater::prelude::*;
    /// # use serde::{Deserialize, Serialize};
    /// # #[derive(Store, Serialize, Deserialize)]
    /// # #[store(vector, dim = 2)]
    /// # struct Article {
    /// #     #[store(id)]
    /// #     id: u32,
    /// #     #[store(text)]
    /// #     body: String,
    /// #     #[store(embedding)]
    /// #     meaning: Option<Vec<f32>>,
    /// # }
    /// # fn main() -> headwater::Result<()> {
    /// # let db = Headwater::in_memory()?;
    /// let articles = db.vectors::<Article>()?;
    /// articles.insert(&Article { id: 1, body: "words".into(), meaning: None }).wait()?;
    /// articles.set_embedding(1, Some(&[0.6, 0.8])).wait()?;
    /// assert_eq!(db.get::<Article>(1).wait()?.and_then(|a| a.meaning), Some(vec![0.6, 0.8]));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`VectorStore::open`].
    pub fn vectors<T: Embedded>(&self) -> Result<VectorStore<T>> {
        self.opened().get_or_open(|| VectorStore::open_default(self.namespace()))
    }

    /// The store `name`, for rows of any shape. It must be there: [`VectorStore::create`] makes one.
    ///
    /// # Errors
    /// As [`VectorStore::open`].
    pub fn vector_store(&self, name: &str) -> Result<VectorStore> {
        VectorStore::open(self.namespace(), name)
    }
}

impl Transaction<'_> {
    /// The store of `T`: the open one, or one for this transaction.
    pub(crate) fn vectors<T: Embedded>(&self) -> Result<VectorStore<T>> {
        match self.db().opened().get() {
            Some(store) => Ok(store),
            None => VectorStore::open_within(self, self.db().namespace(), T::store_name()),
        }
    }
}
