//! For how long a read connection may go on showing the state that it shows.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Tells moments apart between which something was committed, or the log had to be let go.
pub(super) struct Views {
    /// The number of the last commit that was published; `None` where others commit, unnoticed.
    commits: Option<Arc<AtomicU64>>,
    /// Goes up when views have to end; odd while none may be kept.
    turn: AtomicU64,
}

/// The last published commit and the turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Moment {
    commit: u64,
    turn: u64,
}

impl Views {
    pub(super) fn new(commits: Option<Arc<AtomicU64>>) -> Self {
        Views { commits, turn: AtomicU64::new(0) }
    }

    /// This moment; `None` while no view may be kept.
    pub(super) fn now(&self) -> Option<Moment> {
        let turn = self.turn.load(Ordering::SeqCst);
        let commit = self.commits.as_ref()?.load(Ordering::SeqCst);
        turn.is_multiple_of(2).then_some(Moment { commit, turn })
    }

    /// Whether a view of `moment` may stay open on an idle connection.
    pub(super) fn may_be_kept(&self, moment: Option<Moment>) -> bool {
        moment.is_some_and(|moment| moment.turn == self.turn.load(Ordering::SeqCst))
    }

    /// Ends all views. Not twice without [`resume`](Self::resume): the writer alone calls it.
    pub(super) fn suspend(&self) {
        self.turn.fetch_add(1, Ordering::SeqCst);
    }

    pub(super) fn resume(&self) {
        self.turn.fetch_add(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_ends_with_a_commit_and_with_a_suspension() {
        let commits = Arc::new(AtomicU64::new(0));
        let views = Views::new(Some(commits.clone()));
        let first = views.now();
        assert!(first.is_some() && first == views.now());

        commits.fetch_add(1, Ordering::SeqCst);
        let second = views.now();
        assert!(second.is_some() && second != first);
        assert!(views.may_be_kept(second));

        views.suspend();
        assert!(views.now().is_none() && !views.may_be_kept(second));
        views.resume();
        assert!(views.now().is_some() && views.now() != second);
        assert!(!views.may_be_kept(second));
    }

    #[test]
    fn where_others_commit_no_view_is_kept() {
        assert!(Views::new(None).now().is_none());
    }
}
