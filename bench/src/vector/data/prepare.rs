//! `prepare-vectors`: the vectors of this area as files, for measurements by hand.

use std::path::PathBuf;

use clap::Args;

use crate::Outcome;
use crate::vector::data::{Size, VectorSet};

/// Writes `base.fvecs`, `query.fvecs` and `truth.ivecs` (the top 100, squared Euclidean).
#[derive(Args)]
pub(crate) struct PrepareVectors {
    folder: PathBuf,
}

impl PrepareVectors {
    pub(crate) fn run(&self) -> Outcome<()> {
        std::fs::create_dir_all(&self.folder)?;
        let set = VectorSet::nab(&self.folder, Size::Full)?;
        println!(
            "{} vectors of {} dimensions and {} queries in {}",
            set.base.len(),
            set.base.dimensions(),
            set.queries.len(),
            self.folder.display()
        );
        Ok(())
    }
}
