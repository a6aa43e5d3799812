//! A collection of documents, and the handles that its operations are.

use std::marker::PhantomData;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use headwater_cdc::ChangeLog;
use headwater_primitives::{
    Commit, Error, Namespace, Result, Scope, Sequence, Transaction, WriteOptions, jsonb,
};
use serde_json::Value;

use crate::bulk;
use crate::catalog::{Catalog, PART, Table, check_name};
use crate::cold::{self, OnArchived, Thaw, Thawed};
use crate::document::{Document, Uniqueness};
use crate::encoded::Encoded;
use crate::id::{DocumentId, IdKind, ToId};
use crate::index::{IndexBuild, IndexInfo, create_within, drop_index_wait};
use crate::patch;
use crate::transaction::DocumentTransaction;
use crate::ttl;
use crate::write::{Existing, Writing};
use crate::written::{BulkWritten, PutOptions, Written};

/// A collection of documents of type `T` in a namespace. Cheap to clone.
///
/// ```
/// use headwater_document::{Document, DocumentStore};
/// use headwater_primitives::{Namespace, Result};
/// use serde_json::json;
///
/// # fn main() -> Result<()> {
/// let ns = Namespace::in_memory()?;
/// let customers: DocumentStore = DocumentStore::open(&ns, "customers")?;
/// customers.insert(&json!({"id": "ada", "orders": 1})).wait()?;
/// customers.merge_patch("ada", &json!({"orders": 2})).wait()?;
/// assert_eq!(customers.get("ada").wait()?, Some(json!({"id": "ada", "orders": 2})));
/// # Ok(())
/// # }
/// ```
pub struct DocumentStore<T = Value> {
    pub(crate) collection: Arc<Collection>,
    kind: PhantomData<fn() -> T>,
}

impl<T> Clone for DocumentStore<T> {
    fn clone(&self) -> Self {
        DocumentStore { collection: self.collection.clone(), kind: PhantomData }
    }
}

/// What a handle needs, whatever the documents' type.
pub(crate) struct Collection {
    pub(crate) namespace: Namespace,
    pub(crate) changes: ChangeLog,
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) name: Arc<str>,
    pub(crate) id_field: &'static str,
    /// Where the rows are, once that is committed.
    table: OnceLock<Arc<Table>>,
}

impl<T: Document> DocumentStore<T> {
    /// Opens the collection `name`; makes it, and the indexes that `T` asks for, when they are not
    /// there. An untyped collection is made by its first document.
    ///
    /// # Errors
    /// `InvalidInput` for a bad name, or when the collection has ids of another kind; `ReadOnly` in
    /// a read-only namespace without documents; what an index could not be built for.
    pub fn open(namespace: &Namespace, name: &str) -> Result<Self> {
        check_name(name)?;
        let changes = ChangeLog::open(namespace)?;
        namespace.install(&PART)?;
        ttl::start(namespace)?;
        let collection = Collection {
            namespace: namespace.clone(),
            changes,
            catalog: Catalog::of(namespace),
            name: name.into(),
            id_field: T::id_field(),
            table: OnceLock::new(),
        };
        if let Some(kind) = T::id_kind() {
            collection.create(kind)?.check_id_kind(kind)?;
        }
        let store = DocumentStore { collection: Arc::new(collection), kind: PhantomData };
        if !namespace.is_read_only() {
            for index in T::indexes() {
                store.create_index(index.path, index.uniqueness)?.wait()?;
            }
        }
        Ok(store)
    }

    /// Opens the collection `name` inside a transaction, where waiting for the writer is not possible:
    /// a collection that is not there is made in the transaction itself, with its indexes. The handle
    /// is good for this transaction only, since the transaction may still fail.
    ///
    /// # Errors
    /// As [`open`](Self::open); `WouldDeadlock` when an index has yet to be built over documents, or
    /// the namespace has never been [prepared](crate::prepare) for documents.
    pub fn open_within(tx: &Transaction<'_>, namespace: &Namespace, name: &str) -> Result<Self> {
        check_name(name)?;
        let changes = ChangeLog::open(namespace)?;
        namespace.install(&PART)?;
        let catalog = Catalog::of(namespace);
        let committed = catalog.find(namespace, name)?;
        if let Some(kind) = T::id_kind() {
            let made;
            let table = match &committed {
                Some(table) => table,
                None => {
                    made = Table::load_or_create(tx, name, kind)?;
                    &made
                }
            };
            table.check_id_kind(kind)?;
            create_within(tx, table, T::indexes(), committed.is_none())?;
        }
        let collection = Collection {
            namespace: namespace.clone(),
            changes,
            catalog,
            name: name.into(),
            id_field: T::id_field(),
            table: OnceLock::new(),
        };
        Ok(DocumentStore { collection: Arc::new(collection), kind: PhantomData })
    }

