//! Opening a search index: what its files hold is taken up from where they end, the rest is rebuilt.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use headwater_cdc::ChangeLog;
use headwater_primitives::{Error, Namespace, Result, Sequence};
use parking_lot::{Mutex, MutexGuard};

use super::feed::{Portion, Progress};
use super::filter_sets::FilterSets;
use super::{Feed, SearchIndex, file, follower, lost, worker};
use crate::graph::{Graph, GraphOptions};
use crate::options::VectorOptions;
use crate::rows;
use crate::table::Table;
use crate::text::{Opening, Tail, TextIndex, TextIndexOptions};

/// Rows read at once.
const PAGE_ROWS: usize = 1024;
const PAGE_BYTES: usize = 8 << 20;

/// The open search indexes of a namespace, by the number of their store.
#[derive(Default)]
pub(crate) struct Indexes(Mutex<HashMap<u32, Arc<Slot>>>);

/// The place of one store's index.
#[derive(Default)]
pub(super) struct Slot {
    /// Whether files that follow a lost history are gone.
    checked: AtomicBool,
    index: Mutex<Option<Arc<SearchIndex>>>,
}

impl Slot {
    /// The index, if it is open; whoever wants to open it waits.
    pub(super) fn lock(&self) -> MutexGuard<'_, Option<Arc<SearchIndex>>> {
        self.index.lock()
    }
}

impl Indexes {
    pub(super) fn of(namespace: &Namespace) -> Arc<Indexes> {
        namespace.extension(Indexes::default)
    }

    /// The place of the index of store `number`.
    pub(super) fn slot(&self, number: u32) -> Arc<Slot> {
        let mut slots = self.0.lock();
        slots.entry(number).or_default().clone()
    }

    /// Removes the index of `table` if it follows a history that was lost. For whoever may write to
    /// the store, before the first write: see [`lost`].
    pub(crate) fn forget_lost(namespace: &Namespace, changes: &ChangeLog, table: &Table) {
        if namespace.is_read_only() || namespace.is_in_memory() {
            return;
        }
        let slot = Indexes::of(namespace).slot(table.number);
        if slot.checked.load(Ordering::Acquire) {
            return;
        }
        let _turn = slot.lock();
        if !slot.checked.load(Ordering::Acquire) {
            lost::forget(namespace, changes, table);
            slot.checked.store(true, Ordering::Release);
        }
    }

    /// The index of `table` if it is open, and nobody is at it.
    pub(crate) fn open_one(namespace: &Namespace, table: &Table) -> Option<Arc<SearchIndex>> {
        let slot = Indexes::of(namespace).slot(table.number);
        slot.index.try_lock()?.clone()
    }

    /// The index of `table`; opened, and its thread started, by the first call.
    pub(crate) fn get_or_open(
        namespace: &Namespace,
        changes: &ChangeLog,
        table: &Arc<Table>,
    ) -> Result<Arc<SearchIndex>> {
        let slot = Indexes::of(namespace).slot(table.number);
        let mut slot = slot.lock();
        if let Some(index) = &*slot {
            return Ok(index.clone());
        }
        let index = Arc::new(SearchIndex::open(namespace, changes, table)?);
        worker::start(&index, namespace, changes)?;
        *slot = Some(index.clone());
        Ok(index)
    }
}

impl SearchIndex {
    pub(super) fn open(
        namespace: &Namespace,
        changes: &ChangeLog,
        table: &Arc<Table>,
    ) -> Result<SearchIndex> {
        let owned = file::folder_of(namespace.path(), table.number);
        if !namespace.is_read_only() {
            std::fs::create_dir_all(&owned)
                .map_err(|error| Error::from(error).context(owned.display()))?;
            return Self::open_in(&owned, &owned, namespace, changes, table);
        }
        changes.segments().refresh()?;
        let own = follower::folder()?;
        Self::open_in(&own, &owned, namespace, changes, table).inspect_err(|_| {
            let _ = std::fs::remove_dir_all(&own);
        })
    }

