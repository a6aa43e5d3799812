//! The change log: the rows are what it says, and it says everything that is in the rows.

use std::collections::BTreeMap;

use headwater_cdc::{ChangeLog, EventFilter, KeyRef, Op, Start, Store, UnifiedEvent};
use headwater_primitives::jsonb::{ObjectWriter, View};
use headwater_primitives::rusqlite::Connection;
use headwater_primitives::{Error, ErrorKind, RecordId, Result, Sequence};

use super::Check;
use crate::rows;

/// Compares the stores with the events that `sql` sees.
pub(super) fn compare(
    changes: &ChangeLog,
    sql: &Connection,
    checks: &mut BTreeMap<String, Check<'_>>,
    found: &mut Vec<String>,
) -> Result<()> {
    let log = changes.segments();
    let (start, head) = (log.start_in(sql)?, log.head_in(sql)?);
    match replay(changes, start, head, checks, found) {
        // The log's own check names the damage, and what is lost with it is not known.
        Err(error) if error.kind() == ErrorKind::Corrupt => return Ok(()),
        replayed => replayed?,
    }
    for check in checks.values_mut() {
        check.name_lost(found);
        check.name_without_event(start, found)?;
    }
    Ok(())
}

/// Takes up the events from `start` to `head`.
fn replay(
    changes: &ChangeLog,
    start: Sequence,
    head: Sequence,
    checks: &mut BTreeMap<String, Check<'_>>,
    found: &mut Vec<String>,
) -> Result<()> {
    let filter = EventFilter::all().store(Store::Vector);
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
            if let Some(check) = event.table().and_then(|table| checks.get_mut(table)) {
                check.replay(&event, found)?;
            }
        }
    }
    Ok(())
}

impl Check<'_> {
    /// Takes up one event of this store.
    fn replay(&mut self, event: &UnifiedEvent, found: &mut Vec<String>) -> Result<()> {
        let Some(id) = event.key().and_then(id_of) else { return Ok(()) };
        let (sequence, deleted) = (event.sequence(), event.op() == Some(Op::Delete));
        let Some((number, version)) = self.place_of(&id)? else {
            match deleted {
                true => self.lost.remove(&id),
                false => self.lost.insert(id, (sequence, event.row())),
            };
            return Ok(());
        };
        if version > sequence || self.damaged.contains(&number) {
            return Ok(());
        }
        let defect = if version < sequence && deleted {
            format!("it is there, but event {sequence} deleted it")
        } else if version < sequence {
            format!("it has version {version}, but event {sequence} wrote a later one")
        } else if event.row() != Some(number) {
            format!("it is not under the number that event {sequence} wrote it under")
        } else if !self.agrees(number, event)? {
            format!("it is not what event {sequence} wrote")
        } else {
            self.matched.insert(number);
            return Ok(());
        };
        self.damaged.insert(number);
        found.push(format!("{}: {defect}", self.row_named(&id)));
        Ok(())
    }

    /// The number and the version of the row `id`, if it is there.
    fn place_of(&self, id: &RecordId) -> Result<Option<(i64, Sequence)>> {
        let misled = self.misled.get(id);
        let column = if misled.is_some() { "row" } else { "id" };
        let mut search = self.sql.prepare_cached(&format!(
            "SELECT row, version FROM {} WHERE {column} = ?",
            self.table.sql.table
        ))?;
        let mut rows = match misled {
            Some(number) => search.query([number])?,
            None => search.query([id])?,
        };
        let Some(row) = rows.next()? else { return Ok(None) };
        Ok(Some((row.get(0)?, Sequence(row.get::<_, i64>(1)? as u64))))
    }

    /// Whether the row with this number is what `event` shows.
    fn agrees(&self, number: i64, event: &UnifiedEvent) -> Result<bool> {
        let Some(row) = rows::fetch(self.sql, &self.table, number)? else { return Ok(false) };
        let image = row.image(&self.table.fields)?;
        let Some(after) = event.after_bytes() else { return Ok(false) };
        if row.embedding.is_elsewhere() {
            return Ok(self.without_embedding(after)? == image);
        }
        Ok(**after == *image)
    }

    /// An event's image without the embedding, which is in the warm tier now.
    fn without_embedding(&self, image: &[u8]) -> Result<Vec<u8>> {
        let mut out = Vec::with_capacity(image.len());
        let mut object = ObjectWriter::new(&mut out);
        for (name, value) in View::parse(image)?.entries() {
            if Some(&*name) != self.table.fields.embedding.as_deref() {
                object.encoded(&name, value.bytes());
            }
        }
        object.finish();
        Ok(out)
    }

    /// Rows that events wrote, and no event deleted.
    fn name_lost(&mut self, found: &mut Vec<String>) {
        let mut lost: Vec<_> = self.lost.drain().collect();
        lost.sort_unstable_by_key(|(_, (sequence, _))| *sequence);
        for (id, (sequence, number)) in lost {
            self.gone.extend(number);
            found.push(format!(
                "{}: event {sequence} wrote it, and it is gone without another",
                self.row_named(&id)
            ));
        }
    }

    /// Rows whose version lies in the retained log, and no event there made them.
    fn name_without_event(&mut self, start: Sequence, found: &mut Vec<String>) -> Result<()> {
        let mut statement = self.sql.prepare(&format!(
            "SELECT row, id, version FROM {} WHERE version >= ? OR version < 1",
            self.table.sql.table
        ))?;
        let mut rows = statement.query([start.0 as i64])?;
        while let Some(row) = rows.next()? {
            let (number, version): (i64, i64) = (row.get(0)?, row.get(2)?);
            if !self.matched.contains(&number) && self.damaged.insert(number) {
                let id = RecordId::from_sql(row.get_ref(1)?)?;
                found.push(format!("{}: no event made its version {version}", self.row_named(&id)));
            }
        }
        Ok(())
    }
}

fn id_of(key: KeyRef<'_>) -> Option<RecordId> {
    match key {
        KeyRef::Integer(id) => Some(RecordId::Integer(id)),
        KeyRef::Text(id) => Some(RecordId::Text(id.into())),
        KeyRef::Json(_) => None,
    }
}
