//! Following the log: which rows were written, and what they are now.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use headwater_cdc::{ChangeLog, EventFilter, Position, Start, Store, UnifiedEvent};
use headwater_primitives::jsonb::View;
use headwater_primitives::rusqlite::Connection;
use headwater_primitives::{ErrorKind, Namespace, Result, Sequence};

use super::{Feed, SearchIndex};
use crate::rows;

/// Bytes of the log that the index's thread takes in before it lets searches in between.
const STEP_BYTES: usize = 64 << 10;
/// The tail may grow to so many bytes before it has to be written to the text index.
const TAIL_BYTES: usize = 64 << 20;

/// What the events of a batch say about one row.
struct Touched {
    sequence: Sequence,
    /// Whether its text may be another one.
    text: bool,
}

/// How far taking in has come.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Progress {
    /// As far as it should.
    There,
    /// A step, and there is more.
    More,
    /// The tail has to be written to the text index first.
    TailFull,
    /// The log does not have what comes next: retention has come past this index.
    Lost,
}

/// How much is taken in at once.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Portion {
    /// All of it.
    All,
    /// A little.
    Step,
}

impl SearchIndex {
    /// Takes in the events up to `head`.
    pub(super) fn catch_up(
        &self,
        feed: &mut Feed,
        namespace: &Namespace,
        changes: &ChangeLog,
        head: Sequence,
        portion: Portion,
    ) -> Result<Progress> {
        let progress = self.follow(feed, namespace, changes, head, portion);
        self.fed.store(feed.fed.0, Ordering::Relaxed);
        self.tail_rows.store(feed.tail.rows(), Ordering::Relaxed);
        match progress {
            Err(error) if error.kind() == ErrorKind::ResnapshotRequired => Ok(Progress::Lost),
            progress => progress,
        }
    }

    fn follow(
        &self,
        feed: &mut Feed,
        namespace: &Namespace,
        changes: &ChangeLog,
        head: Sequence,
        portion: Portion,
    ) -> Result<Progress> {
        if feed.fed >= head {
            return Ok(Progress::There);
        }
        let position = Position { epoch: feed.epoch, sequence: feed.fed };
        let filter = EventFilter::all().store(Store::Vector).table(&*self.table.name);
        let mut events = changes.subscribe(Start::After(position), filter)?;
        if portion == Portion::Step {
            events = events.batch_bytes(STEP_BYTES);
        }
        while feed.fed < head {
            if feed.tail.bytes() > TAIL_BYTES {
                return Ok(Progress::TailFull);
            }
            let Some(batch) = events.try_next_batch()? else {
                // The rest belongs to others.
                feed.fed = feed.fed.max(head);
                return Ok(Progress::There);
            };
            let mut touched = BTreeMap::new();
            for event in batch.events() {
                self.touch(&mut touched, &event?)?;
            }
            namespace.query(|sql| self.take_in(feed, sql, &touched))?;
            feed.fed = feed.fed.max(batch.position().sequence);
            if portion == Portion::Step && feed.fed < head {
                return Ok(Progress::More);
            }
        }
        Ok(Progress::There)
    }

    fn touch(&self, touched: &mut BTreeMap<i64, Touched>, event: &UnifiedEvent) -> Result<()> {
        let Some(row) = event.row() else { return Ok(()) };
        let sides = [event.before_bytes(), event.after_bytes()];
        let text = match sides {
            [Some(before), Some(after)] => {
                let text = |image| -> Result<Option<&[u8]>> {
                    let field = self.table.fields.text.as_deref();
                    Ok(field.and_then(|field| View::parse(image).ok()?.get(field)).map(View::bytes))
                };
                text(before)? != text(after)?
            }
            _ => true,
        };
        let touched =
            touched.entry(row).or_insert(Touched { sequence: event.sequence(), text: false });
        touched.sequence = event.sequence();
        touched.text |= text;
        Ok(())
    }

    /// Takes the rows as they are now. They may be newer than the events that named them; what made
    /// them so comes later and finds nothing left to do.
    fn take_in(
        &self,
        feed: &mut Feed,
        sql: &Connection,
        touched: &BTreeMap<i64, Touched>,
    ) -> Result<()> {
        feed.unsaved += touched.len();
        let fetch = |row: &i64| Ok((*row as u64, rows::fetch(sql, &self.table, *row)?));
        let rows = touched.keys().map(fetch).collect::<Result<Vec<_>>>()?;
        if rows.iter().flat_map(|(_, row)| row).any(|row| row.embedding.is_elsewhere()) {
            self.begin_to_let_go_in(sql)?;
        }
        let embeddings: Vec<_> = rows
            .iter()
            .map(|(label, row)| (*label, row.as_ref().and_then(|row| row.embedding.values())))
            .collect();
        self.graph.replace(&embeddings)?;
        for ((label, row), (number, Touched { sequence, text })) in rows.iter().zip(touched) {
            let Some(row) = row else {
                feed.tail.delete(sequence.0, *number);
                feed.filters.remove(*label);
                continue;
            };
            match &row.text {
                _ if !text => {}
                Some(text) => feed.tail.upsert(sequence.0, *number, text),
                None => feed.tail.delete(sequence.0, *number),
            }
            feed.filters.update(*label, &row.metadata)?;
        }
        Ok(())
    }
}