    /// Opens the index in `folder`, with the graph that is in `owned`.
    fn open_in(
        folder: &Path,
        owned: &Path,
        namespace: &Namespace,
        changes: &ChangeLog,
        table: &Arc<Table>,
    ) -> Result<SearchIndex> {
        let options = graph_options(&table.options);
        let start = changes.start();
        let usable = |epoch: u64, sequence: Sequence| -> Result<bool> {
            let known = namespace.knows_position(changes.segments(), epoch, sequence)?;
            Ok(known && sequence.next() >= start)
        };
        let loaded = match file::load_graph(owned)? {
            Some((graph, applied)) if *graph.options() == options => {
                usable(applied.epoch, applied.sequence)?.then_some((graph, applied.sequence))
            }
            _ => None,
        };
        let text_options =
            TextIndexOptions { language: table.options.language.clone(), ..Default::default() };
        let (text, opening) = TextIndex::open(&folder.join("text"), &text_options)?;
        if let Opening::Rebuild(reason) = &opening {
            tracing::warn!(%reason, store = %table.name, "the text index is built again");
        }
        let text_at = match text.position() {
            Some((epoch, sequence)) if usable(epoch, Sequence(sequence))? => {
                Some(Sequence(sequence))
            }
            _ => None,
        };
        // Taken before the rows are read: what is written meanwhile comes once more.
        let head = changes.head();
        let graph_at = loaded.as_ref().map(|(_, sequence)| *sequence);
        let fed = graph_at.into_iter().chain(text_at).min().unwrap_or(head);
        let graph = match loaded {
            Some((graph, _)) => {
                graph.keep_codes_of(table.options.compression);
                graph
            }
            None => Graph::new(options)?,
        };
        let index = SearchIndex {
            table: table.clone(),
            folder: folder.to_owned(),
            feed: Mutex::new(Feed {
                epoch: namespace.epoch(),
                fed,
                tail: Tail::new(&text),
                filters: FilterSets::default(),
                unsaved: 0,
            }),
            graph,
            text,
            indexing: Mutex::new(()),
            keeping: Mutex::new(()),
            rebuilds: AtomicU64::new(0),
            let_go: AtomicU64::new(0),
            letting_go: AtomicU64::new(0),
            stopping: AtomicBool::new(false),
            fed: AtomicU64::new(fed.0),
            tail_rows: AtomicUsize::new(0),
        };
        if graph_at.is_none() {
            index.stage_all(namespace)?;
            index.feed().unsaved += index.graph.len();
        }
        if text_at.is_none() {
            index.index_all_text(namespace, head)?;
        }
        index.begin_to_let_go(namespace)?;
        Ok(index)
    }

    /// Forgets everything and reads all rows, if the log does not have what comes next.
    pub(super) fn rebuild_when_lost(
        &self,
        namespace: &Namespace,
        changes: &ChangeLog,
    ) -> Result<()> {
        // Nothing may be written meanwhile of what is forgotten here.
        let _turn = self.keeping.lock();
        let mut feed = self.feed();
        let progress =
            self.catch_up(&mut feed, namespace, changes, changes.head(), Portion::All)?;
        if progress != Progress::Lost {
            return Ok(());
        }
        tracing::warn!(store = %self.table.name, "the search index is built again from the rows");
        self.refill(&mut feed, namespace, changes)
    }

    /// Forgets everything and reads all rows.
    pub(super) fn rebuild(&self, namespace: &Namespace, changes: &ChangeLog) -> Result<()> {
        let _turn = self.keeping.lock();
        self.refill(&mut self.feed(), namespace, changes)
    }

    fn refill(&self, feed: &mut Feed, namespace: &Namespace, changes: &ChangeLog) -> Result<()> {
        let head = changes.head();
        feed.filters.clear();
        self.rebuilds.fetch_add(1, Ordering::SeqCst);
        self.graph.clear();
        self.stage_all(namespace)?;
        self.begin_to_let_go(namespace)?;
        self.index_all_text(namespace, head)?;
        feed.tail = Tail::new(&self.text);
        feed.epoch = namespace.epoch();
        feed.fed = head;
        feed.unsaved = self.graph.len();
        Ok(())
    }

    /// Stages the embedding of every row.
    fn stage_all(&self, namespace: &Namespace) -> Result<()> {
        self.each_page(namespace, |rows| {
            for row in rows {
                if let Some(embedding) = row.embedding.values() {
                    self.graph.stage(row.row as u64, embedding)?;
                }
            }
            Ok(())
        })
    }

    /// Writes the text of every row into an empty text index.
    fn index_all_text(&self, namespace: &Namespace, head: Sequence) -> Result<()> {
        self.text.clear()?;
        self.each_page(namespace, |rows| {
            let texts = rows.iter().filter_map(|row| Some((row.row, row.text.as_deref()?)));
            let mut texts = texts.peekable();
            if texts.peek().is_some() {
                self.text.apply(texts, &[])?;
            }
            Ok(())
        })?;
        self.text.commit((namespace.epoch(), head.0))
    }

    fn each_page(
        &self,
        namespace: &Namespace,
        mut take: impl FnMut(&[rows::StoredRow]) -> Result<()>,
    ) -> Result<()> {
        let mut after = i64::MIN;
        loop {
            let page = namespace
                .query(|sql| rows::scan_after(sql, &self.table, after, PAGE_ROWS, PAGE_BYTES))?;
            let Some(last) = page.last() else { return Ok(()) };
            after = last.row;
            take(&page)?;
        }
    }
}

fn graph_options(options: &VectorOptions) -> GraphOptions {
    GraphOptions {
        links: options.links,
        candidates: options.candidates,
        ..GraphOptions::new(options.dimensions, options.metric)
    }
}
