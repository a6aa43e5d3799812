//! Iceberg's `Storage` over an object store.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::BoxStream;
use futures_util::{StreamExt, TryStreamExt};
use headwater_primitives::{Error, Result};
use iceberg::io::{
    FileIO, FileIOBuilder, FileMetadata, FileRead, FileWrite, InputFile, OutputFile, Storage,
    StorageConfig, StorageFactory,
};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use serde::{Deserialize, Serialize};

use super::file::{StoredFile, Upload};
use super::registry;
use super::root::LakeRoot;
use crate::error::{from_store, to_iceberg};

/// The files of one lake: an object store, and the root that absolute locations start with. Cheap to
/// clone.
///
/// Serializes as its root alone; reading it back finds the store that is open in the process for that
/// root, and fails when there is none.
#[derive(Clone, Serialize, Deserialize)]
#[serde(try_from = "LakeRoot", into = "LakeRoot")]
pub struct LakeStorage {
    root: LakeRoot,
    store: Arc<dyn ObjectStore>,
}

impl LakeStorage {
    /// The lake at `root`, whose files are in `store`: the object `a/b` there is the location
    /// `root/a/b`.
    pub fn new(root: LakeRoot, store: Arc<dyn ObjectStore>) -> LakeStorage {
        registry::register(&root, &store);
        LakeStorage { root, store }
    }

    /// Where the lake is.
    pub fn root(&self) -> &LakeRoot {
        &self.root
    }

    /// The store of its files.
    pub fn store(&self) -> &Arc<dyn ObjectStore> {
        &self.store
    }

    /// Iceberg's handle to these files.
    pub fn file_io(&self) -> FileIO {
        FileIOBuilder::new(Arc::new(LakeStorageFactory(self.clone()))).build()
    }

    /// Deletes the files at `locations`, several at a time; those that are gone already are fine.
    ///
    /// # Errors
    /// The first failure of the store; the files before it are gone.
    pub async fn delete_all(&self, locations: impl IntoIterator<Item = String>) -> Result<()> {
        let paths: Vec<_> =
            locations.into_iter().map(|at| self.root.path(&at)).collect::<Result<_>>()?;
        self.delete_paths(futures_util::stream::iter(paths.into_iter().map(Ok)).boxed()).await
    }

    async fn delete_paths(
        &self,
        paths: BoxStream<'static, object_store::Result<Path>>,
    ) -> Result<()> {
        let mut deleted = self.store.delete_stream(paths);
        while let Some(outcome) = deleted.next().await {
            match outcome {
                Ok(_) | Err(object_store::Error::NotFound { .. }) => {}
                Err(error) => return Err(from_store(error, self.root.as_str())),
            }
        }
        Ok(())
    }

    fn path(&self, location: &str) -> iceberg::Result<Path> {
        self.root.path(location).map_err(to_iceberg)
    }
}

impl fmt::Debug for LakeStorage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("LakeStorage").field(&self.root.as_str()).finish()
    }
}

impl TryFrom<LakeRoot> for LakeStorage {
    type Error = Error;

    fn try_from(root: LakeRoot) -> Result<LakeStorage> {
        let store = registry::find(&root)?;
        Ok(LakeStorage { root, store })
    }
}

impl From<LakeStorage> for LakeRoot {
    fn from(storage: LakeStorage) -> LakeRoot {
        storage.root
    }
}

#[async_trait]
#[typetag::serde(name = "headwater-lake")]
impl Storage for LakeStorage {
    async fn exists(&self, path: &str) -> iceberg::Result<bool> {
        match self.store.head(&self.path(path)?).await {
            Ok(_) => Ok(true),
            Err(object_store::Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(to_iceberg(from_store(error, path))),
        }
    }

    async fn metadata(&self, path: &str) -> iceberg::Result<FileMetadata> {
        let found = self.store.head(&self.path(path)?).await;
        let found = found.map_err(|error| to_iceberg(from_store(error, path)))?;
        Ok(FileMetadata { size: found.size })
    }

    async fn read(&self, path: &str) -> iceberg::Result<Bytes> {
        let at = self.path(path)?;
        let read = async { self.store.get(&at).await?.bytes().await };
        read.await.map_err(|error| to_iceberg(from_store(error, path)))
    }

    async fn reader(&self, path: &str) -> iceberg::Result<Box<dyn FileRead>> {
        Ok(Box::new(StoredFile::new(self.store.clone(), self.path(path)?, path)))
    }

    async fn write(&self, path: &str, bs: Bytes) -> iceberg::Result<()> {
        let mut upload = Upload::new(self.store.clone(), self.path(path)?, path);
        upload.write(bs).await?;
        upload.close().await
    }

    async fn writer(&self, path: &str) -> iceberg::Result<Box<dyn FileWrite>> {
        Ok(Box::new(Upload::new(self.store.clone(), self.path(path)?, path)))
    }

    async fn delete(&self, path: &str) -> iceberg::Result<()> {
        self.delete_all([path.to_owned()]).await.map_err(to_iceberg)
    }

    async fn delete_prefix(&self, path: &str) -> iceberg::Result<()> {
        let at = self.path(path)?;
        let below = self.store.list(Some(&at)).map_ok(|found| found.location).boxed();
        self.delete_paths(below).await.map_err(to_iceberg)
    }

    async fn delete_stream(&self, paths: BoxStream<'static, String>) -> iceberg::Result<()> {
        let root = self.root.clone();
        let paths = paths.map(move |location| {
            root.path(&location).map_err(|error| object_store::Error::Generic {
                store: "lake",
                source: Box::new(error),
            })
        });
        self.delete_paths(paths.boxed()).await.map_err(to_iceberg)
    }

    fn new_input(&self, path: &str) -> iceberg::Result<InputFile> {
        self.path(path)?;
        Ok(InputFile::new(Arc::new(self.clone()), path.to_owned()))
    }

    fn new_output(&self, path: &str) -> iceberg::Result<OutputFile> {
        self.path(path)?;
        Ok(OutputFile::new(Arc::new(self.clone()), path.to_owned()))
    }
}

/// Gives iceberg's `FileIO` the storage that it was made with.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct LakeStorageFactory(LakeStorage);

#[typetag::serde(name = "headwater-lake")]
impl StorageFactory for LakeStorageFactory {
    fn build(&self, _: &StorageConfig) -> iceberg::Result<Arc<dyn Storage>> {
        Ok(Arc::new(self.0.clone()))
    }
}

#[cfg(test)]
mod tests {
    use object_store::memory::InMemory;

