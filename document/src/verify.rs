//! Comparing what is stored with the log it came from, and each index with its rows.

use std::collections::HashSet;

use headwater_cdc::{EventKey, Op, Store};
use headwater_primitives::jsonb;
use headwater_primitives::rusqlite::{Connection, OptionalExtension};
use headwater_primitives::{Namespace, Result, Sequence};

use crate::catalog::{Catalog, Table};
use crate::collections::names;
use crate::id::DocumentId;
use crate::index::{Index, show};

/// Checks every collection of `namespace` and returns one line per defect: rows against the change
/// log as far back as it is kept, the key directory and the indexes against the rows.
///
/// Cost: a pass over the rows, one over the log, and a search per event and per index entry.
///
/// # Errors
/// SQLite's errors; damage is not an error here, it is the answer.
pub fn verify(namespace: &Namespace) -> Result<Vec<String>> {
    let changes = headwater_cdc::ChangeLog::open(namespace)?;
    namespace.snapshot(|snapshot| {
        let sql = snapshot.sql();
        let mut found = Vec::new();
        let known: bool = sql.query_row(
            "SELECT EXISTS(SELECT 1 FROM sqlite_schema WHERE name = 'document_collections')",
            [],
            |row| row.get(0),
        )?;
        if !known {
            return Ok(found);
        }
        for name in names(sql)? {
            let Some(table) = Catalog::of(namespace).find(namespace, &name)? else { continue };
            let check = Check { sql, table: &table };
            check.rows(&mut found)?;
            check.directory(&mut found)?;
            check.log(&changes, &mut found)?;
            for index in table.indexes().iter().filter(|index| index.ready) {
                check.index(index, &mut found)?;
            }
        }
        Ok(found)
    })
}

struct Check<'a> {
    sql: &'a Connection,
    table: &'a Table,
}

