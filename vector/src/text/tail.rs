//! The rows that changed after the index's position, kept in memory and searched together with it.

use std::collections::HashMap;
use std::sync::Arc;

use headwater_primitives::Result;
use tantivy::directory::RamDirectory;
use tantivy::{DocId, SegmentReader};

use super::error::failed;
use super::index::TextIndex;
use super::schema::Setup;
use super::segment::Segment;
use super::snapshot::Snapshot;

/// Room that tantivy asks for before it indexes a chunk; it grows as needed.
const CHUNK_MEMORY: usize = 200_000;

/// Chunks of at least so many rows are merged no more, unless there were more than [`CHUNKS`] of them.
const SMALL_CHUNK: usize = 256;
const CHUNKS: usize = 16;

/// The rows that were changed after the position of an index.
///
/// [`upsert`](Self::upsert) and [`delete`](Self::delete) only note what changed. The next
/// [`snapshot`](Self::snapshot) indexes it, as a chunk in memory; a chunk is merged with the one
/// before while that is small, so each row is indexed a few times and a snapshot looks into some
/// [`CHUNKS`] chunks. A snapshot without changes since the last one costs nothing. Memory: the texts, and
/// about as much again for their chunks.
pub(crate) struct Tail {
    setup: Arc<Setup>,
    rows: HashMap<i64, Change>,
    /// Rows to be indexed by the next snapshot; some perhaps twice, or changed again meanwhile.
    unindexed: Vec<i64>,
    chunks: Vec<Chunk>,
    next_chunk: u64,
    text_bytes: usize,
    below: Option<Below>,
    /// The last snapshot, while nothing has changed, and the index's generation under it.
    snapshot: Option<(u64, Arc<Snapshot>)>,
}

/// The last change of a row.
struct Change {
    sequence: u64,
    /// `None`: the row was deleted.
    text: Option<Arc<str>>,
    /// The chunk and the document that has the text.
    place: Option<(u64, DocId)>,
}

/// Some rows of the tail, indexed.
struct Chunk {
    number: u64,
    rows: Vec<i64>,
    segment: Segment,
    bytes: usize,
    /// Whether its rows are being written into the index.
    sealed: bool,
}

/// The segments of the index below, in which the rows that the tail has are dead.
struct Below {
    generation: u64,
    segments: Vec<Segment>,
    /// Rows that came into the tail since, and still have to be killed.
    pending: Vec<i64>,
}

impl Tail {
    /// An empty tail of `index`.
    pub(crate) fn new(index: &TextIndex) -> Tail {
        Tail {
            setup: Arc::clone(index.setup()),
            rows: HashMap::new(),
            unindexed: Vec::new(),
            chunks: Vec::new(),
            next_chunk: 0,
            text_bytes: 0,
            below: None,
            snapshot: None,
        }
    }

    /// Notes that a row was added or changed at `sequence`.
    pub(crate) fn upsert(&mut self, sequence: u64, row: i64, text: &str) {
        self.change(sequence, row, Some(text.into()));
        self.unindexed.push(row);
    }

    /// Notes that a row was deleted, or lost its text, at `sequence`.
    pub(crate) fn delete(&mut self, sequence: u64, row: i64) {
        self.change(sequence, row, None);
    }

    /// Its rows with their texts, `None` for those that were deleted, to be written into the index.
    /// What changes from here on is kept apart from them, so that [`forget`](Self::forget) has little
    /// to do.
    pub(crate) fn seal(&mut self) -> Vec<(i64, Option<Arc<str>>)> {
        self.chunks.iter_mut().for_each(|chunk| chunk.sealed = true);
        self.rows.iter().map(|(row, change)| (*row, change.text.clone())).collect()
    }

    /// Forgets the changes up to and including `sequence`, after a commit of the index to that
    /// position. O(tail), without indexing anything again that came after [`seal`](Self::seal).
    pub(crate) fn forget(&mut self, sequence: u64) {
        let chunks = &mut self.chunks;
        self.text_bytes = 0;
        self.unindexed.retain(|row| self.rows.get(row).is_some_and(|row| row.sequence > sequence));
        self.rows.retain(|row, change| {
            let chunk = change.place.and_then(|(number, document)| {
                let chunk = chunks.iter_mut().find(|chunk| chunk.number == number)?;
                Some((chunk, document))
            });
            if change.sequence <= sequence {
                if let Some((chunk, document)) = chunk.filter(|(chunk, _)| !chunk.sealed) {
                    chunk.segment.kill(document);
                }
                return false;
            }
            if chunk.is_some_and(|(chunk, _)| chunk.sealed) {
                change.place = None;
                self.unindexed.push(*row);
            }
            self.text_bytes += change.text.as_ref().map_or(0, |text| text.len());
            true
        });
        chunks.retain(|chunk| !chunk.sealed);
        self.below = None;
        self.snapshot = None;
    }

    /// How many rows it holds, deleted ones included.
    pub(crate) fn rows(&self) -> usize {
        self.rows.len()
    }

    /// Bytes of memory that it takes, roughly.
    pub(crate) fn bytes(&self) -> usize {
        let chunks: usize = self.chunks.iter().map(|chunk| chunk.bytes).sum();
        let rows = self.rows.len() * size_of::<(i64, Change)>();
        self.text_bytes + chunks + rows + self.unindexed.len() * size_of::<i64>()
    }

