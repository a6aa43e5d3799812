//! The full-text index on disk.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use headwater_primitives::{Error, Result};
use tantivy::indexer::{IndexWriterOptions, LogMergePolicy};
use tantivy::{Index, IndexReader, IndexWriter, ReloadPolicy};

use super::checked::CheckedDirectory;
use super::error::{failed, is_damage};
use super::inspect::{Found, inspect, parse_position};
use super::marker;
use super::query::TextQuery;
use super::schema::Setup;
use super::segment::Segment;
use super::snapshot::Snapshot;
use super::snippet::{Snippet, SnippetOptions, snippets};

/// tantivy refuses less.
const LEAST_MEMORY: usize = 15_000_000;
/// A segment is merged once this share of its documents is deleted, whatever its size.
const DEAD_SHARE: f32 = 0.3;

/// What an index is opened with.
#[derive(Clone, Debug)]
pub(crate) struct TextIndexOptions {
    /// The language that words are stemmed by, as its ISO 639-1 code; `None`: no stemming.
    pub(crate) language: Option<String>,
    /// Bytes that rows may take before they are written to a segment; at least 15 MB.
    pub(crate) memory: usize,
}

impl Default for TextIndexOptions {
    fn default() -> Self {
        TextIndexOptions { language: None, memory: 32_000_000 }
    }
}

/// In what state an index was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Opening {
    /// It was whole, in the same language and format.
    Current,
    /// The folder was empty or missing; the index has no rows and no position.
    New,
    /// What was there could not be used, for this reason, and was removed: the index has no rows and
    /// no position, and the caller has to give it all rows again.
    Rebuild(String),
}

/// How large an index is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TextStats {
    /// Rows that searches can find.
    pub(crate) rows: u64,
    /// Bytes on disk, files that await their removal included.
    pub(crate) bytes: u64,
    /// Segments that a search looks into.
    pub(crate) segments: usize,
}

/// A full-text index of labelled rows, in a folder of its own.
///
/// It is derived state: it remembers up to which position of the log it holds the rows, and what came
/// after is searched in a [`Tail`](super::Tail). All methods take `&self`; searches go on while one
/// thread writes.
pub(crate) struct TextIndex {
    folder: PathBuf,
    setup: Arc<Setup>,
    index: Index,
    reader: IndexReader,
    memory: usize,
    view: RwLock<View>,
    writing: Mutex<Writing>,
    /// Held from reading a commit until it is the view, so that an older one never comes last.
    reloading: Mutex<()>,
}

/// What the last commit made searchable.
#[derive(Clone)]
struct View {
    generation: u64,
    position: Option<(u64, u64)>,
    snapshot: Arc<Snapshot>,
}

/// The writer, while there is one. It has two threads and its memory, so it is dropped when idle.
#[derive(Default)]
struct Writing {
    writer: Option<IndexWriter>,
    uncommitted: bool,
}

impl Writing {
    /// Drops the writer, after its merges are done: a thread that goes on changing the folder would
    /// surprise whoever opens it next.
    fn finish(self) -> tantivy::Result<()> {
        self.writer.map_or(Ok(()), IndexWriter::wait_merging_threads)
    }
}

impl Drop for TextIndex {
    fn drop(&mut self) {
        let former = std::mem::take(&mut *self.writing());
        if let Err(error) = former.finish() {
            tracing::warn!(%error, folder = %self.folder.display(), "a merge of the text index failed");
        }
    }
}

/// Two indexes never share a generation, so that a tail notices a change of index too.
static GENERATIONS: AtomicU64 = AtomicU64::new(0);

