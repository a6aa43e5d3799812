//! The three traits of an ordered key-value store: reading, writing, and owning one.

use crate::error::Result;
use crate::kv::{Batch, Capabilities, Direction, KeyRange};

/// One key and its value.
pub type Entry = (Vec<u8>, Vec<u8>);

/// The stream of entries that a scan yields. After an error it yields nothing more.
pub type Entries<'a> = Box<dyn Iterator<Item = Result<Entry>> + 'a>;

/// The work of [`OrderedKv::run_snapshot`]. It runs on the caller's thread.
pub type SnapshotWork<'a> = Box<dyn FnOnce(&dyn KvRead) -> Result<()> + 'a>;

/// The work of [`OrderedKv::run_transaction`]. A backend that finds out about conflicts at commit
/// calls it again for each attempt.
pub type TransactionWork = Box<dyn FnMut(&dyn KvWrite) -> Result<()> + Send>;

/// Reading from an ordered key-value store, from a snapshot of it, or from an open transaction.
///
/// Keys are ordered as bytes: shorter before longer where one is the prefix of the other. The empty
/// key is a key like any other, and an empty value is not a missing one.
pub trait KvRead {
    /// The value of `key`, or `None` where there is none.
    ///
    /// Cost: one descent of the tree, O(log n), and a copy of the value.
    ///
    /// # Errors
    /// [`Closed`](crate::ErrorKind::Closed) after `close`, and the failures of the backend.
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>>;

    /// The entries of `range`, in key order or in its reverse.
    ///
    /// The entries stream: the iterator holds at most one page of them (a few hundred entries or
    /// about a mebibyte, or one entry that is larger) and finds the next page by key. Cost: O(log n)
    /// per page and O(1) per entry; nothing is read before the first `next`.
    ///
    /// Each key comes at most once and in order, and each entry that stays untouched during the
    /// scan comes exactly once. On a snapshot that is the whole story. On a store or a transaction,
    /// a write made while the scan is under way may or may not show; take a snapshot where that
    /// matters.
    ///
    /// # Errors
    /// The iterator yields the failures of the backend, among them
    /// [`Closed`](crate::ErrorKind::Closed) after `close` (a scan that was under way may still
    /// finish) and [`SnapshotTooOld`](crate::ErrorKind::SnapshotTooOld) where a snapshot was ended.
    fn scan(&self, range: KeyRange, direction: Direction) -> Entries<'_>;
}

/// Writing to an ordered key-value store, or to an open transaction of it.
///
/// On a store each call is a transaction of its own and is acknowledged as durable as the backend
/// writes. In a transaction a call is visible to the transaction at once, and to others after the
/// commit.
pub trait KvWrite: KvRead {
    /// Sets the value of `key`, whether it had one or not.
    ///
    /// Cost: O(log n) and a copy of key and value; on a durable store, the wait for its commit.
    ///
    /// # Errors
    /// [`TooLarge`](crate::ErrorKind::TooLarge) where key or value exceed the limits in
    /// [`Capabilities`], [`Closed`](crate::ErrorKind::Closed) after `close`,
    /// [`WouldDeadlock`](crate::ErrorKind::WouldDeadlock) where a store is written to from inside
    /// one of its own transactions, and the failures of the backend. Nothing is written then.
    fn put(&self, key: &[u8], value: &[u8]) -> Result<()>;

    /// Removes `key` and its value. A key that is not there is not an error.
    ///
    /// Cost and errors: as [`put`](Self::put).
    fn delete(&self, key: &[u8]) -> Result<()>;

    /// Applies all of `batch`, or nothing of it.
    ///
    /// Expectations are checked first, against the state before the batch; then the operations
    /// apply in the order they were added, so the last one on a key wins. Readers see the state
    /// before the batch or the state after it. An empty batch does nothing.
    ///
    /// Cost: that of the single operations, but one commit for all of them.
    ///
    /// # Errors
    /// Those of [`put`](Self::put), and [`Conflict`](crate::ErrorKind::Conflict) where an
    /// expectation does not hold. Nothing is written then. Where the backend itself fails part way
    /// through a batch of an open transaction, that transaction can no longer commit: return the
    /// error from it.
    fn write_batch(&self, batch: Batch) -> Result<()>;
}

/// An ordered key-value store: what a backend implements. Callers find the convenient form of
/// [`run_snapshot`](Self::run_snapshot) and [`run_transaction`](Self::run_transaction) in
/// [`OrderedKvExt`](crate::kv::OrderedKvExt).
///
/// A store sees every write that was acknowledged before a read began. The conformance suite in
/// `headwater-testkit` holds every backend to what is said here.
pub trait OrderedKv: KvWrite + Send + Sync {
    /// What this backend can do, and its limits. Constant for a store.
    fn capabilities(&self) -> Capabilities;

    /// Runs `work` on one consistent view of the store: all of what was committed before the call,
    /// and nothing that commits later.
    ///
    /// Cost: O(1) to take. A view that is held for long makes the backend keep old versions.
    ///
    /// # Errors
    /// The error of `work`, [`Closed`](crate::ErrorKind::Closed) after `close`, [`Unsupported`]
    /// without [`Feature::Snapshot`], and the failures of the backend.
    ///
    /// [`Unsupported`]: crate::kv::Unsupported
    /// [`Feature::Snapshot`]: crate::kv::Feature::Snapshot
    fn run_snapshot(&self, work: SnapshotWork<'_>) -> Result<()>;

    /// Runs `work` in one transaction, which commits where `work` returns `Ok` and leaves no trace
    /// otherwise. The transaction sees its own writes, and the outcome is as if transactions had
    /// run one after the other.
    ///
    /// `work` may run on another thread, and more than once where the backend has to try again.
    ///
    /// Cost: that of the operations and one commit.
    ///
    /// # Errors
    /// The error of `work`, [`Panicked`](crate::ErrorKind::Panicked) where it panicked,
    /// [`Closed`](crate::ErrorKind::Closed) after `close`,
    /// [`WouldDeadlock`](crate::ErrorKind::WouldDeadlock) inside another transaction of this store,
    /// [`Unsupported`](crate::kv::Unsupported) without
    /// [`Feature::Transaction`](crate::kv::Feature::Transaction), and the failures of the backend.
    fn run_transaction(&self, work: TransactionWork) -> Result<()>;

    /// Reclaims what deleted and overwritten entries still occupy, and returns when that is done.
    /// Contents do not change.
    ///
    /// Cost: up to O(n).
    ///
    /// # Errors
    /// [`Closed`](crate::ErrorKind::Closed) after `close`,
    /// [`Unsupported`](crate::kv::Unsupported) without
    /// [`Feature::Compact`](crate::kv::Feature::Compact), and the failures of the backend.
    fn compact(&self) -> Result<()>;

    /// Closes this store for all who hold this handle or a clone of it: later calls fail with
    /// [`Closed`](crate::ErrorKind::Closed). Every acknowledged write keeps what it was promised.
    /// Closing twice is not an error.
    ///
    /// Cost: O(1).
    ///
    /// # Errors
    /// The failures of the backend.
    fn close(&self) -> Result<()>;
}
