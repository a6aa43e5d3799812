//! The graph: a hierarchical navigable small world (HNSW, Malkov and Yashunin 2018) in memory.
//!
//! Vectors lie in a few large pieces of memory, each on its own cache lines, links beside them in
//! arrays of slots. A node is *staged* first, which takes a copy of its vector, and found from then on
//! by being looked at; *linking* it is the slow part. What linking changes is found out while searches
//! go on, and done while they wait, which takes microseconds.

mod answer;
mod arena;
mod codes;
mod file;
mod funnel;
mod link;
mod measure;
mod moved;
mod nodes;
pub(crate) mod parts;
mod places;
mod pool;
mod repair;
mod scratch;
mod search;
mod select;
mod staged;

#[cfg(test)]
mod tests;

use headwater_primitives::{Error, Result};
use parking_lot::{Mutex, RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::distance::padded;
use crate::metric::Metric;
use crate::row_set::RowSet;
use link::Plan;
pub(crate) use measure::Measure;
use nodes::Nodes;
use scratch::{Scratch, Scratches};

#[cfg(feature = "hnsw_rs")]
pub(crate) use {
    arena::Arena,
    pool::{Candidate, Pool},
};

/// What a graph is made with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GraphOptions {
    /// Numbers in each vector.
    pub dimensions: usize,
    /// How distances are measured.
    pub metric: Metric,
    /// Links of a node in the upper levels, and half of those in the lowest; 4 to 64. hnswlib's `M`.
    pub links: usize,
    /// Candidates among which a new node's links are chosen. hnswlib's `ef_construction`.
    pub candidates: usize,
    /// What the levels are drawn from.
    pub seed: u64,
}

impl GraphOptions {
    /// 16 links and 200 candidates.
    #[must_use]
    pub fn new(dimensions: usize, metric: Metric) -> Self {
        GraphOptions { dimensions, metric, links: 16, candidates: 200, seed: 0 }
    }

    pub(crate) fn check(&self) -> Result<()> {
        if self.dimensions == 0 || self.dimensions > MAX_DIMENSIONS {
            return Err(Error::invalid(format!(
                "{} dimensions: a graph takes 1 to {MAX_DIMENSIONS}",
                self.dimensions
            )));
        }
        if !(4..=64).contains(&self.links) {
            return Err(Error::invalid(format!("{} links: a graph takes 4 to 64", self.links)));
        }
        if self.candidates < self.links {
            return Err(Error::invalid(format!(
                "{} candidates for {} links: there must be at least as many",
                self.candidates, self.links
            )));
        }
        Ok(())
    }
}

/// The longest vector.
const MAX_DIMENSIONS: usize = 1 << 16;
/// Rows that are replaced before others have a turn.
const REPLACED_AT_ONCE: usize = 256;

/// A vector that was found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Neighbor {
    /// What it was inserted under.
    pub label: u64,
    /// Its distance from the query, by the graph's metric.
    pub distance: f32,
}

/// A graph. Shared by reference: searches run side by side, beside one or more that insert.
pub struct Graph {
    options: GraphOptions,
    /// A lock that is passed on in turn: a change waits for the plan of one link, never for the next.
    nodes: RwLock<Nodes>,
    scratches: Scratches,
    plans: Mutex<Vec<Plan>>,
    /// Held by what must not run beside a repair.
    repairing: Mutex<()>,
}

impl Graph {
    /// An empty graph.
    ///
    /// # Errors
    /// `InvalidInput` for options out of range.
    pub fn new(options: GraphOptions) -> Result<Graph> {
        options.check()?;
        Ok(Graph::from_nodes(Nodes::new(options)))
    }

    fn from_nodes(nodes: Nodes) -> Graph {
        Graph {
            options: nodes.options,
            nodes: RwLock::new(nodes),
            scratches: Scratches::default(),
            plans: Mutex::default(),
            repairing: Mutex::default(),
        }
    }

    /// What the graph was made with.
    pub fn options(&self) -> &GraphOptions {
        &self.options
    }

