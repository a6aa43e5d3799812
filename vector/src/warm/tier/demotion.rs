//! Moving embeddings out of the hot tier.
//!
//! 1. Rows are chosen as they are, and appended to the dataset under their versions.
//! 2. What was appended is read back and compared; a local dataset is synced.
//! 3. Transactions of bounded size name the new version to readers, and empty the embeddings of the
//!    rows that are still as they were chosen. Each is hot before its transaction and warm after it.
//! 4. Stale entries are removed, the indexes brought up to date, and readers told of that version.
//!
//! A demotion that ends in between leaves each embedding where exactly one tier has it. What it has
//! appended in vain is removed by the next one, which begins with the version that readers have.

use std::ops::ControlFlow;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, PoisonError};

use headwater_primitives::{Durability, Result, Transaction, WriteOptions, block_on, fail};
use lance::Dataset;
use lance::deps::arrow_array::RecordBatch;
use lance::deps::arrow_schema::{ArrowError, SchemaRef};

use super::super::{Generation, Pointer};
use super::columns::{Entries, schema};
use super::dataset::{self, Over};
use super::demote::{Demote, DemoteProgress, DemoteReport};
use super::error::cancelled;
use super::place::Place;
use super::registered::registered;
use super::{Tier, choose, maintain, sync};
use crate::index::Indexes;
use crate::store::Inner;
use crate::table::Table;

/// Embeddings that are appended together, in bytes, and at most so many of them.
const CHUNK_BYTES: u64 = 256 << 20;
const CHUNK_ROWS: usize = 1 << 20;
/// Rows of which one transaction empties the embeddings: what other writers may have to wait for.
const MOVED_AT_ONCE: usize = 1024;

/// What is told how far a demotion is, and whether to go on.
pub(super) type Progress<'a> = &'a mut (dyn FnMut(DemoteProgress) -> ControlFlow<()> + 'a);

/// A demotion under way.
pub(super) struct Demotion<'a> {
    inner: &'a Arc<Inner>,
    tier: &'a Tier,
    place: Place,
    pointer: Pointer,
    schema: SchemaRef,
    cutoff: i64,
    dataset: Option<Dataset>,
    /// Not of a type of its own: all that Lance does here would be compiled for each caller.
    progress: Progress<'a>,
    done: DemoteProgress,
    report: DemoteReport,
}

/// Entries that are in the dataset and not yet anybody's.
struct Appended {
    /// The number of the last row.
    last: i64,
    entries: Vec<(i64, Generation)>,
}

impl<'a> Demotion<'a> {
    pub(super) fn begin(
        inner: &'a Arc<Inner>,
        demote: Demote,
        progress: Progress<'a>,
    ) -> Result<Self> {
        let (namespace, table, tier) = (&inner.namespace, &inner.table, &inner.warm.tier);
        let cutoff = choose::cutoff(namespace, &inner.changes, table, &demote)?;
        let pointer = registered(inner)?;
        let place = Place::of(namespace, table, &pointer)?;
        let (at, session, mark) = (place.clone(), tier.session(), pointer.mark.clone());
        let version = pointer.version;
        let dataset =
            Tier::wait(
                namespace,
                async move { dataset::to_write(&at, session, version, &mark).await },
            )?;
        let schema = schema(table.options.dimensions, &pointer.mark);
        let total = namespace.query(|sql| choose::count(sql, table, cutoff))?;
        let done = DemoteProgress { total, ..DemoteProgress::default() };
        let report = DemoteReport { version, ..DemoteReport::default() };
        let demotion = Demotion {
            inner,
            tier,
            place,
            pointer,
            schema,
            cutoff,
            dataset,
            progress,
            done,
            report,
        };
        Ok(demotion)
    }

    pub(super) fn run(mut self) -> Result<DemoteReport> {
        // What was left half done has to go first: the same entries may come once more.
        if self.pointer.unfinished {
            self.maintain()?;
        }
        let mut after = 0;
        while !self.report.cancelled {
            let Some(Appended { last, entries }) = self.append(after)? else { break };
            after = last;
            fail::point("vector.demote.appended")?;
            self.confirm(&entries)?;
            fail::point("vector.demote.confirmed")?;
            self.move_all(&entries)?;
            self.let_go()?;
        }
        if self.pointer.version > 0 {
            self.maintain()?;
        }
        self.report.version = self.pointer.version;
        Ok(self.report)
    }

    /// Appends the next rows after the number `after`; `None` when there are no more, or the demotion is
    /// cancelled.
    fn append(&mut self, after: i64) -> Result<Option<Appended>> {
        let first = self.next_batch(after)?;
        if first.is_empty() {
            return Ok(None);
        }
        fail::point("vector.demote.chosen")?;
        let (send, batches) = sync_channel(1);
        let over = if self.pointer.version == 0 { Over::All } else { Over::Nothing };
        let dataset = self.dataset.clone().map(Arc::new);
        let (at, session, schema) = (self.place.clone(), self.tier.session(), self.schema.clone());
        let appended = super::Runtime::of(&self.inner.namespace).spawn(
            &self.inner.namespace,
            dataset::append(at, session, dataset, over, schema, batches),
        )?;
        let entries = self.feed(first, &send);
        drop(send);
        let appended = block_on(appended);
        let entries = entries?;
        if self.report.cancelled {
            return Ok(None);
        }
        self.dataset = Some(appended?);
        let last = entries.last().map_or(after, |(row, _)| *row);
        Ok(Some(Appended { last, entries }))
    }

