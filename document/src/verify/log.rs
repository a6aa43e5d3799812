//! The change log: the rows are what it says, and it says everything that is in the rows.

use std::collections::BTreeMap;

use headwater_cdc::{ChangeLog, EventFilter, KeyRef, Op, Start, Store, UnifiedEvent};
use headwater_primitives::rusqlite::{Connection, OptionalExtension};
use headwater_primitives::{Error, ErrorKind, Result, Sequence};

use super::Check;
use crate::id::DocumentId;

/// Compares the collections with the events that `sql` sees.
pub(super) fn compare(
    changes: &ChangeLog,
    sql: &Connection,
    checks: &mut BTreeMap<String, Check<'_>>,
    found: &mut Vec<String>,
) -> Result<()> {
    let log = changes.segments();
    let (start, head) = (log.start_in(sql)?, log.head_in(sql)?);
    let replayed = events(changes, start, head, |event| {
        match event.table().and_then(|table| checks.get_mut(table)) {
            Some(check) => check.replay(event, found),
            None => Ok(()),
        }
    });
    match replayed {
        // The log's own check names the damage, and what is lost with it is not known.
        Err(error) if error.kind() == ErrorKind::Corrupt => return Ok(()),
        replayed => replayed?,
    }
    for check in checks.values_mut() {
        check.name_lost(changes, found)?;
        check.name_without_event(start, found)?;
    }
    Ok(())
}

/// Hands the document store's events from `start` to `head` to `each`.
fn events(
    changes: &ChangeLog,
    start: Sequence,
    head: Sequence,
    mut each: impl FnMut(&UnifiedEvent) -> Result<()>,
) -> Result<()> {
    let filter = EventFilter::all().store(Store::Document);
    let mut events = changes.subscribe(Start::At(start), filter)?;
    // A commit can be seen a moment before its events are made known.
    while changes.head() < head {
        changes.namespace().query(|_| Ok::<(), Error>(()))?;
    }
    while let Some(batch) = events.try_next_batch()? {
        for event in batch.events() {
            let event = event?;
            if event.sequence() > head {
                return Ok(());
            }
            each(&event)?;
        }
    }
    Ok(())
}

/// A row, as far as it is compared with an event.
struct Row {
    number: i64,
    version: Sequence,
    agrees: bool,
}

impl Check<'_> {
    /// Takes up one event of this collection.
    fn replay(&mut self, event: &UnifiedEvent, found: &mut Vec<String>) -> Result<()> {
        let Some(id) = event.key().and_then(id_of) else { return Ok(()) };
        let (sequence, deleted) = (event.sequence(), event.op() == Some(Op::Delete));
        let Some(row) = self.row(&id, event)? else {
            if deleted {
                self.lost.remove(&id);
            } else {
                self.lost.insert(id, sequence);
            }
            return Ok(());
        };
        let defect = if row.version < sequence && deleted {
            format!("it is there, but event {sequence} deleted it")
        } else if row.version < sequence {
            let version = row.version;
            format!("it has version {version}, but event {sequence} wrote a later one")
        } else if row.version == sequence && !row.agrees {
            format!("its body is not what event {sequence} wrote")
        } else {
            if row.version == sequence {
                self.matched.insert(row.number);
            }
            return Ok(());
        };
        if self.damaged.insert(row.number) {
            found.push(format!("{}: {defect}", self.document(&id)));
        }
        Ok(())
    }

    fn row(&self, id: &DocumentId, event: &UnifiedEvent) -> Result<Option<Row>> {
        let misled = match id {
            DocumentId::Text(id) => self.misled.get(id),
            DocumentId::Integer(_) => None,
        };
        let (name, row) = (&self.table.sql.table, self.table.sql.row);
        let column = if misled.is_some() { row } else { "id" };
        let mut search = self.sql.prepare_cached(&format!(
            "SELECT {row}, version, body FROM {name} WHERE {column} = ?"
        ))?;
        let read = |row: &headwater_primitives::rusqlite::Row<'_>| {
            let body = row.get_ref(2)?.as_blob().ok();
            Ok(Row {
                number: row.get(0)?,
                version: Sequence(row.get::<_, i64>(1)? as u64),
                agrees: body.is_some_and(|body| self.is_archived(body))
                    || event.after_bytes().map(|after| after.as_ref()) == body,
            })
        };
        let found = match misled {
            Some(number) => search.query_row([number], read),
            None => search.query_row([id], read),
        };
        Ok(found.optional()?)
    }

    /// Documents that events wrote, and no event deleted.
    fn name_lost(&mut self, changes: &ChangeLog, found: &mut Vec<String>) -> Result<()> {
        let mut lost: Vec<_> = self.lost.drain().collect();
        lost.sort_unstable_by_key(|(_, sequence)| *sequence);
        for (id, sequence) in lost {
            found.push(format!(
                "{}: event {sequence} wrote it, and it is gone without another",
                self.document(&id)
            ));
            events(changes, sequence, sequence, |event| {
                self.gone.extend(event.after_bytes().cloned());
                Ok(())
            })?;
        }
        Ok(())
    }

    /// Rows whose version lies in the retained log, and no event there made them.
    fn name_without_event(&mut self, start: Sequence, found: &mut Vec<String>) -> Result<()> {
        let (name, row) = (&self.table.sql.table, self.table.sql.row);
        let mut statement = self.sql.prepare(&format!(
            "SELECT {row}, id, version FROM {name} WHERE version >= ? OR version < 1"
        ))?;
        let mut rows = statement.query([start.0 as i64])?;
        while let Some(row) = rows.next()? {
            let (number, version): (i64, i64) = (row.get(0)?, row.get(2)?);
            if !self.matched.contains(&number) && self.damaged.insert(number) {
                let id = DocumentId::from_sql(row.get_ref(1)?)?;
                found.push(format!("{}: no event made its version {version}", self.document(&id)));
            }
        }
        Ok(())
    }
}

/// The document that an event is about.
pub(crate) fn id_of(key: KeyRef<'_>) -> Option<DocumentId> {
    match key {
        KeyRef::Integer(id) => Some(DocumentId::Integer(id)),
        KeyRef::Text(id) => Some(DocumentId::Text(id.into())),
        KeyRef::Json(_) => None,
    }
}
