//! Where a store's warm tier is, as its row in the hot tier says.

use std::sync::Arc;

use headwater_primitives::{Error, Result, Transaction};

use super::super::{Pointer, Warm};
use super::place::WarmTier;
use crate::store::Inner;
use crate::table::{Table, place};

/// Writes down where a warm tier is; `Err` when it is elsewhere already.
pub(super) fn settle(tx: &Transaction<'_>, table: &Table, tier: WarmTier) -> Result<Pointer> {
    tx.sql().execute_batch(&table.sql.warm_index)?;
    let WarmTier { location, options } = tier;
    let pointer = match Pointer::load(tx.sql(), table.number)? {
        Some(there) if there.version > 0 && there.location != location => {
            return Err(Error::invalid(format!(
                "{}: its warm tier has embeddings, and is {:?}: it stays there",
                place(&table.name),
                there.location
            )));
        }
        Some(there) => Pointer { location, options, ..there },
        None => Pointer {
            location,
            options,
            mark: tx.new_id().hyphenated().to_string(),
            version: 0,
            entries: 0,
            unfinished: false,
            trained: 0,
            moves: 0,
        },
    };
    pointer.store(tx, table.number)?;
    Ok(pointer)
}

/// The store's warm tier, in its default place when nothing was said.
pub(super) fn registered(inner: &Arc<Inner>) -> Result<Pointer> {
    let warm: &Warm = &inner.warm;
    warm.announce();
    let table = &inner.table;
    if let Some(pointer) = inner.namespace.query(|sql| Pointer::load(sql, table.number))? {
        return Ok(pointer);
    }
    let known = inner.clone();
    inner
        .namespace
        .transaction(move |tx| match Pointer::load(tx.sql(), known.table.number)? {
            Some(pointer) => Ok(pointer),
            None => settle(tx, &known.table, WarmTier::local()),
        })
        .wait()
}
