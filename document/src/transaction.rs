//! A collection inside a transaction: the same operations, at once, on the writer thread.

use std::marker::PhantomData;

use headwater_primitives::{Result, Sequence, Transaction, jsonb};
use serde_json::Value;

use crate::cold::{OnArchived, Thaw};
use crate::document::Document;
use crate::encoded::Encoded;
use crate::id::{DocumentId, IdKind, ToId};
use crate::patch;
use crate::store::Collection;
use crate::write::{Existing, Writing};
use crate::written::{PutOptions, Versioned, Written};

/// A collection inside one transaction. Reads see the transaction's own writes. Made by
/// [`DocumentStore::within`](crate::DocumentStore::within).
pub struct DocumentTransaction<'a, T> {
    collection: &'a Collection,
    tx: &'a Transaction<'a>,
    kind: PhantomData<fn() -> T>,
}

impl<'a, T: Document> DocumentTransaction<'a, T> {
    pub(crate) fn new(collection: &'a Collection, tx: &'a Transaction<'a>) -> Self {
        DocumentTransaction { collection, tx, kind: PhantomData }
    }

    /// Inserts a new document.
    ///
    /// # Errors
    /// `AlreadyExists` for a taken id or unique value; `InvalidInput`; `TooLarge`.
    pub fn insert(&self, document: &T) -> Result<Written> {
        self.insert_with(document, PutOptions::default())
    }

    /// [`insert`](Self::insert) with an end of life.
    ///
    /// # Errors
    /// As `insert`.
    pub fn insert_with(&self, document: &T, options: PutOptions) -> Result<Written> {
        let encoded = Encoded::new(&self.collection.name, document)?;
        let kind = encoded.id.as_ref().map(DocumentId::kind);
        self.writing(kind, Existing::MayBe, |writing| {
            writing.insert(encoded.id, &encoded.body, &options)
        })
    }

    /// Writes a document, over the one with the same id if there is one.
    ///
    /// # Errors
    /// `AlreadyExists` for a taken unique value; `InvalidInput`; `TooLarge`.
    pub fn put(&self, document: &T) -> Result<Written> {
        self.put_with(document, PutOptions::default())
    }

    /// [`put`](Self::put) with an expected version or an end of life.
    ///
    /// # Errors
    /// As `put`, and `Conflict`.
    pub fn put_with(&self, document: &T, options: PutOptions) -> Result<Written> {
        self.put_over(document, options, Existing::MayBe)
    }

    /// Writes over a document that must be there.
    ///
    /// # Errors
    /// `NotFound`, and as `put`.
    pub fn replace(&self, document: &T) -> Result<Written> {
        self.put_over(document, PutOptions::default(), Existing::Must)
    }

    /// [`replace`](Self::replace) with an expected version or an end of life.
    ///
    /// # Errors
    /// As `replace`, and `Conflict`.
    pub fn replace_with(&self, document: &T, options: PutOptions) -> Result<Written> {
        self.put_over(document, options, Existing::Must)
    }

    /// The document under `id`.
    ///
    /// # Errors
    /// `InvalidInput` for an id of the wrong kind, or when the document does not fit `T`; `Corrupt`.
    pub fn get(&self, id: impl ToId) -> Result<Option<T>> {
        Ok(self.get_versioned(id)?.map(|found| found.document))
    }

    /// The document under `id` with its version.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn get_versioned(&self, id: impl ToId) -> Result<Option<Versioned<T>>> {
        let id = id.to_id()?;
        self.writing(Some(id.kind()), Existing::Must, |writing| {
            writing.check_kind(&id)?;
            let Some(row) = writing.live_row(&id)? else { return Ok(None) };
            let document = jsonb::from_slice(&row.body)?;
            Ok(Some(Versioned { id, version: row.version, document }))
        })
    }

    /// Changes a document in place.
    ///
    /// # Errors
    /// `NotFound`; `InvalidInput` when `change` changes the id; as `put`.
    pub fn update(&self, id: impl ToId, change: impl FnOnce(&mut T)) -> Result<Written> {
        self.change(id, |body| {
            let mut document: T = jsonb::from_slice(body)?;
            change(&mut document);
            Ok((document.document_id()?, jsonb::to_vec(&document)?))
        })
    }

    /// Applies a JSON merge patch (RFC 7396).
    ///
    /// # Errors
    /// As [`update`](Self::update).
    pub fn merge_patch(&self, id: impl ToId, change: &Value) -> Result<Written> {
        self.change(id, |body| patch::merge(body, change, T::id_field()))
    }

    /// Applies a JSON patch (RFC 6902).
    ///
    /// # Errors
    /// As [`update`](Self::update), and when an operation does not apply.
    pub fn json_patch(&self, id: impl ToId, change: &Value) -> Result<Written> {
        let change = patch::parse(change)?;
        self.change(id, |body| patch::apply(body, &change, T::id_field()))
    }

    /// Deletes a document; `None` when there is none.
    ///
    /// # Errors
    /// `InvalidInput` for an id of the wrong kind.
    pub fn delete(&self, id: impl ToId) -> Result<Option<Written>> {
        self.delete_with(id, None)
    }

    /// [`delete`](Self::delete), only at the version `expected`.
    ///
    /// # Errors
    /// As `delete`, and `Conflict`.
    pub fn delete_with(
        &self,
        id: impl ToId,
        expected: Option<Sequence>,
    ) -> Result<Option<Written>> {
        let id = id.to_id()?;
        self.writing(Some(id.kind()), Existing::Must, |writing| writing.delete(id, expected))
    }

    fn put_over(&self, document: &T, options: PutOptions, existing: Existing) -> Result<Written> {
        let encoded = Encoded::new(&self.collection.name, document)?;
        let kind = encoded.id.as_ref().map(DocumentId::kind);
        self.writing(kind, existing, |writing| {
            writing.put(encoded.id, &encoded.body, &options, existing)
        })
    }

    fn change(
        &self,
        id: impl ToId,
        change: impl FnOnce(&[u8]) -> Result<(Option<DocumentId>, Vec<u8>)>,
    ) -> Result<Written> {
        let id = id.to_id()?;
        self.writing(Some(id.kind()), Existing::Must, |writing| writing.change(id, None, change))
    }

    fn writing<R>(
        &self,
        kind: Option<IdKind>,
        existing: Existing,
        work: impl FnOnce(&Writing<'_>) -> Result<R>,
    ) -> Result<R> {
        let collection = self.collection;
        let table = collection.table_in(self.tx, kind, existing)?;
        work(&Writing {
            tx: self.tx,
            table: &table,
            changes: &collection.changes,
            id_field: collection.id_field,
            thaw: Thaw {
                namespace: &collection.namespace,
                ahead: None,
                otherwise: OnArchived::Refuse,
            },
        })
    }
}
