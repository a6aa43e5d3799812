//! The vectors of a run, and the indexes that were built from them and saved.

use std::collections::HashMap;
use std::path::PathBuf;

use crate::Outcome;
use crate::vector::Bench;
use crate::vector::data::VectorSet;
use crate::vector::engines::{Index, System};

/// The vectors of a run with one saved index for each system.
pub(crate) struct Shelf {
    pub(crate) set: VectorSet,
    saved: HashMap<&'static str, Saved>,
}

/// A saved index.
#[derive(Clone)]
pub(crate) struct Saved {
    pub(crate) path: PathBuf,
    /// How long it took to build.
    pub(crate) built_in: f64,
}

impl Shelf {
    pub(crate) fn new(set: VectorSet) -> Self {
        Self { set, saved: HashMap::new() }
    }

    /// Keeps the index that was just built, unless there is one.
    pub(crate) fn keep(
        &mut self,
        bench: &Bench,
        system: &System,
        index: &mut Index,
        built_in: f64,
    ) -> Outcome<()> {
        if self.saved.contains_key(system.name) {
            return Ok(());
        }
        let path = bench.work().join(format!("{}.index", system.name));
        index.save(&path)?;
        self.saved.insert(system.name, Saved { path, built_in });
        Ok(())
    }

    /// The system's saved index; builds it when there is none yet.
    pub(crate) fn saved(&mut self, bench: &Bench, system: &System) -> Outcome<Saved> {
        if !self.saved.contains_key(system.name) {
            let mut index = system.start(&self.set)?;
            let built = index.build(system.links)?;
            self.keep(bench, system, &mut index, built.seconds)?;
        }
        Ok(self.saved[system.name].clone())
    }

    /// A process of the system that has the saved index open.
    pub(crate) fn opened(&mut self, bench: &Bench, system: &System) -> Outcome<Index> {
        let saved = self.saved(bench, system)?;
        let mut index = system.start(&self.set)?;
        index.open(&saved.path)?;
        Ok(index)
    }
}
