//! One transaction over every store, routed by type.

use std::ops::Deref;

use headwater_primitives::{Result, Sequence};
use serde::Serialize;

use crate::database::Headwater;
use crate::routing::{Key, Keyed, Store};

/// What the closure of [`Headwater::transaction`] gets. Reads see the transaction's own writes.
///
/// It is also the namespace's own transaction, which every store takes through its `within(tx)`.
pub struct Transaction<'a> {
    db: &'a Headwater,
    tx: &'a headwater_primitives::Transaction<'a>,
}

impl<'a> Transaction<'a> {
    pub(crate) fn new(db: &'a Headwater, tx: &'a headwater_primitives::Transaction<'a>) -> Self {
        Transaction { db, tx }
    }

    /// Writes a new value.
    ///
    /// # Errors
    /// `AlreadyExists` for a taken key or unique value; what the store refuses.
    pub fn insert<T>(&self, value: &T) -> Result<T::Written>
    where
        T: Store + Keyed<<T as Store>::Model>,
    {
        value.insert_within(self)
    }

    /// Writes a value, over the one under the same key if there is one.
    ///
    /// # Errors
    /// `AlreadyExists` for a taken unique value; what the store refuses.
    pub fn put<T>(&self, value: &T) -> Result<T::Written>
    where
        T: Store + Keyed<<T as Store>::Model>,
    {
        value.put_within(self)
    }

    /// The value under `key`.
    ///
    /// # Errors
    /// `InvalidInput` for a key of the wrong kind; `Corrupt`.
    pub fn get<T>(&self, key: impl Key<T, T::Model>) -> Result<Option<T>>
    where
        T: Store + Keyed<<T as Store>::Model>,
    {
        key.get_within(self)
    }

    /// Deletes the value under `key`; `None` when there is none.
    ///
    /// # Errors
    /// `InvalidInput` for a key of the wrong kind.
    pub fn delete<T>(&self, key: impl Key<T, T::Model>) -> Result<Option<T::Written>>
    where
        T: Store + Keyed<<T as Store>::Model>,
    {
        key.delete_within(self)
    }

    /// Publishes an event of the application's own, such as `Customer.created`, with this commit.
    ///
    /// # Errors
    /// `InvalidInput` when the type is empty, too long or starts with `cdc.`, or when `data` has no
    /// JSON form; `TooLarge`.
    pub fn publish<D: Serialize + ?Sized>(&self, event_type: &str, data: &D) -> Result<Sequence> {
        self.db.changes().publish(self.tx, event_type, data)
    }

    pub(crate) fn db(&self) -> &Headwater {
        self.db
    }
}

impl<'a> Deref for Transaction<'a> {
    type Target = headwater_primitives::Transaction<'a>;

    fn deref(&self) -> &Self::Target {
        self.tx
    }
}