    use super::*;

    fn lake(root: &str) -> LakeStorage {
        LakeStorage::new(LakeRoot::parse(root).unwrap(), Arc::new(InMemory::new()))
    }

    #[tokio::test]
    async fn what_was_written_is_read_whole_and_in_ranges() {
        let io = lake("memory:///read").file_io();
        let at = "memory:///read/a/b.bin";
        io.new_output(at).unwrap().write(Bytes::from_static(b"0123456789")).await.unwrap();
        let input = io.new_input(at).unwrap();
        assert_eq!(input.metadata().await.unwrap().size, 10);
        assert_eq!(&input.read().await.unwrap()[..], b"0123456789");
        let reader = input.reader().await.unwrap();
        assert_eq!(&reader.read(3..6).await.unwrap()[..], b"345");
    }

    #[tokio::test]
    async fn a_large_file_goes_up_in_parts_and_comes_back_the_same() {
        let io = lake("memory:///large").file_io();
        let at = "memory:///large/file";
        let mut writer = io.new_output(at).unwrap().writer().await.unwrap();
        let piece = Bytes::from(vec![7; 3 << 20]);
        for _ in 0..10 {
            writer.write(piece.clone()).await.unwrap();
        }
        writer.close().await.unwrap();
        assert!(writer.close().await.is_err(), "a second close has nothing to close");
        assert_eq!(io.new_input(at).unwrap().read().await.unwrap().len(), 30 << 20);
    }

    #[tokio::test]
    async fn deleting_is_by_file_by_list_and_by_prefix() {
        let io = lake("memory:///delete").file_io();
        for name in ["a/1", "a/2", "ab/3", "4", "5"] {
            let at = format!("memory:///delete/{name}");
            io.new_output(at).unwrap().write(Bytes::from_static(b"x")).await.unwrap();
        }
        io.delete_prefix("memory:///delete/a").await.unwrap();
        io.delete("memory:///delete/4").await.unwrap();
        io.delete("memory:///delete/4").await.unwrap();
        let gone = ["memory:///delete/5", "memory:///delete/none"].map(str::to_owned);
        io.delete_stream(futures_util::stream::iter(gone)).await.unwrap();
        for (name, left) in [("a/1", false), ("a/2", false), ("ab/3", true), ("4", false)] {
            let exists = io.exists(format!("memory:///delete/{name}")).await.unwrap();
            assert_eq!(exists, left, "{name}");
        }
    }

    #[tokio::test]
    async fn a_missing_file_is_not_found() {
        let io = lake("memory:///missing").file_io();
        let error = io.new_input("memory:///missing/a").unwrap().read().await.unwrap_err();
        let error = crate::error::from_iceberg(error);
        assert_eq!(error.kind(), headwater_primitives::ErrorKind::NotFound);
        assert!(error.to_string().contains("memory:///missing/a"), "{error}");
    }

    #[test]
    fn a_storage_is_read_back_while_its_store_is_open() {
        let storage: Arc<dyn Storage> = Arc::new(lake("memory:///serde"));
        let text = serde_json::to_string(&storage).unwrap();
        assert!(serde_json::from_str::<Box<dyn Storage>>(&text).is_ok());
        drop(storage);
        let error = serde_json::from_str::<Box<dyn Storage>>(&text).unwrap_err();
        assert!(error.to_string().contains("memory:///serde"), "{error}");
    }
}
