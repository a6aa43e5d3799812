//! The nearest entries of a dataset that count.

use headwater_primitives::Result;
use lance::Dataset;
use lance::deps::arrow_array::Float32Array;

use super::super::{Generation, Nearest};
use super::columns::{GENERATION, ROW, VECTOR};
use super::scan::Scan;
use super::{Tier, liveness, maintain};
use crate::graph::{Graph, Measure, Neighbor};
use crate::store::Inner;

/// So few accepted rows are fetched and measured one by one.
const FEW: usize = 1024;
/// Datasets of so few entries are looked at whole.
const SMALL: u64 = 1024;
/// Asking the index for more than one entry in so many costs more than looking at all of them.
const SHARE: u64 = 8;
/// Partitions that are searched for each so many candidates.
const CANDIDATES_PER_PARTITION: usize = 4;
const LEAST_PARTITIONS: usize = 16;

impl Tier {
    /// The nearest entries that count now, nearest first.
    pub(crate) fn nearest(
        &self,
        inner: &Inner,
        graph: &Graph,
        asked: &Nearest<'_>,
    ) -> Result<Vec<Neighbor>> {
        if let Some(accept) = asked.accept
            && accept.len() <= FEW
        {
            let mut found = self.measured(inner, graph, asked.vector, accept.iter())?;
            found.sort_by(by_distance);
            found.truncate(asked.k);
            return Ok(found);
        }
        let dataset = self.dataset(inner, asked.pointer)?;
        let search = Search { inner, dataset: &dataset, asked };
        if asked.exact || asked.pointer.trained == 0 || asked.pointer.entries <= SMALL {
            return search.scan(graph.measure(asked.vector)?);
        }
        search.probe(graph)
    }
}

struct Search<'a> {
    inner: &'a Inner,
    dataset: &'a Dataset,
    asked: &'a Nearest<'a>,
}

/// An entry at its distance.
#[derive(Clone, Copy)]
struct Candidate {
    row: i64,
    generation: Generation,
    distance: f32,
}

impl Search<'_> {
    /// Looks at every entry.
    fn scan(&self, mut measure: Measure) -> Result<Vec<Neighbor>> {
        let columns = [ROW, GENERATION, VECTOR];
        let mut scan = Scan::begin(&self.inner.namespace, self.dataset, &columns, |_| Ok(()))?;
        let mut best: Vec<Neighbor> = Vec::new();
        while let Some(found) = scan.next()? {
            let mut candidates = Vec::new();
            for at in 0..found.len() {
                if !self.accepts(found.row(at)) {
                    continue;
                }
                let distance = measure.distance(found.vector(at))?;
                let (row, generation) = (found.row(at), found.generation(at));
                candidates.push(Candidate { row, generation, distance });
            }
            self.add(&mut best, candidates)?;
        }
        Ok(best)
    }

    /// Asks the index for more and more entries, until enough of them count.
    fn probe(&self, graph: &Graph) -> Result<Vec<Neighbor>> {
        let entries = self.asked.pointer.entries;
        let share = self.asked.accept.map_or(1.0, |accept| {
            let all = entries + graph.len() as u64;
            (accept.len() as f64 / all as f64).min(1.0)
        });
        let candidates = self.asked.candidates.max(self.asked.k + self.asked.k / 2);
        let mut wanted = (candidates as f64 / share).ceil() as u64;
        while wanted <= entries / SHARE {
            let (found, came) = self.ask(graph.measure(self.asked.vector)?, wanted as usize)?;
            // With fewer than were asked for, the partitions that were searched have no more.
            if found.len() >= self.asked.k {
                return Ok(found);
            }
            if (came as u64) < wanted {
                break;
            }
            wanted *= 4;
        }
        self.scan(graph.measure(self.asked.vector)?)
    }

    /// Asks the index for `wanted` entries. Those of them that count, and how many came.
    fn ask(&self, mut measure: Measure, wanted: usize) -> Result<(Vec<Neighbor>, usize)> {
        let query = Float32Array::from(self.asked.vector.to_vec());
        let partitions = (self.asked.candidates / CANDIDATES_PER_PARTITION).max(LEAST_PARTITIONS);
        let metric = maintain::metric(self.inner.table.options.metric);
        let columns = [ROW, GENERATION, VECTOR];
        let describe = |scanner: &mut lance::dataset::scanner::Scanner| {
            scanner.nearest(VECTOR, &query, wanted)?;
            scanner.nprobes(partitions).distance_metric(metric);
            scanner.disable_scoring_autoprojection();
            Ok(())
        };
        let mut scan = Scan::begin(&self.inner.namespace, self.dataset, &columns, describe)?;
        let (mut candidates, mut came) = (Vec::new(), 0);
        while let Some(found) = scan.next()? {
            came += found.len();
            for at in (0..found.len()).filter(|at| self.accepts(found.row(*at))) {
                let (row, generation) = (found.row(at), found.generation(at));
                let distance = measure.distance(found.vector(at))?;
                candidates.push(Candidate { row, generation, distance });
            }
        }
        let mut best = Vec::new();
        self.add(&mut best, candidates)?;
        Ok((best, came))
    }

    fn accepts(&self, row: i64) -> bool {
        self.asked.accept.is_none_or(|accept| accept.contains(row as u64))
    }

    /// Adds those candidates to the best that count and are near enough. Whether one counts is asked
    /// only of those that would be among the best.
    fn add(&self, best: &mut Vec<Neighbor>, mut candidates: Vec<Candidate>) -> Result<()> {
        let k = self.asked.k;
        candidates.sort_by(|a, b| a.distance.total_cmp(&b.distance).then(a.row.cmp(&b.row)));
        for part in candidates.chunks(k.clamp(16, 1024)) {
            let limit = best.get(k - 1).map_or(f32::INFINITY, |last| last.distance);
            let near = part.partition_point(|candidate| {
                best.len() < k || candidate.distance.total_cmp(&limit).is_le()
            });
            let (part, is_last) = (&part[..near], near < part.len());
            let entries: Vec<_> =
                part.iter().map(|candidate| (candidate.row, candidate.generation)).collect();
            let live = liveness::of(&self.inner.namespace, &self.inner.table, &entries)?;
            let live = part.iter().zip(live).filter(|(_, live)| *live);
            best.extend(live.map(|(candidate, _)| Neighbor {
                label: candidate.row as u64,
                distance: candidate.distance,
            }));
            best.sort_by(by_distance);
            best.truncate(k);
            if is_last {
                return Ok(());
            }
        }
        Ok(())
    }
}

fn by_distance(a: &Neighbor, b: &Neighbor) -> std::cmp::Ordering {
    a.distance.total_cmp(&b.distance).then(a.label.cmp(&b.label))
}
