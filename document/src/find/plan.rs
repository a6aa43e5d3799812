//! From a query to SQL: which index narrows it, what remains to be checked, in which order.

use std::ops::ControlFlow;
use std::sync::Arc;

use headwater_primitives::filter::{Entries, KeyRange};
use headwater_primitives::rusqlite::types::Value as SqlValue;
use headwater_primitives::rusqlite::{Connection, Row, params_from_iter};
use headwater_primitives::{Error, Result, Sequence, jsonb};
use serde_json::Value;

use super::{Order, PageToken, Query};
use crate::catalog::Table;
use crate::id::DocumentId;
use crate::index::Index;
use crate::store::Collection;

/// More ranges than this are not worth a search each.
const MAX_RANGES: usize = 500;

/// A query as SQL.
pub(super) struct Plan<'a> {
    collection: &'a Collection,
    query: &'a Query,
    from: String,
    condition: String,
    order: String,
    sort_columns: String,
    params: Vec<SqlValue>,
    /// The index that names the rows, and what was known of it.
    index: Option<(u32, Entries)>,
    /// Which rows the plan finds.
    home: Home,
    /// The parameters of `from`, which come first.
    from_params: usize,
}

/// Where the bodies are of the rows that a plan finds.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Home {
    /// Nothing of the collection is in the lake.
    Only,
    /// In the hot tier, others being in the lake.
    Hot,
}

impl<'a> Plan<'a> {
    pub(super) fn new(collection: &'a Collection, table: &Table, query: &'a Query) -> Result<Self> {
        let home = if table.has_archived() { Home::Hot } else { Home::Only };
        let mut plan = Plan {
            collection,
            query,
            from: format!("{} AS d", table.sql.table),
            condition: String::new(),
            order: String::new(),
            sort_columns: String::new(),
            params: Vec::new(),
            index: None,
            home,
            from_params: 0,
        };
        plan.narrow(table);
        plan.from_params = plan.params.len();
        let now = collection.namespace.clock().now();
        plan.condition.push_str("(d.expires IS NULL OR d.expires > ?)");
        plan.params.push(SqlValue::Integer(now.0));
        if home == Home::Hot {
            plan.condition.push_str(" AND length(d.body) > 0");
        }
        if !query.filter.is_all() {
            let sql = query.filter.to_sql("d.body");
            plan.condition.push_str(" AND ");
            plan.condition.push_str(&sql.text);
            plan.params.extend(sql.params);
        }
        if let Some(prefix) = query.json_path.as_ref().and_then(|path| path.sql_prefix()) {
            plan.condition.push_str(" AND json_type(d.body, ?) IS NOT NULL");
            plan.params.push(SqlValue::Text(prefix));
        }
        plan.sort();
        plan.start_after(table)?;
        Ok(plan)
    }

    /// Lets the index with the narrowest bounds, if any, name the rows to look at.
    fn narrow(&mut self, table: &Table) {
        let indexes = table.indexes();
        let candidates = indexes.iter().filter(|index| index.is_ready()).filter_map(|index| {
            let entries = index.entries();
            let ranges = self.query.filter.bounds_with(&index.text, entries)?.into_ranges();
            (ranges.len() <= MAX_RANGES).then_some((index, entries, ranges))
        });
        // Points before ranges, a unique index before another.
        let rank = |index: &Index, ranges: &[KeyRange]| {
            let points = ranges.iter().all(|range| range.as_point().is_some());
            (!points, index.uniqueness == crate::document::Uniqueness::Many, ranges.len())
        };
        let best = candidates.min_by_key(|(index, _, ranges)| rank(index, ranges));
        let Some((index, entries, ranges)) = best else { return };
        self.index = Some((index.number, entries));
        let mut search = Vec::new();
        for range in &ranges {
            search.push(range.to_sql("value", &mut self.params));
        }
        let search = if search.is_empty() { "0".to_owned() } else { search.join(" OR ") };
        // CROSS JOIN fixes the order: first the index, then the rows it names.
        self.from = format!(
            "(SELECT DISTINCT row FROM {} WHERE {search}) AS hit CROSS JOIN {} AS d \
             ON d.{} = hit.row",
            index.table, table.sql.table, table.sql.row
        );
    }

