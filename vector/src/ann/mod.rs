//! What an index of nearest neighbours has to be able to do, whoever made it.
//!
//! [`AnnIndex`] is the building block for programs that keep an index of their own and want to choose,
//! or to bring, an implementation: [`Graph`](crate::graph::Graph), the default, and with the feature
//! `hnsw_rs` the crate of that name as [`HnswRs`]. One conformance suite holds all of them to what is
//! said here.
//!
//! [`VectorStore`](crate::VectorStore) always uses the graph, and more of it than any other index has:
//! vectors that are found before they are linked, so that a search sees every write without waiting;
//! distances of named rows for hybrid search; prefixes and codes of the same memory; saving while it is
//! in use. Behind a trait narrow enough to implement, each of those would have to keep a second copy of
//! all vectors.
//!
//! ```
//! use headwater_vector::ann::AnnIndex;
//! use headwater_vector::graph::{Graph, GraphOptions};
//! use headwater_vector::{Metric, RowSet, primitives::Result};
//!
//! # fn main() -> Result<()> {
//! let index: Box<dyn AnnIndex> = Box::new(Graph::new(GraphOptions::new(2, Metric::L2))?);
//! for label in 0..100u8 {
//!     index.insert(label.into(), &[f32::from(label), 0.0])?;
//! }
//! index.delete(7)?;
//! let even: RowSet = (0..100).filter(|label| label % 2 == 0).collect();
//! let found = index.search(&[7.2, 0.0], 2, 50, Some(&even))?;
//! assert_eq!(found.iter().map(|found| found.label).collect::<Vec<_>>(), [8, 6]);
//! # Ok(())
//! # }
//! ```

mod graph;
#[cfg(feature = "hnsw_rs")]
mod hnsw_rs;

use std::io::{Read, Write};

use headwater_cdc::Position;
use headwater_primitives::Result;

use crate::graph::Neighbor;
use crate::metric::Metric;
use crate::row_set::RowSet;

#[cfg(feature = "hnsw_rs")]
pub use hnsw_rs::HnswRs;

/// An index of nearest neighbours: vectors under labels, each label with one vector.
///
/// It is shared by reference: searches run beside each other and beside those who insert and delete.
/// Vectors and queries that it cannot compare are refused as `InvalidInput`, before anything changes:
/// another number of dimensions, numbers that are not finite, and, under [`Metric::Cosine`], vectors
/// without a direction.
pub trait AnnIndex: Send + Sync {
    /// Numbers in each vector.
    fn dimensions(&self) -> usize;

    /// How distances are measured.
    fn metric(&self) -> Metric;

    /// Vectors that can be found.
    fn len(&self) -> usize;

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Takes `vector` under `label`, in the place of what was there. It is found once this returns.
    ///
    /// # Errors
    /// `InvalidInput` for a vector that cannot be compared; `TooLarge`.
    fn insert(&self, label: u64, vector: &[f32]) -> Result<()>;

    /// Removes what is under `label`; whether there was anything. No search that begins later finds it.
    /// Now and then this does the work that many deletions have left.
    ///
    /// # Errors
    /// What that work fails with; the vector is gone all the same.
    fn delete(&self, label: u64) -> Result<bool>;

    /// The `k` vectors nearest to `query`, nearest first and equals by label, among those that `accept`
    /// holds; by distances in the index's metric. It finds `k` whenever there are as many. Which ones is
    /// approximate: `candidates` are kept on the way, and more of them find more of the true neighbours.
    ///
    /// # Errors
    /// `InvalidInput` for a query that cannot be compared.
    fn search(
        &self,
        query: &[f32],
        k: usize,
        candidates: usize,
        accept: Option<&RowSet>,
    ) -> Result<Vec<Neighbor>>;

    /// Writes the index. What others change meanwhile may be in the bytes or not, so `applied` is what
    /// was in the index before the call, and what came later has to be applied again after loading.
    ///
    /// # Errors
    /// What `out` fails with.
    fn save(&self, out: &mut dyn Write, applied: Position) -> Result<()>;

    /// Reads what [`save`](Self::save) wrote, and what that was told to have been applied.
    ///
    /// # Errors
    /// `Corrupt` when the bytes are not a whole index of this kind; `NewerVersion`; what `input` fails
    /// with.
    fn load(input: &mut dyn Read) -> Result<(Self, Position)>
    where
        Self: Sized;
}
