//! Our graph over the vectors of a set.

use std::fs::File;
use std::io::{BufReader, BufWriter, Write};
use std::path::Path;

use headwater_vector::cdc::Position;
use headwater_vector::graph::{Graph, GraphOptions, Neighbor};
use headwater_vector::{Metric, RowSet};
use serde_json::{Value, json};

use crate::Outcome;
use crate::resident::resident_bytes;
use crate::statistics::Summary;
use crate::vector::data::{self, read_rows};
use crate::vector::engines::ours::{Engine, timed, took, unable};
use crate::vector::engines::protocol::Command;

/// Vectors with the graph over them; a label is a row of the base.
pub(super) struct Vectors {
    base: data::Vectors,
    queries: data::Vectors,
    graph: Graph,
    accepted: Option<RowSet>,
}

impl Vectors {
    pub(super) fn load(base: &Path, queries: &Path) -> Outcome<Self> {
        let base = data::Vectors::read(base)?;
        let graph = Graph::new(GraphOptions::new(base.dimensions(), Metric::L2))?;
        Ok(Self { base, queries: data::Vectors::read(queries)?, graph, accepted: None })
    }

    fn build(&mut self, links: usize, candidates: usize) -> Outcome<Value> {
        let before = resident_bytes().ok_or("/proc/self/status cannot be read")?;
        let options = GraphOptions::new(self.base.dimensions(), Metric::L2);
        let (seconds, graph) = timed(|| {
            let graph = Graph::new(GraphOptions { links, candidates, ..options })?;
            for (label, row) in (0..).zip(self.base.rows()) {
                graph.insert(label, row)?;
            }
            Ok(graph)
        })?;
        self.graph = graph;
        let after = resident_bytes().ok_or("/proc/self/status cannot be read")?;
        Ok(json!({"seconds": seconds, "grown": after as f64 - before as f64}))
    }

    /// The median of as many repetitions as fill the time, one at least.
    fn repeated(
        &self,
        least_seconds: f64,
        search: impl Fn(&[f32]) -> headwater_vector::primitives::Result<Vec<Neighbor>>,
    ) -> Outcome<Value> {
        let mut times = Vec::new();
        let mut found: Vec<Vec<Neighbor>> = Vec::new();
        while times.is_empty() || times.iter().sum::<f64>() < least_seconds {
            let (seconds, answers) =
                timed(|| Ok(self.queries.rows().map(&search).collect::<Result<_, _>>()?))?;
            times.push(seconds);
            found = answers;
        }
        let seconds = Summary::of(&times).map(|summary| summary.median);
        let labels = |found: &Vec<Neighbor>| found.iter().map(|one| one.label).collect::<Vec<_>>();
        let found: Vec<_> = found.iter().map(labels).collect();
        Ok(json!({"seconds": seconds, "found": found}))
    }

    fn accept(&mut self, rows: Option<&Path>) -> Outcome<Value> {
        self.accepted = match rows {
            None => None,
            Some(rows) => {
                let mut accepted = RowSet::default();
                for row in read_rows(rows)? {
                    accepted.insert(u64::from(row));
                }
                Some(accepted)
            }
        };
        Ok(Value::Null)
    }

    fn save(&self, path: &Path) -> Outcome<Value> {
        let mut file = BufWriter::new(File::create(path)?);
        self.graph.save(&mut file, Position::ZERO)?;
        file.flush()?;
        Ok(Value::Null)
    }

    fn open(&mut self, path: &Path) -> Outcome<Value> {
        let (seconds, (graph, _)) =
            timed(|| Ok(Graph::load(&mut BufReader::new(File::open(path)?))?))?;
        self.graph = graph;
        Ok(took(seconds))
    }

    fn remove(&self, rows: &Path) -> Outcome<Value> {
        let rows = read_rows(rows)?;
        let (seconds, ()) = timed(|| {
            for row in &rows {
                self.graph.remove(u64::from(*row));
            }
            self.graph.repair();
            Ok(())
        })?;
        Ok(took(seconds))
    }

    fn insert(&self, rows: &Path) -> Outcome<Value> {
        let rows = read_rows(rows)?;
        let (seconds, ()) = timed(|| {
            for row in &rows {
                self.graph.insert(u64::from(*row), self.base.row(*row as usize))?;
            }
            Ok(())
        })?;
        Ok(took(seconds))
    }
}

impl Engine for Vectors {
    fn answer(&mut self, command: Command<'_>) -> Outcome<Value> {
        let accepted = self.accepted.as_ref();
        match command {
            Command::Build { links, candidates } => self.build(links, candidates),
            Command::Search { k, ef, least_seconds } => {
                self.repeated(least_seconds, |query| self.graph.search(query, k, ef, accepted))
            }
            Command::Scan { k, least_seconds } => {
                self.repeated(least_seconds, |query| self.graph.scan(query, k, accepted))
            }
            Command::Accept { rows } => self.accept(rows),
            Command::Save { path } => self.save(path),
            Command::Open { path } => self.open(path),
            Command::Remove { rows } => self.remove(rows),
            Command::Insert { rows } => self.insert(rows),
            other => unable(&other),
        }
    }
}