    fn sort(&mut self) {
        for (_, text, order) in &self.query.sort {
            let column = sort_column(text);
            self.sort_columns.push_str(&format!(", {column}"));
            self.order.push_str(&format!("{column}{}, ", direction(*order)));
        }
        self.order.push_str(&format!("d.id{}", direction(self.last_order())));
    }

    /// The id decides among equals, in the direction of the last sort.
    fn last_order(&self) -> Order {
        self.query.sort.last().map_or(Order::Ascending, |(_, _, order)| *order)
    }

    /// Keyset pagination: what comes after the last row of the page before, lexicographically.
    fn start_after(&mut self, table: &Table) -> Result<()> {
        let Some(PageToken { sort, id }) = &self.query.after else { return Ok(()) };
        crate::write::check_kind(table, id)?;
        if sort.len() != self.query.sort.len() {
            return Err(Error::invalid("the page token belongs to a query with another sort"));
        }
        let mut equal = String::new();
        let mut cases = Vec::new();
        let mut params = Vec::new();
        let mut before = Vec::new();
        for ((_, text, order), value) in self.query.sort.iter().zip(sort) {
            let column = sort_column(text);
            cases.push(format!("({equal}{column} {} ?)", beyond(*order)));
            params.extend(before.iter().cloned());
            params.push(SqlValue::Blob(value.clone()));
            equal.push_str(&format!("{column} = ? AND "));
            before.push(SqlValue::Blob(value.clone()));
        }
        cases.push(format!("({equal}d.id {} ?)", beyond(self.last_order())));
        params.extend(before);
        params.push(match id {
            DocumentId::Integer(id) => SqlValue::Integer(*id),
            DocumentId::Text(id) => SqlValue::Text(id.to_string()),
        });
        self.condition.push_str(&format!(" AND ({})", cases.join(" OR ")));
        self.params.extend(params);
        Ok(())
    }

    fn select(&self) -> String {
        format!(
            "SELECT d.id, d.version, d.body{} FROM {} WHERE {} ORDER BY {}",
            self.sort_columns, self.from, self.condition, self.order
        )
    }

    /// Hands the page's documents to `found`, and returns where the next page begins.
    pub(super) fn page(
        &self,
        mut found: impl FnMut(DocumentId, Sequence, &[u8]) -> Result<()>,
    ) -> Result<Option<PageToken>> {
        let limit = self.query.limit;
        if limit == 0 {
            return Ok(None);
        }
        self.collection.namespace.snapshot(|snapshot| {
            let (mut count, mut last) = (0, None);
            let more = self.rows(snapshot.sql(), |token, version, body| {
                if count == limit {
                    return Ok(ControlFlow::Break(()));
                }
                count += 1;
                found(token.id.clone(), version, body)?;
                last = Some(token);
                Ok(ControlFlow::Continue(()))
            })?;
            Ok(last.filter(|_| more.is_break()))
        })
    }

