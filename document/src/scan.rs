//! Reading all of a collection that is in the hot tier, in steps: for whoever reads the lake's side on
//! its own.

use std::ops::ControlFlow;
use std::sync::Arc;

use bytes::Bytes;
use headwater_cdc::Moment;
use headwater_primitives::filter::Filter;
use headwater_primitives::rusqlite::types::Value as SqlValue;
use headwater_primitives::rusqlite::{Connection, Row, params_from_iter};
use headwater_primitives::{Error, Result, Sequence, Snapshot};

use crate::as_of::{self, Past};
use crate::catalog::Table;
use crate::document::Document;
use crate::id::{DocumentId, IdKind};
use crate::store::DocumentStore;

/// Up to so many rows that an index names are looked up one by one; past that all rows are read.
const MAX_NAMED: usize = 1 << 16;

/// The documents of a collection whose bodies are in the hot tier, as one snapshot has them, or as they
/// were at a moment. Made by [`DocumentStore::scan`].
///
/// The lake's side is what [`has_archived`](Scan::has_archived) and [`outdated`](Scan::outdated) tell of.
pub struct Scan {
    table: Arc<Table>,
    past: Option<Arc<Past>>,
}

/// Which documents of a [`Scan`] are read: a part of it, made by [`Scan::matching`].
pub struct ScanPart {
    scan: Arc<Scan>,
    condition: String,
    params: Vec<SqlValue>,
    /// The rows that an index names, ascending.
    named: Option<Vec<i64>>,
}

/// Some documents of a scan.
#[derive(Debug, Default)]
pub struct ScanPage {
    /// The documents.
    pub documents: Vec<RawDocument>,
    /// Where the next page begins; `None` after the last.
    pub next: Option<i64>,
}

/// A document as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawDocument {
    /// Its id.
    pub id: DocumentId,
    /// The sequence of its last write; `None` for one as it was in the past.
    pub version: Option<Sequence>,
    /// Its body, in SQLite's JSONB.
    pub body: Bytes,
}

impl<T: Document> DocumentStore<T> {
    /// Describes reading the documents that are in the hot tier as `snapshot` sees them, or of those as
    /// they were at `moment`; `None` when there is no such collection.
    ///
    /// # Errors
    /// `PastHorizon` for a moment that is older than the change log and its archive; `TooLarge` when what has changed
    /// since is more than 256 MiB; SQLite's errors.
    pub fn scan(&self, snapshot: &Snapshot<'_>, moment: Option<Moment>) -> Result<Option<Scan>> {
        let sql = snapshot.sql();
        // The collection as the snapshot sees it: it may have been made since.
        let Some(table) = Table::load(sql, self.name())? else { return Ok(None) };
        let past = match moment {
            Some(moment) => {
                let after = as_of::sequence_at(&self.collection, sql, moment)?;
                // What is written meanwhile has the snapshot's state before it.
                Some(Arc::new(Past::since(&self.collection, after, None)?))
            }
            None => None,
        };
        Ok(Some(Scan { table: Arc::new(table), past }))
    }
}

impl Scan {
    /// The kind of the documents' ids.
    pub fn id_kind(&self) -> IdKind {
        self.table.id_kind
    }

    /// Whether documents may be in the lake.
    pub fn has_archived(&self) -> bool {
        self.table.has_archived()
    }

    /// How many documents both tiers have now, those included that have [ended](Scan::ended). Cost: a pass
    /// over the table or an index, which takes as long as there are rows: what the change log tells since
    /// an earlier count is the cheaper way to the next one.
    ///
    /// # Errors
    /// SQLite's errors.
    pub fn rows(&self, snapshot: &Snapshot<'_>) -> Result<u64> {
        let select = format!("SELECT count(*) FROM {}", self.table.sql.table);
        let mut statement = snapshot.sql().prepare_cached(&select)?;
        Ok(statement.query_row([], |row| row.get::<_, i64>(0))? as u64)
    }

    /// How many of these have expired by `now`, in microseconds since 1970, and are not swept yet.
    ///
    /// # Errors
    /// SQLite's errors.
    pub fn ended(&self, snapshot: &Snapshot<'_>, now: i64) -> Result<u64> {
        let select = format!("SELECT count(*) FROM {} WHERE expires <= ?", self.table.sql.table);
        let mut statement = snapshot.sql().prepare_cached(&select)?;
        Ok(statement.query_row([now], |row| row.get::<_, i64>(0))? as u64)
    }

    /// The documents of the lake that count no more, since they were written after the moment, with
    /// their versions there.
    ///
    /// # Errors
    /// SQLite's errors.
    pub fn outdated(&self, snapshot: &Snapshot<'_>) -> Result<Vec<(DocumentId, Sequence)>> {
        let Some(past) = &self.past else { return Ok(Vec::new()) };
        let table = &self.table.sql.table;
        let select = format!("SELECT version FROM {table} WHERE id = ? AND length(body) = 0");
        let mut statement = snapshot.sql().prepare_cached(&select)?;
        let mut found = Vec::new();
        for id in past.ids() {
            let mut rows = statement.query([id])?;
            if let Some(row) = rows.next()? {
                found.push((id.clone(), Sequence(row.get::<_, i64>(0)? as u64)));
            }
        }
        Ok(found)
    }

