//! One run of an area: its systems, its rounds, its folder and its figures.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::engines::System;
use crate::report::Report;
use crate::{Outcome, RunOptions, figures_folder};

/// What every case is given.
pub(crate) struct Bench<S = System> {
    pub(crate) report: Report,
    pub(crate) systems: Vec<S>,
    pub(crate) quick: bool,
    rounds: usize,
    work: TempDir,
}

/// A system that `--system` can choose.
pub(crate) trait Named {
    fn name(&self) -> &'static str;
}

impl<S: Named> Bench<S> {
    /// `rounds` is for when the options do not say.
    pub(crate) fn new(
        report: Report,
        systems: Vec<S>,
        rounds: u16,
        options: &RunOptions,
    ) -> Outcome<Self> {
        let parent = options.work.clone().unwrap_or_else(figures_folder);
        std::fs::create_dir_all(&parent)?;
        Ok(Self {
            report,
            systems: chosen(systems, &options.systems)?,
            quick: options.quick,
            rounds: usize::from(options.rounds.unwrap_or(rounds)),
            work: tempfile::Builder::new().prefix("work-").tempdir_in(parent)?,
        })
    }

    /// The larger number, or the smaller one in a quick run.
    pub(crate) fn count(&self, full: usize, quick: usize) -> usize {
        if self.quick { quick } else { full }
    }

    pub(crate) fn rounds(&self) -> usize {
        self.rounds
    }

    /// Indexes of the systems in the order of their turns.
    pub(crate) fn turns(&self) -> Vec<usize> {
        self.turns_of(self.systems.len())
    }

    /// The same for a case that measures `systems` of them.
    ///
    /// Systems alternate, so that a slow minute of the machine hits all of them, and each round
    /// starts with another one, so that none always runs after the same neighbour.
    pub(crate) fn turns_of(&self, systems: usize) -> Vec<usize> {
        (0..self.rounds)
            .flat_map(|round| (0..systems).map(move |turn| (round + turn) % systems))
            .collect()
    }

    /// The folder that holds every database of this run.
    pub(crate) fn work(&self) -> &Path {
        self.work.path()
    }

    /// An empty folder; what the same name held before is gone.
    pub(crate) fn fresh(&self, name: &str) -> Outcome<PathBuf> {
        let path = self.work().join(name);
        if path.exists() {
            std::fs::remove_dir_all(&path)?;
        }
        std::fs::create_dir(&path)?;
        Ok(path)
    }
}

fn chosen<S: Named>(known: Vec<S>, names: &[String]) -> Outcome<Vec<S>> {
    for name in names {
        if !known.iter().any(|system| system.name() == name) {
            let known: Vec<_> = known.iter().map(Named::name).collect();
            return Err(format!("no system {name:?}; there are {}", known.join(", ")).into());
        }
    }
    let wanted = |system: &S| names.is_empty() || names.iter().any(|name| name == system.name());
    Ok(known.into_iter().filter(wanted).collect())
}
