//! A process with an index of vectors.

use std::path::Path;
use std::process;

use serde::Deserialize;

use crate::Outcome;
use crate::vector::data::VectorSet;
use crate::vector::engines::CANDIDATES;
use crate::vector::engines::process::Process;
use crate::vector::engines::protocol::Command;

/// Neighbours that every search looks for.
pub(crate) const K: usize = 10;

/// A system's process that has read a set of vectors.
pub(crate) struct Index(Process);

/// How building went.
#[derive(Deserialize)]
pub(crate) struct Built {
    pub(crate) seconds: f64,
    /// By how much the process grew.
    pub(crate) grown: f64,
}

/// One answer to all queries.
#[derive(Deserialize)]
pub(crate) struct Searched {
    /// The median of its repetitions.
    pub(crate) seconds: f64,
    /// The labels that each query found, nearest first; a negative one stands for none.
    pub(crate) found: Vec<Vec<i64>>,
}

impl Searched {
    pub(crate) fn queries_per_second(&self) -> f64 {
        self.found.len() as f64 / self.seconds
    }

    /// The mean share of the nearest [`K`] in `truth` that was found.
    pub(crate) fn recall(&self, truth: &[Vec<u32>]) -> f64 {
        let share = |(found, truth): (&Vec<i64>, &Vec<u32>)| {
            let nearest = &truth[..K.min(truth.len())];
            let hits = nearest.iter().filter(|label| found.contains(&i64::from(**label))).count();
            hits as f64 / nearest.len().max(1) as f64
        };
        self.found.iter().zip(truth).map(share).sum::<f64>() / truth.len() as f64
    }
}

/// How long something took.
#[derive(Deserialize)]
struct Took {
    seconds: f64,
}

impl Index {
    pub(crate) fn start(
        name: &'static str,
        command: process::Command,
        set: &VectorSet,
    ) -> Outcome<Self> {
        let mut process = Process::start(name, command)?;
        let files = &set.files;
        process.ask::<()>(&Command::Load { base: &files.base, queries: &files.queries })?;
        Ok(Self(process))
    }

    /// Indexes all vectors.
    pub(crate) fn build(&mut self, links: usize) -> Outcome<Built> {
        self.0.ask(&Command::Build { links, candidates: CANDIDATES })
    }

    /// Answers all queries, as often as `least_seconds` allow but once at least.
    pub(crate) fn search(&mut self, ef: usize, least_seconds: f64) -> Outcome<Searched> {
        self.0.ask(&Command::Search { k: K, ef, least_seconds })
    }

    /// The same without the graph.
    pub(crate) fn scan(&mut self, least_seconds: f64) -> Outcome<Searched> {
        self.0.ask(&Command::Scan { k: K, least_seconds })
    }

    /// Lets searches find only the rows in this file, or all.
    pub(crate) fn accept(&mut self, rows: Option<&Path>) -> Outcome<()> {
        self.0.ask(&Command::Accept { rows })
    }

    pub(crate) fn save(&mut self, path: &Path) -> Outcome<()> {
        self.0.ask(&Command::Save { path })
    }

    /// Reads a saved index; returns the seconds that it took.
    pub(crate) fn open(&mut self, path: &Path) -> Outcome<f64> {
        Ok(self.0.ask::<Took>(&Command::Open { path })?.seconds)
    }

    /// Takes the rows in this file out; returns the seconds that it took.
    pub(crate) fn remove(&mut self, rows: &Path) -> Outcome<f64> {
        Ok(self.0.ask::<Took>(&Command::Remove { rows })?.seconds)
    }

    /// Puts the rows in this file back; returns the seconds that it took.
    pub(crate) fn insert(&mut self, rows: &Path) -> Outcome<f64> {
        Ok(self.0.ask::<Took>(&Command::Insert { rows })?.seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recall_counts_the_nearest_that_were_found() {
        let found = vec![vec![3, 1, -1], vec![9, 8]];
        let searched = Searched { seconds: 0.5, found };
        assert_eq!(searched.recall(&[vec![1, 2, 3, 4], vec![9, 8]]), 0.75);
        assert_eq!(searched.queries_per_second(), 4.0);
    }

    #[test]
    fn only_the_nearest_ten_count() {
        let truth: Vec<u32> = (0..100).collect();
        let searched = Searched { seconds: 1.0, found: vec![(0..10).collect()] };
        assert_eq!(searched.recall(&[truth]), 1.0);
    }
}
