//! The store's side of the trait: each call finds its file, and works on the blocking pool.

use std::io;
use std::ops::Range;
use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::{self, BoxStream, StreamExt};
use object_store::path::Path;
use object_store::{
    Attributes, CopyMode, CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload,
    ObjectMeta, ObjectStore, PutMode, PutMultipartOptions, PutOptions, PutPayload, PutResult,
    RenameOptions, RenameTargetMode, Result,
};

use super::fault::io as failed;
use super::list::{children, listing};
use super::publish::Condition;
use super::temp::Temporary;
use super::upload::LocalUpload;
use super::{DurableLocal, Shared, place, read};
use crate::blocking;

/// How many deletions share the syncs of their folders.
const DELETIONS: usize = 256;

#[async_trait]
impl ObjectStore for DurableLocal {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        opts: PutOptions,
    ) -> Result<PutResult> {
        self.refuse_attributes(&opts.attributes, "put_opts")?;
        let condition = match opts.mode {
            PutMode::Overwrite => Condition::Any,
            PutMode::Create => Condition::Absent,
            PutMode::Update(version) => Condition::matches(version, location)?,
        };
        self.on(location, move |shared, key| shared.put(&key, &payload, &condition)).await
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        opts: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.refuse_attributes(&opts.attributes, "put_multipart_opts")?;
        self.on(location, |shared, key| {
            Ok(Box::new(LocalUpload::begin(shared, key)?) as Box<dyn MultipartUpload>)
        })
        .await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.on(location, move |shared, key| read::get(shared.folders.root(), &key, &options)).await
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        let ranges = ranges.to_vec();
        self.on(location, move |shared, key| read::ranges(shared.folders.root(), &key, &ranges))
            .await
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        let shared = Arc::clone(&self.shared);
        let delete = move |locations: Vec<Result<Path>>| {
            let shared = Arc::clone(&shared);
            blocking::run(move || Ok(shared.delete(locations)))
        };
        let results = locations.ready_chunks(DELETIONS).then(delete);
        results
            .flat_map(|results| stream::iter(results.unwrap_or_else(|error| vec![Err(error)])))
            .boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        listing(Arc::clone(&self.shared), prefix.cloned().unwrap_or_default(), None)
    }

    fn list_with_offset(
        &self,
        prefix: Option<&Path>,
        offset: &Path,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        let prefix = prefix.cloned().unwrap_or_default();
        listing(Arc::clone(&self.shared), prefix, Some(offset.clone()))
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        let prefix = prefix.cloned().unwrap_or_default();
        self.on(&prefix, |shared, prefix| children(shared.folders.root(), &prefix)).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        let to = to.clone();
        let condition = match options.mode {
            CopyMode::Overwrite => Condition::Any,
            CopyMode::Create => Condition::Absent,
        };
        self.on(from, move |shared, from| shared.copy(&from, &to, &condition)).await
    }

    async fn rename_opts(&self, from: &Path, to: &Path, options: RenameOptions) -> Result<()> {
        let to = to.clone();
        let condition = match options.target_mode {
            RenameTargetMode::Overwrite => Condition::Any,
            RenameTargetMode::Create => Condition::Absent,
        };
        self.on(from, move |shared, from| {
            let root = shared.folders.root();
            let (old, new) = (place::file(root, &from)?, place::file(root, &to)?);
            shared.relocate((&from, &old.path), (&to, &new.path), &condition)
        })
        .await
    }
}

impl DurableLocal {
    /// Runs `work` for `key` where blocking is fine.
    async fn on<T, F>(&self, key: &Path, work: F) -> Result<T>
    where
        F: FnOnce(Arc<Shared>, Path) -> Result<T> + Send + 'static,
        T: Send + 'static,
    {
        let (shared, key) = (Arc::clone(&self.shared), key.clone());
        blocking::run(move || work(shared, key)).await
    }

    /// Files have no place for attributes, and dropping them silently would lose them.
    fn refuse_attributes(&self, attributes: &Attributes, operation: &str) -> Result<()> {
        if attributes.is_empty() {
            return Ok(());
        }
        Err(Error::NotImplemented {
            operation: format!("`{operation}` with attributes"),
            implementer: self.to_string(),
        })
    }
}

impl Shared {
    /// The file of an upload, and where it goes.
    pub(super) fn begin(&self, key: &Path) -> Result<(Temporary, PathBuf)> {
        let path = place::file(self.folders.root(), key)?.path;
        Ok((self.temporary(key, &path)?, path))
    }

    fn put(&self, key: &Path, payload: &PutPayload, condition: &Condition) -> Result<PutResult> {
        let path = place::file(self.folders.root(), key)?.path;
        let temporary = self.temporary(key, &path)?;
        payload
            .iter()
            .try_for_each(|bytes| io::Write::write_all(&mut temporary.file(), bytes))
            .map_err(|e| failed("write", &path)(e).of(key))?;
        self.finish(&temporary, key)?;
        self.publish(temporary, key, &path, condition)
    }

    fn copy(&self, from: &Path, to: &Path, condition: &Condition) -> Result<()> {
        let path = place::file(self.folders.root(), to)?.path;
        let (mut source, _) = read::open(self.folders.root(), from)?;
        let temporary = self.temporary(to, &path)?;
        io::copy(&mut source, &mut temporary.file())
            .map_err(|e| failed("copy", &path)(e).of(to))?;
        self.finish(&temporary, to)?;
        self.publish(temporary, to, &path, condition).map(drop)
    }

    /// A file for `key` to come, in the folder where it will be.
    fn temporary(&self, key: &Path, path: &FilePath) -> Result<Temporary> {
        let folder = path.parent().unwrap_or(self.folders.root());
        Temporary::create(&self.folders, folder)
            .map_err(|e| failed("make a temporary file for", path)(e).of(key))
    }

    /// Deletes, then syncs each folder once, then tells. A failed sync fails its folder's deletions.
    fn delete(&self, locations: Vec<Result<Path>>) -> Vec<Result<Path>> {
        let removed = locations.into_iter().map(|location| -> Result<(Path, PathBuf)> {
            let key = location?;
            let path = place::file(self.folders.root(), &key)?.path;
            self.remove(&key, &path)?;
            Ok((key, path))
        });
        let removed: Vec<_> = removed.collect();
        let mut folders: Vec<&FilePath> =
            removed.iter().flatten().filter_map(|(_, path)| path.parent()).collect();
        folders.sort_unstable();
        folders.dedup();
        let unsynced: Vec<_> = folders
            .into_iter()
            .filter(|folder| self.folders.sync_folder(folder).is_err())
            .map(FilePath::to_owned)
            .collect();
        removed
            .into_iter()
            .map(|removed| {
                let (key, path) = removed?;
                if path.parent().is_some_and(|folder| unsynced.iter().any(|one| one == folder)) {
                    // Once more, for the error itself.
                    self.sync_parent(&key, &path)?;
                }
                Ok(key)
            })
            .collect()
    }
}
