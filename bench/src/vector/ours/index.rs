//! Our graph over vectors.

use std::fs::File;
use std::io::{BufReader, BufWriter, Write};
use std::path::Path;

use headwater_vector::cdc::Position;
use headwater_vector::graph::{Graph, GraphOptions, Neighbor};
use headwater_vector::{Metric, RowSet};
use serde_json::{Value, json};

use super::{Told, timed};
use crate::Outcome;
use crate::document::resident_bytes;
use crate::statistics::Summary;
use crate::vector::data::Vectors;

/// The graph, and what it is made of.
pub(super) struct Index {
    base: Vectors,
    queries: Vectors,
    graph: Graph,
    accept: Option<RowSet>,
}

impl Index {
    pub(super) fn load(base: &Path, queries: &Path) -> Outcome<Self> {
        let (base, queries) = (Vectors::read(base)?, Vectors::read(queries)?);
        let graph = Graph::new(GraphOptions::new(base.dimensions(), Metric::L2))?;
        Ok(Self { base, queries, graph, accept: None })
    }

    pub(super) fn answer(&mut self, told: Told) -> Outcome<Value> {
        match told {
            Told::Build { links, candidates } => self.build(links, candidates),
            Told::Search { k, ef, least_seconds } => self
                .repeated(least_seconds, |index, query| {
                    Ok(index.graph.search(query, k, ef, index.accept.as_ref())?)
                }),
            Told::Scan { k, least_seconds } => self.repeated(least_seconds, |index, query| {
                Ok(index.graph.scan(query, k, index.accept.as_ref())?)
            }),
            Told::Accept { rows } => {
                let rows = rows.as_deref().map(rows_in).transpose()?;
                self.accept = rows.map(|rows| rows.into_iter().map(u64::from).collect());
                Ok(Value::Null)
            }
            Told::Save { path } => {
                let mut out = BufWriter::new(File::create(path)?);
                self.graph.save(&mut out, Position::ZERO)?;
                out.flush()?;
                Ok(Value::Null)
            }
            Told::Open { path } => {
                let (seconds, graph) = timed(|| {
                    let mut input = BufReader::with_capacity(1 << 20, File::open(path)?);
                    Ok(Graph::load(&mut input)?.0)
                })?;
                self.graph = graph;
                Ok(json!({"seconds": seconds}))
            }
            Told::Remove { rows } => self.each(&rows, |index, row| {
                index.graph.remove(u64::from(row));
                // What a store does in its own thread is part of the time here.
                index.graph.repair();
                Ok(())
            }),
            Told::Insert { rows } => self.each(&rows, |index, row| {
                let vector = index.base.row(row as usize).ok_or("a row that there is not")?;
                Ok(index.graph.insert(u64::from(row), vector)?)
            }),
            Told::Load { .. } | Told::LoadTexts { .. } | Told::Rank { .. } => {
                Err("an index does not do that".into())
            }
        }
    }

    fn build(&mut self, links: usize, candidates: usize) -> Outcome<Value> {
        let options = GraphOptions {
            links,
            candidates,
            ..GraphOptions::new(self.base.dimensions(), Metric::L2)
        };
        let resident = || resident_bytes().ok_or("no VmRSS");
        let before = resident()?;
        let (seconds, graph) = timed(|| {
            let graph = Graph::new(options)?;
            for (label, row) in (0..).zip(self.base.rows()) {
                graph.insert(label, row)?;
            }
            Ok(graph)
        })?;
        self.graph = graph;
        Ok(json!({"seconds": seconds, "grown": resident()?.saturating_sub(before)}))
    }

    /// Answers all queries, as often as the time allows but once at least.
    fn repeated(
        &self,
        least_seconds: f64,
        find: impl Fn(&Self, &[f32]) -> Outcome<Vec<Neighbor>>,
    ) -> Outcome<Value> {
        let (mut times, mut total, mut found) = (Vec::new(), 0.0, Vec::new());
        while times.is_empty() || total < least_seconds {
            let (seconds, answers) = timed(|| {
                self.queries.rows().map(|query| find(self, query)).collect::<Outcome<Vec<_>>>()
            })?;
            times.push(seconds);
            total += seconds;
            found = answers;
        }
        let median = Summary::of(&times).ok_or("nothing was measured")?.median;
        let labels = |found: &Vec<Neighbor>| -> Vec<u64> {
            found.iter().map(|neighbor| neighbor.label).collect()
        };
        let found: Vec<Vec<u64>> = found.iter().map(labels).collect();
        Ok(json!({"seconds": median, "found": found}))
    }

    fn each(&mut self, rows: &Path, work: impl Fn(&Self, u32) -> Outcome<()>) -> Outcome<Value> {
        let rows = rows_in(rows)?;
        let (seconds, ()) = timed(|| rows.into_iter().try_for_each(|row| work(self, row)))?;
        Ok(json!({"seconds": seconds}))
    }
}

/// The labels in a file of `u32`.
fn rows_in(path: &Path) -> Outcome<Vec<u32>> {
    let bytes = std::fs::read(path)?;
    let (words, rest) = bytes.as_chunks::<4>();
    if !rest.is_empty() {
        return Err(format!("{} is no file of labels", path.display()).into());
    }
    Ok(words.iter().map(|word| u32::from_le_bytes(*word)).collect())
}
