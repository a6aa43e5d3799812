//! Listings: a walk over the folders, in batches, in no promised order.

use std::collections::VecDeque;
use std::fs::{self, DirEntry, ReadDir};
use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;

use futures_util::stream::{self, BoxStream, StreamExt};
use object_store::path::Path;
use object_store::{ListResult, ObjectMeta, Result};

use super::Shared;
use super::fault::{if_there, io};
use super::place::{self, RESERVED};
use super::read::meta;
use crate::blocking;

/// How many objects are looked at in one go on the blocking pool.
const BATCH: usize = 1024;

/// Everything below `prefix` whose key is greater than `offset`.
pub(super) fn listing(
    shared: Arc<Shared>,
    prefix: Path,
    offset: Option<Path>,
) -> BoxStream<'static, Result<ObjectMeta>> {
    let state = (Walk::Unstarted(shared, prefix), VecDeque::new());
    stream::try_unfold(state, move |(mut walk, mut batch)| {
        let offset = offset.clone();
        async move {
            if batch.is_empty() {
                (walk, batch) = blocking::run(move || walk.batch(offset.as_ref())).await?;
            }
            batch.pop_front().map(|next| Ok((next?, (walk, batch)))).transpose()
        }
    })
    .boxed()
}

/// The objects and the folders with objects directly below `prefix`.
pub(super) fn children(root: &FilePath, prefix: &Path) -> Result<ListResult> {
    let mut list = ListResult { common_prefixes: Vec::new(), objects: Vec::new() };
    let Some(mut level) = Level::open(root, prefix)? else {
        return Ok(list);
    };
    while let Some(found) = level.next(prefix)? {
        match found {
            Found::Object(key, entry) => list.objects.extend(object(key, &entry)?),
            // A folder whose objects are gone is no prefix of anything.
            Found::Folder(key) => {
                if let Some(level) = Level::open(root, &key)?
                    && Folders::new(root, level).next_object(None).transpose()?.is_some()
                {
                    list.common_prefixes.push(key);
                }
            }
        }
    }
    list.common_prefixes.sort_unstable();
    Ok(list)
}

/// A walk that opens its first folder only when it is asked for something.
enum Walk {
    Unstarted(Arc<Shared>, Path),
    Started(Folders),
    Ended,
}

type Batch = VecDeque<Result<ObjectMeta>>;

impl Walk {
    fn batch(self, offset: Option<&Path>) -> Result<(Self, Batch)> {
        let mut folders = match self {
            Self::Unstarted(shared, prefix) => {
                let root = shared.folders.root();
                match Level::open(root, &prefix)? {
                    Some(level) => Folders::new(root, level),
                    None => return Ok((Self::Ended, Batch::new())),
                }
            }
            Self::Started(folders) => folders,
            Self::Ended => return Ok((Self::Ended, Batch::new())),
        };
        let mut batch = Batch::new();
        while batch.len() < BATCH {
            match folders.next_object(offset) {
                Some(next) => batch.push_back(next),
                None => return Ok((Self::Ended, batch)),
            }
        }
        Ok((Self::Started(folders), batch))
    }
}

/// The open folders of a walk, from the outermost in.
struct Folders {
    root: PathBuf,
    levels: Vec<Level>,
}

impl Folders {
    fn new(root: &FilePath, first: Level) -> Self {
        Self { root: root.to_owned(), levels: vec![first] }
    }

    fn next_object(&mut self, offset: Option<&Path>) -> Option<Result<ObjectMeta>> {
        loop {
            match self.step(offset) {
                Ok(Step::Object(meta)) => return Some(Ok(meta)),
                Ok(Step::Other) => {}
                Ok(Step::End) => return None,
                Err(error) => return Some(Err(error)),
            }
        }
    }

    fn step(&mut self, offset: Option<&Path>) -> Result<Step> {
        let Some(level) = self.levels.last_mut() else {
            return Ok(Step::End);
        };
        let prefix = level.prefix.clone();
        match level.next(&prefix) {
            Ok(Some(Found::Object(key, entry))) if offset.is_none_or(|offset| key > *offset) => {
                Ok(object(key, &entry)?.map_or(Step::Other, Step::Object))
            }
            Ok(Some(Found::Object(..))) => Ok(Step::Other),
            Ok(Some(Found::Folder(key))) => {
                self.levels.extend(Level::open(&self.root, &key)?);
                Ok(Step::Other)
            }
            Ok(None) => {
                self.levels.pop();
                Ok(Step::Other)
            }
            Err(error) => {
                // Its folder cannot be read on; reading on would repeat the error for ever.
                self.levels.pop();
                Err(error)
            }
        }
    }
}

enum Step {
    Object(ObjectMeta),
    Other,
    End,
}

/// One open folder.
struct Level {
    prefix: Path,
    path: PathBuf,
    entries: ReadDir,
}

enum Found {
    Object(Path, DirEntry),
    Folder(Path),
}

impl Level {
    /// `None` where there is no such folder.
    fn open(root: &FilePath, prefix: &Path) -> Result<Option<Self>> {
        let path = place::folder(root, prefix)?.path;
        let entries = if_there(fs::read_dir(&path)).map_err(|e| io("list", &path)(e).of(prefix))?;
        Ok(entries.map(|entries| Self { prefix: prefix.clone(), path, entries }))
    }

    /// The next entry that is somebody's: links, devices, our own files and names that cannot be
    /// keys are passed over.
    fn next(&mut self, prefix: &Path) -> Result<Option<Found>> {
        for entry in self.entries.by_ref() {
            let failed = |e| io("list", &self.path)(e).of(prefix);
            let entry = entry.map_err(failed)?;
            let kind = entry.file_type().map_err(failed)?;
            let Some(key) = entry.file_name().to_str().and_then(|name| key(prefix, name)) else {
                continue;
            };
            if kind.is_file() {
                return Ok(Some(Found::Object(key, entry)));
            }
            if kind.is_dir() {
                return Ok(Some(Found::Folder(key)));
            }
        }
        Ok(None)
    }
}

/// The key of the file `name` in the folder of `prefix`.
fn key(prefix: &Path, name: &str) -> Option<Path> {
    if name.starts_with(RESERVED) {
        return None;
    }
    let key = match prefix.as_ref() {
        "" => Path::parse(name),
        prefix => Path::parse(format!("{prefix}/{name}")),
    };
    key.ok()
}

/// What a listing says of a file; `None` when it is gone by now.
fn object(key: Path, entry: &DirEntry) -> Result<Option<ObjectMeta>> {
    let metadata =
        if_there(entry.metadata()).map_err(|e| io("look at", &entry.path())(e).of(&key))?;
    Ok(metadata.map(|metadata| meta(key, &metadata)))
}
