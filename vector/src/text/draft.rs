//! Rows of a tail that are being indexed, away from it.

use std::sync::Arc;

use headwater_primitives::Result;
use tantivy::SegmentReader;
use tantivy::directory::RamDirectory;

use super::error::failed;
use super::schema::Setup;
use super::segment::Segment;

/// Room that tantivy asks for before it indexes a chunk; it grows as needed.
const CHUNK_MEMORY: usize = 200_000;

/// Rows with their texts, and the chunks that they are to replace.
pub(crate) struct Draft {
    pub(super) setup: Arc<Setup>,
    pub(super) texts: Vec<(i64, Arc<str>)>,
    pub(super) outgrown: Vec<u64>,
}

/// A draft that became a segment: document n is the n-th of its rows.
pub(crate) struct Indexed {
    pub(super) texts: Vec<(i64, Arc<str>)>,
    pub(super) outgrown: Vec<u64>,
    pub(super) segment: Segment,
    pub(super) bytes: usize,
}

impl Draft {
    /// Indexes the texts: the slow part of a change, a few microseconds a word.
    pub(super) fn index(self) -> tantivy::Result<Indexed> {
        let Draft { setup, texts, outgrown } = self;
        let directory = RamDirectory::create();
        let mut writer =
            setup.builder().single_segment_index_writer(directory.clone(), CHUNK_MEMORY)?;
        for (row, text) in &texts {
            writer.add_document(setup.document(*row, text))?;
        }
        let index = writer.finalize()?;
        let segment = index.searchable_segments()?.into_iter().next().ok_or_else(|| {
            tantivy::TantivyError::InternalError("a finished index has no segment".to_owned())
        })?;
        let segment = Segment::open(&SegmentReader::open(&segment)?, &setup)?;
        Ok(Indexed { texts, outgrown, segment, bytes: directory.total_mem_usage() })
    }

    /// [`index`](Self::index), for those who know nothing of tantivy.
    ///
    /// # Errors
    /// Those of indexing in memory.
    pub(crate) fn finish(self) -> Result<Indexed> {
        self.index().map_err(failed("cannot index the tail"))
    }
}
