//! How large a search index is, and how far it is.

use headwater_primitives::{Result, Sequence};
use serde::Serialize;

use super::SearchIndex;

/// Figures of a store's search index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct IndexStats {
    /// Embeddings in the graph: those of the hot tier.
    pub vectors: usize,
    /// Those of them that wait to be linked into the graph: each costs every search one distance.
    pub unlinked: usize,
    /// Bytes of memory that the graph takes beside the embeddings themselves.
    pub graph_bytes: usize,
    /// Bytes of each vector's compressed code; `None` without compression, and before a quantizer is
    /// trained, which takes 256 vectors.
    pub code_bytes: Option<usize>,
    /// Texts in the index on disk.
    pub texts: u64,
    /// Bytes on disk of the text index.
    pub text_bytes: u64,
    /// Rows whose text has changed since the text index was written last.
    pub tail: usize,
    /// The last event that was taken in.
    pub sequence: Sequence,
}

impl SearchIndex {
    /// The figures as they are now.
    ///
    /// # Errors
    /// Those of the file system.
    pub(crate) fn stats(&self) -> Result<IndexStats> {
        let text = self.text.stats()?;
        let feed = self.feed();
        Ok(IndexStats {
            vectors: self.graph.len(),
            unlinked: self.graph.staged(),
            graph_bytes: self.graph.bytes_beside_vectors(),
            code_bytes: self.graph.code_bytes(),
            texts: text.rows,
            text_bytes: text.bytes,
            tail: feed.tail.rows(),
            sequence: feed.fed,
        })
    }
}