    /// Opens the collection that the type names.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_default(namespace: &Namespace) -> Result<Self> {
        Self::open(namespace, T::collection())
    }

    /// The collection's name.
    pub fn name(&self) -> &str {
        &self.collection.name
    }

    /// The namespace.
    pub fn namespace(&self) -> &Namespace {
        &self.collection.namespace
    }

    /// The kind of the collection's ids; `None` while it is untyped and empty.
    ///
    /// # Errors
    /// SQLite's errors.
    pub fn id_kind(&self) -> Result<Option<IdKind>> {
        Ok(self.collection.table()?.map(|table| table.id_kind))
    }

    /// Reads an id as people type it: by the collection's kind.
    ///
    /// # Errors
    /// `InvalidInput` when the collection has integer ids and `text` is none.
    pub fn parse_id(&self, text: &str) -> Result<DocumentId> {
        match self.id_kind()? {
            Some(IdKind::Integer) => text.parse().map(DocumentId::Integer).map_err(|_| {
                Error::invalid(format!(
                    "collection {:?} has integer ids, not {text:?}",
                    self.name()
                ))
            }),
            _ => text.to_id(),
        }
    }

    /// Inserts a new document. One with the same id is `AlreadyExists`.
    pub fn insert(&self, document: &T) -> Commit<Written> {
        self.insert_with(document, PutOptions::default())
    }

    /// [`insert`](Self::insert) with an end of life.
    pub fn insert_with(&self, document: &T, options: PutOptions) -> Commit<Written> {
        self.write(document, Ahead::No, Existing::MayBe, move |writing, encoded| {
            writing.insert(encoded.id, &encoded.body, &options)
        })
    }

    /// Writes a document, over the one with the same id if there is one.
    pub fn put(&self, document: &T) -> Commit<Written> {
        self.put_with(document, PutOptions::default())
    }

    /// [`put`](Self::put) with an expected version or an end of life.
    pub fn put_with(&self, document: &T, options: PutOptions) -> Commit<Written> {
        self.write(document, Ahead::Look, Existing::MayBe, move |writing, encoded| {
            writing.put(encoded.id, &encoded.body, &options, Existing::MayBe)
        })
    }

    /// Writes over a document that must be there; otherwise `NotFound`.
    pub fn replace(&self, document: &T) -> Commit<Written> {
        self.replace_with(document, PutOptions::default())
    }

    /// [`replace`](Self::replace) with an expected version (`Conflict` when it has another) or an
    /// end of life.
    pub fn replace_with(&self, document: &T, options: PutOptions) -> Commit<Written> {
        self.write(document, Ahead::Look, Existing::Must, move |writing, encoded| {
            writing.put(encoded.id, &encoded.body, &options, Existing::Must)
        })
    }

    /// Changes a document in place. Reading, changing and writing are one step: no other write
    /// comes between. `change` runs on the writer thread; it may not change the id.
    pub fn update(
        &self,
        id: impl ToId,
        change: impl FnOnce(&mut T) + Send + 'static,
    ) -> Commit<Written> {
        self.change(id, None, move |body| {
            let mut document: T = jsonb::from_slice(body)?;
            change(&mut document);
            Ok((document.document_id()?, jsonb::to_vec(&document)?))
        })
    }

    /// Applies a JSON merge patch (RFC 7396).
    pub fn merge_patch(&self, id: impl ToId, patch: &Value) -> Commit<Written> {
        let patch = patch.clone();
        let field = T::id_field();
        self.change(id, None, move |body| patch::merge(body, &patch, field))
    }

    /// Applies a JSON patch (RFC 6902): all of its operations, or none.
    pub fn json_patch(&self, id: impl ToId, patch: &Value) -> Commit<Written> {
        let field = T::id_field();
        match patch::parse(patch) {
            Ok(patch) => self.change(id, None, move |body| patch::apply(body, &patch, field)),
            Err(error) => Commit::refused(error),
        }
    }

    /// Deletes a document; `None` when there is none.
    pub fn delete(&self, id: impl ToId) -> Commit<Option<Written>> {
        self.delete_with(id, None)
    }

    /// [`delete`](Self::delete), only at the version `expected`; otherwise `Conflict`.
    pub fn delete_with(
        &self,
        id: impl ToId,
        expected: Option<Sequence>,
    ) -> Commit<Option<Written>> {
        let id = match id.to_id() {
            Ok(id) => id,
            Err(error) => return Commit::refused(error),
        };
        let target = Target { kind: Some(id.kind()), ahead: Some(id.clone()) };
        self.collection.write(target, Existing::Must, move |writing| writing.delete(id, expected))
    }

    /// Inserts many documents in one transaction: all, or none when one is refused. Documents are
    /// checked and encoded at the call.
    pub fn bulk_insert<'a>(
        &self,
        documents: impl IntoIterator<Item = &'a T>,
    ) -> Commit<BulkWritten> {
        bulk::insert(&self.collection, documents)
    }

    /// Describes an index on the value at a dotted path. See [`IndexBuild`].
    ///
    /// # Errors
    /// `NotFound` when the collection is untyped and has had no document yet.
    pub fn create_index(&self, path: &str, uniqueness: Uniqueness) -> Result<IndexBuild> {
        let table = self.collection.existing_table()?;
        Ok(IndexBuild::new(self.collection.namespace.clone(), table, path, uniqueness))
    }

    /// Drops the index on `path`. Whether there was one.
    ///
    /// # Errors
    /// SQLite's errors.
    pub fn drop_index(&self, path: &str) -> Result<bool> {
        let Some(table) = self.collection.table()? else { return Ok(false) };
        let indexes = table.indexes();
        let Some(index) = indexes.iter().find(|index| index.text == path) else {
            return Ok(false);
        };
        drop_index_wait(&self.collection.namespace, table, index.number)?;
        Ok(true)
    }

    /// The collection's indexes.
    ///
    /// # Errors
    /// SQLite's errors.
    pub fn indexes(&self) -> Result<Vec<IndexInfo>> {
        let Some(table) = self.collection.table()? else { return Ok(Vec::new()) };
        let info = |index: &Arc<crate::index::Index>| IndexInfo {
            path: index.text.clone(),
            uniqueness: index.uniqueness,
            ready: index.is_ready(),
        };
        Ok(table.indexes().iter().map(info).collect())
    }

    /// The collection inside the transaction `tx`.
    ///
    /// # Errors
    /// SQLite's errors.
    pub fn within<'a>(&'a self, tx: &'a Transaction<'a>) -> DocumentTransaction<'a, T> {
        DocumentTransaction::new(&self.collection, tx)
    }

    fn write(
        &self,
        document: &T,
        ahead: Ahead,
        existing: Existing,
        work: impl FnOnce(&Writing<'_>, Encoded) -> Result<Written> + Send + 'static,
    ) -> Commit<Written> {
        match Encoded::new(&self.collection.name, document) {
            Ok(encoded) => {
                let kind = encoded.id.as_ref().map(DocumentId::kind);
                let ahead = encoded.id.clone().filter(|_| ahead == Ahead::Look);
                let target = Target { kind, ahead };
                self.collection.write(target, existing, move |writing| work(writing, encoded))
            }
            Err(error) => Commit::refused(error),
        }
    }

    fn change(
        &self,
        id: impl ToId,
        expected: Option<Sequence>,
        change: impl FnOnce(&[u8]) -> Result<(Option<DocumentId>, Vec<u8>)> + Send + 'static,
    ) -> Commit<Written> {
        let id = match id.to_id() {
            Ok(id) => id,
            Err(error) => return Commit::refused(error),
        };
        let target = Target { kind: Some(id.kind()), ahead: Some(id.clone()) };
        self.collection
            .write(target, Existing::Must, move |writing| writing.change(id, expected, change))
    }
}

