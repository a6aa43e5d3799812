//! The crate `hnsw_rs` as an index.
//!
//! It neither deletes nor replaces, goes through its whole graph under a filter that few pass, and ends
//! the process for some of what it is given. So it is asked for neighbours only: vectors are checked
//! before they come to it, what was deleted is left out of its answers until it is built again, filters
//! and short answers are ours, and none of its files is ever read.

mod file;
mod measure;
mod vectors;

use std::io::{Read, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use headwater_cdc::Position;
use headwater_primitives::Result;

use super::AnnIndex;
use crate::graph::{GraphOptions, Neighbor, unit};
use crate::metric::Metric;
use crate::row_set::RowSet;
use measure::{Links, links};
use vectors::Vectors;

/// An index of `hnsw_rs` 0.3.
///
/// Each vector is in memory twice, since `hnsw_rs` keeps its own. Writers take turns, searches wait for
/// none of them. Once a fifth of it is deleted or replaced it is built again, by whoever deletes: as
/// long as building takes. Loading builds it too.
///
/// It finds less than our own graph where vectors come cluster by cluster, of which some may then not be
/// reached from the others: insert in random order.
pub struct HnswRs {
    options: GraphOptions,
    /// Held by whoever changes anything: `hnsw_rs` can lose the first vectors of a graph when they come
    /// at once. Taken before `state`.
    changes: Mutex<()>,
    state: RwLock<State>,
}

/// The vectors by slot, and the links between them.
struct State {
    vectors: Vectors,
    links: Arc<Links>,
}

/// Deleted vectors that are always borne with.
const FEW: usize = 64;
/// A walk costs as much as looking at so many for each candidate.
const SCAN_PER_CANDIDATE: usize = 32;

impl HnswRs {
    /// An empty index. `seed` is not used: `hnsw_rs` has its own.
    ///
    /// # Errors
    /// `InvalidInput` for options out of range.
    pub fn new(options: GraphOptions) -> Result<HnswRs> {
        options.check()?;
        let state = State { vectors: Vectors::new(&options), links: Arc::new(links(&options, 0)) };
        Ok(HnswRs { options, changes: Mutex::default(), state: RwLock::new(state) })
    }

    /// What the index was made with.
    pub fn options(&self) -> &GraphOptions {
        &self.options
    }

    /// Builds everything again without what was deleted. Searches go on with what there was.
    fn rebuild(&self, _turn: &MutexGuard<'_, ()>) -> Result<()> {
        let live = self.read().vectors.live();
        let mut new = Vectors::new(&self.options);
        let links = links(&self.options, live.len());
        let mut vector = Vec::new();
        for slot in live {
            let label = {
                let state = self.read();
                vector.clear();
                vector.extend_from_slice(state.vectors.get(slot));
                state.vectors.label(slot)
            };
            let slot = new.push(label, &vector)?;
            links.insert((vector.as_slice(), slot as usize));
        }
        *self.write() = State { vectors: new, links: Arc::new(links) };
        Ok(())
    }

    fn turn(&self) -> MutexGuard<'_, ()> {
        self.changes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn search(
        &self,
        query: &[f32],
        k: usize,
        candidates: usize,
        accept: Option<&RowSet>,
    ) -> Vec<Neighbor> {
        let live = self.vectors.len();
        let accepted = accept.map_or(live, |accept| accept.len().min(live));
        let k = k.min(accepted);
        if k == 0 {
            return Vec::new();
        }
        let candidates = candidates.max(k).min(live);
        // So many that about `candidates` of them remain.
        let walked = candidates.saturating_mul(self.vectors.slots()) / accepted;
        let is_selective = accept.is_some() && accepted <= walked * SCAN_PER_CANDIDATE;
        if candidates == live || is_selective {
            return self.vectors.scan(query, k, accept);
        }
        let found = self.links.search(query, walked, walked);
        let found = found.iter().map(|found| found.get_origin_id() as u32);
        let found = self.vectors.nearest(query, k, accept, found);
        if found.len() < k { self.vectors.scan(query, k, accept) } else { found }
    }
}

impl AnnIndex for HnswRs {
    fn dimensions(&self) -> usize {
        self.options.dimensions
    }

    fn metric(&self) -> Metric {
        self.options.metric
    }

    fn len(&self) -> usize {
        self.read().vectors.len()
    }

    fn insert(&self, label: u64, vector: &[f32]) -> Result<()> {
        let vector = unit(vector, &self.options)?;
        let turn = self.turn();
        let (slot, links) = {
            let mut state = self.write();
            (state.vectors.push(label, &vector)?, state.links.clone())
        };
        links.insert((vector.as_slice(), slot as usize));
        // One that is replaced again and again must not grow for ever.
        if self.read().vectors.is_worn() { self.rebuild(&turn) } else { Ok(()) }
    }

    fn delete(&self, label: u64) -> Result<bool> {
        let turn = self.turn();
        let was_there = self.write().vectors.remove(label);
        if self.read().vectors.is_worn() {
            self.rebuild(&turn)?;
        }
        Ok(was_there)
    }

    fn search(
        &self,
        query: &[f32],
        k: usize,
        candidates: usize,
        accept: Option<&RowSet>,
    ) -> Result<Vec<Neighbor>> {
        let query = unit(query, &self.options)?;
        Ok(self.read().search(&query, k, candidates, accept))
    }

    fn save(&self, mut out: &mut dyn Write, applied: Position) -> Result<()> {
        // Slots must stay what they are; searches go on.
        let _turn = self.turn();
        self.write_to(&mut out, applied)
    }

    fn load(mut input: &mut dyn Read) -> Result<(HnswRs, Position)> {
        HnswRs::read_from(&mut input)
    }
}
