//! Gives a finished file its key, under a condition, atomically.

use std::fs::{self, Metadata, symlink_metadata};
use std::path::Path as FilePath;

use object_store::path::Path;
use object_store::{Error, PutResult, Result, UpdateVersion};

use super::Shared;
use super::fault::{Fault, if_there, io};
use super::temp::Temporary;
use super::version::{e_tag, is_later, stamp};

/// What must be true of a key for a write to it.
#[derive(Debug)]
pub(super) enum Condition {
    /// Nothing.
    Any,
    /// It has no object.
    Absent,
    /// Its object has this e-tag.
    Matches(String),
}

impl Condition {
    /// # Errors
    /// When `version` has no e-tag, which is all that versions are told by here.
    pub(super) fn matches(version: UpdateVersion, key: &Path) -> Result<Self> {
        let missing = "a conditional update needs the e-tag of the version that it replaces";
        let fault = || Fault::Says(missing.into()).of(key);
        version.e_tag.map(Self::Matches).ok_or_else(fault)
    }

    fn check(&self, key: &Path, found: Option<&Metadata>) -> Result<()> {
        let path = key.to_string();
        match (self, found) {
            (Self::Any, _) | (Self::Absent, None) => Ok(()),
            (Self::Absent, Some(found)) => {
                let source = format!("there is one with the e-tag {}", e_tag(found)).into();
                Err(Error::AlreadyExists { path, source })
            }
            (Self::Matches(wanted), Some(found)) if *wanted == e_tag(found) => Ok(()),
            (Self::Matches(wanted), found) => {
                let found = found.map_or("there is none".into(), |found| {
                    format!("there is one with the e-tag {}", e_tag(found))
                });
                let source = format!("expected the e-tag {wanted}, {found}").into();
                Err(Error::Precondition { path, source })
            }
        }
    }
}

impl Shared {
    /// Syncs the file's content and its time. What follows is short, and may be under a lock.
    pub(super) fn finish(&self, temporary: &Temporary, key: &Path) -> Result<()> {
        let sync = || {
            stamp(temporary.file(), None)?;
            self.folders.sync_file(temporary.file())
        };
        sync().map_err(|source| Fault::Says(format!("cannot write its file: {source}")).of(key))
    }

    /// Gives the finished file to `key`, if `condition` holds, and makes that durable.
    pub(super) fn publish(
        &self,
        mut temporary: Temporary,
        key: &Path,
        path: &FilePath,
        condition: &Condition,
    ) -> Result<PutResult> {
        let locked = self.lock(&[key])?;
        let found = self.object_at(key, path)?;
        condition.check(key, found.as_ref())?;
        self.outdate(&temporary, found.as_ref()).map_err(|e| io("stamp", path)(e).of(key))?;
        let published = match condition {
            Condition::Absent => temporary.create_at(path),
            _ => temporary.replace(path),
        };
        published.map_err(|e| io("publish", path)(e).of(key))?;
        let metadata = temporary.file().metadata().map_err(|e| io("look at", path)(e).of(key))?;
        drop(locked);
        self.sync_parent(key, path)?;
        Ok(PutResult { e_tag: Some(e_tag(&metadata)), version: None })
    }

    /// Moves an object; under the locks of both keys, so a reader of either sees it once.
    pub(super) fn relocate(
        &self,
        (from, old): (&Path, &FilePath),
        (to, new): (&Path, &FilePath),
        condition: &Condition,
    ) -> Result<()> {
        let folder = new.parent().unwrap_or(self.folders.root());
        self.folders.ensure(folder).map_err(|e| io("make the folder of", new)(e).of(to))?;
        let locked = self.lock(&[from, to])?;
        let moved = self.object_at(from, old)?.is_some();
        if !moved {
            return Err(absent(from, old));
        }
        if from == to {
            return condition.check(to, self.object_at(to, new)?.as_ref());
        }
        let found = self.object_at(to, new)?;
        condition.check(to, found.as_ref())?;
        self.renew(old, found.as_ref()).map_err(|e| io("stamp", old)(e).of(from))?;
        fs::rename(old, new).map_err(|e| io("rename", old)(e).of(from))?;
        drop(locked);
        self.sync_parent(to, new)?;
        self.sync_parent(from, old)
    }

    /// Removes an object, without making that durable yet.
    pub(super) fn remove(&self, key: &Path, path: &FilePath) -> Result<()> {
        let _locked = self.lock(&[key])?;
        if self.object_at(key, path)?.is_none() {
            return Err(absent(key, path));
        }
        fs::remove_file(path).map_err(|e| io("delete", path)(e).of(key))
    }

    pub(super) fn sync_parent(&self, key: &Path, path: &FilePath) -> Result<()> {
        let folder = path.parent().unwrap_or(self.folders.root());
        self.folders.sync_folder(folder).map_err(|source| {
            Fault::Says(format!("cannot sync the folder {}: {source}", folder.display())).of(key)
        })
    }

    fn lock(&self, keys: &[&Path]) -> Result<super::lock::Locked> {
        self.locks.lock(keys).map_err(|source| {
            Fault::Says(format!("cannot lock it: {source}"))
                .of(keys.first().map_or("", |k| k.as_ref()))
        })
    }

    /// The object at a path; `None` where there is none.
    fn object_at(&self, key: &Path, path: &FilePath) -> Result<Option<Metadata>> {
        let found = if_there(symlink_metadata(path)).map_err(|e| io("look at", path)(e).of(key))?;
        match found {
            Some(found) if !found.is_file() => {
                Err(Fault::NotAFile { path: path.to_owned() }.of(key))
            }
            found => Ok(found),
        }
    }

    /// Makes the file later than the version that it replaces.
    fn outdate(&self, temporary: &Temporary, replaced: Option<&Metadata>) -> std::io::Result<()> {
        let Some(after) = replaced.map(Metadata::modified).transpose()? else {
            return Ok(());
        };
        if is_later(temporary.file(), after) {
            return Ok(());
        }
        stamp(temporary.file(), Some(after))?;
        self.folders.sync_file(temporary.file())
    }

    /// Gives a file a new time, so that a key it comes back to does not seem unchanged.
    fn renew(&self, path: &FilePath, replaced: Option<&Metadata>) -> std::io::Result<()> {
        let after = replaced.map(Metadata::modified).transpose()?;
        let file = fs::File::options().append(true).open(path)?;
        stamp(&file, after)?;
        self.folders.sync_file(&file)
    }
}

pub(super) fn absent(key: &Path, path: &FilePath) -> Error {
    io("find", path)(std::io::ErrorKind::NotFound.into()).of(key)
}