impl Collection {
    /// The committed table, if there is one.
    pub(crate) fn table(&self) -> Result<Option<&Arc<Table>>> {
        if let Some(table) = self.table.get() {
            if self.namespace.is_read_only() {
                // Whoever owns the namespace may have made an index since, or used the lake.
                self.namespace.query(|sql| table.load_state(sql))?;
            }
            return Ok(Some(table));
        }
        let found = self.catalog.find(&self.namespace, &self.name)?;
        Ok(found.map(|table| self.table.get_or_init(|| table)))
    }

    pub(crate) fn existing_table(&self) -> Result<Arc<Table>> {
        self.table()?.cloned().ok_or_else(|| {
            Error::new(
                headwater_primitives::ErrorKind::NotFound,
                format!("there is no collection {:?} yet: its first document makes it", self.name),
            )
        })
    }

    /// The table, made when there is none.
    fn create(&self, kind: IdKind) -> Result<Arc<Table>> {
        if let Some(table) = self.table()? {
            return Ok(table.clone());
        }
        let name = self.name.clone();
        self.namespace
            .transaction(move |tx| Table::load_or_create(tx, &name, kind).map(drop))
            .wait()?;
        self.existing_table()
    }

    /// The collection as `tx` sees it. Where there is none it is made, for ids of `kind`, unless the
    /// document must be there already.
    pub(crate) fn table_in(
        &self,
        tx: &Transaction<'_>,
        kind: Option<IdKind>,
        existing: Existing,
    ) -> Result<Arc<Table>> {
        if let Some(table) = self.table()? {
            return Ok(table.clone());
        }
        let kind = kind.unwrap_or(IdKind::Text);
        // Not kept: the transaction that makes it may still fail.
        Ok(Arc::new(match existing {
            Existing::MayBe => Table::load_or_create(tx, &self.name, kind)?,
            Existing::Must => Table::load(tx.sql(), &self.name)?
                .unwrap_or_else(|| Table::absent(&self.name, kind)),
        }))
    }

