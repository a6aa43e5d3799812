//! The folder that the tour works in.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::Outcome;

/// How often the cost of an fsync is measured.
const PROBES: usize = 25;

/// A folder that is removed at the end, unless it is to be kept.
pub(crate) enum Workplace {
    Temporary(TempDir),
    Kept(PathBuf),
}

impl Workplace {
    pub(crate) fn make(keep: Option<&Path>) -> Outcome<Workplace> {
        match keep {
            Some(folder) => Workplace::kept_in(folder),
            None => Ok(Workplace::Temporary(temporary()?)),
        }
    }

    fn kept_in(folder: &Path) -> Outcome<Workplace> {
        let wrong = |error| format!("--keep {}: {error}", folder.display());
        fs::create_dir_all(folder).map_err(wrong)?;
        if fs::read_dir(folder).map_err(wrong)?.next().is_some() {
            return Err(format!("--keep {}: the folder is not empty", folder.display()).into());
        }
        Ok(Workplace::Kept(folder.to_owned()))
    }

    pub(crate) fn folder(&self) -> &Path {
        match self {
            Workplace::Temporary(folder) => folder.path(),
            Workplace::Kept(folder) => folder,
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder().join(name)
    }

    pub(crate) fn kept(&self) -> Option<&Path> {
        match self {
            Workplace::Temporary(_) => None,
            Workplace::Kept(folder) => Some(folder),
        }
    }

    /// What it takes to append one page to a file and to have it on the disk: the median of a few.
    pub(crate) fn fsync(&self) -> Outcome<Duration> {
        let path = self.path("fsync");
        let mut file = File::create(&path)?;
        let mut times = Vec::with_capacity(PROBES);
        for _ in 0..PROBES {
            file.write_all(&[0; 4096])?;
            let began = Instant::now();
            file.sync_data()?;
            times.push(began.elapsed());
        }
        times.sort_unstable();
        fs::remove_file(path)?;
        Ok(times[PROBES / 2])
    }

    /// Removes what is temporary, and says so when it cannot.
    pub(crate) fn remove(self) -> Outcome {
        match self {
            Workplace::Temporary(folder) => Ok(folder.close()?),
            Workplace::Kept(_) => Ok(()),
        }
    }
}

/// A new folder beside this program, among the build's output. The system's temporary folder, which
/// on many machines is memory, would hide what durability costs: it is only the second choice.
fn temporary() -> Outcome<TempDir> {
    let program = std::env::current_exe()?;
    let beside = program.parent().map(Path::to_owned);
    let mut last = None;
    for folder in beside.into_iter().chain([std::env::temp_dir()]) {
        match tempfile::Builder::new().prefix("tour-").tempdir_in(folder) {
            Ok(made) => return Ok(made),
            Err(error) => last = Some(error),
        }
    }
    let why = last.map(|error| error.to_string()).unwrap_or_default();
    Err(format!("no temporary folder can be made: {why}").into())
}
