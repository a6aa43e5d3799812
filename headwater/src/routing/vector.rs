//! The vector store's types: routed by their id.

use headwater_primitives::{Commit, Read, Result};
use headwater_vector::{Embedded, ToId, Written};

use super::{Key, Keyed};
use crate::database::Headwater;
use crate::model;
use crate::transaction::Transaction;

impl<T: Embedded> Keyed<model::Vector> for T {
    type Written = Written;

    fn open(db: &Headwater) -> Result<()> {
        db.vectors::<T>().map(drop)
    }

    fn insert(&self, db: &Headwater) -> Commit<Written> {
        match db.vectors::<T>() {
            Ok(store) => store.insert(self),
            Err(error) => Commit::refused(error),
        }
    }

    fn put(&self, db: &Headwater) -> Commit<Written> {
        match db.vectors::<T>() {
            Ok(store) => store.put(self),
            Err(error) => Commit::refused(error),
        }
    }

    fn insert_within(&self, tx: &Transaction<'_>) -> Result<Written> {
        tx.vectors::<T>()?.within(tx).insert(self)
    }

    fn put_within(&self, tx: &Transaction<'_>) -> Result<Written> {
        tx.vectors::<T>()?.within(tx).put(self)
    }
}

impl<T: Embedded, I: ToId> Key<T, model::Vector> for I {
    fn get(self, db: &Headwater) -> Read<Option<T>> {
        match db.vectors::<T>() {
            Ok(store) => store.get(self),
            Err(error) => Read::ready(Err(error)),
        }
    }

    fn delete(self, db: &Headwater) -> Commit<Option<Written>> {
        match db.vectors::<T>() {
            Ok(store) => store.delete(self),
            Err(error) => Commit::refused(error),
        }
    }

    fn get_within(self, tx: &Transaction<'_>) -> Result<Option<T>> {
        tx.vectors::<T>()?.within(tx).get(self)
    }

    fn delete_within(self, tx: &Transaction<'_>) -> Result<Option<Written>> {
        tx.vectors::<T>()?.within(tx).delete(self)
    }
}