    /// A write to this collection. The body of the document that it is about is fetched first where
    /// that is in the lake.
    pub(crate) fn write<R: Send + 'static>(
        self: &Arc<Self>,
        target: Target,
        existing: Existing,
        work: impl FnOnce(&Writing<'_>) -> Result<R> + Send + 'static,
    ) -> Commit<R> {
        let table = match self.table() {
            Ok(table) => table.cloned(),
            Err(error) => return Commit::refused(error),
        };
        let Target { kind, ahead } = target;
        match (table, ahead) {
            (Some(table), Some(id)) if table.has_archived() => {
                let collection = self.clone();
                Commit::after(cold::ahead(self.namespace.clone(), table.clone(), id).and_then(
                    move |thawed| {
                        Ok(collection.write_now(Some(table), kind, existing, thawed, work))
                    },
                ))
            }
            (table, _) => self.write_now(table, kind, existing, None, work),
        }
    }

    fn write_now<R: Send + 'static>(
        self: &Arc<Self>,
        table: Option<Arc<Table>>,
        kind: Option<IdKind>,
        existing: Existing,
        thawed: Option<Thawed>,
        work: impl FnOnce(&Writing<'_>) -> Result<R> + Send + 'static,
    ) -> Commit<R> {
        // A write is checked in full before it changes anything, so no savepoint is needed; only
        // making the collection takes more than one step.
        let scope = if table.is_some() { Scope::Statement } else { Scope::Savepoint };
        let collection = self.clone();
        let options = WriteOptions { scope, ..WriteOptions::default() };
        self.namespace.transaction_with(options, move |tx| {
            let table = match table {
                Some(table) => table,
                None => collection.table_in(tx, kind, existing)?,
            };
            work(&Writing {
                tx,
                table: &table,
                changes: &collection.changes,
                id_field: collection.id_field,
                thaw: Thaw {
                    namespace: &collection.namespace,
                    ahead: thawed,
                    otherwise: OnArchived::Wait,
                },
            })
        })
    }
}

/// What a write is about.
pub(crate) struct Target {
    /// The kind of the document's id, should the write be what makes the collection.
    pub(crate) kind: Option<IdKind>,
    /// The document whose body the write needs, wherever it is.
    pub(crate) ahead: Option<DocumentId>,
}

/// Whether a write needs the body of the document that it writes over.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ahead {
    Look,
    No,
}

/// How often documents past their end are swept.
pub(crate) const SWEEP: Duration = Duration::from_secs(1);
