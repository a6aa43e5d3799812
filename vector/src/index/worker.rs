//! The index's own thread: it links, flushes and saves, so that searches seldom have to.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use event_listener::Listener;
use headwater_cdc::ChangeLog;
use headwater_primitives::{ErrorKind, Namespace, Result, SegmentLog};

use super::{FULL_TAIL, SearchIndex};
use crate::quantize::Compression;

/// Vectors linked between two looks at the rest.
const STEP: usize = 256;
/// Rows that the tail may have before it is written to the text index.
const TAIL_ROWS: usize = FULL_TAIL / 2;
const TAIL_BYTES: usize = 16 << 20;
/// What is in the tail for so long is written, however little it is.
const TAIL_AGE: Duration = Duration::from_secs(2);
/// The text index's writer is given back after so long without work.
const REST: Duration = Duration::from_secs(10);
/// How long the thread leaves alone what has failed, however much is committed meanwhile.
const PATIENCE: Duration = Duration::from_secs(5);

/// Starts the thread; it ends when the namespace closes, or is not used any more.
pub(super) fn start(
    index: &Arc<SearchIndex>,
    namespace: &Namespace,
    changes: &ChangeLog,
) -> Result<()> {
    let (log, weak) = (changes.segments().clone(), namespace.downgrade());
    let volatile = namespace.is_in_memory() || namespace.is_read_only();
    let worker = index.clone();
    let thread = thread::Builder::new().name("headwater-vector".into()).spawn(move || {
        let now = Instant::now();
        let mut pace = Pace { flushed: now, rested: now, keep_after: now };
        while !worker.is_stopping() {
            // Listen first: a commit during the work would be missed otherwise.
            let listener = log.listen();
            let Some(namespace) = weak.upgrade() else { break };
            let more = worker.work(&namespace, &mut pace);
            drop(namespace);
            match more {
                Ok(true) => continue,
                Ok(false) => {}
                Err(error) if error.kind() == ErrorKind::Closed => break,
                Err(error) => {
                    let store = &worker.table.name;
                    tracing::warn!(%error, %store, "indexing failed; it will be tried again");
                    worker.pause(&log, PATIENCE);
                    continue;
                }
            }
            if !worker.is_stopping() {
                listener.wait_timeout(Duration::from_secs(1));
            }
        }
    })?;
    let (index, log) = (index.clone(), changes.segments().clone());
    namespace.at_close(move || {
        index.stopping.store(true, Ordering::Relaxed);
        log.wake();
        let _ = thread.join();
        if volatile {
            let _ = std::fs::remove_dir_all(&index.folder);
        } else if let Err(error) = index.finish() {
            let store = &index.table.name;
            tracing::warn!(%error, %store, "the search index was not saved");
        }
    });
    Ok(())
}

/// When the thread did what it does now and then.
struct Pace {
    flushed: Instant,
    rested: Instant,
    /// Nothing is written before.
    keep_after: Instant,
}

impl SearchIndex {
    /// Waits, whatever is committed, unless the namespace closes.
    fn pause(&self, log: &SegmentLog, time: Duration) {
        let until = Instant::now() + time;
        loop {
            let listener = log.listen();
            if self.is_stopping() || listener.wait_deadline(until).is_none() {
                return;
            }
        }
    }

    /// Does a step of what there is to do. Whether there is more.
    fn work(&self, namespace: &Namespace, pace: &mut Pace) -> Result<bool> {
        let changes = ChangeLog::open(namespace)?;
        self.catch_up_gently(namespace, &changes)?;
        self.let_go_of_moved(namespace)?;
        let compression = self.table.options.compression;
        let untrained = compression != Compression::None && self.graph.code_bytes().is_none();
        if untrained && self.graph.can_train() {
            self.graph.train(compression)?;
            // Worth to be written, though no vector has changed.
            self.feed().unsaved += 1;
        }
        let linked = self.graph.link_staged(STEP, threads());
        if linked > 0 {
            self.feed().unsaved += linked;
        }
        self.graph.repair();
        if pace.keep_after <= Instant::now()
            && let Err(error) = self.keep(namespace, pace)
        {
            tracing::warn!(%error, store = %self.table.name, "the search index is kept in memory");
            pace.keep_after = Instant::now() + PATIENCE;
        }
        // What cannot be written now is no reason to try again at once.
        let behind = self.fed.load(Ordering::Relaxed) < changes.head().0
            && pace.keep_after <= Instant::now();
        Ok(behind || (linked > 0 && self.graph.staged() > 0))
    }

    /// Writes what it is time to write.
    fn keep(&self, namespace: &Namespace, pace: &mut Pace) -> Result<()> {
        let (rows, bytes) = {
            let feed = self.feed();
            (feed.tail.rows(), feed.tail.bytes())
        };
        if rows >= TAIL_ROWS
            || bytes >= TAIL_BYTES
            || (rows > 0 && pace.flushed.elapsed() > TAIL_AGE)
        {
            self.flush_text()?;
            (pace.flushed, pace.rested) = (Instant::now(), Instant::now());
        } else if rows == 0 {
            pace.flushed = Instant::now();
            if pace.rested.elapsed() > REST {
                self.text.rest()?;
                pace.rested = Instant::now();
            }
        }
        if !namespace.is_read_only() && !namespace.is_in_memory() {
            self.save_graph_when_due()?;
        }
        Ok(())
    }

    /// Writes what is not written yet.
    pub(super) fn finish(&self) -> Result<()> {
        let unsaved = self.feed().unsaved > 0;
        let text = self.flush_text().and_then(|()| match unsaved {
            true => self.mark_text(),
            false => Ok(()),
        });
        let text = text.and_then(|()| self.text.rest());
        if unsaved {
            self.save_graph()?;
        }
        text
    }
}

/// Half of the cores: the rest is for those who search and write.
fn threads() -> usize {
    thread::available_parallelism().map_or(1, |cores| cores.get().div_ceil(2))
}
