//! A vector store, and the handles that its operations are.

use std::marker::PhantomData;
use std::sync::{Arc, OnceLock};

use headwater_cdc::ChangeLog;
use headwater_primitives::{
    Commit, Error, IdKind, Namespace, RecordId, Result, Scope, Sequence, ToId, Transaction,
    WriteOptions,
};
use serde_json::Value;

use crate::catalog::Catalog;
use crate::change;
use crate::encoded::Encoded;
use crate::index::{Indexes, SearchIndex};
use crate::options::VectorOptions;
use crate::record::Embedded;
use crate::row::Row;
use crate::rows::StoredRow;
use crate::table::{Table, Wanted, place};
use crate::transaction::VectorTransaction;
use crate::warm::Warm;
use crate::write::{Existing, Writing};
use crate::written::{BulkWritten, PutOptions, Written};
use crate::{bulk, embedding};

/// A store of rows of type `T`, each with an embedding, a text and metadata. Cheap to clone.
///
/// ```
/// use headwater_vector::primitives::{Namespace, Result};
/// use headwater_vector::{Row, VectorOptions, VectorStore};
/// use serde_json::json;
///
/// # fn main() -> Result<()> {
/// let ns = Namespace::in_memory()?;
/// let store: VectorStore = VectorStore::create(&ns, "notes", VectorOptions::new(2))?;
/// let row = Row { id: Some("a".into()), embedding: Some(vec![0.6, 0.8]), ..Row::default() };
/// store.insert(&row).wait()?;
/// store.set_text("a", Some("a short note")).wait()?;
/// store.merge_metadata("a", &json!({"year": 1998})).wait()?;
/// let note = store.get("a").wait()?.expect("it was just put there");
/// assert_eq!(note.text.as_deref(), Some("a short note"));
/// assert_eq!(note.metadata["year"], 1998);
/// # Ok(())
/// # }
/// ```
pub struct VectorStore<T = Row> {
    pub(crate) inner: Arc<Inner>,
    kind: PhantomData<fn() -> T>,
}

impl<T> Clone for VectorStore<T> {
    fn clone(&self) -> Self {
        VectorStore { inner: self.inner.clone(), kind: PhantomData }
    }
}

/// What a handle needs, whatever the rows' type.
pub(crate) struct Inner {
    pub(crate) namespace: Namespace,
    pub(crate) changes: ChangeLog,
    pub(crate) table: Arc<Table>,
    pub(crate) warm: Arc<Warm>,
    search: OnceLock<Arc<SearchIndex>>,
}

impl<T: Embedded> VectorStore<T> {
    /// Makes the store `name`, or opens the one that is there with the same options.
    ///
    /// # Errors
    /// `InvalidInput` for a bad name or options that no store can have, or when the store is there
    /// with others, naming what differs; `ReadOnly` in a read-only namespace without the store.
    pub fn create(namespace: &Namespace, name: &str, options: VectorOptions) -> Result<Self> {
        Self::open_as(namespace, name, Some(options))
    }

    /// Opens the store `name`; makes it, with the options that `T` has, when it is not there.
    ///
    /// # Errors
    /// As [`create`](Self::create), and `NotFound` when it is not there and `T` has no options, as
    /// [`Row`] has none.
    pub fn open(namespace: &Namespace, name: &str) -> Result<Self> {
        Self::open_as(namespace, name, T::options())
    }