    /// The rows of the index's last commit with the tail's changes on top of them.
    ///
    /// Cost: that of indexing what changed since the last snapshot; after a commit of the index, also
    /// a look-up in it for each row of the tail.
    ///
    /// # Errors
    /// Those of reading the index.
    pub(crate) fn snapshot(&mut self, index: &TextIndex) -> Result<Arc<Snapshot>> {
        let (generation, committed) = index.generation();
        if let Some((_, snapshot)) = self.snapshot.as_ref().filter(|(same, _)| *same == generation)
        {
            return Ok(Arc::clone(snapshot));
        }
        let snapshot = match self.rows.is_empty() {
            true => committed,
            false => {
                self.combine(generation, &committed).map_err(failed("cannot index the tail"))?
            }
        };
        self.snapshot = Some((generation, Arc::clone(&snapshot)));
        Ok(snapshot)
    }

    fn change(&mut self, sequence: u64, row: i64, text: Option<Arc<str>>) {
        self.snapshot = None;
        self.text_bytes += text.as_ref().map_or(0, |text| text.len());
        match self.rows.insert(row, Change { sequence, text, place: None }) {
            None => self.below.iter_mut().for_each(|below| below.pending.push(row)),
            Some(former) => {
                self.text_bytes -= former.text.map_or(0, |text| text.len());
                if let Some((number, document)) = former.place {
                    let chunk = self.chunks.iter_mut().find(|chunk| chunk.number == number);
                    chunk.into_iter().for_each(|chunk| chunk.segment.kill(document));
                }
            }
        }
    }

    fn combine(&mut self, generation: u64, committed: &Snapshot) -> tantivy::Result<Arc<Snapshot>> {
        self.index_changes()?;
        let below = match &mut self.below {
            Some(below) if below.generation == generation => below,
            stale => stale.insert(Below {
                generation,
                segments: committed.segments.clone(),
                pending: self.rows.keys().copied().collect(),
            }),
        };
        for row in below.pending.drain(..) {
            let term = self.setup.row_term(row);
            for segment in below.segments.iter_mut().filter(|segment| segment.may_have(row)) {
                if let Some(document) = segment.find(&term)? {
                    segment.kill(document);
                }
            }
        }
        let chunks = self.chunks.iter().map(|chunk| chunk.segment.clone());
        let segments = below.segments.iter().cloned().chain(chunks).collect();
        let snapshot = Snapshot::new(Arc::clone(&self.setup), committed.searcher.clone(), segments);
        Ok(Arc::new(snapshot))
    }

    /// Puts what changed into a new chunk, together with the chunks that it has outgrown.
    fn index_changes(&mut self) -> tantivy::Result<()> {
        self.chunks.retain(|chunk| chunk.segment.living() > 0);
        let mut rows = std::mem::take(&mut self.unindexed);
        if rows.is_empty() {
            return Ok(());
        }
        // So that no single change costs much; and yet there are not many chunks.
        let most = (self.rows.len() / CHUNKS).max(SMALL_CHUNK) as u64;
        let grows = |chunk: &mut Chunk, rows: u64| {
            let living = chunk.segment.living();
            !chunk.sealed && living < most && living < 2 * rows
        };
        while let Some(chunk) = self.chunks.pop_if(|chunk| grows(chunk, rows.len() as u64)) {
            rows.extend(chunk.rows);
        }
        rows.sort_unstable();
        rows.dedup();
        rows.retain(|row| self.rows.get(row).is_some_and(|change| change.text.is_some()));
        let kept = |row: &i64| {
            let place = self.rows.get(row).and_then(|change| change.place);
            place.is_some_and(|(number, _)| self.chunks.iter().any(|c| c.number == number))
        };
        rows.retain(|row| !kept(row));
        if rows.is_empty() {
            return Ok(());
        }
        let number = self.next_chunk;
        self.next_chunk += 1;
        let texts =
            rows.iter().filter_map(|row| Some((*row, self.rows.get(row)?.text.as_deref()?)));
        let (segment, bytes) = build(&self.setup, texts)?;
        for (document, row) in rows.iter().enumerate() {
            if let Some(change) = self.rows.get_mut(row) {
                change.place = Some((number, document as DocId));
            }
        }
        self.chunks.push(Chunk { number, rows, segment, bytes, sealed: false });
        Ok(())
    }
}

/// Indexes rows in memory: document n is the n-th row. Also the bytes that it takes.
fn build<'a>(
    setup: &Setup,
    rows: impl Iterator<Item = (i64, &'a str)>,
) -> tantivy::Result<(Segment, usize)> {
    let directory = RamDirectory::create();
    let mut writer =
        setup.builder().single_segment_index_writer(directory.clone(), CHUNK_MEMORY)?;
    for (row, text) in rows {
        writer.add_document(setup.document(row, text))?;
    }
    let index = writer.finalize()?;
    let segment = index.searchable_segments()?.into_iter().next().ok_or_else(|| {
        tantivy::TantivyError::InternalError("a finished index has no segment".to_owned())
    })?;
    Ok((Segment::open(&SegmentReader::open(&segment)?, setup)?, directory.total_mem_usage()))
}