    /// Hands rows to `each` in the query's order, up to one more than its limit: where each stands,
    /// its version and its body.
    pub(super) fn rows(
        &self,
        connection: &Connection,
        mut each: impl FnMut(PageToken, Sequence, &[u8]) -> Result<ControlFlow<()>>,
    ) -> Result<ControlFlow<()>> {
        let json_path = self.query.json_path.as_ref().filter(|path| !path.is_singular());
        // One more than asked tells whether there is a next page; rows that only the JSONPath can
        // judge are read until there are enough.
        let mut sql = self.select();
        if json_path.is_none() {
            sql.push_str(&format!(" LIMIT {}", self.sql_limit()));
        }
        let mut statement = connection.prepare_cached(&sql)?;
        let mut rows = statement.query(params_from_iter(&self.params))?;
        while let Some(row) = rows.next()? {
            let body = body_of(row)?;
            if let Some(path) = json_path
                && path.query(&jsonb::from_slice::<Value>(body)?).is_empty()
            {
                continue;
            }
            let id = DocumentId::from_sql(row.get_ref(0)?)?;
            let version = Sequence(row.get::<_, i64>(1)? as u64);
            if each(self.token(row, &id)?, version, body)?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// The documents in the lake that the plan's index names: `None` without an index, or when it
    /// names more than `limit`.
    pub(super) fn archived(
        &self,
        connection: &Connection,
        limit: usize,
    ) -> Result<Option<Vec<(DocumentId, Sequence)>>> {
        if self.index.is_none() {
            return Ok(None);
        }
        let sql = format!(
            "SELECT d.id, d.version FROM {} WHERE length(d.body) = 0 LIMIT {}",
            self.from,
            limit + 1
        );
        let mut statement = connection.prepare_cached(&sql)?;
        let mut rows = statement.query(params_from_iter(&self.params[..self.from_params]))?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let version = Sequence(row.get::<_, i64>(1)? as u64);
            found.push((DocumentId::from_sql(row.get_ref(0)?)?, version));
        }
        Ok((found.len() <= limit).then_some(found))
    }

    pub(super) fn count(&self, connection: &Connection) -> Result<u64> {
        let sql = format!("SELECT count(*) FROM {} WHERE {}", self.from, self.condition);
        let count: i64 = connection
            .prepare_cached(&sql)?
            .query_row(params_from_iter(&self.params), |row| row.get(0))?;
        Ok(count as u64)
    }

    pub(super) fn explain(&self) -> Result<Vec<String>> {
        let sql = format!("EXPLAIN QUERY PLAN {} LIMIT {}", self.select(), self.sql_limit());
        self.collection.namespace.query(|connection: &Connection| {
            let mut statement = connection.prepare(&sql)?;
            let steps = statement.query_map(params_from_iter(&self.params), |row| row.get(3))?;
            Ok(steps.collect::<std::result::Result<_, _>>()?)
        })
    }

    /// Whether its index was dropped since it was chosen, or has got a document with several
    /// entries: then what the plan has found may lack something.
    pub(super) fn is_stale(&self) -> Result<bool> {
        let Some(table) = self.collection.table()? else { return Ok(true) };
        if self.home == Home::Only && table.has_archived() {
            return Ok(true);
        }
        let Some((number, entries)) = self.index else { return Ok(false) };
        let same = |index: &Arc<Index>| index.number == number && index.entries() == entries;
        Ok(!table.indexes().iter().any(same))
    }

    fn sql_limit(&self) -> i64 {
        i64::try_from(self.query.limit.saturating_add(1)).unwrap_or(i64::MAX)
    }

    fn token(&self, row: &Row<'_>, id: &DocumentId) -> Result<PageToken> {
        let sort = (0..self.query.sort.len())
            .map(|at| row.get::<_, Vec<u8>>(3 + at))
            .collect::<std::result::Result<_, _>>()?;
        Ok(PageToken { sort, id: id.clone() })
    }
}

fn body_of<'r>(row: &'r Row<'_>) -> Result<&'r [u8]> {
    row.get_ref(2)?.as_blob().map_err(|_| Error::corrupt("a document is no blob"))
}

/// The key codec's form of the value at a path; empty, and so first, where there is none.
fn sort_column(path: &str) -> String {
    format!("coalesce(hw_key(d.body, '{}'), x'')", path.replace('\'', "''"))
}

fn direction(order: Order) -> &'static str {
    match order {
        Order::Ascending => "",
        Order::Descending => " DESC",
    }
}

fn beyond(order: Order) -> &'static str {
    match order {
        Order::Ascending => ">",
        Order::Descending => "<",
    }
}
