//! Memory of a writer is bounded, however many rows it gets.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::BoxStream;
use headwater_tiering::files::{FileOptions, FileWriter};
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, Result, UploadPart,
};

use crate::store;

/// Forgets what is uploaded.
#[derive(Debug, Default)]
struct Nowhere(InMemory);

impl fmt::Display for Nowhere {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("nowhere")
    }
}

#[derive(Debug)]
struct Forgotten;

#[async_trait]
impl MultipartUpload for Forgotten {
    fn put_part(&mut self, _data: PutPayload) -> UploadPart {
        Box::pin(std::future::ready(Ok(())))
    }

    async fn complete(&mut self) -> Result<PutResult> {
        Ok(PutResult { e_tag: None, version: None })
    }

    async fn abort(&mut self) -> Result<()> {
        Ok(())
    }
}

#[async_trait]
impl ObjectStore for Nowhere {
    async fn put_opts(&self, _: &Path, _: PutPayload, _: PutOptions) -> Result<PutResult> {
        Ok(PutResult { e_tag: None, version: None })
    }

    async fn put_multipart_opts(
        &self,
        _: &Path,
        _: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        Ok(Box::new(Forgotten))
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.0.get_opts(location, options).await
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.0.get_ranges(location, ranges).await
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        self.0.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.0.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.0.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.0.copy_opts(from, to, options).await
    }
}

/// The most memory that this process ever had, in MiB.
#[cfg(target_os = "linux")]
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
}

/// A document with 32 KB of text that hardly compresses.
#[cfg(target_os = "linux")]
fn document(id: i64) -> Vec<u8> {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-";
    let mut state = id.cast_unsigned() + 1;
    let mut text = Vec::with_capacity(32 << 10);
    while text.len() < 32 << 10 {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        text.extend((0..10).map(|n| LETTERS[(state >> (6 * n)) as usize & 63]));
    }
    let text = String::from_utf8(text).unwrap();
    headwater_primitives::jsonb::to_vec(&serde_json::json!({"id": id, "text": text})).unwrap()
}

/// A writer that kept its file, of 70 MB and more, would show.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_writer_holds_a_row_group_and_not_the_file() {
    let schema = store::inferred(|id| document(id % 3));
    let before = peak();
    let options =
        FileOptions { row_group_bytes: 2 << 20, batch_bytes: 1 << 20, ..FileOptions::default() };
    let store = Arc::new(Nowhere::default());
    let mut writer = FileWriter::new(store, store::names(), schema, (0, 0), options).unwrap();
    store::write(&mut writer, 0..3000, document).await;
    let files = writer.finish().await.unwrap();
    let grown = peak() - before;
    assert!(files[0].bytes > 70 << 20, "{} bytes", files[0].bytes);
    assert!(grown < 50, "{grown} MiB");
}