    /// Sends batches from `first` on, until there is enough for one chunk.
    fn feed(
        &mut self,
        first: Vec<choose::Chosen>,
        send: &SyncSender<Result<RecordBatch, ArrowError>>,
    ) -> Result<Vec<(i64, Generation)>> {
        let (mut batch, mut bytes, mut entries) = (first, 0, Vec::new());
        while let Some(last) = batch.last().map(|chosen| chosen.row) {
            let mut columns = Entries::default();
            for chosen in &batch {
                columns.push(chosen.row, chosen.generation, &chosen.vector);
                entries.push((chosen.row, chosen.generation));
                bytes += size_of_val(chosen.vector.as_slice()) as u64;
            }
            self.done.written += columns.len() as u64;
            if send.send(columns.into_batch(&self.schema)).is_err() {
                // The writer has ended, and says why.
                break;
            }
            if self.is_cancelled() {
                let _ = send.send(Err(cancelled()));
                break;
            }
            if bytes >= CHUNK_BYTES || entries.len() >= CHUNK_ROWS {
                break;
            }
            batch = self.next_batch(last)?;
        }
        Ok(entries)
    }

    fn next_batch(&self, after: i64) -> Result<Vec<choose::Chosen>> {
        let (table, cutoff) = (&self.inner.table, self.cutoff);
        self.inner.namespace.query(|sql| choose::batch(sql, table, cutoff, after))
    }

    /// Makes sure that what was appended is there and durable, before the hot tier lets it go.
    fn confirm(&mut self, entries: &[(i64, Generation)]) -> Result<()> {
        let Some(dataset) = &self.dataset else { return Ok(()) };
        let (dataset, expected) = (dataset.clone(), entries.to_vec());
        let (uri, before) = (self.place.uri.clone(), self.pointer.entries);
        let before = if self.pointer.version == 0 { 0 } else { before };
        Tier::wait(&self.inner.namespace, async move {
            maintain::confirm(&dataset, &uri, before, &expected).await
        })?;
        self.sync()
    }

    fn sync(&self) -> Result<()> {
        if let Some(folder) = &self.place.folder
            && !self.inner.namespace.is_in_memory()
        {
            let mut synced = self.tier.synced.lock().unwrap_or_else(PoisonError::into_inner);
            sync::tree(folder, &mut synced)?;
        }
        Ok(())
    }

    /// Empties the embeddings of the rows that are as they were when they were chosen.
    fn move_all(&mut self, entries: &[(i64, Generation)]) -> Result<()> {
        let Some(dataset) = &self.dataset else { return Ok(()) };
        let dataset = Arc::new(dataset.clone());
        self.pointer.version = dataset.version_id();
        self.pointer.entries += entries.len() as u64;
        self.pointer.unfinished = true;
        self.tier.keep_open(dataset);
        let mut batches = entries.chunks(MOVED_AT_ONCE).peekable();
        while let Some(batch) = batches.next() {
            self.pointer.moves += 1;
            self.pointer.unfinished = batches.peek().is_some();
            let (inner, batch, pointer) =
                (self.inner.clone(), batch.to_vec(), self.pointer.clone());
            let durable = WriteOptions::durability(Durability::Sync);
            let moved: u64 = self
                .inner
                .namespace
                .transaction_with(durable, move |tx| empty(tx, &inner.table, &pointer, &batch))
                .wait()?;
            fail::point("vector.demote.moved")?;
            self.done.moved += moved;
            self.report.moved += moved;
            let bytes = self.inner.table.options.dimensions * size_of::<f32>();
            self.report.bytes += moved * bytes as u64;
            if self.is_cancelled() {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Lets the open index give back the memory of what has moved.
    fn let_go(&self) -> Result<()> {
        match Indexes::open_one(&self.inner.namespace, &self.inner.table) {
            Some(index) => index.let_go_of_moved(&self.inner.namespace),
            None => Ok(()),
        }
    }

    fn is_cancelled(&mut self) -> bool {
        self.report.cancelled |= (self.progress)(self.done).is_break();
        self.report.cancelled
    }

    /// Removes stale entries where it is worth it, brings the indexes up to date, and tells readers.
    fn maintain(&mut self) -> Result<()> {
        let Some(dataset) = self.dataset.take() else { return Ok(()) };
        let work = maintain::Maintenance {
            inner: self.inner.clone(),
            uri: self.place.uri.clone(),
            pointer: self.pointer.clone(),
            dataset,
        };
        let done = work.run()?;
        self.report.removed += done.removed;
        self.dataset = Some(done.dataset.clone());
        if done.pointer == self.pointer {
            return Ok(());
        }
        self.sync()?;
        fail::point("vector.demote.maintained")?;
        self.tier.keep_open(Arc::new(done.dataset));
        let (inner, pointer) = (self.inner.clone(), done.pointer.clone());
        let durable = WriteOptions::durability(Durability::Sync);
        self.inner
            .namespace
            .transaction_with(durable, move |tx| pointer.store(tx, inner.table.number))
            .wait()?;
        self.pointer = done.pointer;
        maintain::clean_up(self.inner, self.dataset.as_ref());
        Ok(())
    }
}

/// Names `pointer` to readers, and empties those of `batch` that are unchanged. How many there were.
fn empty(
    tx: &Transaction<'_>,
    table: &Table,
    pointer: &Pointer,
    batch: &[(i64, Generation)],
) -> Result<u64> {
    pointer.store(tx, table.number)?;
    let mut empty = tx.sql().prepare_cached(&format!(
        "UPDATE {} SET embedding = version \
         WHERE row = ? AND version = ? AND typeof(embedding) = 'blob'",
        table.sql.table
    ))?;
    let mut moved = 0;
    for (row, generation) in batch {
        moved += empty.execute((row, generation))? as u64;
    }
    Ok(moved)
}
