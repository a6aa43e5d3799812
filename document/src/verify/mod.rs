//! Comparing what is stored with the log it came from, and each index with its rows.

mod directory;
mod entries;
mod lake;
mod log;
mod rows;

pub(crate) use log::id_of;

use std::collections::{BTreeMap, HashMap, HashSet};

use bytes::Bytes;
use headwater_cdc::ChangeLog;
use headwater_primitives::rusqlite::Connection;
use headwater_primitives::{Namespace, Result, Sequence};

use crate::catalog::Table;
use crate::cold;
use crate::collections::{is_installed, names};
use crate::id::DocumentId;

/// Checks every collection of `namespace` and returns one line per defect: rows against the change
/// log as far back as it is kept, the key directory, the indexes and the lake against the rows. Damage of the
/// log itself is for [`ChangeLog::verify`] to name; rows are not compared with a log that has any.
///
/// Cost: a pass over the rows, one over the log, one over the files of archived documents, and a search
/// per event and per index entry.
///
/// # Errors
/// SQLite's errors; `ResnapshotRequired` when retention deletes events meanwhile. Damage is not an
/// error here, it is the answer.
pub fn verify(namespace: &Namespace) -> Result<Vec<String>> {
    let changes = ChangeLog::open(namespace)?;
    namespace.snapshot(|snapshot| {
        let sql = snapshot.sql();
        let mut found = Vec::new();
        if !is_installed(sql)? {
            return Ok(found);
        }
        let mut checks = BTreeMap::new();
        for name in names(sql)? {
            let Some(table) = Table::load(sql, &name)? else { continue };
            let mut check = Check::new(sql, table);
            check.rows(&mut found)?;
            check.directory(&mut found)?;
            check.lake(namespace, &mut found)?;
            checks.insert(name, check);
        }
        log::compare(&changes, sql, &mut checks, &mut found)?;
        for check in checks.values() {
            for index in check.table.indexes().iter().filter(|index| index.is_ready()) {
                check.entries(index, &mut found)?;
            }
        }
        Ok(found)
    })
}

/// One collection under examination.
struct Check<'a> {
    sql: &'a Connection,
    table: Table,
    /// Rows that are named already; whatever else does not fit follows from that.
    damaged: HashSet<i64>,
    /// Where documents are that the key directory does not lead to.
    misled: HashMap<Box<str>, i64>,
    /// Rows that the event of their version agrees with.
    matched: HashSet<i64>,
    /// Documents without a row, and the last event that wrote them.
    lost: HashMap<DocumentId, Sequence>,
    /// The last bodies of the documents that are lost for good.
    gone: Vec<Bytes>,
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
            gone: Vec::new(),
        }
    }

    /// Whether the body of a row says that the document is in the lake, as it may in this collection.
    fn is_archived(&self, body: &[u8]) -> bool {
        self.table.has_archived() && cold::is_archived(body)
    }

    fn document(&self, id: &DocumentId) -> String {
        format!("document {:?}/{id}", self.table.name)
    }
}
