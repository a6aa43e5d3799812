//! Comparing what is stored with the log it came from, and the filter entries with the rows.

mod directory;
mod entries;
mod log;
mod rows;

use std::collections::{BTreeMap, HashMap, HashSet};

use headwater_cdc::ChangeLog;
use headwater_primitives::rusqlite::Connection;
use headwater_primitives::{Namespace, RecordId, Result, Sequence};

use crate::stores::tables;
use crate::table::Table;
use crate::warm::{Pointer, Warm};

/// Checks every vector store of `namespace` and returns one line per defect: rows against the change
/// log as far back as it is kept, the key directory and the entries of filter fields against the
/// rows, and the warm tier against the rows whose embeddings are in it. Damage of the log itself is for [`ChangeLog::verify`] to name; rows are not compared with a
/// log that has any.
///
/// Cost: a pass over the rows, one over the log, and a search per event and per entry.
///
/// # Errors
/// SQLite's errors; `ResnapshotRequired` when retention deletes events meanwhile. Damage is not an
/// error here, it is the answer.
pub fn verify(namespace: &Namespace) -> Result<Vec<String>> {
    let changes = ChangeLog::open(namespace)?;
    namespace.snapshot(|snapshot| {
        let sql = snapshot.sql();
        let mut found = Vec::new();
        let mut checks = BTreeMap::new();
        for table in tables(sql)? {
            let mut check = Check::new(sql, table);
            check.rows(&mut found)?;
            check.directory(&mut found)?;
            checks.insert(check.table.name.to_string(), check);
        }
        log::compare(&changes, sql, &mut checks, &mut found)?;
        for check in checks.values() {
            check.entries(&mut found)?;
            check.warm(namespace, &mut found)?;
        }
        Ok(found)
    })
}

/// One store under examination.
struct Check<'a> {
    sql: &'a Connection,
    table: Table,
    /// Rows that are named already; whatever else does not fit follows from that.
    damaged: HashSet<i64>,
    /// Where rows are that the key directory does not lead to.
    misled: HashMap<RecordId, i64>,
    /// Rows that the event of their version agrees with.
    matched: HashSet<i64>,
    /// Rows that are not there, and the last event that wrote them, with the number they had.
    lost: HashMap<RecordId, (Sequence, Option<i64>)>,
    /// The numbers of the rows that are lost for good.
    gone: HashSet<i64>,
}

impl<'a> Check<'a> {
    fn new(sql: &'a Connection, table: Table) -> Self {
        Check {
            sql,
            table,
            damaged: HashSet::new(),
            misled: HashMap::new(),
            matched: HashSet::new(),
            lost: HashMap::new(),
            gone: HashSet::new(),
        }
    }

    /// Every embedding that is elsewhere is there.
    fn warm(&self, namespace: &Namespace, found: &mut Vec<String>) -> Result<()> {
        match Pointer::load(self.sql, self.table.number)? {
            Some(pointer) if pointer.version > 0 => Warm::of(namespace, &self.table).tier.verify(
                namespace,
                self.sql,
                &self.table,
                &pointer,
                found,
            ),
            _ => Ok(()),
        }
    }

    /// How a defect calls the row `id`.
    fn row_named(&self, id: &RecordId) -> String {
        format!("row {:?}/{id}", self.table.name)
    }
}
