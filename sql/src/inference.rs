//! Which columns the hot rows of a table make: found by looking at all of them once, and from then on
//! only at what the log has of the table since.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use headwater_cdc::{ChangeLog, EventFilter, Op, Start, Store};
use headwater_document::{DocumentStore, Scan};
use headwater_primitives::filter::Filter;
use headwater_primitives::{ErrorKind, Result, Sequence, Snapshot, Timestamp};
use headwater_tiering::schema::Inference;

/// Rows that are looked at in one step, and their bytes.
const PAGE_ROWS: usize = 8192;
const PAGE_BYTES: usize = 4 << 20;

/// The field of a document that holds its id, where nothing else is known.
pub(crate) const ID_FIELD: &str = "id";

/// What is known of tables, by name.
#[derive(Default)]
pub(crate) struct Inferences(Mutex<HashMap<Box<str>, Slot>>);

/// One table's. Whoever looks at its rows holds it, so that nobody else does the same.
type Slot = Arc<Mutex<Option<Known>>>;

struct Known {
    inference: Inference,
    /// Every event up to this one was looked at.
    upto: Sequence,
    /// Rows of both tiers after the event `upto`.
    all: u64,
    /// Rows that were looked at in the first pass, and events since.
    rows: u64,
    events: u64,
}

/// A table at one state of the hot tier.
pub(crate) struct Looked<'a> {
    pub(crate) store: &'a DocumentStore,
    pub(crate) changes: &'a ChangeLog,
    pub(crate) snapshot: &'a Snapshot<'a>,
    pub(crate) now: Timestamp,
}

impl Inferences {
    /// What the rows of the table make of columns, and how many of them both tiers have, if that is known.
    /// Columns may be of rows that are no more, and of some that are still to come.
    pub(crate) fn of(&self, table: &Looked<'_>) -> Result<(Inference, Option<u64>)> {
        let name = table.store.name();
        let slot = {
            let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            known.entry(name.into()).or_default().clone()
        };
        let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
        let head = table.changes.segments().head_in(table.snapshot.sql())?;
        if let Some(known) = slot.as_mut()
            && known.upto < head
            && !known.catch_up(table, head)?
        {
            *slot = None;
        }
        let known = match slot.take() {
            Some(known) => known,
            None => Known::look(table, head)?,
        };
        // A snapshot that is older than what others have seen since has rows of its own.
        let all = (known.upto == head).then_some(known.all);
        let inference = known.inference.clone();
        *slot = Some(known);
        Ok((inference, all))
    }
}

impl Known {
    fn look(table: &Looked<'_>, head: Sequence) -> Result<Known> {
        let mut known = Known {
            inference: Inference::new(Some(ID_FIELD)),
            upto: head,
            all: 0,
            rows: 0,
            events: 0,
        };
        let Some(scan) = table.store.scan(table.snapshot, None)? else { return Ok(known) };
        known.all = scan.rows(table.snapshot)?;
        known.rows = observe(&Arc::new(scan), table, &mut known.inference)?;
        Ok(known)
    }

    /// Looks at what was written since; whether that is enough. It is not when the log does not reach
    /// back so far, or when most of what was seen has been written over.
    fn catch_up(&mut self, table: &Looked<'_>, head: Sequence) -> Result<bool> {
        let filter = EventFilter::all().store(Store::Document).table(table.store.name());
        table.changes.reach(table.snapshot.sql())?;
        let mut events = match table.changes.subscribe(Start::At(self.upto.next()), filter) {
            Err(error) if error.kind() == ErrorKind::ResnapshotRequired => return Ok(false),
            events => events?,
        };
        loop {
            let batch = match events.try_next_batch() {
                Err(error) if error.kind() == ErrorKind::ResnapshotRequired => return Ok(false),
                batch => batch?,
            };
            let Some(batch) = batch else { break };
            for event in batch.events() {
                let event = event?;
                self.events += 1;
                if event.sequence() > head {
                    continue;
                }
                match event.op() {
                    Some(Op::Create) => self.all += 1,
                    Some(Op::Delete) => self.all = self.all.saturating_sub(1),
                    _ => {}
                }
                if let Some(body) = event.after_bytes() {
                    self.inference.observe(body)?;
                }
            }
        }
        self.upto = head;
        Ok(self.events <= self.rows.saturating_mul(2).max(PAGE_ROWS as u64))
    }
}

/// Looks at all rows of a scan.
fn observe(scan: &Arc<Scan>, table: &Looked<'_>, inference: &mut Inference) -> Result<u64> {
    let part = scan.matching(table.snapshot, &Filter::all(), None, table.now.0)?;
    let (mut from, mut rows) = (Some(i64::MIN), 0);
    while let Some(start) = from {
        let page = part.page(table.snapshot, start, PAGE_ROWS, PAGE_BYTES)?;
        from = page.next;
        for document in &page.documents {
            inference.observe(&document.body)?;
        }
        rows += page.documents.len() as u64;
    }
    Ok(rows)
}
