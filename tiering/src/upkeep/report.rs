//! Saying how far an operation has come.

use std::sync::{Mutex, PoisonError};

/// How far an operation on a table of the lake has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UpkeepProgress {
    /// Files written or deleted.
    pub files: u64,
    /// Rows written.
    pub rows: u64,
}

type OnProgress = Box<dyn FnMut(UpkeepProgress) + Send>;

/// Who wants to know.
#[derive(Default)]
pub(super) struct Report {
    progress: UpkeepProgress,
    /// In a mutex only so that the operation can be shared while it awaits.
    to: Option<Mutex<OnProgress>>,
}

impl Report {
    pub(super) fn to(report: impl FnMut(UpkeepProgress) + Send + 'static) -> Report {
        Report { progress: UpkeepProgress::default(), to: Some(Mutex::new(Box::new(report))) }
    }

    pub(super) fn add(&mut self, files: u64, rows: u64) {
        self.progress.files += files;
        self.progress.rows += rows;
        if let Some(to) = &mut self.to {
            to.get_mut().unwrap_or_else(PoisonError::into_inner)(self.progress);
        }
    }
}
