//! Sorted files of one partition into one sorted stream, in bounded memory.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use headwater_primitives::{Error, RecordId, Result, Sequence};

use super::choose::Group;
use super::kept::Kept;
use crate::cold::ColdTable;
use crate::files::{FileWriter, Scan, ScanBatch, WrittenFile};
use crate::rows::{RowDecoder, Rows};
use crate::tombstones::Tombstones;

/// Rows that are decoded at a time, of each file.
const BATCH_ROWS: usize = 512;

/// What became of a group.
#[derive(Default)]
pub(super) struct Merged {
    pub(super) files: Vec<WrittenFile>,
    /// Tombstones whose rows were left out.
    pub(super) folded: Tombstones,
}

/// Writes the rows of `group` that count with `writer`, by id and version.
pub(super) async fn merge(
    job: &Kept,
    cold: &ColdTable,
    group: &Group<'_>,
    over: &Tombstones,
    mut writer: FileWriter,
) -> Result<Merged> {
    let lake = &job.tier.lake;
    let (mut sources, mut next) = (Vec::new(), BinaryHeap::new());
    for file in &group.files {
        let reader = cold.open(lake, file).await?;
        let scan = Scan { batch_rows: BATCH_ROWS, ..Scan::default() };
        let mut source = Source {
            location: file.location.to_string(),
            batches: reader.scan(&scan)?,
            decoder: reader.decoder().clone(),
            rows: None,
        };
        let number = sources.len();
        if let Some((id, version)) = source.advance().await? {
            next.push(Reverse((id, version, number)));
        }
        sources.push(source);
    }
    let mut folded = Tombstones::new();
    let (mut body, mut steps) = (Vec::new(), 0_u32);
    while let Some(Reverse((id, version, number))) = next.pop() {
        let Some(source) = sources.get_mut(number) else { continue };
        let key = (id, version);
        if over.contains(&key) {
            folded.insert(key.clone());
        } else {
            source.write_to(&mut writer, &key, &mut body).await?;
        }
        if let Some((id, version)) = source.advance().await? {
            if (&id, version) <= (&key.0, key.1) {
                return Err(source.unsorted(&id));
            }
            next.push(Reverse((id, version, number)));
        }
        steps = steps.wrapping_add(1);
        if steps.is_multiple_of(4096) {
            job.cancelled.check()?;
            tokio::task::yield_now().await;
        }
    }
    Ok(Merged { files: writer.finish().await?, folded })
}

/// One of the files, at one of its rows.
struct Source {
    location: String,
    batches: BoxStream<'static, Result<ScanBatch>>,
    decoder: RowDecoder,
    /// The batch, and the row in it.
    rows: Option<(Rows, usize)>,
}

impl Source {
    /// Goes to the next row; `None` after the last one.
    async fn advance(&mut self) -> Result<Option<(RecordId, Sequence)>> {
        if let Some((rows, at)) = &mut self.rows
            && *at + 1 < rows.len()
        {
            *at += 1;
            return Ok(Some((rows.key(*at), rows.version(*at))));
        }
        while let Some(batch) = self.batches.next().await {
            let rows = self.decoder.rows(&batch?.rows)?;
            if !rows.is_empty() {
                let first = (rows.key(0), rows.version(0));
                self.rows = Some((rows, 0));
                return Ok(Some(first));
            }
        }
        self.rows = None;
        Ok(None)
    }

    /// Writes the row that it is at.
    async fn write_to(
        &mut self,
        writer: &mut FileWriter,
        (id, version): &(RecordId, Sequence),
        body: &mut Vec<u8>,
    ) -> Result<()> {
        let Some((rows, at)) = &self.rows else { return Ok(()) };
        body.clear();
        rows.body(*at, body)?;
        writer.write(id, *version, rows.written(*at), body).await
    }

    fn unsorted(&self, id: &RecordId) -> Error {
        Error::corrupt(format!(
            "file {} is not sorted by id and version: row {id} comes too late",
            self.location
        ))
    }
}
