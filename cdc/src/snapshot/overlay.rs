//! What a table's rows were before they were written after a given sequence.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use headwater_primitives::{Error, ErrorKind, Record, Result, Sequence};

use super::SnapshotRow;
use crate::change::{EventKey, Op};
use crate::log::ChangeLog;
use crate::reader::read_from;
use crate::record::Payload;

/// How much of the log is decompressed at a time.
const READ: usize = 1 << 20;
/// What an entry costs beside its bytes.
const ENTRY: usize = 96;

/// For each row of one table that was written after `at`: the row as it was at `at`, or that there
/// was none. Complete for keys after the last page's end and up to `bound`.
pub(super) struct Overlay {
    changes: ChangeLog,
    tag: Arc<str>,
    at: Sequence,
    /// The last event taken up.
    seen: Sequence,
    images: BTreeMap<EventKey, Option<Bytes>>,
    bytes: usize,
    budget: usize,
    /// Past this key images were dropped to keep the budget.
    bound: Option<EventKey>,
}

impl Overlay {
    pub(super) fn new(changes: ChangeLog, tag: &Arc<str>, at: Sequence, budget: usize) -> Self {
        Overlay {
            changes,
            tag: tag.clone(),
            at,
            seen: at,
            images: BTreeMap::new(),
            bytes: 0,
            budget,
            bound: None,
        }
    }

    /// Takes up the events until `head` of rows whose key comes after `after`.
    pub(super) fn extend(&mut self, head: Sequence, after: Option<&EventKey>) -> Result<()> {
        while self.seen < head {
            let segments = read_from(&self.changes, self.seen.next(), READ)?;
            for segment in &segments {
                if segment.last() > self.seen && segment.tags().contains(&self.tag) {
                    for record in segment.records() {
                        let record = record?;
                        if record.sequence > self.seen
                            && record.sequence <= head
                            && *record.tag == self.tag
                        {
                            self.take_up(&record, after)?;
                        }
                    }
                }
                self.seen = segment.last().min(head);
            }
        }
        Ok(())
    }

    /// Takes `page`, which was read at the last event taken up, back to `at`. Returns the rows and the
    /// key up to which they are complete; `None` when that is the end of the table.
    pub(super) fn apply(&mut self, page: Vec<SnapshotRow>) -> (Vec<SnapshotRow>, Option<EventKey>) {
        let page_end = page.last().map(|row| row.key.clone());
        let cut = match (&self.bound, &page_end) {
            (Some(bound), Some(end)) => bound <= end,
            (Some(_), None) => true,
            (None, _) => false,
        };
        let end = if cut { self.bound.clone() } else { page_end };
        let mut images = self.split_off(end.as_ref());
        let mut rows = Vec::with_capacity(page.len());
        for row in page {
            if end.as_ref().is_some_and(|end| row.key > *end) {
                break;
            }
            // Rows that are gone by now come between those that are still there.
            while images.first_key_value().is_some_and(|(key, _)| *key < row.key) {
                rows.extend(images.pop_first().and_then(row_of));
            }
            match images.remove(&row.key) {
                None => rows.push(row),
                Some(image) => rows.extend(row_of((row.key, image))),
            }
        }
        rows.extend(images.into_iter().filter_map(row_of));
        if cut {
            // Images past the bound were dropped: read the events once more for the keys after it.
            self.images.clear();
            (self.bytes, self.seen, self.bound) = (0, self.at, None);
        }
        (rows, end)
    }

    fn take_up(&mut self, record: &Record<'_>, after: Option<&EventKey>) -> Result<()> {
        let Payload::Change { op, key, before, .. } = Payload::parse(record.payload)? else {
            return Ok(());
        };
        let key = key.to_owned();
        let outside = after.is_some_and(|after| key <= *after)
            || self.bound.as_ref().is_some_and(|bound| key > *bound);
        if outside || self.images.contains_key(&key) {
            return Ok(());
        }
        let image = match (op, before) {
            (Op::Create, _) => None,
            (_, Some(before)) => Some(Bytes::copy_from_slice(before)),
            (_, None) => return Err(self.without_before(record.sequence)),
        };
        self.bytes += size(&key, image.as_ref());
        self.images.insert(key, image);
        while self.bytes > self.budget && self.images.len() > 1 {
            if let Some((key, image)) = self.images.pop_last() {
                self.bytes -= size(&key, image.as_ref());
            }
            self.bound = self.images.last_key_value().map(|(key, _)| key.clone());
        }
        Ok(())
    }

