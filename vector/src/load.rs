//! Any number of rows, in batches of bounded memory.

use std::sync::Arc;

use headwater_primitives::{Pending, Result};

use crate::encoded::Encoded;
use crate::index::{Indexes, SearchIndex};
use crate::record::Embedded;
use crate::store::VectorStore;
use crate::write::Existing;
use crate::written::PutOptions;

/// Rows in a batch: what other writers may have to wait for.
const BATCH_ROWS: usize = 1024;
/// Rows in a batch while there are searches, which have to take it in.
const SMALL_BATCH_ROWS: usize = 128;
/// A batch is not filled further once its rows have so many bytes.
const BATCH_BYTES: usize = 8 << 20;

/// How far a load has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LoadProgress {
    /// Rows that are written and acknowledged.
    pub rows: u64,
    /// Their bytes: embeddings, texts, metadata, and what their events show.
    pub bytes: u64,
}

/// Rows that are committed together.
struct Batch {
    most: usize,
    rows: Vec<Encoded>,
    bytes: usize,
}

impl Batch {
    fn of(most: usize) -> Batch {
        Batch { most, rows: Vec::new(), bytes: 0 }
    }

    fn is_full(&self) -> bool {
        self.rows.len() >= self.most || self.bytes >= BATCH_BYTES
    }

    fn push(&mut self, row: Encoded) {
        self.bytes += row.bytes();
        self.rows.push(row);
    }
}

impl<T: Embedded> VectorStore<T> {
    /// Writes any number of rows, over those with the same ids: in batches, each a transaction of its
    /// own, with at most two of them in memory. `progress` is called after each. Blocks until the
    /// last row is acknowledged, so async code runs it on a thread for blocking work.
    ///
    /// # Errors
    /// The iterator's own errors and those of [`put`](Self::put), with the place of the row, counted
    /// from 0. The batches before that row's stay written, and `progress` has told of them.
    pub fn load(
        &self,
        rows: impl IntoIterator<Item = Result<T>>,
        mut progress: impl FnMut(LoadProgress),
    ) -> Result<LoadProgress> {
        let mut done = LoadProgress::default();
        let mut acknowledged = |pending: Option<(Pending<()>, LoadProgress)>| {
            let Some((pending, batch)) = pending else { return Ok(done) };
            pending.wait()?;
            if let Some(index) = self.open_index() {
                index.keep_up(&self.inner.namespace, &self.inner.changes);
            }
            done.rows += batch.rows;
            done.bytes += batch.bytes;
            progress(done);
            Ok(done)
        };
        let mut pending = None;
        let (mut batch, mut place) = (Batch::of(self.batch_rows()), 0);
        for row in rows {
            let encoded = row.and_then(|row| Encoded::new(&self.inner.table, &row));
            match encoded.map_err(|error| error.context(format!("row {place} of the load"))) {
                Ok(row) => batch.push(row),
                Err(error) => {
                    acknowledged(pending)?;
                    return Err(error);
                }
            }
            place += 1;
            if batch.is_full() {
                // While the writer has one batch the next is encoded.
                acknowledged(pending.take())?;
                let next = Batch::of(self.batch_rows());
                pending = Some(self.submit(std::mem::replace(&mut batch, next), place)?);
            }
        }
        acknowledged(pending)?;
        let last = (!batch.rows.is_empty()).then(|| self.submit(batch, place)).transpose()?;
        acknowledged(last)
    }

    fn batch_rows(&self) -> usize {
        if self.open_index().is_some() { SMALL_BATCH_ROWS } else { BATCH_ROWS }
    }

    fn open_index(&self) -> Option<Arc<SearchIndex>> {
        Indexes::open_one(&self.inner.namespace, &self.inner.table)
    }

    /// Hands the rows that end before the place `end` to the writer.
    fn submit(&self, batch: Batch, end: usize) -> Result<(Pending<()>, LoadProgress)> {
        let Batch { rows, bytes, .. } = batch;
        let (first, inner) = (end - rows.len(), self.inner.clone());
        let size = LoadProgress { rows: rows.len() as u64, bytes: bytes as u64 };
        let commit = self.inner.namespace.transaction(move |tx| {
            let writing = inner.in_transaction(tx);
            for (offset, row) in rows.into_iter().enumerate() {
                let put = writing.put(row, PutOptions::default(), Existing::MayBe);
                put.map_err(|error| error.context(format!("row {} of the load", first + offset)))?;
            }
            Ok(())
        });
        Ok((commit.submit().wait()?, size))
    }
}
