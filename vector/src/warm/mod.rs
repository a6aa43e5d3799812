//! Embeddings that left the hot tier: which rows have theirs elsewhere, and how they are read.
//!
//! Only embeddings leave. A row stays in the hot tier with its text, metadata, number and version, and
//! its embedding's column says under which generation the embedding is in the warm tier. An entry there
//! counts as long as the row says so: whatever is written to the row's embedding makes it stale, with
//! no further write.

mod held;
mod pointer;

#[cfg(feature = "lance")]
mod tier;
#[cfg(not(feature = "lance"))]
#[path = "absent.rs"]
mod tier;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use headwater_primitives::rusqlite::{Connection, OptionalExtension};
use headwater_primitives::{Answer, Error, Namespace, Result};

use crate::row_set::RowSet;
use crate::rows::StoredRow;
use crate::store::Inner;
use crate::table::Table;

pub(crate) use held::{Generation, Held};
pub(crate) use pointer::Pointer;
#[cfg(feature = "lance")]
pub use tier::{Demote, DemoteProgress, DemoteReport, WarmTier};
pub(crate) use tier::{Tier, not_fetched};

/// Rows looked up at once.
const PAGE: usize = 1024;

/// What one process knows of a store's warm tier, shared by all handles.
pub(crate) struct Warm {
    /// Whether there may be one. Always asked anew where another process may make it.
    may_be: AtomicBool,
    pub(crate) tier: Tier,
}

/// The warm tiers of a namespace, by the number of their store.
#[derive(Default)]
struct Tiers(Mutex<HashMap<u32, Arc<Warm>>>);

/// What a nearest-neighbour search asks of the warm tier.
#[cfg_attr(not(feature = "lance"), allow(dead_code))]
pub(crate) struct Nearest<'a> {
    pub(crate) pointer: &'a Pointer,
    pub(crate) vector: &'a [f32],
    pub(crate) k: usize,
    pub(crate) candidates: usize,
    pub(crate) exact: bool,
    pub(crate) accept: Option<&'a RowSet>,
}

impl Warm {
    /// That of the store `table`.
    pub(crate) fn of(namespace: &Namespace, table: &Table) -> Arc<Warm> {
        let tiers = namespace.extension(Tiers::default);
        let mut tiers = tiers.0.lock().unwrap_or_else(PoisonError::into_inner);
        let make = || {
            let found = namespace.query(|sql| Pointer::load(sql, table.number));
            // What cannot be read now is asked again.
            let may_be = !matches!(found, Ok(None));
            Arc::new(Warm { may_be: AtomicBool::new(may_be), tier: Default::default() })
        };
        tiers.entry(table.number).or_insert_with(make).clone()
    }

    /// Where the store's warm tier is, if there is anything in it.
    pub(crate) fn pointer(&self, namespace: &Namespace, table: &Table) -> Result<Option<Pointer>> {
        if !namespace.is_read_only() && !self.may_be.load(Ordering::Acquire) {
            return Ok(None);
        }
        let pointer = namespace.query(|sql| Pointer::load(sql, table.number))?;
        Ok(pointer.filter(|pointer| pointer.version > 0))
    }

    /// From now on there may be one.
    #[cfg_attr(not(feature = "lance"), allow(dead_code))]
    fn announce(&self) {
        self.may_be.store(true, Ordering::Release);
    }
}

impl Inner {
    /// [`Warm::pointer`] of this store.
    pub(crate) fn warm_pointer(&self) -> Result<Option<Pointer>> {
        self.warm.pointer(&self.namespace, &self.table)
    }

    /// Leaves `work` to the threads that read the warm tier.
    pub(crate) fn later<R: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Arc<Inner>) -> Result<R> + Send + 'static,
    ) -> Answer<R> {
        let inner = self.clone();
        self.warm.tier.later(&self.namespace, move || work(&inner))
    }

    /// Fetches the embeddings that `rows` have elsewhere. `sql` is the snapshot that the rows are from.
    /// Waits for the warm tier.
    pub(crate) fn fill_at(&self, sql: &Connection, rows: &mut [StoredRow]) -> Result<()> {
        match pointer_for(sql, &self.table, rows)? {
            Some(pointer) => self.fill(&pointer, rows),
            None => Ok(()),
        }
    }

    /// Fetches the embeddings that `rows` have elsewhere, as of `pointer`. Waits for the warm tier.
    pub(crate) fn fill(&self, pointer: &Pointer, rows: &mut [StoredRow]) -> Result<()> {
        self.warm.tier.fill(self, pointer, rows)
    }
}

/// Where to find what `rows`, which `sql` has just read in the same snapshot, have elsewhere; `None`
/// when they have all.
pub(crate) fn pointer_for(
    sql: &Connection,
    table: &Table,
    rows: &[StoredRow],
) -> Result<Option<Pointer>> {
    if !rows.iter().any(|row| row.embedding.is_elsewhere()) {
        return Ok(None);
    }
    match Pointer::load(sql, table.number)? {
        Some(pointer) if pointer.version > 0 => Ok(Some(pointer)),
        _ => Err(Error::corrupt(format!(
            "{} has rows with their embeddings in a warm tier, and it has no warm tier",
            crate::table::place(&table.name)
        ))),
    }
}

/// The rows after `after` whose embeddings are elsewhere, with their generations, by number; one page.
pub(crate) fn rows_after(
    sql: &Connection,
    table: &Table,
    after: i64,
) -> Result<Vec<(i64, Generation)>> {
    let mut select = sql.prepare_cached(&table.sql.warm_rows)?;
    let found =
        select.query_map((after, PAGE as i64), |row| Ok((row.get(0)?, Generation(row.get(1)?))))?;
    Ok(found.collect::<std::result::Result<_, _>>()?)
}

/// How many rows have their embeddings elsewhere.
#[cfg_attr(not(feature = "lance"), allow(dead_code))]
pub(crate) fn count(sql: &Connection, table: &Table) -> Result<u64> {
    let count: i64 = sql.prepare_cached(&table.sql.warm_count)?.query_row([], |row| row.get(0))?;
    Ok(count as u64)
}

/// The generation under which the embedding of the row `row` is elsewhere, if it is.
#[cfg_attr(not(feature = "lance"), allow(dead_code))]
pub(crate) fn generation_of(
    sql: &Connection,
    table: &Table,
    row: i64,
) -> Result<Option<Generation>> {
    let mut select = sql.prepare_cached(&table.sql.held)?;
    let found = select.query_row([row], |row| row.get(0).map(Generation)).optional()?;
    Ok(found)
}
