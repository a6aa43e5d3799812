//! The index of the declared filter fields, and which rows a filter matches.

use headwater_primitives::filter::{Bounds, Entries, Filter, index_entries};
use headwater_primitives::jsonb::View;
use headwater_primitives::rusqlite::types::Value as SqlValue;
use headwater_primitives::rusqlite::{Connection, params_from_iter};
use headwater_primitives::{Result, Transaction};

use crate::table::Table;

/// More ranges than this are not worth a search each.
const MAX_RANGES: usize = 500;

/// What a write changes in the entries of a row: each with the place of its field.
pub(crate) struct EntryChange {
    gone: Vec<(u32, Vec<u8>)>,
    new: Vec<(u32, Vec<u8>)>,
    /// The fields, a bit each, of which the row has several entries.
    multi: i64,
}

impl EntryChange {
    /// The way from the metadata `before` to `after`, either of which may be absent.
    pub(crate) fn between(
        table: &Table,
        before: Option<&[u8]>,
        after: Option<&[u8]>,
    ) -> Result<EntryChange> {
        let mut change = EntryChange { gone: Vec::new(), new: Vec::new(), multi: 0 };
        for field in table.filter_fields() {
            let entries =
                |side: Option<&[u8]>| side.map_or(Ok(Vec::new()), |of| entries(table, field, of));
            let (gone, new) = (entries(before)?, entries(after)?);
            change.multi |= i64::from(new.len() > 1) << field;
            let only = |some: &[Vec<u8>], others: &[Vec<u8>]| -> Vec<_> {
                let some = some.iter().filter(|value| !others.contains(value));
                some.map(|value| (field, value.clone())).collect()
            };
            change.gone.extend(only(&gone, &new));
            change.new.extend(only(&new, &gone));
        }
        Ok(change)
    }

    /// Makes the change for the row `row`.
    pub(crate) fn apply(&self, tx: &Transaction<'_>, table: &Table, row: i64) -> Result<()> {
        if self.multi != 0 {
            tx.sql()
                .prepare_cached(
                    "UPDATE vector_stores SET multi = multi | ?2 \
                     WHERE id = ?1 AND multi & ?2 <> ?2",
                )?
                .execute((table.number, self.multi))?;
        }
        for (field, value) in &self.gone {
            tx.sql().prepare_cached(&table.sql.remove_entry)?.execute((field, value, row))?;
        }
        for (field, value) in &self.new {
            tx.sql().prepare_cached(&table.sql.add_entry)?.execute((field, value, row))?;
        }
        Ok(())
    }
}

/// The entries that a row with `metadata` has for the field at the place `field`.
pub(crate) fn entries(table: &Table, field: u32, metadata: &[u8]) -> Result<Vec<Vec<u8>>> {
    let mut entries = Vec::new();
    index_entries(View::parse(metadata)?, &table.filters[field as usize], &mut entries)?;
    Ok(entries)
}

/// The rows whose metadata `filter` matches, by their numbers, ascending. `sql` must be a snapshot or
/// a transaction, so that both of its statements see the same state.
///
/// Cost: where a declared field bounds the filter, a search in its entries, and a look at each row
/// found unless the bounds say all; otherwise a look at every row.
pub(crate) fn matching_rows(sql: &Connection, table: &Table, filter: &Filter) -> Result<Vec<i64>> {
    let (select, params) = Plan::new(sql, table, filter)?.select(table, filter);
    let mut statement = sql.prepare_cached(&select)?;
    let rows = statement.query_map(params_from_iter(&params), |row| row.get(0))?;
    Ok(rows.collect::<std::result::Result<_, _>>()?)
}

/// Which declared field narrows a filter, if one does.
struct Plan {
    best: Option<(usize, Bounds)>,
    /// Whether its bounds decide the filter alone.
    exact: bool,
}

impl Plan {
    fn new(sql: &Connection, table: &Table, filter: &Filter) -> Result<Plan> {
        if filter.is_all() || table.filters.is_empty() {
            return Ok(Plan { best: None, exact: false });
        }
        let multi: i64 = sql
            .prepare_cached("SELECT multi FROM vector_stores WHERE id = ?")?
            .query_row([table.number], |row| row.get(0))?;
        let of = |field: usize| match multi >> field & 1 {
            0 => Entries::One,
            _ => Entries::Many,
        };
        let paths = table.options.filters.iter().enumerate();
        let bounded = paths.filter_map(|(field, path)| {
            let bounds = filter.bounds_with(path, of(field))?;
            (bounds.ranges().len() <= MAX_RANGES).then_some((field, bounds))
        });
        let best = bounded.min_by_key(|(_, bounds)| bounds.tightness());
        let exact = best.as_ref().is_some_and(|(field, _)| {
            filter.is_exact_with(&table.options.filters[*field], of(*field))
        });
        Ok(Plan { best, exact })
    }

    fn select(self, table: &Table, filter: &Filter) -> (String, Vec<SqlValue>) {
        let (rows, entries) = (&table.sql.table, &table.sql.filter);
        let mut params = Vec::new();
        let hits = self.best.map(|(field, bounds)| {
            let ranges = bounds.ranges().iter();
            let ranges: Vec<_> = ranges.map(|range| range.to_sql("value", &mut params)).collect();
            let search = if ranges.is_empty() { "0".to_owned() } else { ranges.join(" OR ") };
            format!("SELECT DISTINCT row FROM {entries} WHERE field = {field} AND ({search})")
        });
        let select = match hits {
            Some(hits) if self.exact => format!("{hits} ORDER BY row"),
            _ => {
                let check = filter.to_sql("d.metadata");
                params.extend(check.params);
                let from = match hits {
                    // CROSS JOIN fixes the order: first the entries, then the rows they name.
                    Some(hits) => {
                        format!("({hits}) AS hit CROSS JOIN {rows} AS d ON d.row = hit.row")
                    }
                    None => format!("{rows} AS d"),
                };
                format!("SELECT d.row FROM {from} WHERE {} ORDER BY d.row", check.text)
            }
        };
        (select, params)
    }
}