    /// Removes and returns the images of keys up to `end`.
    fn split_off(&mut self, end: Option<&EventKey>) -> BTreeMap<EventKey, Option<Bytes>> {
        let taken = match end {
            None => std::mem::take(&mut self.images),
            Some(end) => {
                let mut later = self.images.split_off(end);
                let last = later.remove_entry(end);
                let mut taken = std::mem::replace(&mut self.images, later);
                taken.extend(last);
                taken
            }
        };
        self.bytes -= taken.iter().map(|(key, image)| size(key, image.as_ref())).sum::<usize>();
        taken
    }

    fn without_before(&self, sequence: Sequence) -> Error {
        Error::new(
            ErrorKind::Unsupported,
            format!(
                "event {sequence} changed a row of {} without saying what it was before, so the \
                 table has no snapshot at sequence {}",
                self.tag, self.at
            ),
        )
    }
}

fn row_of((key, image): (EventKey, Option<Bytes>)) -> Option<SnapshotRow> {
    image.map(|row| SnapshotRow { key, row })
}

fn size(key: &EventKey, image: Option<&Bytes>) -> usize {
    let key = match key {
        EventKey::Integer(_) => 0,
        EventKey::Text(key) => key.len(),
        EventKey::Json(key) => key.len(),
    };
    key + image.map_or(0, Bytes::len) + ENTRY
}

#[cfg(test)]
mod tests {
    use headwater_primitives::{Namespace, jsonb};

    use super::*;
    use crate::change::{Change, KeyRef, Store};

    type Table = BTreeMap<i64, u64>;

    /// Writes `value`, or a deletion, and its event.
    fn write(changes: &ChangeLog, table: &mut Table, key: i64, value: Option<u64>) {
        let image = |value: u64| jsonb::to_vec(&value.to_string().repeat(20)).unwrap();
        let before = table.get(&key).map(|value| image(*value));
        let after = value.map(image);
        let op = match (&before, &after) {
            (None, None) => return,
            (None, Some(_)) => Op::Create,
            (Some(_), Some(_)) => Op::Update,
            (Some(_), None) => Op::Delete,
        };
        match value {
            Some(value) => table.insert(key, value),
            None => table.remove(&key),
        };
        let writer = changes.clone();
        let written = changes.namespace().transaction(move |tx| {
            let (before, after) = (before.as_deref(), after.as_deref());
            let (store, table, key) = (Store::Graph, "t", KeyRef::Integer(key));
            writer.record(tx, &Change { op, store, table, key, row: None, before, after })
        });
        written.wait().unwrap();
    }

    fn row(key: i64, value: u64) -> SnapshotRow {
        let row = jsonb::to_vec(&value.to_string().repeat(20)).unwrap().into();
        SnapshotRow { key: EventKey::Integer(key), row }
    }

    /// Pages through `table` as it is now, and back to `at`.
    fn rows_at(
        changes: &ChangeLog,
        table: &Table,
        at: Sequence,
        budget: usize,
    ) -> Vec<SnapshotRow> {
        let mut overlay = Overlay::new(changes.clone(), &"graph/t".into(), at, budget);
        let (mut rows, mut after) = (Vec::new(), None);
        loop {
            let from = match &after {
                Some(EventKey::Integer(key)) => key + 1,
                _ => i64::MIN,
            };
            let page = table.range(from..).take(5).map(|(key, value)| row(*key, *value)).collect();
            overlay.extend(changes.head(), after.as_ref()).unwrap();
            let (found, end) = overlay.apply(page);
            rows.extend(found);
            match end {
                Some(end) => assert!(after.replace(end.clone()).is_none_or(|last| last < end)),
                None => return rows,
            }
        }
    }

    #[test]
    fn rows_are_taken_back_whatever_the_budget() {
        let changes = ChangeLog::open(&Namespace::in_memory().unwrap()).unwrap();
        let mut table = Table::new();
        for key in (0..60).step_by(2) {
            write(&changes, &mut table, key, Some(0));
        }
        let (at, before) = (changes.head(), table.clone());
        let mut random = 1_u64;
        for value in 1..200 {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let key = (random >> 33) as i64 % 70 - 5;
            write(&changes, &mut table, key, (random >> 60 > 6).then_some(value));
        }
        // Everything goes at the end, so that pages hold less than the images between them.
        for key in 20..50 {
            write(&changes, &mut table, key, None);
        }
        let expected: Vec<_> = before.iter().map(|(key, value)| row(*key, *value)).collect();
        for budget in [1, 200, 500, 1000, 3000, usize::MAX] {
            assert_eq!(rows_at(&changes, &table, at, budget), expected, "budget {budget}");
        }
        assert!(rows_at(&changes, &table, Sequence::ZERO, 500).is_empty());
    }
}