    /// Opens the store that the type names.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_default(namespace: &Namespace) -> Result<Self> {
        Self::open(namespace, T::store_name())
    }

    /// Opens the store `name` inside a transaction, where waiting for the writer is not possible: a
    /// store that is not there is made in the transaction itself. The handle is good for this
    /// transaction only, since the transaction may still fail.
    ///
    /// # Errors
    /// As [`open`](Self::open); `WouldDeadlock` when the namespace has never been
    /// [prepared](crate::prepare) for vectors.
    pub fn open_within(tx: &Transaction<'_>, namespace: &Namespace, name: &str) -> Result<Self> {
        Self::open_within_as(tx, namespace, name, T::options())
    }

    /// [`create`](Self::create) as [`open_within`](Self::open_within) opens.
    ///
    /// # Errors
    /// As both.
    pub fn create_within(
        tx: &Transaction<'_>,
        namespace: &Namespace,
        name: &str,
        options: VectorOptions,
    ) -> Result<Self> {
        Self::open_within_as(tx, namespace, name, Some(options))
    }

    fn open_within_as(
        tx: &Transaction<'_>,
        namespace: &Namespace,
        name: &str,
        options: Option<VectorOptions>,
    ) -> Result<Self> {
        let changes = ChangeLog::open(namespace)?;
        let table = Catalog::open_within(tx, namespace, name, &Self::wanted(options))?;
        Ok(Self::of(namespace, changes, table))
    }

    fn open_as(namespace: &Namespace, name: &str, options: Option<VectorOptions>) -> Result<Self> {
        let changes = ChangeLog::open(namespace)?;
        let table = Catalog::open(namespace, name, Self::wanted(options))?;
        Ok(Self::of(namespace, changes, table))
    }

    fn wanted(options: Option<VectorOptions>) -> Wanted {
        Wanted { options, fields: T::fields(), id_kind: T::id_kind() }
    }

    fn of(namespace: &Namespace, changes: ChangeLog, table: Arc<Table>) -> Self {
        Indexes::forget_lost(namespace, &changes, &table);
        let search = OnceLock::new();
        let warm = Warm::of(namespace, &table);
        let inner = Inner { namespace: namespace.clone(), changes, table, warm, search };
        Self::from_inner(Arc::new(inner))
    }

    pub(crate) fn from_inner(inner: Arc<Inner>) -> Self {
        VectorStore { inner, kind: PhantomData }
    }

    /// The store's name.
    pub fn name(&self) -> &str {
        &self.inner.table.name
    }

    /// The namespace.
    pub fn namespace(&self) -> &Namespace {
        &self.inner.namespace
    }

    /// What the store was made with.
    pub fn options(&self) -> &VectorOptions {
        &self.inner.table.options
    }

    /// The kind of the store's ids; `None` while it is untyped and has had no row.
    ///
    /// # Errors
    /// SQLite's errors.
    pub fn id_kind(&self) -> Result<Option<IdKind>> {
        self.inner.table.committed_kind(&self.inner.namespace)
    }

    /// Reads an id as people type it: by the store's kind.
    ///
    /// # Errors
    /// `InvalidInput` when the store has integer ids and `text` is none.
    pub fn parse_id(&self, text: &str) -> Result<RecordId> {
        match self.id_kind()? {
            Some(IdKind::Integer) => text.parse().map(RecordId::Integer).map_err(|_| {
                Error::invalid(format!("{} has integer ids, not {text:?}", place(self.name())))
            }),
            _ => text.to_id(),
        }
    }

    /// Inserts a new row. One with the same id is `AlreadyExists`.
    pub fn insert(&self, row: &T) -> Commit<Written> {
        self.encoded(row, |writing, row| writing.insert(row))
    }

    /// Writes a row, over the one with the same id if there is one.
    pub fn put(&self, row: &T) -> Commit<Written> {
        self.put_with(row, PutOptions::default())
    }

    /// [`put`](Self::put) with an expected version: `Conflict` when the row has another, or is not
    /// there.
    pub fn put_with(&self, row: &T, options: PutOptions) -> Commit<Written> {
        self.encoded(row, move |writing, row| writing.put(row, options, Existing::MayBe))
    }

    /// Writes over a row that must be there; otherwise `NotFound`.
    pub fn replace(&self, row: &T) -> Commit<Written> {
        self.replace_with(row, PutOptions::default())
    }

    /// [`replace`](Self::replace) with an expected version: `Conflict` when the row has another.
    pub fn replace_with(&self, row: &T, options: PutOptions) -> Commit<Written> {
        self.encoded(row, move |writing, row| writing.put(row, options, Existing::Must))
    }

    /// Changes a row in place. Reading, changing and writing are one step: no other write comes
    /// between. `change` runs on the writer thread; it may not change the id.
    pub fn update(
        &self,
        id: impl ToId,
        change: impl FnOnce(&mut T) + Send + 'static,
    ) -> Commit<Written> {
        let id = match self.inner.checked_id(id) {
            Ok(id) => id,
            Err(error) => return Commit::refused(error),
        };
        match self.inner.warm_pointer() {
            Err(error) => Commit::refused(error),
            Ok(None) => self.update_with(id, None, change),
            Ok(Some(_)) => {
                let (store, read) = (self.clone(), self.inner.read_one(id.clone()));
                Commit::after(read.and_then(move |row| Ok(store.update_with(id, row, change))))
            }
        }
    }

    /// [`update`](Self::update) of a row whose embedding was fetched as `fetched` has it.
    fn update_with(
        &self,
        id: RecordId,
        fetched: Option<StoredRow>,
        change: impl FnOnce(&mut T) + Send + 'static,
    ) -> Commit<Written> {
        let inner = self.inner.clone();
        self.inner.write(move |writing| {
            writing.change(&id, |row| {
                let mut row = row.clone();
                if let Some(fetched) = fetched
                    && fetched.row == row.row
                    && fetched.embedding.generation() == row.embedding.generation()
                {
                    row.embedding = fetched.embedding;
                }
                // It may have left the hot tier since.
                inner.warm.tier.fetched(&inner, &mut row);
                change::value(writing.table, &row, change)
            })
        })
    }

    /// Changes the text alone; `None` takes it away.
    pub fn set_text(&self, id: impl ToId, text: Option<&str>) -> Commit<Written> {
        let text = text.map(str::to_owned);
        self.change(id, move |table, row| change::text(table, row, text.as_deref()))
    }

    /// Changes the embedding alone; `None` takes it away.
    pub fn set_embedding(&self, id: impl ToId, values: Option<&[f32]>) -> Commit<Written> {
        let check = |values| embedding::check(self.options(), values);
        if let Err(error) = values.map_or(Ok(()), check) {
            return Commit::refused(error.context(place(self.name())));
        }
        let values = values.map(<[f32]>::to_vec);
        self.change(id, move |table, row| change::embedding(table, row, values.as_deref()))
    }

    /// Changes the metadata alone: `metadata`, an object, is all of it from now on. The id of a typed
    /// row may be left out.
    pub fn set_metadata(&self, id: impl ToId, metadata: &Value) -> Commit<Written> {
        match change::encoded_metadata(metadata) {
            Ok(metadata) => {
                self.change(id, move |table, row| change::metadata(table, row, metadata))
            }
            Err(error) => Commit::refused(error.context(place(self.name()))),
        }
    }

    /// Applies a JSON merge patch (RFC 7396) to the metadata alone.
    pub fn merge_metadata(&self, id: impl ToId, patch: &Value) -> Commit<Written> {
        let patch = patch.clone();
        self.change(id, move |table, row| change::merged(table, row, &patch))
    }

    /// Deletes a row; `None` when there is none.
    pub fn delete(&self, id: impl ToId) -> Commit<Option<Written>> {
        self.delete_with(id, PutOptions::default())
    }

    /// [`delete`](Self::delete), only at the expected version; otherwise `Conflict`.
    pub fn delete_with(&self, id: impl ToId, options: PutOptions) -> Commit<Option<Written>> {
        let id = match self.inner.checked_id(id) {
            Ok(id) => id,
            Err(error) => return Commit::refused(error),
        };
        self.inner.write(move |writing| writing.delete(&id, options.expected))
    }

    /// Inserts many rows in one transaction: all, or none when one is refused. Rows are checked and
    /// encoded at the call, on all cores when there are many. For more rows than should be in memory
    /// at once, see [`load`](Self::load).
    pub fn bulk_insert<'a>(&self, rows: impl IntoIterator<Item = &'a T>) -> Commit<BulkWritten> {
        bulk::insert(&self.inner, rows)
    }

    /// The store inside the transaction `tx`.
    pub fn within<'a>(&'a self, tx: &'a Transaction<'a>) -> VectorTransaction<'a, T> {
        VectorTransaction::new(&self.inner, tx)
    }

    fn encoded(
        &self,
        row: &T,
        work: impl FnOnce(&Writing<'_>, Encoded) -> Result<Written> + Send + 'static,
    ) -> Commit<Written> {
        match Encoded::new(&self.inner.table, row) {
            Ok(row) => self.inner.write(move |writing| work(writing, row)),
            Err(error) => Commit::refused(error),
        }
    }

    fn change(
        &self,
        id: impl ToId,
        change: impl FnOnce(&Table, &StoredRow) -> Result<Encoded> + Send + 'static,
    ) -> Commit<Written> {
        let id = match self.inner.checked_id(id) {
            Ok(id) => id,
            Err(error) => return Commit::refused(error),
        };
        self.inner.write(move |writing| writing.change(&id, |row| change(writing.table, row)))
    }
}

