//! The index's own thread: it links, flushes and saves, so that searches seldom have to.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use event_listener::Listener;
use headwater_cdc::ChangeLog;
use headwater_primitives::{ErrorKind, Namespace, Result};

use super::SearchIndex;
use crate::quantize::Compression;

/// Vectors linked between two looks at the rest.
const STEP: usize = 256;
/// Rows that the tail may have before it is written to the text index.
const TAIL_ROWS: usize = 4096;
const TAIL_BYTES: usize = 16 << 20;
/// What is in the tail for so long is written, however little it is.
const TAIL_AGE: Duration = Duration::from_secs(2);
/// The text index's writer is given back after so long without work.
const REST: Duration = Duration::from_secs(10);

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
        let mut pace = Pace { flushed: Instant::now(), rested: Instant::now() };
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
}

impl SearchIndex {
    /// Does a step of what there is to do. Whether there is more.
    fn work(&self, namespace: &Namespace, pace: &mut Pace) -> Result<bool> {
        let changes = ChangeLog::open(namespace)?;
        let (rows, bytes) = {
            let mut feed = self.feed();
            self.catch_up(&mut feed, namespace, &changes, changes.head())?;
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
        let compression = self.table.options.compression;
        let untrained = compression != Compression::None && self.graph.code_bytes().is_none();
        if untrained && self.graph.can_train() {
            self.graph.train(compression)?;
        }
        let linked = self.graph.link_staged(STEP, threads());
        self.graph.repair();
        if !namespace.is_read_only() && !namespace.is_in_memory() {
            self.save_graph_when_due()?;
        }
        Ok(linked > 0 && self.graph.staged() > 0)
    }

    /// Writes what is not written yet.
    pub(super) fn finish(&self) -> Result<()> {
        self.flush_text()?;
        self.text.rest()?;
        if self.feed().unsaved > 0 {
            self.save_graph()?;
        }
        Ok(())
    }
}

/// Half of the cores: the rest is for those who search and write.
fn threads() -> usize {
    thread::available_parallelism().map_or(1, |cores| cores.get().div_ceil(2))
}
