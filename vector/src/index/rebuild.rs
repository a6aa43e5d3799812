//! Building the search indexes again, whatever their files hold.

use std::collections::HashSet;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use headwater_cdc::ChangeLog;
use headwater_primitives::{Error, ErrorKind, Namespace, Result};

use super::open::Indexes;
use super::{SearchIndex, file};
use crate::stores::tables;
use crate::table::Table;

/// Vectors linked between two words of progress.
const STEP: usize = 256;
/// How long to wait for vectors that another thread is linking.
const PATIENCE: Duration = Duration::from_millis(1);

/// How far a rebuild has come with one store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RebuildProgress<'a> {
    /// The store's name.
    pub store: &'a str,
    /// Embeddings that are linked into the graph.
    pub done: u64,
    /// Embeddings that there are; the number of rows until these have been read.
    pub total: u64,
}

/// Deletes the search index of every vector store and builds it again from the rows, to the end: the
/// next search finds nothing left to do. Files of stores that are no more go too.
///
/// `progress` is called again and again. Writes go on meanwhile, and searches too, except that those
/// of a store wait while its rows are read, and until its index is whole if it was not open.
///
/// # Errors
/// `ReadOnly` in a read-only namespace; those of SQLite and of the file system. What was not built
/// then is built by the next search, or the next call.
pub fn rebuild(namespace: &Namespace, mut progress: impl FnMut(RebuildProgress<'_>)) -> Result<()> {
    if namespace.is_read_only() {
        return Err(Error::new(
            ErrorKind::ReadOnly,
            "the search indexes of a read-only namespace belong to its owner: rebuild them there",
        ));
    }
    let changes = ChangeLog::open(namespace)?;
    // Listed before the stores, so that the folder of one that is made meanwhile is not among them.
    let folders = entries(&file::folder_of_all(namespace.path()))?;
    let tables = namespace.query(tables)?;
    remove_strays(namespace, folders, &tables)?;
    let indexes = Indexes::of(namespace);
    for table in tables {
        rebuild_one(namespace, &changes, &indexes, Arc::new(table), &mut progress)?;
    }
    Ok(())
}

fn rebuild_one(
    namespace: &Namespace,
    changes: &ChangeLog,
    indexes: &Indexes,
    table: Arc<Table>,
    progress: &mut impl FnMut(RebuildProgress<'_>),
) -> Result<()> {
    let select = format!("SELECT count(*) FROM {}", table.sql.table);
    let rows: i64 =
        namespace.query(|sql| Ok::<_, Error>(sql.query_row(&select, [], |row| row.get(0))?))?;
    progress(RebuildProgress { store: &table.name, done: 0, total: rows as u64 });
    let slot = indexes.slot(table.number);
    let slot = slot.lock();
    let index = match &*slot {
        Some(open) => {
            open.rebuild(namespace, changes)?;
            open.clone()
        }
        None => {
            remove(&file::folder_of(namespace.path(), table.number))?;
            Arc::new(SearchIndex::open(namespace, changes, &table)?)
        }
    };
    index.link_all(progress);
    index.finish()
}

impl SearchIndex {
    /// Links every staged vector, on all cores.
    fn link_all(&self, progress: &mut impl FnMut(RebuildProgress<'_>)) {
        let threads = thread::available_parallelism().map_or(1, usize::from);
        while !self.is_stopping() {
            let (total, staged) = (self.graph.len(), self.graph.staged());
            let done = total.saturating_sub(staged) as u64;
            progress(RebuildProgress { store: &self.table.name, done, total: total as u64 });
            if staged == 0 {
                return;
            }
            // The thread of an open index may have the last ones in its hands.
            if self.graph.link_staged(STEP, threads) == 0 {
                thread::sleep(PATIENCE);
            }
        }
    }
}

/// Removes those of `folders` that belong to none of `tables`.
fn remove_strays(namespace: &Namespace, folders: Vec<OsString>, tables: &[Table]) -> Result<()> {
    let known: HashSet<OsString> =
        tables.iter().map(|table| table.number.to_string().into()).collect();
    let strays = folders.into_iter().filter(|folder| !known.contains(folder));
    let all = file::folder_of_all(namespace.path());
    strays.map(|stray| all.join(stray)).try_for_each(|stray| remove(&stray))
}

/// The names of what is in `folder`; nothing when it is not there.
fn entries(folder: &Path) -> Result<Vec<OsString>> {
    match fs::read_dir(folder) {
        Ok(found) => Ok(found.map(|entry| Ok(entry?.file_name())).collect::<io::Result<_>>()?),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(in_place(error, folder)),
    }
}

/// Removes a file, or a folder with all that is in it; what a link leads to stays.
fn remove(path: &Path) -> Result<()> {
    let removed = match path.symlink_metadata() {
        Ok(found) if found.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(in_place(error, path)),
        _ => Ok(()),
    }
}

fn in_place(error: io::Error, path: &Path) -> Error {
    Error::from(error).context(path.display())
}