impl TextIndex {
    /// Opens the index in `folder`, or makes one there. Nothing else may be in the folder: what is
    /// found damaged, incomplete, of another language or of another format is removed, and
    /// [`Opening::Rebuild`] says why.
    ///
    /// Cost: reads every file once, to compare its checksum.
    ///
    /// # Errors
    /// `InvalidInput` for a language without a stemmer, `Io` and its kin when the operating system
    /// fails.
    pub(crate) fn open(folder: &Path, options: &TextIndexOptions) -> Result<(TextIndex, Opening)> {
        let setup = Arc::new(Setup::new(options.language.as_deref())?);
        fs::create_dir_all(folder)?;
        let (index, opening) = match inspect(folder, &setup)? {
            Found::Whole(index) => (*index, Opening::Current),
            Found::Nothing => (make(folder, &setup)?, Opening::New),
            Found::Unusable(reason) => {
                remove_content(folder)?;
                (make(folder, &setup)?, Opening::Rebuild(reason))
            }
        };
        let opened = Self::assemble(folder, &setup, index, options.memory);
        match (opened, opening) {
            (Err(error), Opening::Current) if is_damage(&error) => {
                remove_content(folder)?;
                let index = make(folder, &setup)?;
                let opened = Self::assemble(folder, &setup, index, options.memory);
                let opened = opened.map_err(failed("cannot open a new text index"))?;
                Ok((opened, Opening::Rebuild(error.to_string())))
            }
            (opened, opening) => {
                Ok((opened.map_err(failed("cannot open the text index"))?, opening))
            }
        }
    }

    fn assemble(
        folder: &Path,
        setup: &Arc<Setup>,
        index: Index,
        memory: usize,
    ) -> tantivy::Result<TextIndex> {
        let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()?;
        let view = load(&index, &reader, setup)?;
        Ok(TextIndex {
            folder: folder.to_owned(),
            setup: Arc::clone(setup),
            index,
            reader,
            memory: memory.max(LEAST_MEMORY),
            view: RwLock::new(view),
            writing: Mutex::default(),
            reloading: Mutex::default(),
        })
    }

    /// Takes in changed rows: each of `upserts` replaces the row of its label or adds it, then the
    /// rows of `deletes` are removed. A label that comes twice keeps its last text. Nothing is found
    /// before [`commit`](Self::commit).
    ///
    /// # Errors
    /// Those of the file system. What was applied since the last commit is lost then: take it up again
    /// from [`position`](Self::position).
    pub(crate) fn apply<'a>(
        &self,
        upserts: impl Iterator<Item = (i64, &'a str)>,
        deletes: &[i64],
    ) -> Result<()> {
        self.write(|writer, setup| {
            for (row, text) in upserts {
                writer.delete_term(setup.row_term(row));
                writer.add_document(setup.document(row, text))?;
            }
            for row in deletes {
                writer.delete_term(setup.row_term(*row));
            }
            Ok(true)
        })
    }

    /// Makes what was applied durable and searchable, and `position` (epoch, sequence) the position
    /// that the index has come to.
    ///
    /// # Errors
    /// As for [`apply`](Self::apply).
    pub(crate) fn commit(&self, position: (u64, u64)) -> Result<()> {
        self.write(|writer, _| {
            let mut prepared = writer.prepare_commit()?;
            prepared.set_payload(&format!("{}:{}", position.0, position.1));
            prepared.commit()?;
            Ok(false)
        })?;
        self.reload()
    }

    /// Removes all rows and the position, to begin again.
    ///
    /// # Errors
    /// Those of the file system.
    pub(crate) fn clear(&self) -> Result<()> {
        // A new writer knows of nothing uncommitted.
        let former = std::mem::take(&mut *self.writing());
        former.finish().map_err(failed("cannot merge the text index"))?;
        self.write(|writer, _| {
            writer.delete_all_documents()?;
            writer.commit()?;
            Ok(false)
        })?;
        self.reload()
    }

    /// Gives back the writer's threads and memory until the next [`apply`](Self::apply), after its
    /// merges are done. Does nothing while there is something uncommitted.
    ///
    /// # Errors
    /// Those of the file system.
    pub(crate) fn rest(&self) -> Result<()> {
        let mut writing = self.writing();
        if writing.uncommitted {
            return Ok(());
        }
        if writing.writer.is_none() {
            return Ok(());
        }
        let former = std::mem::take(&mut *writing);
        former.finish().map_err(failed("cannot merge the text index"))?;
        drop(writing);
        self.reload()
    }

    /// The position (epoch, sequence) of the last commit; `None` for an index that never had one.
    pub(crate) fn position(&self) -> Option<(u64, u64)> {
        self.view().position
    }