impl Check<'_> {
    /// Every body is a document.
    fn rows(&self, found: &mut Vec<String>) -> Result<()> {
        let mut statement =
            self.sql.prepare(&format!("SELECT id, body FROM {}", self.table.sql.table))?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let id = DocumentId::from_sql(row.get_ref(0)?)?;
            let body = row.get_ref(1)?.as_blob().unwrap_or_default();
            if let Err(error) = jsonb::validate(body) {
                found.push(format!("{}: its body is damaged: {error}", self.document(&id)));
            }
        }
        Ok(())
    }

    /// Every text id leads to its row, by the directory of keys, and to no other.
    fn directory(&self, found: &mut Vec<String>) -> Result<()> {
        let name = &self.table.sql.table;
        if self.table.sql.row == "id" {
            return Ok(());
        }
        // NOT INDEXED reads the rows themselves; the search goes through the directory.
        let mut all = self.sql.prepare(&format!("SELECT row, id FROM {name} NOT INDEXED"))?;
        let mut search = self.sql.prepare(&format!("SELECT row FROM {name} WHERE id = ?"))?;
        let mut rows = all.query([])?;
        let mut count = 0i64;
        while let Some(row) = rows.next()? {
            count += 1;
            let (number, id): (i64, String) = (row.get(0)?, row.get(1)?);
            let led: Option<i64> = search.query_row([&id], |row| row.get(0)).optional()?;
            if led != Some(number) {
                found.push(format!(
                    "key directory of {:?}: id {id:?} does not lead to its document",
                    self.table.name
                ));
            }
        }
        let directory: i64 = self.sql.query_row(
            &format!("SELECT count(*) FROM {name} INDEXED BY sqlite_autoindex_{name}_1 WHERE id >= ''"),
            [],
            |row| row.get(0),
        )?;
        if directory != count {
            found.push(format!(
                "key directory of {:?}: it has {directory} ids for {count} documents",
                self.table.name
            ));
        }
        Ok(())
    }

    /// The rows are what the retained log says, and the log says everything that is in the rows.
    fn log(&self, changes: &headwater_cdc::ChangeLog, found: &mut Vec<String>) -> Result<()> {
        let log = changes.segments();
        let select = format!("SELECT version, body FROM {} WHERE id = ?", self.table.sql.table);
        let mut search = self.sql.prepare(&select)?;
        let start = log.start();
        let head = log.head_in(self.sql)?;
        let (mut next, mut lost, mut matched) = (start, HashSet::new(), HashSet::new());
        while next <= head {
            let segments = match log.read_in(self.sql, next, 4 << 20) {
                Ok(segments) if segments.is_empty() => break,
                Ok(segments) => segments,
                // The log's own check names the damage.
                Err(_) => return Ok(()),
            };
            for segment in &segments {
                next = segment.last().next();
                for event in changes.decode_segment(segment) {
                    let Ok(event) = event else { return Ok(()) };
                    if event.store != Some(Store::Document)
                        || event.table.as_deref() != Some(&*self.table.name)
                    {
                        continue;
                    }
                    let Some(id) = event.key.as_ref().and_then(id_of) else { continue };
                    let row: Option<(i64, Vec<u8>)> = search
                        .query_row([&id], |row| Ok((row.get(0)?, row.get(1)?)))
                        .optional()?;
                    match (event.op, row) {
                        (Some(Op::Delete), None) => drop(lost.remove(&id)),
                        (Some(Op::Delete), Some((version, _))) => {
                            if (version as u64) < event.sequence.0 {
                                found.push(format!(
                                    "{}: it is there, but event {} deleted it",
                                    self.document(&id),
                                    event.sequence
                                ));
                            }
                        }
                        (_, None) => drop(lost.insert(id)),
                        (_, Some((version, body))) => {
                            let version = Sequence(version as u64);
                            if version < event.sequence {
                                found.push(format!(
                                    "{}: it has version {version}, but event {} wrote a later one",
                                    self.document(&id),
                                    event.sequence
                                ));
                            } else if version == event.sequence {
                                matched.insert(version);
                                if event.after_bytes() != Some(body.as_slice()) {
                                    found.push(format!(
                                        "{}: its body is not what event {version} wrote",
                                        self.document(&id)
                                    ));
                                }
                            }
                        }
                    }
                }
            }
        }
        for id in lost {
            found.push(format!("{}: events wrote it, and it is gone without one", self.document(&id)));
        }
        self.without_event(start, &matched, found)
    }

    /// Rows whose version lies in the retained log, and no event there made them.
    fn without_event(
        &self,
        start: Sequence,
        matched: &HashSet<Sequence>,
        found: &mut Vec<String>,
    ) -> Result<()> {
        let mut statement = self
            .sql
            .prepare(&format!("SELECT id, version FROM {} WHERE version >= ?", self.table.sql.table))?;
        let mut rows = statement.query([start.0 as i64])?;
        while let Some(row) = rows.next()? {
            let version = Sequence(row.get::<_, i64>(1)? as u64);
            if !matched.contains(&version) {
                let id = DocumentId::from_sql(row.get_ref(0)?)?;
                let line = format!("{}: no event made its version {version}", self.document(&id));
                found.push(line);
            }
        }
        Ok(())
    }

    /// Every row's entries are in `index`, and nothing else is.
    fn index(&self, index: &Index, found: &mut Vec<String>) -> Result<()> {
        let row = self.table.sql.row;
        let place = format!("index {:?} of {:?}", index.text, self.table.name);
        let mut all = self
            .sql
            .prepare(&format!("SELECT {row}, id, body FROM {}", self.table.sql.table))?;
        let mut has = self.sql.prepare(&format!(
            "SELECT EXISTS(SELECT 1 FROM {} WHERE value = ? AND row = ?)",
            index.table
        ))?;
        let mut rows = all.query([])?;
        while let Some(found_row) = rows.next()? {
            let number: i64 = found_row.get(0)?;
            let body = found_row.get_ref(2)?.as_blob().unwrap_or_default();
            let Ok(entries) = index.entries_of(body) else { continue };
            for value in entries {
                let there: bool = has.query_row((&value, number), |row| row.get(0))?;
                if !there {
                    let id = DocumentId::from_sql(found_row.get_ref(1)?)?;
                    let value = show(&value);
                    found.push(format!("{place}: the entry {value} of document {id} is missing"));
                }
            }
        }
        let mut entries = self.sql.prepare(&format!(
            "SELECT i.value, i.row, d.body FROM {} AS i LEFT JOIN {} AS d ON d.{row} = i.row",
            index.table, self.table.sql.table
        ))?;
        let mut rows = entries.query([])?;
        while let Some(entry) = rows.next()? {
            let value: Vec<u8> = entry.get(0)?;
            let body: Option<Vec<u8>> = entry.get(2)?;
            let belongs = match body {
                Some(body) => index.entries_of(&body).is_ok_and(|known| known.contains(&value)),
                None => false,
            };
            if !belongs {
                let (value, row): (String, i64) = (show(&value), entry.get(1)?);
                found.push(format!("{place}: the entry {value} of row {row} belongs to no document"));
            }
        }
        Ok(())
    }

    fn document(&self, id: &DocumentId) -> String {
        format!("document {:?}/{id}", self.table.name)
    }
}

fn id_of(key: &EventKey) -> Option<DocumentId> {
    match key {
        EventKey::Integer(id) => Some(DocumentId::Integer(*id)),
        EventKey::Text(id) => Some(DocumentId::Text(id.as_ref().into())),
        _ => None,
    }
}
