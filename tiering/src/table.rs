//! What a store does so that its rows can move to the lake.

use headwater_cdc::Store;
use headwater_primitives::{IdKind, Namespace, RecordId, Result, Sequence, Snapshot, Transaction};

/// A table of a store whose rows can move to the lake.
///
/// A row that has moved stays in the hot tier as a *stub*: its id, its version and its index entries
/// without its body. So the hot tier knows of every row, and the lake is asked for bodies only.
pub trait TieredTable: Send + Sync {
    /// The namespace.
    fn namespace(&self) -> &Namespace;

    /// The store.
    fn store(&self) -> Store;

    /// The table's name in its store.
    fn name(&self) -> &str;

    /// The kind of the rows' ids; `None` while the table has never had a row.
    ///
    /// # Errors
    /// SQLite's errors.
    fn id_kind(&self) -> Result<Option<IdKind>>;

    /// The top-level field of a row that holds its id.
    fn id_field(&self) -> &str;

    /// Gives `each` the rows of `versions` that are whole and may move, by row number, from row number
    /// `from` on, until their bodies pass `bytes` or many rows were looked at. Returns the row number to go
    /// on from, and `None` after the last row.
    ///
    /// # Errors
    /// SQLite's errors, and those of `each`, which end it.
    fn frozen(
        &self,
        snapshot: &Snapshot<'_>,
        versions: Versions,
        from: i64,
        bytes: usize,
        each: &mut dyn FnMut(FrozenRow<'_>) -> Result<()>,
    ) -> Result<Option<i64>>;

    /// Gives `each` the versions of the rows that are whole and may move, and how many bytes their bodies
    /// have; otherwise as [`frozen`](Self::frozen).
    ///
    /// # Errors
    /// SQLite's errors.
    fn sizes(
        &self,
        snapshot: &Snapshot<'_>,
        from: i64,
        each: &mut dyn FnMut(Sequence, u64),
    ) -> Result<Option<i64>>;

    /// Takes note that rows of the table are about to become stubs.
    ///
    /// # Errors
    /// SQLite's errors.
    fn begin_release(&self, tx: &Transaction<'_>) -> Result<()>;

    /// Makes a stub of each row that is still at its version, and returns the others: those that were
    /// written again or deleted since they were frozen.
    ///
    /// # Errors
    /// SQLite's errors.
    fn release(
        &self,
        tx: &Transaction<'_>,
        rows: &[(RecordId, Sequence)],
    ) -> Result<Vec<(RecordId, Sequence)>>;
}

/// A range of versions: greater than `after`, up to `upto`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Versions {
    /// Before the first.
    pub after: Sequence,
    /// The last.
    pub upto: Sequence,
}

/// A row at the version at which it goes to the lake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FrozenRow<'a> {
    /// Its id.
    pub id: RecordId,
    /// The sequence of its last write.
    pub version: Sequence,
    /// Its body, in SQLite's JSONB.
    pub body: &'a [u8],
}
