//! The database: one namespace, its change log, and a way to every store.

use std::path::Path;
use std::sync::Arc;

use headwater_cdc::ChangeLog;
use headwater_primitives::filter::Filter;
use headwater_primitives::{Commit, Error, Namespace, Read, Result, WriteOptions};

use crate::builder::HeadwaterBuilder;
use crate::opened::Opened;
use crate::parts::PARTS;
use crate::routing::{Filtered, Key, Keyed, Store};
use crate::stats::Stats;
use crate::transaction::Transaction;

/// A database: one folder, every store, one change log. Cheap to clone; closed by
/// [`close`](Headwater::close) or with its last handle.
///
/// ```
/// use headwater::prelude::*;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Store, Serialize, Deserialize)]
/// #[store(document)]
/// struct Customer {
///     #[store(id)]
///     id: String,
///     #[store(index)]
///     city: String,
/// }
///
/// # fn main() -> headwater::Result<()> {
/// let db = Headwater::in_memory()?;
/// db.put(&Customer { id: "ada".into(), city: "London".into() }).wait()?;
/// let ada = db.get::<Customer>("ada").wait()?;
/// assert_eq!(ada.map(|customer| customer.city).as_deref(), Some("London"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Headwater {
    inner: Arc<Inner>,
}

struct Inner {
    namespace: Namespace,
    changes: ChangeLog,
    opened: Opened,
}

impl Headwater {
    /// Opens the database in the folder `path`; makes it when it is not there.
    ///
    /// # Errors
    /// As [`HeadwaterBuilder::open`].
    pub fn open(path: impl AsRef<Path>) -> Result<Headwater> {
        Headwater::builder(path).open()
    }

    /// A database in a temporary folder that is never synced and goes away with the last handle.
    ///
    /// # Errors
    /// When the temporary folder cannot be made.
    pub fn in_memory() -> Result<Headwater> {
        HeadwaterBuilder::new(Namespace::builder_in_memory()).open()
    }

    /// Settings for the database in the folder `path`.
    pub fn builder(path: impl AsRef<Path>) -> HeadwaterBuilder {
        HeadwaterBuilder::new(Namespace::builder(path))
    }

    pub(crate) fn new(namespace: Namespace) -> Result<Headwater> {
        let changes = ChangeLog::open(&namespace)?;
        if !namespace.is_read_only() {
            PARTS.iter().try_for_each(|part| (part.prepare)(&namespace))?;
        }
        let inner = Inner { namespace, changes, opened: Opened::default() };
        Ok(Headwater { inner: Arc::new(inner) })
    }

    /// Writes a new value; one under the same key is `AlreadyExists`.
    ///
    /// The first use of a type opens its store, and builds the indexes that the type declares and
    /// the store lacks.
    pub fn insert<T>(&self, value: &T) -> Commit<T::Written>
    where
        T: Store + Keyed<<T as Store>::Model>,
    {
        value.insert(self)
    }

    /// Writes a value, over the one under the same key if there is one.
    pub fn put<T>(&self, value: &T) -> Commit<T::Written>
    where
        T: Store + Keyed<<T as Store>::Model>,
    {
        value.put(self)
    }

    /// The value under `key`.
    pub fn get<T>(&self, key: impl Key<T, T::Model>) -> Read<Option<T>>
    where
        T: Store + Keyed<<T as Store>::Model>,
    {
        key.get(self)
    }

    /// Deletes the value under `key`; `None` when there is none.
    pub fn delete<T>(&self, key: impl Key<T, T::Model>) -> Commit<Option<T::Written>>
    where
        T: Store + Keyed<<T as Store>::Model>,
    {
        key.delete(self)
    }