impl Inner {
    /// What searches look into; opened by the first call.
    pub(crate) fn search_index(&self) -> Result<&Arc<SearchIndex>> {
        if let Some(index) = self.search.get() {
            return Ok(index);
        }
        let index = Indexes::get_or_open(&self.namespace, &self.changes, &self.table)?;
        Ok(self.search.get_or_init(|| index))
    }

    /// The id, unless it is known that this store has none such.
    pub(crate) fn checked_id(&self, id: impl ToId) -> Result<RecordId> {
        let id = id.to_id()?;
        if let Some(kind) = self.table.known_kind() {
            crate::write::check_kind(&self.table, kind, &id)?;
        }
        Ok(id)
    }

    /// A write to this store.
    pub(crate) fn write<R: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Writing<'_>) -> Result<R> + Send + 'static,
    ) -> Commit<R> {
        let kind = match self.table.committed_kind(&self.namespace) {
            Ok(kind) => kind,
            Err(error) => return Commit::refused(error),
        };
        // A write is checked in full before it changes anything, so no savepoint is needed; only the
        // first row of all, which decides the kind of the ids, takes more than one step.
        let scope = if kind.is_some() { Scope::Statement } else { Scope::Savepoint };
        let options = WriteOptions { scope, ..WriteOptions::default() };
        let inner = self.clone();
        self.namespace.transaction_with(options, move |tx| {
            work(&Writing { tx, table: &inner.table, changes: &inner.changes })
        })
    }

    /// This store inside `tx`.
    pub(crate) fn in_transaction<'a>(&'a self, tx: &'a Transaction<'a>) -> Writing<'a> {
        Writing { tx, table: &self.table, changes: &self.changes }
    }
}

/// The sequence just before the next one in `tx`.
pub(crate) fn last_sequence(changes: &ChangeLog, tx: &Transaction<'_>) -> Sequence {
    Sequence(changes.next_sequence(tx).0 - 1)
}