    /// The documents that were there and have been written since, as they were.
    pub fn earlier(&self) -> impl Iterator<Item = RawDocument> + '_ {
        let documents = self.past.iter().flat_map(|past| past.documents());
        documents.map(|(id, body)| RawDocument {
            id: id.clone(),
            version: None,
            body: body.clone(),
        })
    }

    /// The part of the scan that `filter` matches, by an index where one narrows it, or only those of
    /// these ids. Documents of the [past](Scan::earlier) are no part of it. What ends by `now`, in
    /// microseconds since 1970, is left out.
    ///
    /// # Errors
    /// SQLite's errors.
    pub fn matching(
        self: &Arc<Self>,
        snapshot: &Snapshot<'_>,
        filter: &Filter,
        ids: Option<&[DocumentId]>,
        now: i64,
    ) -> Result<ScanPart> {
        let mut condition = "(expires IS NULL OR expires > ?) AND length(body) > 0".to_owned();
        let mut params = vec![SqlValue::Integer(now)];
        if !filter.is_all() {
            let sql = filter.to_sql("body");
            condition.push_str(" AND ");
            condition.push_str(&sql.text);
            params.extend(sql.params);
        }
        let named = match ids {
            Some(ids) => Some(self.rows_of(snapshot.sql(), ids)?),
            None => self.named(snapshot.sql(), filter)?,
        };
        Ok(ScanPart { scan: self.clone(), condition, params, named })
    }

    /// The rows under these ids.
    fn rows_of(&self, sql: &Connection, ids: &[DocumentId]) -> Result<Vec<i64>> {
        let (table, row) = (&self.table.sql.table, self.table.sql.row);
        let mut statement =
            sql.prepare_cached(&format!("SELECT {row} FROM {table} WHERE id = ?"))?;
        let mut found = Vec::new();
        for id in ids.iter().filter(|id| id.kind() == self.id_kind()) {
            let mut rows = statement.query([id])?;
            if let Some(row) = rows.next()? {
                found.push(row.get(0)?);
            }
        }
        found.sort_unstable();
        found.dedup();
        Ok(found)
    }

    /// The rows that an index names, if one narrows the filter to few.
    fn named(&self, sql: &Connection, filter: &Filter) -> Result<Option<Vec<i64>>> {
        for index in self.table.indexes().iter().filter(|index| index.is_ready()) {
            let Some(bounds) = filter.bounds_with(&index.text, index.entries()) else { continue };
            let mut params = Vec::new();
            let ranges = bounds.into_ranges();
            let search = ranges.iter().map(|range| range.to_sql("value", &mut params));
            let search: Vec<String> = search.collect();
            if search.len() > MAX_RANGES {
                continue;
            }
            if search.is_empty() {
                return Ok(Some(Vec::new()));
            }
            let select = format!(
                "SELECT DISTINCT row FROM {} WHERE {} ORDER BY row LIMIT {}",
                index.table,
                search.join(" OR "),
                MAX_NAMED + 1
            );
            let mut statement = sql.prepare_cached(&select)?;
            let rows = statement.query_map(params_from_iter(params), |row| row.get(0))?;
            let rows: Vec<i64> = rows.collect::<std::result::Result<_, _>>()?;
            if rows.len() <= MAX_NAMED {
                return Ok(Some(rows));
            }
        }
        Ok(None)
    }
}

/// More ranges than this are not worth a search each.
const MAX_RANGES: usize = 500;

impl ScanPart {
    /// Whether an index has named the rows.
    pub fn is_narrowed(&self) -> bool {
        self.named.is_some()
    }

    /// The documents from `from` on (`i64::MIN` is the beginning), until there are `rows` or their bodies
    /// pass `bytes`.
    ///
    /// # Errors
    /// SQLite's errors.
    pub fn page(
        &self,
        snapshot: &Snapshot<'_>,
        from: i64,
        rows: usize,
        bytes: usize,
    ) -> Result<ScanPage> {
        let mut page = ScanPage::default();
        let mut size = 0;
        let mut each = |row: &Row<'_>| -> Result<ControlFlow<()>> {
            let number = row.get(0)?;
            if page.documents.len() >= rows.max(1) || size >= bytes.max(1) {
                page.next = Some(number);
                return Ok(ControlFlow::Break(()));
            }
            let document = document_of(row)?;
            if !self.scan.past.as_ref().is_some_and(|past| past.knows(&document.id)) {
                size += document.body.len();
                page.documents.push(document);
            }
            Ok(ControlFlow::Continue(()))
        };
        let (table, row) = (&self.scan.table.sql.table, self.scan.table.sql.row);
        let select =
            format!("SELECT {row}, id, version, body FROM {table} WHERE {}", self.condition);
        let Some(named) = &self.named else {
            let mut params = self.params.clone();
            params.push(SqlValue::Integer(from));
            let select = format!("{select} AND {row} >= ? ORDER BY {row}");
            let mut statement = snapshot.sql().prepare_cached(&select)?;
            let mut found = statement.query(params_from_iter(params))?;
            while let Some(row) = found.next()? {
                if each(row)?.is_break() {
                    break;
                }
            }
            return Ok(page);
        };
        let mut statement = snapshot.sql().prepare_cached(&format!("{select} AND {row} = ?"))?;
        let mut params = self.params.clone();
        params.push(SqlValue::Null);
        let last = params.len() - 1;
        for number in &named[named.partition_point(|number| *number < from)..] {
            params[last] = SqlValue::Integer(*number);
            let mut found = statement.query(params_from_iter(&params))?;
            if let Some(row) = found.next()?
                && each(row)?.is_break()
            {
                break;
            }
        }
        Ok(page)
    }
}

fn document_of(row: &Row<'_>) -> Result<RawDocument> {
    let body = row.get_ref(3)?.as_blob().map_err(|_| Error::corrupt("a document is no blob"))?;
    Ok(RawDocument {
        id: DocumentId::from_sql(row.get_ref(1)?)?,
        version: Some(Sequence(row.get::<_, i64>(2)? as u64)),
        body: Bytes::copy_from_slice(body),
    })
}