    /// Describes a query for the values that `filter` matches.
    ///
    /// ```
    /// # use headwater::prelude::*;
    /// # use serde::{Deserialize, Serialize};
    /// # #[derive(Store, Serialize, Deserialize)]
    /// # #[store(document)]
    /// # struct Customer { #[store(id)] id: u32, age: u8 }
    /// # fn main() -> headwater::Result<()> {
    /// # let db = Headwater::in_memory()?;
    /// db.put(&Customer { id: 1, age: 36 }).wait()?;
    /// db.put(&Customer { id: 2, age: 17 }).wait()?;
    /// let adults = db
    ///     .find::<Customer>(field("age").gte(18))?
    ///     .sort("age", Order::Descending)
    ///     .limit(10)
    ///     .run()
    ///     .wait()?;
    /// assert_eq!(adults.documents.len(), 1);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// What opening the type's store failed with.
    pub fn find<T>(&self, filter: Filter) -> Result<T::Find>
    where
        T: Store + Filtered<<T as Store>::Model>,
    {
        T::find(self, filter)
    }

    /// Runs `work` in one transaction over every store: all of it, or nothing.
    ///
    /// The closure runs on the writer thread, between other callers', so keep it short. It cannot
    /// open a store, so use each type before, or name it to
    /// [`HeadwaterBuilder::with`](crate::HeadwaterBuilder::with).
    ///
    /// ```
    /// # use headwater::prelude::*;
    /// # use serde::{Deserialize, Serialize};
    /// # #[derive(Store, Serialize, Deserialize)]
    /// # #[store(document)]
    /// # struct Account { #[store(id)] id: String, balance: i64 }
    /// # fn main() -> headwater::Result<()> {
    /// # let db = Headwater::in_memory()?;
    /// db.put(&Account { id: "a".into(), balance: 10 }).wait()?;
    /// db.transaction(|tx| {
    ///     let mut account = tx.get::<Account>("a")?.unwrap_or(Account { id: "a".into(), balance: 0 });
    ///     account.balance -= 3;
    ///     tx.put(&account)?;
    ///     tx.publish("Account.debited", &3)?;
    ///     Ok(())
    /// })
    /// .wait()?;
    /// assert_eq!(db.changes().head().0, 3);
    /// # Ok(())
    /// # }
    /// ```
    pub fn transaction<R, F>(&self, work: F) -> Commit<R>
    where
        F: FnOnce(&Transaction<'_>) -> Result<R> + Send + 'static,
        R: Send + 'static,
    {
        self.transaction_with(WriteOptions::default(), work)
    }

    /// [`transaction`](Headwater::transaction) with something to say about it, and with errors of
    /// the caller's own, which come back as they are.
    pub fn transaction_with<R, E, F>(&self, options: WriteOptions, work: F) -> Commit<R, E>
    where
        F: FnOnce(&Transaction<'_>) -> Result<R, E> + Send + 'static,
        R: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        let db = self.clone();
        self.inner.namespace.transaction_with(options, move |tx| work(&Transaction::new(&db, tx)))
    }

    /// The change log: every write as an event, in commit order.
    pub fn changes(&self) -> &ChangeLog {
        &self.inner.changes
    }

    /// The namespace, for stores of the caller's own, consistent snapshots and SQL.
    pub fn namespace(&self) -> &Namespace {
        &self.inner.namespace
    }

    /// Compares what is stored with the change log and each derived state with its source. One line
    /// per defect; none when all is well.
    ///
    /// # Errors
    /// What kept the check from being made; damage is not an error here, it is the answer.
    pub fn verify(&self) -> Result<Vec<String>> {
        let changes = &self.inner.changes;
        let mut defects = self.inner.namespace.snapshot(|view| changes.verify(view.sql()))?;
        for part in PARTS {
            defects.extend((part.verify)(&self.inner.namespace)?);
        }
        Ok(defects)
    }

    /// Sizes and counts. Cost: one count per table.
    ///
    /// # Errors
    /// SQLite's errors.
    pub fn stats(&self) -> Result<Stats> {
        Stats::of(self)
    }

    /// Finishes what was accepted and lets the folder go. Later calls on any handle give `Closed`.
    ///
    /// # Errors
    /// What went wrong at the end; the data is as durable as it was acknowledged all the same.
    pub fn close(self) -> Result<()> {
        self.inner.namespace.clone().close()
    }

    pub(crate) fn opened(&self) -> &Opened {
        &self.inner.opened
    }
}
