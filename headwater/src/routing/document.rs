//! The document store's types: routed by their id, found by a filter.

use headwater_document::{Document, Find, ToId, Written};
use headwater_primitives::filter::Filter;
use headwater_primitives::{Commit, Read, Result};

use super::{Filtered, Key, Keyed};
use crate::database::Headwater;
use crate::model;
use crate::transaction::Transaction;

impl<T: Document> Keyed<model::Document> for T {
    type Written = Written;

    fn open(db: &Headwater) -> Result<()> {
        db.documents::<T>().map(drop)
    }

    fn insert(&self, db: &Headwater) -> Commit<Written> {
        match db.documents::<T>() {
            Ok(store) => store.insert(self),
            Err(error) => Commit::refused(error),
        }
    }

    fn put(&self, db: &Headwater) -> Commit<Written> {
        match db.documents::<T>() {
            Ok(store) => store.put(self),
            Err(error) => Commit::refused(error),
        }
    }

    fn insert_within(&self, tx: &Transaction<'_>) -> Result<Written> {
        tx.documents::<T>()?.within(tx).insert(self)
    }

    fn put_within(&self, tx: &Transaction<'_>) -> Result<Written> {
        tx.documents::<T>()?.within(tx).put(self)
    }
}

impl<T: Document, I: ToId> Key<T, model::Document> for I {
    fn get(self, db: &Headwater) -> Read<Option<T>> {
        match db.documents::<T>() {
            Ok(store) => store.get(self),
            Err(error) => Read::ready(Err(error)),
        }
    }

    fn delete(self, db: &Headwater) -> Commit<Option<Written>> {
        match db.documents::<T>() {
            Ok(store) => store.delete(self),
            Err(error) => Commit::refused(error),
        }
    }

    fn get_within(self, tx: &Transaction<'_>) -> Result<Option<T>> {
        tx.documents::<T>()?.within(tx).get(self)
    }

    fn delete_within(self, tx: &Transaction<'_>) -> Result<Option<Written>> {
        tx.documents::<T>()?.within(tx).delete(self)
    }
}

impl<T: Document> Filtered<model::Document> for T {
    type Find = Find<T>;

    fn find(db: &Headwater, filter: Filter) -> Result<Find<T>> {
        Ok(db.documents::<T>()?.find(filter))
    }
}
