//! One file of the lake, being read or written.

use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use headwater_primitives::Error;
use iceberg::io::{FileRead, FileWrite};
use object_store::buffered::BufWriter;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use tokio::io::AsyncWriteExt;

use crate::error::{from_store, to_iceberg};

/// What a file may have before it is uploaded in parts, and the size of a part.
const PART_BYTES: usize = 8 << 20;
/// Parts in flight per file; with the one being filled they bound what a file takes in memory.
const PARTS_IN_FLIGHT: usize = 4;

/// A file that is read in ranges.
pub(super) struct StoredFile {
    store: Arc<dyn ObjectStore>,
    path: Path,
    location: Box<str>,
}

impl StoredFile {
    pub(super) fn new(store: Arc<dyn ObjectStore>, path: Path, location: &str) -> StoredFile {
        StoredFile { store, path, location: location.into() }
    }
}

#[async_trait]
impl FileRead for StoredFile {
    async fn read(&self, range: Range<u64>) -> iceberg::Result<Bytes> {
        let read = self.store.get_range(&self.path, range).await;
        read.map_err(|error| to_iceberg(from_store(error, &self.location)))
    }
}

/// A file that is written from its beginning to its end. It exists once it was closed, and not at all
/// when the writer is dropped before.
pub(super) struct Upload {
    /// None once it was closed, or failed.
    writer: Option<BufWriter>,
    location: Box<str>,
}

impl Upload {
    pub(super) fn new(store: Arc<dyn ObjectStore>, path: Path, location: &str) -> Upload {
        let writer = BufWriter::with_capacity(store, path, PART_BYTES);
        let writer = writer.with_max_concurrency(PARTS_IN_FLIGHT);
        Upload { writer: Some(writer), location: location.into() }
    }

    fn take(&mut self) -> iceberg::Result<BufWriter> {
        self.writer.take().ok_or_else(|| {
            to_iceberg(Error::invalid(format!("file {} is closed already", self.location)))
        })
    }
}

#[async_trait]
impl FileWrite for Upload {
    async fn write(&mut self, bs: Bytes) -> iceberg::Result<()> {
        let mut writer = self.take()?;
        if let Err(error) = writer.put(bs).await {
            let _ = writer.abort().await;
            return Err(to_iceberg(from_store(error, &self.location)));
        }
        self.writer = Some(writer);
        Ok(())
    }

    async fn close(&mut self) -> iceberg::Result<()> {
        let mut writer = self.take()?;
        writer.shutdown().await.map_err(|error| {
            // The writer speaks in the operating system's errors, with the store's inside.
            to_iceberg(match error.downcast::<object_store::Error>() {
                Ok(error) => from_store(error, &self.location),
                Err(error) => Error::from(error).context(format!("object {}", self.location)),
            })
        })
    }
}
