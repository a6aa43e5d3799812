//! Reading all rows of a store without their embeddings, in steps: what SQL does.

use headwater_primitives::{Error, IdKind, RecordId, Result, Sequence, Snapshot};

use crate::stores::tables;
use crate::table::Table;

/// The rows of a store, as one snapshot has them.
pub struct Scan(Table);

/// Some rows of a scan.
#[derive(Debug, Default)]
pub struct ScanPage {
    /// The rows.
    pub rows: Vec<ScannedRow>,
    /// Where the next page begins; `None` after the last.
    pub next: Option<i64>,
}

/// A row without its embedding.
#[derive(Clone, Debug, PartialEq)]
pub struct ScannedRow {
    /// Its id.
    pub id: RecordId,
    /// The sequence of its last write.
    pub version: Sequence,
    /// Its text.
    pub text: Option<String>,
    /// Its metadata: an object in SQLite's JSONB.
    pub metadata: Vec<u8>,
}

/// The names of the stores that `snapshot` sees, in their order: cheaper than [`stores`](crate::stores).
///
/// # Errors
/// SQLite's errors.
pub fn store_names(snapshot: &Snapshot<'_>) -> Result<Vec<String>> {
    Ok(tables(snapshot.sql())?.into_iter().map(|table| table.name.to_string()).collect())
}

impl Scan {
    /// Describes reading the rows of the store `name` that `snapshot` sees; `None` when there is no such
    /// store.
    ///
    /// # Errors
    /// SQLite's errors.
    pub fn of(snapshot: &Snapshot<'_>, name: &str) -> Result<Option<Scan>> {
        Ok(Table::load(snapshot.sql(), name)?.map(Scan))
    }

    /// The kind of the rows' ids; `None` while there never was a row.
    pub fn id_kind(&self) -> Option<IdKind> {
        self.0.known_kind()
    }

    /// How many rows there are. Cost: a pass over an index.
    ///
    /// # Errors
    /// SQLite's errors.
    pub fn count(&self, snapshot: &Snapshot<'_>) -> Result<u64> {
        let select = format!("SELECT count(*) FROM {}", self.0.sql.table);
        let count: i64 = snapshot.sql().query_row(&select, [], |row| row.get(0))?;
        Ok(count as u64)
    }

    /// The rows from number `from` on (`i64::MIN` is the beginning), until there are `rows` or they have
    /// `bytes`.
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
        let mut statement = snapshot.sql().prepare_cached(&format!(
            "SELECT row, id, version, text, metadata FROM {} WHERE row >= ? ORDER BY row",
            self.0.sql.table
        ))?;
        let mut found = statement.query([from])?;
        let (mut page, mut size) = (ScanPage::default(), 0);
        while let Some(row) = found.next()? {
            if page.rows.len() >= rows.max(1) || size >= bytes.max(1) {
                page.next = Some(row.get(0)?);
                break;
            }
            let metadata = row.get_ref(4)?.as_blob();
            let metadata = metadata.map_err(|_| Error::corrupt("a row's metadata is no blob"))?;
            let text: Option<String> = row.get(3)?;
            size += metadata.len() + text.as_ref().map_or(0, String::len);
            page.rows.push(ScannedRow {
                id: RecordId::from_sql(row.get_ref(1)?)?,
                version: Sequence(row.get::<_, i64>(2)? as u64),
                text,
                metadata: metadata.to_vec(),
            });
        }
        Ok(page)
    }
}
