//! A vector store inside a transaction: the same operations, at once, on the writer thread.

use std::marker::PhantomData;
use std::sync::Arc;

use headwater_primitives::{Result, ToId, Transaction};
use serde_json::Value;

use crate::encoded::Encoded;
use crate::read::versioned;
use crate::record::Embedded;
use crate::rows::StoredRow;
use crate::store::Inner;
use crate::table::{Table, place};
use crate::write::{Existing, Writing};
use crate::written::{PutOptions, Versioned, Written};
use crate::{change, embedding};

/// A vector store inside one transaction. Reads see the transaction's own writes. Made by
/// [`VectorStore::within`](crate::VectorStore::within).
pub struct VectorTransaction<'a, T> {
    inner: &'a Arc<Inner>,
    writing: Writing<'a>,
    kind: PhantomData<fn() -> T>,
}

impl<'a, T: Embedded> VectorTransaction<'a, T> {
    pub(crate) fn new(inner: &'a Arc<Inner>, tx: &'a Transaction<'a>) -> Self {
        VectorTransaction { inner, writing: inner.in_transaction(tx), kind: PhantomData }
    }

    /// Inserts a new row.
    ///
    /// # Errors
    /// `AlreadyExists` for a taken id; `InvalidInput`; `TooLarge`.
    pub fn insert(&self, row: &T) -> Result<Written> {
        self.writing.insert(self.encode(row)?)
    }

    /// Writes a row, over the one with the same id if there is one.
    ///
    /// # Errors
    /// `InvalidInput`; `TooLarge`.
    pub fn put(&self, row: &T) -> Result<Written> {
        self.put_with(row, PutOptions::default())
    }

    /// [`put`](Self::put) with an expected version.
    ///
    /// # Errors
    /// As `put`, and `Conflict`.
    pub fn put_with(&self, row: &T, options: PutOptions) -> Result<Written> {
        self.writing.put(self.encode(row)?, options, Existing::MayBe)
    }

    /// Writes over a row that must be there.
    ///
    /// # Errors
    /// `NotFound`, and as `put`.
    pub fn replace(&self, row: &T) -> Result<Written> {
        self.replace_with(row, PutOptions::default())
    }

    /// [`replace`](Self::replace) with an expected version.
    ///
    /// # Errors
    /// As `replace`, and `Conflict`.
    pub fn replace_with(&self, row: &T, options: PutOptions) -> Result<Written> {
        self.writing.put(self.encode(row)?, options, Existing::Must)
    }

    /// The row under `id`.
    ///
    /// # Errors
    /// `InvalidInput` for an id of the wrong kind, or when the row does not fit `T`; `NotFetched` when
    /// its embedding is in the warm tier, and was not fetched before; `Corrupt`.
    pub fn get(&self, id: impl ToId) -> Result<Option<T>> {
        self.find(id)?.map(|row| row.decode()).transpose()
    }

    /// The row under `id` with its version.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn get_versioned(&self, id: impl ToId) -> Result<Option<Versioned<T>>> {
        self.find(id)?.map(versioned).transpose()
    }

    /// Changes a row in place.
    ///
    /// # Errors
    /// `NotFound`; `InvalidInput` when `change` changes the id; as `put` and [`get`](Self::get).
    pub fn update(&self, id: impl ToId, change: impl FnOnce(&mut T)) -> Result<Written> {
        self.change(id, |table, row| {
            let mut row = row.clone();
            self.inner.warm.tier.fetched(self.inner, &mut row);
            change::value(table, &row, change)
        })
    }

    /// Changes the text alone; `None` takes it away.
    ///
    /// # Errors
    /// `NotFound`; `TooLarge`; `InvalidInput` when the rows' type has no text.
    pub fn set_text(&self, id: impl ToId, text: Option<&str>) -> Result<Written> {
        self.change(id, |table, row| change::text(table, row, text))
    }

    /// Changes the embedding alone; `None` takes it away.
    ///
    /// # Errors
    /// `NotFound`; `InvalidInput` for one that the store has no place for.
    pub fn set_embedding(&self, id: impl ToId, values: Option<&[f32]>) -> Result<Written> {
        let Table { options, name, .. } = self.writing.table;
        let check = |values| embedding::check(options, values);
        values.map_or(Ok(()), check).map_err(|error| error.context(place(name)))?;
        self.change(id, |table, row| change::embedding(table, row, values))
    }

    /// Changes the metadata alone: `metadata`, an object, is all of it from now on.
    ///
    /// # Errors
    /// `NotFound`; `InvalidInput` when it is no object, or has another id; `TooLarge`.
    pub fn set_metadata(&self, id: impl ToId, metadata: &Value) -> Result<Written> {
        let metadata = change::encoded_metadata(metadata)
            .map_err(|error| error.context(place(&self.writing.table.name)))?;
        self.change(id, |table, row| change::metadata(table, row, metadata))
    }

    /// Applies a JSON merge patch (RFC 7396) to the metadata alone.
    ///
    /// # Errors
    /// As [`set_metadata`](Self::set_metadata).
    pub fn merge_metadata(&self, id: impl ToId, patch: &Value) -> Result<Written> {
        self.change(id, |table, row| change::merged(table, row, patch))
    }

    /// Deletes a row; `None` when there is none.
    ///
    /// # Errors
    /// `InvalidInput` for an id of the wrong kind.
    pub fn delete(&self, id: impl ToId) -> Result<Option<Written>> {
        self.delete_with(id, PutOptions::default())
    }

    /// [`delete`](Self::delete), only at the expected version.
    ///
    /// # Errors
    /// As `delete`, and `Conflict`.
    pub fn delete_with(&self, id: impl ToId, options: PutOptions) -> Result<Option<Written>> {
        self.writing.delete(&id.to_id()?, options.expected)
    }

    /// The row under `id`, with its embedding if that is here or was fetched.
    fn find(&self, id: impl ToId) -> Result<Option<StoredRow>> {
        let Some(mut row) = self.writing.find(&id.to_id()?)? else { return Ok(None) };
        self.inner.warm.tier.fetched(self.inner, &mut row);
        Ok(Some(row))
    }

    fn encode(&self, row: &T) -> Result<Encoded> {
        Encoded::new(self.writing.table, row)
    }

    fn change(
        &self,
        id: impl ToId,
        change: impl FnOnce(&Table, &StoredRow) -> Result<Encoded>,
    ) -> Result<Written> {
        self.writing.change(&id.to_id()?, |row| change(self.writing.table, row))
    }
}