    /// Vectors that can be found.
    pub fn len(&self) -> usize {
        self.read().len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Vectors that wait to be linked: each costs every search one distance.
    pub fn staged(&self) -> usize {
        self.read().staged.as_slice().len()
    }

    /// Bytes held beside the vectors themselves.
    pub fn bytes_beside_vectors(&self) -> usize {
        self.read().bytes_beside_vectors()
    }

    /// Takes `vector` under `label`, in the place of what was there, and links it.
    ///
    /// # Errors
    /// `InvalidInput` for another number of dimensions, numbers that are not finite, or a vector
    /// without a direction under [`Metric::Cosine`]; `TooLarge`.
    pub fn insert(&self, label: u64, vector: &[f32]) -> Result<()> {
        let slot = self.stage_slot(label, vector)?;
        self.link_slot(slot);
        Ok(())
    }

    /// Takes `vector` under `label` without linking it, which [`link_staged`](Self::link_staged) does.
    ///
    /// # Errors
    /// As [`insert`](Self::insert).
    pub fn stage(&self, label: u64, vector: &[f32]) -> Result<()> {
        self.stage_slot(label, vector).map(drop)
    }

    /// What is under each label from now on: a vector, to be linked unless it is there already, or
    /// nothing. Many at once, since between any two a change might wait for a search, or for a link.
    ///
    /// # Errors
    /// As [`insert`](Self::insert); then some may be replaced, and others not.
    pub(crate) fn replace(&self, rows: &[(u64, Option<&[f32]>)]) -> Result<()> {
        for rows in rows.chunks(REPLACED_AT_ONCE) {
            let scale = |(_, vector): &(u64, Option<&[f32]>)| {
                vector.map_or(Ok(1.0), |vector| self.scale_of(vector))
            };
            let scales = rows.iter().map(scale).collect::<Result<Vec<f64>>>()?;
            let mut nodes = self.write();
            for ((label, vector), scale) in rows.iter().zip(scales) {
                match vector {
                    None => drop(nodes.remove(*label)),
                    Some(vector) if nodes.has(*label, vector, scale) => {}
                    Some(vector) => drop(nodes.stage_scaled(*label, vector, scale)?),
                }
            }
        }
        Ok(())
    }

    /// Removes everything.
    pub(crate) fn clear(&self) {
        let mut nodes = self.write();
        let era = nodes.era + 1;
        *nodes = Nodes::new(self.options);
        nodes.era = era;
    }

    /// The distance of `query` from each of `labels`, by the graph's metric; `None` where there is no
    /// vector.
    ///
    /// # Errors
    /// As [`search`](Self::search).
    pub(crate) fn distances(&self, query: &[f32], labels: &[u64]) -> Result<Vec<Option<f32>>> {
        self.with_query(query, |nodes, query, _| {
            let distance = |slot| {
                let distance = nodes.kernel.distance(query, nodes.vector(slot));
                if distance.is_nan() { f32::INFINITY } else { distance }
            };
            labels.iter().map(|label| nodes.by_label.get(*label).map(distance)).collect()
        })
    }

    /// Measures the distances of vectors that are not in the graph from `query`, as if they were.
    ///
    /// # Errors
    /// As [`search`](Self::search).
    #[cfg_attr(not(feature = "lance"), allow(dead_code))]
    pub(crate) fn measure(&self, query: &[f32]) -> Result<Measure> {
        Measure::new(&self.options, query)
    }

    /// The `k` vectors nearest to `query` by the first of `prefixes`, by their first so many numbers:
    /// renormalised under [`Metric::Cosine`], as Matryoshka embeddings want it (Kusupati et al.
    /// 2022). The best `keep` of them go on to the next prefix, and the last ones are compared whole.
    ///
    /// Cost: a look at the first numbers of each accepted vector.
    ///
    /// # Errors
    /// As [`search`](Self::search).
    pub(crate) fn funnel(
        &self,
        query: &[f32],
        k: usize,
        keep: usize,
        prefixes: &[usize],
        accept: Option<&RowSet>,
    ) -> Result<Vec<Neighbor>> {
        self.with_query(query, |nodes, query, scratch| {
            let k = k.min(nodes.len());
            let keep = keep.min(nodes.len()).max(k);
            nodes.funnel(query, k, keep, prefixes, accept, scratch)
        })
    }

    /// Removes what is under `label`; whether there was anything.
    pub fn remove(&self, label: u64) -> bool {
        self.write().remove(label)
    }

    /// Links up to `limit` staged vectors, on `threads` threads. Returns how many are linked now.
    pub fn link_staged(&self, limit: usize, threads: usize) -> usize {
        let slots: Vec<u32> = {
            let nodes = self.read();
            nodes.staged.as_slice().iter().rev().take(limit).copied().collect()
        };
        if threads <= 1 || slots.len() < 64 {
            return slots.iter().filter(|slot| self.link_slot(**slot)).count();
        }
        let next = std::sync::atomic::AtomicUsize::new(0);
        let work = || {
            let mut linked = 0;
            while let Some(slot) =
                slots.get(next.fetch_add(1, std::sync::atomic::Ordering::Relaxed))
            {
                linked += usize::from(self.link_slot(*slot));
            }
            linked
        };
        std::thread::scope(|scope| {
            let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
            let own = work();
            let others = others.into_iter().map(|other| other.join());
            own + others
                .map(|linked| linked.unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
                .sum::<usize>()
        })
    }

    /// Takes removed vectors out of the links of the others when there are many of them, unless
    /// another thread is at it, or saves the graph. Searches and insertions go on meanwhile.
    pub fn repair(&self) {
        if !self.read().needs_repair() {
            return;
        }
        let Some(_turn) = self.repairing.try_lock() else { return };
        self.repair_now();
    }

    fn repair_now(&self) {
        const STEP: u32 = 256;
        let era = self.write().condemn();
        let mut from = 0;
        self.scratches.with(|scratch| {
            loop {
                let repairs = {
                    let nodes = self.read();
                    let end = nodes.slots() as u32;
                    if from >= end {
                        break;
                    }
                    nodes.plan_repairs(from..(from + STEP).min(end), scratch)
                };
                if !repairs.is_empty() {
                    let mut nodes = self.write();
                    if nodes.era != era {
                        // All of it was removed meanwhile.
                        return;
                    }
                    nodes.apply_repairs(&repairs, scratch);
                }
                from += STEP;
            }
            let mut nodes = self.write();
            if nodes.era == era {
                nodes.bury();
            }
        });
    }

    /// The `k` vectors nearest to `query`, nearest first, among those that `accept` holds.
    /// Approximate: `ef` candidates are kept on the way, more find more. It finds `k` whenever there
    /// are as many.
    ///
    /// Cost: about `ef * links` distances; where few are accepted, one for each of those.
    ///
    /// # Errors
    /// As [`insert`](Self::insert), for the query.
    pub fn search(
        &self,
        query: &[f32],
        k: usize,
        ef: usize,
        accept: Option<&RowSet>,
    ) -> Result<Vec<Neighbor>> {
        self.with_query(query, |nodes, query, scratch| {
            // More than there are would only ask for memory.
            let (k, ef) = (k.min(nodes.len()), ef.min(nodes.slots()));
            match accept {
                None => nodes.nearest(query, k, ef, scratch),
                Some(accept) => nodes.nearest_accepted(query, k, ef, accept, scratch),
            }
        })
    }

    /// The `k` vectors nearest to `query`, by looking at each one that `accept` holds.
    ///
    /// # Errors
    /// As [`search`](Self::search).
    pub fn scan(&self, query: &[f32], k: usize, accept: Option<&RowSet>) -> Result<Vec<Neighbor>> {
        self.with_query(query, |nodes, query, scratch| {
            let k = k.min(nodes.len());
            scratch.pool.reset(k);
            match accept {
                None => nodes.scan_all(query, scratch),
                Some(accept) => nodes.scan_accepted(query, accept, scratch),
            }
            nodes.answer(scratch.pool.as_slice(), k)
        })
    }

    fn with_query<R>(
        &self,
        query: &[f32],
        work: impl FnOnce(&Nodes, &[f32], &mut Scratch) -> R,
    ) -> Result<R> {
        let scale = self.scale_of(query)?;
        Ok(self.scratches.with(|scratch| {
            let mut aligned = std::mem::take(&mut scratch.query);
            aligned.set(query, padded(query.len()));
            aligned.scale(scale);
            let result = work(&self.read(), aligned.get(), scratch);
            scratch.query = aligned;
            result
        }))
    }

    /// Checks a vector. What it has to be multiplied by.
    fn scale_of(&self, vector: &[f32]) -> Result<f64> {
        scale_of(vector, &self.options)
    }

    fn stage_slot(&self, label: u64, vector: &[f32]) -> Result<u32> {
        let scale = self.scale_of(vector)?;
        self.write().stage_scaled(label, vector, scale)
    }

    /// Links a staged slot. Not when it is staged no more, or there is nothing to link it to.
    fn link_slot(&self, slot: u32) -> bool {
        let mut plan = self.plans.lock().pop().unwrap_or_default();
        let linked = self.scratches.with(|scratch| {
            // The second attempt is for a repair that began, or a first node that came, in between.
            (0..2).any(|_| {
                {
                    let nodes = self.read();
                    if nodes.states.get(slot as usize) != Some(&nodes::State::Staged) {
                        return false;
                    }
                    nodes.plan(slot, scratch, &mut plan);
                }
                self.write().apply(&plan, scratch)
            })
        });
        self.plans.lock().push(plan);
        linked
    }

    fn read(&self) -> RwLockReadGuard<'_, Nodes> {
        self.nodes.read()
    }

    fn write(&self) -> RwLockWriteGuard<'_, Nodes> {
        self.nodes.write()
    }
}

