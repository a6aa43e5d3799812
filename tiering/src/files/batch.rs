//! Rows on their way into a file, a batch at a time.

use std::sync::Arc;

use arrow_array::RecordBatch;
use bytes::Bytes;
use headwater_primitives::{RecordId, Result, Sequence, Timestamp};

use super::hash::ContentHasher;
use super::options::FileOptions;
use crate::rows::RowEncoder;
use crate::schema::LakeSchema;

/// A row on its way into a file.
#[derive(Debug)]
pub(crate) struct FileRow {
    pub(crate) id: RecordId,
    pub(crate) version: Sequence,
    pub(crate) written: Timestamp,
    pub(crate) body: Bytes,
}

impl FileRow {
    /// What rows of a file are sorted by.
    pub(crate) fn key(&self) -> (&RecordId, Sequence) {
        (&self.id, self.version)
    }
}

/// What is known of rows that were written.
#[derive(Debug, Default)]
pub(super) struct Summary {
    pub(super) rows: u64,
    pub(super) hash: ContentHasher,
    /// The lowest and the highest.
    pub(super) versions: Option<(Sequence, Sequence)>,
}

/// A batch of rows as columns.
pub(super) struct Encoded {
    pub(super) batch: RecordBatch,
    pub(super) summary: Summary,
    /// As [`RowEncoder::rests`].
    pub(super) rests: u64,
}

/// Makes batches of rows.
pub(super) struct BatchEncoder {
    encoder: RowEncoder,
    summary: Summary,
}

impl BatchEncoder {
    pub(super) fn new(schema: Arc<LakeSchema>) -> Result<Self> {
        Ok(BatchEncoder { encoder: RowEncoder::new(schema)?, summary: Summary::default() })
    }

    pub(super) fn schema(&self) -> &Arc<LakeSchema> {
        self.encoder.schema()
    }

    /// Adds a row, as [`RowEncoder::push`].
    pub(super) fn push(
        &mut self,
        key: &RecordId,
        version: Sequence,
        written: Timestamp,
        body: &[u8],
    ) -> Result<()> {
        self.encoder.push(key, version, written, body)?;
        self.summary.add(key, version, body);
        Ok(())
    }

    pub(super) fn is_full(&self, options: &FileOptions) -> bool {
        self.encoder.rows() >= options.batch_rows || self.encoder.bytes() >= options.batch_bytes
    }

    /// The batch of the rows since the last one, if there are any.
    pub(super) fn finish(&mut self) -> Result<Option<Encoded>> {
        if self.encoder.rows() == 0 {
            return Ok(None);
        }
        let rests = self.encoder.rests();
        let (batch, summary) = (self.encoder.finish()?, std::mem::take(&mut self.summary));
        Ok(Some(Encoded { batch, summary, rests }))
    }
}

/// Cuts rows into batches, none of which is much larger than `options` say.
pub(super) fn cut(rows: Vec<FileRow>, options: &FileOptions) -> Vec<Vec<FileRow>> {
    let mut batches: Vec<Vec<FileRow>> = Vec::new();
    let mut bytes = 0;
    for row in rows {
        let size = row.body.len();
        match batches.last_mut() {
            Some(batch) if batch.len() < options.batch_rows && bytes < options.batch_bytes => {
                bytes += size;
                batch.push(row);
            }
            _ => {
                bytes = size;
                batches.push(vec![row]);
            }
        }
    }
    batches
}

/// The batch of these rows.
pub(super) fn encode(schema: Arc<LakeSchema>, rows: &[FileRow]) -> Result<Option<Encoded>> {
    let mut encoder = BatchEncoder::new(schema)?;
    for row in rows {
        encoder.push(&row.id, row.version, row.written, &row.body)?;
    }
    encoder.finish()
}

impl Summary {
    fn add(&mut self, key: &RecordId, version: Sequence, body: &[u8]) {
        self.rows += 1;
        self.hash.add(key, version, body);
        let (min, max) = self.versions.unwrap_or((version, version));
        self.versions = Some((min.min(version), max.max(version)));
    }

    pub(super) fn append(&mut self, next: Summary) {
        self.rows += next.rows;
        self.hash.append(next.hash);
        let both = self.versions.into_iter().chain(next.versions);
        self.versions = both.reduce(|(a, b), (c, d)| (a.min(c), b.max(d)));
    }
}
