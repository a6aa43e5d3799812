//! Reading a dataset batch by batch, on the thread that asks.

use headwater_primitives::{Namespace, Result};
use lance::Dataset;
use lance::dataset::scanner::{DatasetRecordBatchStream, Scanner};
use lance::deps::arrow_array::RecordBatch;

use super::Tier;
use super::columns::{Found, VECTOR, width};
use super::error::of_lance;

/// Entries of a batch.
const BATCH_ROWS: usize = 4096;
/// Bytes of vectors in a batch, about.
const BATCH_BYTES: usize = 4 << 20;
/// Batches that are read ahead.
const AHEAD: usize = 4;
/// Bytes that were read and not decoded yet: more than any batch has.
const IO_BYTES: u64 = 64 << 20;

/// What reads `columns` of `dataset` in bounded memory.
pub(super) fn scanner(dataset: &Dataset, columns: &[&str]) -> lance::Result<Scanner> {
    let vectors = dataset.schema().field(VECTOR);
    let width = vectors.map_or(1, |field| width(&field.data_type()));
    let rows = (BATCH_BYTES / (width * size_of::<f32>())).clamp(64, BATCH_ROWS);
    let mut scanner = dataset.scan();
    scanner.batch_size(rows).batch_readahead(AHEAD).io_buffer_size(IO_BYTES).project(columns)?;
    Ok(scanner)
}

/// A pass over a dataset.
pub(super) struct Scan<'a> {
    namespace: &'a Namespace,
    uri: String,
    stream: Option<DatasetRecordBatchStream>,
}

impl<'a> Scan<'a> {
    /// Begins a pass over `columns`, described further by `describe`.
    pub(super) fn begin(
        namespace: &'a Namespace,
        dataset: &Dataset,
        columns: &[&str],
        describe: impl FnOnce(&mut Scanner) -> lance::Result<()>,
    ) -> Result<Scan<'a>> {
        let uri = dataset.uri().to_owned();
        let mut scanner = scanner(dataset, columns).map_err(|error| of_lance(&uri, error))?;
        describe(&mut scanner).map_err(|error| of_lance(&uri, error))?;
        let place = uri.clone();
        let stream = Tier::wait(namespace, async move {
            scanner.try_into_stream().await.map_err(|error| of_lance(&place, error))
        })?;
        Ok(Scan { namespace, uri, stream: Some(stream) })
    }

    /// The next batch that has entries, as it came.
    pub(super) fn next_batch(&mut self) -> Result<Option<RecordBatch>> {
        use futures_lite::StreamExt;

        while let Some(mut stream) = self.stream.take() {
            let (next, stream) = Tier::wait(self.namespace, async move {
                let next = stream.next().await;
                Ok((next, stream))
            })?;
            match next.transpose().map_err(|error| of_lance(&self.uri, error))? {
                None => return Ok(None),
                Some(batch) => {
                    self.stream = Some(stream);
                    if batch.num_rows() > 0 {
                        return Ok(Some(batch));
                    }
                }
            }
        }
        Ok(None)
    }

    /// The next entries.
    pub(super) fn next(&mut self) -> Result<Option<Found>> {
        self.next_batch()?.map(|batch| Found::of(&batch)).transpose()
    }
}
