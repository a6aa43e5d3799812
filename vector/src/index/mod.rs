//! What searches look into: the graph, the full text and the filters of one store, kept up by its log.
//!
//! All of it is derived. [`SearchIndex::view`] first takes in what was committed since, so a search
//! sees every acknowledged write; a thread of the index does the slow part of that beforehand.

mod feed;
mod file;
mod filter_sets;
mod follower;
mod lost;
mod moved;
mod open;
mod rebuild;
mod stats;
mod worker;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use headwater_cdc::ChangeLog;
use headwater_primitives::filter::Filter;
use headwater_primitives::{Namespace, Result, Sequence};
use parking_lot::{Mutex, MutexGuard};

use crate::graph::Graph;
use crate::row_set::RowSet;
use crate::table::Table;
use crate::text::{Snapshot, Tail, TextIndex};
use feed::{Portion, Progress};
use filter_sets::FilterSets;

pub(crate) use open::Indexes;
pub use rebuild::{RebuildProgress, rebuild};
pub use stats::IndexStats;

/// Rows in the tail with which loads wait, and the index's thread writes before it takes in more.
const FULL_TAIL: usize = 4096;
/// The longest that a load waits for the index at once.
const PATIENCE: Duration = Duration::from_secs(2);

/// The search index of one store, shared by all of its handles.
pub(crate) struct SearchIndex {
    table: Arc<Table>,
    folder: PathBuf,
    pub(crate) graph: Graph,
    pub(crate) text: TextIndex,
    /// Taken after `keeping` or `indexing` where both are. It is passed on in turn: whoever follows the log
    /// in many steps lets searches in between.
    feed: Mutex<Feed>,
    /// One draft of the tail at a time: two would be of the same rows.
    indexing: Mutex<()>,
    /// One flush, save or rebuild at a time.
    keeping: Mutex<()>,
    /// Goes up when the graph is emptied to be built again.
    rebuilds: AtomicU64,
    /// Up to which move the graph has let go of the embeddings that are in the warm tier.
    let_go: AtomicU64,
    /// Embeddings that moved later than this are still in the graph.
    letting_go: AtomicU64,
    stopping: AtomicBool,
    /// [`Feed::fed`] and the rows of its tail, as they were lately: for those who would not wait.
    fed: AtomicU64,
    tail_rows: AtomicUsize,
}

/// What follows the log.
pub(crate) struct Feed {
    epoch: u64,
    /// All events up to this one are in the graph, and in the text index or the tail.
    fed: Sequence,
    tail: Tail,
    filters: FilterSets,
    /// Rows changed or linked since the graph was saved.
    unsaved: usize,
}

/// A store's rows for one search.
pub(crate) struct View {
    /// Where the search is by words.
    pub(crate) text: Option<Arc<Snapshot>>,
    pub(crate) accept: Option<Arc<RowSet>>,
    rebuilds: u64,
}

impl SearchIndex {
    /// The rows for one search, by `words` among others, with all that was acknowledged before the call.
    ///
    /// Cost: that of taking in what was committed since the last one, mostly nothing; for a filter
    /// that is new, a query for the rows that match it.
    ///
    /// # Errors
    /// SQLite's errors; those of the text index.
    pub(crate) fn view(
        &self,
        namespace: &Namespace,
        changes: &ChangeLog,
        filter: Option<&Filter>,
        words: bool,
    ) -> Result<View> {
        let mut feed = self.caught_up(namespace, changes)?;
        let accept = match filter {
            Some(filter) => Some(feed.filters.get(namespace, &self.table, filter)?),
            None => None,
        };
        let rebuilds = self.rebuilds.load(Ordering::SeqCst);
        let text = words.then(|| feed.tail.snapshot(&self.text)).transpose()?;
        Ok(View { text, accept, rebuilds })
    }

    /// Whether the graph that was searched since `view` was taken had all of its rows.
    pub(crate) fn was_whole(&self, view: &View) -> bool {
        self.rebuilds.load(Ordering::SeqCst) == view.rebuilds
    }

    /// The feed, once it has come to what is committed now.
    fn caught_up(
        &self,
        namespace: &Namespace,
        changes: &ChangeLog,
    ) -> Result<MutexGuard<'_, Feed>> {
        if namespace.is_read_only() {
            // What another process commits is known only once it is asked for.
            changes.segments().refresh()?;
        }
        let head = changes.head();
        loop {
            let mut feed = self.feed();
            let progress = self.catch_up(&mut feed, namespace, changes, head, Portion::All)?;
            if progress == Progress::There {
                return Ok(feed);
            }
            drop(feed);
            match progress {
                Progress::Lost => self.rebuild_when_lost(namespace, changes)?,
                _ => self.flush_text()?,
            }
        }
    }

    /// Takes in what there is in small steps, between which searches come to their turn, so that they
    /// find little left to do.
    fn catch_up_gently(&self, namespace: &Namespace, changes: &ChangeLog) -> Result<()> {
        if namespace.is_read_only() {
            changes.segments().refresh()?;
        }
        let head = changes.head();
        while !self.is_stopping() && self.tail_rows.load(Ordering::Relaxed) < FULL_TAIL {
            let mut feed = self.feed();
            let progress = self.catch_up(&mut feed, namespace, changes, head, Portion::Step)?;
            drop(feed);
            self.index_tail()?;
            match progress {
                Progress::There => break,
                Progress::More => thread::yield_now(),
                Progress::TailFull => self.flush_text()?,
                Progress::Lost => self.rebuild_when_lost(namespace, changes)?,
            }
        }
        Ok(())
    }

    /// Indexes the texts of the tail, away from it: searches go on, and find it done.
    fn index_tail(&self) -> Result<()> {
        let _turn = self.indexing.lock();
        let Some(draft) = self.feed().tail.draft(true) else { return Ok(()) };
        let indexed = draft.finish()?;
        self.feed().tail.install(indexed);
        Ok(())
    }

    /// Helps the index to what is committed now, and waits while its tail is full: for loads, which
    /// could write faster than it follows, and leave it to the searches. Not for long: an index that
    /// cannot follow must not stop writes.
    pub(crate) fn keep_up(&self, namespace: &Namespace, changes: &ChangeLog) {
        let start = Instant::now();
        // What is wrong with an index is told to those who search.
        while self.catch_up_gently(namespace, changes).is_ok()
            && self.tail_rows.load(Ordering::Relaxed) >= FULL_TAIL
            && !self.is_stopping()
            && start.elapsed() < PATIENCE
        {
            thread::sleep(Duration::from_millis(1));
        }
    }

    fn feed(&self) -> MutexGuard<'_, Feed> {
        self.feed.lock()
    }

    fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }
}