/// Checks a vector. What it has to be multiplied by.
fn scale_of(vector: &[f32], options: &GraphOptions) -> Result<f64> {
    check(vector, options.dimensions)?;
    if options.metric == Metric::Cosine { scale_to_unit(vector) } else { Ok(1.0) }
}

fn scaled(vector: &[f32], scale: f64) -> Vec<f32> {
    vector.iter().map(|number| (f64::from(*number) * scale) as f32).collect()
}

/// A vector as it is compared: checked, of unit length under [`Metric::Cosine`], and padded.
///
/// # Errors
/// As [`Graph::insert`].
#[cfg(feature = "hnsw_rs")]
pub(crate) fn unit(vector: &[f32], options: &GraphOptions) -> Result<Vec<f32>> {
    let scale = scale_of(vector, options)?;
    let mut unit = if scale == 1.0 { vector.to_vec() } else { scaled(vector, scale) };
    unit.resize(padded(vector.len()), 0.0);
    Ok(unit)
}

/// Refuses what is not a vector of `dimensions` finite numbers.
pub(crate) fn check(vector: &[f32], dimensions: usize) -> Result<()> {
    if vector.len() != dimensions {
        return Err(Error::invalid(format!(
            "a vector of {} numbers, where each has {dimensions}",
            vector.len()
        )));
    }
    match vector.iter().position(|number| !number.is_finite()) {
        Some(at) => Err(Error::invalid(format!(
            "number {at} of the vector is {}: all must be finite",
            vector[at]
        ))),
        None => Ok(()),
    }
}

/// What `vector` has to be multiplied by to have the length 1.
///
/// # Errors
/// `InvalidInput` for a vector of zeros.
pub(crate) fn scale_to_unit(vector: &[f32]) -> Result<f64> {
    let square: f64 = vector.iter().map(|number| f64::from(*number) * f64::from(*number)).sum();
    if square == 0.0 {
        return Err(Error::invalid(
            "a vector of zeros has no direction: cosine cannot compare it with any other",
        ));
    }
    // A vector that has unit length already stays as it is, bit for bit.
    Ok(if (square - 1.0).abs() < 1e-6 { 1.0 } else { 1.0 / square.sqrt() })
}
