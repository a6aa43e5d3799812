//! Conveniences for callers, built on the traits that backends implement.

use std::sync::{Arc, Mutex, PoisonError};

use crate::error::{Error, ErrorKind, Result};
use crate::key::{self, Value};
use crate::kv::{Direction, Entries, Entry, KeyRange, KvRead, KvWrite, OrderedKv};

/// More ways to read, for everything that implements [`KvRead`].
///
/// ```
/// use headwater_primitives::key::{self, Value};
/// use headwater_primitives::kv::{Direction, KvReadExt, KvWrite, MemoryKv};
///
/// let kv = MemoryKv::new();
/// for (city, year) in [("Oslo", 2024), ("Oslo", 2025), ("Rome", 2025)] {
///     kv.put(&key::encode(&[Value::from(city), Value::from(year)]), b"visited")?;
/// }
///
/// let oslo = [Value::from("Oslo")];
/// assert_eq!(kv.scan_prefix(&oslo, Direction::Forward).count(), 2);
/// # Ok::<(), headwater_primitives::Error>(())
/// ```
pub trait KvReadExt: KvRead {
    /// Whether `key` has a value. Cost and errors: as [`KvRead::get`].
    fn contains(&self, key: &[u8]) -> Result<bool> {
        Ok(self.get(key)?.is_some())
    }

    /// The first entry of `range` in `direction`. Cost: O(log n). Errors: as [`KvRead::scan`].
    fn first(&self, range: KeyRange, direction: Direction) -> Result<Option<Entry>> {
        self.scan(range, direction).next().transpose()
    }

    /// The value at the tuple `key`, encoded by [`key::encode`](crate::key::encode). Cost and
    /// errors: as [`KvRead::get`].
    fn get_tuple(&self, key: &[Value]) -> Result<Option<Vec<u8>>> {
        self.get(&key::encode(key))
    }

    /// The entries whose keys are tuples that begin with the parts of `prefix`, the tuple `prefix`
    /// itself included. Cost and errors: as [`KvRead::scan`].
    fn scan_prefix(&self, prefix: &[Value], direction: Direction) -> Entries<'_> {
        self.scan(KeyRange::tuples(prefix), direction)
    }
}

impl<T: KvRead + ?Sized> KvReadExt for T {}

/// Snapshots and transactions that return a value, for everything that implements [`OrderedKv`].
pub trait OrderedKvExt: OrderedKv {
    /// Runs `work` on one consistent view of the store and returns what it returns. Cost and
    /// errors: as [`OrderedKv::run_snapshot`].
    ///
    /// ```
    /// use headwater_primitives::kv::{Direction, KeyRange, KvRead, KvWrite, MemoryKv, OrderedKvExt};
    ///
    /// let kv = MemoryKv::new();
    /// kv.put(b"a", b"1")?;
    /// let seen = kv.snapshot(|view| {
    ///     kv.put(b"b", b"2")?;
    ///     Ok(view.scan(KeyRange::all(), Direction::Forward).count())
    /// })?;
    /// assert_eq!(seen, 1);
    /// # Ok::<(), headwater_primitives::Error>(())
    /// ```
    fn snapshot<T>(&self, work: impl FnOnce(&dyn KvRead) -> Result<T>) -> Result<T> {
        let mut returned = None;
        self.run_snapshot(Box::new(|view| {
            returned = Some(work(view)?);
            Ok(())
        }))?;
        returned.ok_or_else(never_run)
    }

    /// Runs `work` in one transaction and returns what it returns. Cost and errors: as
    /// [`OrderedKv::run_transaction`], whose rules hold: an error leaves no trace, and `work` may
    /// run more than once.
    fn transaction<T, F>(&self, mut work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnMut(&dyn KvWrite) -> Result<T> + Send + 'static,
    {
        // The work may run on another thread.
        let returned = Arc::new(Mutex::new(None));
        let slot = Arc::clone(&returned);
        self.run_transaction(Box::new(move |tx| {
            let value = work(tx)?;
            *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(value);
            Ok(())
        }))?;
        returned.lock().unwrap_or_else(PoisonError::into_inner).take().ok_or_else(never_run)
    }
}

impl<T: OrderedKv + ?Sized> OrderedKvExt for T {}

fn never_run() -> Error {
    Error::new(
        ErrorKind::Unsupported,
        "the key-value backend reported success without running the work it was given",
    )
}