    /// The rows of the last commit.
    pub(crate) fn snapshot(&self) -> Arc<Snapshot> {
        self.view().snapshot
    }

    /// The passages of a row's text that `query` is about: see [`Snippet`].
    pub(crate) fn highlight(
        &self,
        query: &TextQuery,
        text: &str,
        options: &SnippetOptions,
    ) -> Vec<Snippet> {
        snippets(&self.setup.analyzers, query, text, options)
    }

    /// How large it is.
    ///
    /// # Errors
    /// Those of the file system.
    pub(crate) fn stats(&self) -> Result<TextStats> {
        let snapshot = self.snapshot();
        let mut bytes = 0;
        for entry in fs::read_dir(&self.folder)? {
            // A merge may remove files meanwhile.
            bytes += entry?.metadata().map_or(0, |metadata| metadata.len());
        }
        Ok(TextStats { rows: snapshot.rows(), bytes, segments: snapshot.segments.len() })
    }

    pub(super) fn setup(&self) -> &Arc<Setup> {
        &self.setup
    }

    /// The rows of the last commit, and a number that no other commit has.
    pub(super) fn generation(&self) -> (u64, Arc<Snapshot>) {
        let view = self.view();
        (view.generation, view.snapshot)
    }

    fn view(&self) -> View {
        self.view.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn writing(&self) -> MutexGuard<'_, Writing> {
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does `work`, which says whether it leaves anything uncommitted. A writer that failed is
    /// dropped, since tantivy's own state is unknown then.
    fn write(
        &self,
        work: impl FnOnce(&mut IndexWriter, &Setup) -> tantivy::Result<bool>,
    ) -> Result<()> {
        let mut writing = self.writing();
        let mut writer = match writing.writer.take() {
            Some(writer) => writer,
            None => self.new_writer().map_err(failed("cannot write to the text index"))?,
        };
        writing.uncommitted = false;
        let uncommitted = work(&mut writer, &self.setup);
        writing.uncommitted = uncommitted.map_err(failed("cannot write to the text index"))?;
        writing.writer = Some(writer);
        Ok(())
    }

    fn new_writer(&self) -> tantivy::Result<IndexWriter> {
        let options = IndexWriterOptions::builder()
            .num_worker_threads(1)
            .memory_budget_per_thread(self.memory)
            .num_merge_threads(1)
            .build();
        let writer = self.index.writer_with_options(options)?;
        let mut policy = LogMergePolicy::default();
        policy.set_del_docs_ratio_before_merge(DEAD_SHARE);
        writer.set_merge_policy(Box::new(policy));
        Ok(writer)
    }

    fn reload(&self) -> Result<()> {
        let _turn = self.reloading.lock().unwrap_or_else(PoisonError::into_inner);
        let loaded =
            self.reader.reload().and_then(|()| load(&self.index, &self.reader, &self.setup));
        let loaded = loaded.map_err(failed("cannot read the text index after a commit"))?;
        *self.view.write().unwrap_or_else(PoisonError::into_inner) = loaded;
        Ok(())
    }
}

fn load(index: &Index, reader: &IndexReader, setup: &Arc<Setup>) -> tantivy::Result<View> {
    let searcher = reader.searcher();
    let segments = searcher.segment_readers().iter();
    let segments: Vec<Segment> =
        segments.map(|reader| Segment::open(reader, setup)).collect::<tantivy::Result<_>>()?;
    Ok(View {
        generation: GENERATIONS.fetch_add(1, Ordering::Relaxed),
        position: parse_position(index.load_metas()?.payload.as_deref())?,
        snapshot: Arc::new(Snapshot::new(Arc::clone(setup), searcher, segments)),
    })
}

fn make(folder: &Path, setup: &Setup) -> Result<Index> {
    let make = || setup.builder().open_or_create(CheckedDirectory::open(folder)?);
    let index = make().map_err(failed("cannot make a text index"))?;
    marker::write(folder, setup.language).map_err(Error::from)?;
    Ok(index)
}

fn remove_content(folder: &Path) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        match entry.file_type()?.is_dir() {
            true => fs::remove_dir_all(entry.path())?,
            false => fs::remove_file(entry.path())?,
        }
    }
    Ok(())
}
