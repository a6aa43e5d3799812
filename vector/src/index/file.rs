//! The files of a search index, which may be deleted at any time.

use std::fs::{self, File};
use std::io::{BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use headwater_cdc::Position;
use headwater_primitives::{Error, ErrorKind, Result, fail};

use super::SearchIndex;
use crate::graph::Graph;

pub(super) const GRAPH: &str = "graph";
/// A graph is saved again when this share of it has changed.
const WORTH_SAVING: usize = 5;
/// Fewer changes than this are taken from the log sooner than a file is written.
const FEW: usize = 20_000;

/// Where the index of store `number` is, below the namespace's folder.
pub(super) fn folder_of(namespace: &Path, number: u32) -> PathBuf {
    folder_of_all(namespace).join(number.to_string())
}

/// Where the indexes of all stores are, below the namespace's folder.
pub(super) fn folder_of_all(namespace: &Path) -> PathBuf {
    namespace.join("index").join("vector")
}

/// The graph in `folder`, if there is one that is whole.
pub(super) fn load_graph(folder: &Path) -> Result<Option<(Graph, Position)>> {
    let path = folder.join(GRAPH);
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    match Graph::load(&mut BufReader::with_capacity(1 << 20, file)) {
        Ok(found) => Ok(Some(found)),
        Err(error) if matches!(error.kind(), ErrorKind::Corrupt | ErrorKind::NewerVersion) => {
            tracing::warn!(%error, path = %path.display(), "the graph is built again");
            Ok(None)
        }
        Err(error) => Err(error.context(path.display())),
    }
}

impl SearchIndex {
    /// Writes the graph when so much has changed that it is worth it.
    pub(super) fn save_graph_when_due(&self) -> Result<()> {
        let unsaved = self.feed().unsaved;
        if unsaved > FEW && unsaved > self.graph.len() / WORTH_SAVING {
            self.mark_text()?;
            self.save_graph()?;
        }
        Ok(())
    }

    /// Writes the graph with the position that it has applied; what was there before stays until
    /// then.
    pub(super) fn save_graph(&self) -> Result<()> {
        let _turn = self.keeping.lock();
        let (applied, unsaved) = {
            let feed = self.feed();
            (Position { epoch: feed.epoch, sequence: feed.fed }, feed.unsaved)
        };
        let (path, new) = (self.folder.join(GRAPH), self.folder.join("graph.new"));
        let in_place = |error: Error| error.context(path.display());
        let write = || -> Result<()> {
            let mut out = BufWriter::with_capacity(1 << 20, File::create(&new)?);
            self.graph.save(&mut out, applied)?;
            out.flush()?;
            fail::point("vector.graph.written")?;
            out.get_ref().sync_all()?;
            fs::rename(&new, &path)?;
            File::open(&self.folder)?.sync_all()?;
            Ok(())
        };
        write().map_err(in_place).inspect_err(|_| {
            // A disk that is full needs its room back.
            let _ = fs::remove_file(&new);
        })?;
        let mut feed = self.feed();
        feed.unsaved = feed.unsaved.saturating_sub(unsaved);
        Ok(())
    }

    /// Makes the text index say how far it is where it has nothing to write: else the next opening
    /// would take in again what has no text.
    pub(super) fn mark_text(&self) -> Result<()> {
        let _turn = self.keeping.lock();
        let position = {
            let feed = self.feed();
            if feed.tail.rows() > 0 {
                return Ok(());
            }
            (feed.epoch, feed.fed.0)
        };
        if self.text.position() != Some(position) {
            self.text.commit(position)?;
        }
        Ok(())
    }

    /// Writes the tail into the text index.
    pub(super) fn flush_text(&self) -> Result<()> {
        let _turn = self.keeping.lock();
        let (position, changes) = {
            let mut feed = self.feed();
            ((feed.epoch, feed.fed.0), feed.tail.seal())
        };
        if changes.is_empty() {
            return Ok(());
        }
        let texts = changes.iter().filter_map(|(row, text)| Some((*row, text.as_deref()?)));
        let gone = changes.iter().filter(|(_, text)| text.is_none());
        let gone: Vec<i64> = gone.map(|(row, _)| *row).collect();
        self.text.apply(texts, &gone)?;
        fail::point("vector.text.applied")?;
        self.text.commit(position)?;
        let mut feed = self.feed();
        feed.tail.forget(position.1);
        self.tail_rows.store(feed.tail.rows(), Ordering::Relaxed);
        Ok(())
    }
}
