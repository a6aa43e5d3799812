//! Which entries count.

use headwater_primitives::{Namespace, Result};

use super::super::{Generation, generation_of};
use crate::table::Table;

/// Whether each of `entries` is what its row says now.
pub(super) fn of(
    namespace: &Namespace,
    table: &Table,
    entries: &[(i64, Generation)],
) -> Result<Vec<bool>> {
    namespace.query(|sql| {
        let is_live = |(row, generation): &(i64, Generation)| {
            Ok(generation_of(sql, table, *row)? == Some(*generation))
        };
        entries.iter().map(is_live).collect()
    })
}
