//! The rows that changed after the index's position, kept in memory and searched together with it.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use headwater_primitives::Result;
use tantivy::DocId;

use super::draft::{Draft, Indexed};
use super::error::failed;
use super::index::TextIndex;
use super::schema::Setup;
use super::segment::Segment;
use super::snapshot::Snapshot;

/// Chunks of at least so many rows are merged no more, unless there were more than [`CHUNKS`] of them.
const SMALL_CHUNK: usize = 256;
const CHUNKS: usize = 16;

/// Of no other tail either: a draft may outlive its own.
static NEXT_CHUNK: AtomicU64 = AtomicU64::new(0);

/// The rows that were changed after the position of an index.
///
/// [`upsert`](Self::upsert) and [`delete`](Self::delete) only note what changed. The next
/// [`snapshot`](Self::snapshot) indexes it, as a chunk in memory. Whoever has the time does so before,
/// away from the tail: a [`draft`](Self::draft) is indexed and then [installed](Self::install). That also
/// merges a chunk with the ones before while they are small, so each row is indexed a few times and a
/// snapshot looks into some [`CHUNKS`] chunks. A snapshot without changes since the last one costs
/// nothing. Memory: the texts, and about as much again for their chunks.
pub(crate) struct Tail {
    setup: Arc<Setup>,
    rows: HashMap<i64, Change>,
    /// Rows to be indexed by the next snapshot; some perhaps twice, or changed again meanwhile.
    unindexed: Vec<i64>,
    chunks: Vec<Chunk>,
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
    /// Cost: that of indexing what changed and nobody has indexed yet; after a commit of the index, also
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

    /// What is to become the next chunk: what changed, with what it has outgrown where chunks are to be
    /// merged.
    pub(crate) fn draft(&mut self, merge: bool) -> Option<Draft> {
        self.chunks.retain(|chunk| chunk.segment.living() > 0);
        let is_new = |row: &i64| {
            let change = self.rows.get(row);
            change.is_some_and(|change| change.text.is_some() && change.place.is_none())
        };
        self.unindexed.retain(is_new);
        if self.unindexed.is_empty() {
            return None;
        }
        let mut rows = self.unindexed.clone();
        let mut outgrown = Vec::new();
        if merge {
            // So that no single change costs much; and yet there are not many chunks.
            let most = (self.rows.len() / CHUNKS).max(SMALL_CHUNK) as u64;
            for chunk in self.chunks.iter().rev() {
                let living = chunk.segment.living();
                if chunk.sealed || living >= most || living >= 2 * rows.len() as u64 {
                    break;
                }
                outgrown.push(chunk.number);
                let is_its = |row: &i64| {
                    let place = self.rows.get(row).and_then(|change| change.place);
                    place.is_some_and(|(number, _)| number == chunk.number)
                };
                rows.extend(chunk.rows.iter().copied().filter(is_its));
            }
        }
        rows.sort_unstable();
        rows.dedup();
        let texts =
            rows.into_iter().filter_map(|row| Some((row, self.rows.get(&row)?.text.clone()?)));
        Some(Draft { setup: Arc::clone(&self.setup), texts: texts.collect(), outgrown })
    }

    /// Takes a chunk in the place of those that it has outgrown. What changed while it was made, or was
    /// indexed by others, is dead in it.
    pub(crate) fn install(&mut self, indexed: Indexed) {
        let Indexed { texts, outgrown, mut segment, bytes } = indexed;
        let number = NEXT_CHUNK.fetch_add(1, Ordering::Relaxed);
        self.chunks.retain(|chunk| !outgrown.contains(&chunk.number));
        let mut rows = Vec::with_capacity(texts.len());
        for (document, (row, text)) in texts.iter().enumerate() {
            let document = document as DocId;
            rows.push(*row);
            let same = |change: &&mut Change| {
                change.text.as_ref().is_some_and(|now| Arc::ptr_eq(now, text))
                    && change.place.is_none_or(|(number, _)| outgrown.contains(&number))
            };
            match self.rows.get_mut(row).filter(same) {
                Some(change) => change.place = Some((number, document)),
                None => segment.kill(document),
            }
        }
        self.snapshot = None;
        self.chunks.push(Chunk { number, rows, segment, bytes, sealed: false });
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
        if let Some(draft) = self.draft(self.chunks.len() >= 2 * CHUNKS) {
            self.install(draft.index()?);
        }
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
}
