//! A part of a store as a store of its own.

use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::{BoxStream, StreamExt};
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, RenameOptions, Result,
};

/// The keys below a prefix, named without it. Unlike `object_store`'s `PrefixStore` it also names
/// the result of a get without it, and keeps versions. Errors name keys as the inner store does.
#[derive(Debug, Clone)]
pub struct Prefixed {
    inner: Arc<dyn ObjectStore>,
    prefix: Path,
}

impl Prefixed {
    /// The keys of `inner` below `prefix`.
    pub fn new(inner: Arc<dyn ObjectStore>, prefix: Path) -> Self {
        Self { inner, prefix }
    }

    fn full(&self, key: &Path) -> Path {
        self.prefix.parts().chain(key.parts()).collect()
    }

    fn full_prefix(&self, prefix: Option<&Path>) -> Path {
        prefix.map_or_else(|| self.prefix.clone(), |prefix| self.full(prefix))
    }
}

/// The key without the prefix. What an inner store names without being asked stays as it is.
fn short(prefix: &Path, key: Path) -> Path {
    let rest = key.prefix_match(prefix).map(Iterator::collect);
    rest.unwrap_or(key)
}

fn short_meta(prefix: &Path, meta: ObjectMeta) -> ObjectMeta {
    ObjectMeta { location: short(prefix, meta.location), ..meta }
}

#[async_trait]
impl ObjectStore for Prefixed {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        opts: PutOptions,
    ) -> Result<PutResult> {
        self.inner.put_opts(&self.full(location), payload, opts).await
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        opts: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.inner.put_multipart_opts(&self.full(location), opts).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        let got = self.inner.get_opts(&self.full(location), options).await?;
        Ok(GetResult { meta: short_meta(&self.prefix, got.meta), ..got })
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.inner.get_ranges(&self.full(location), ranges).await
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        let (this, prefix) = (self.clone(), self.prefix.clone());
        let full = locations.map(move |key| key.map(|key| this.full(&key))).boxed();
        let deleted = self.inner.delete_stream(full);
        deleted.map(move |key| key.map(|key| short(&prefix, key))).boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        let ours = self.prefix.clone();
        let listing = self.inner.list(Some(&self.full_prefix(prefix)));
        listing.map(move |meta| meta.map(|meta| short_meta(&ours, meta))).boxed()
    }

    fn list_with_offset(
        &self,
        prefix: Option<&Path>,
        offset: &Path,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        let ours = self.prefix.clone();
        let prefix = self.full_prefix(prefix);
        let listing = self.inner.list_with_offset(Some(&prefix), &self.full(offset));
        listing.map(move |meta| meta.map(|meta| short_meta(&ours, meta))).boxed()
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        let list = self.inner.list_with_delimiter(Some(&self.full_prefix(prefix))).await?;
        let short = |key| short(&self.prefix, key);
        let objects = list.objects.into_iter().map(|meta| short_meta(&self.prefix, meta));
        Ok(ListResult {
            common_prefixes: list.common_prefixes.into_iter().map(short).collect(),
            objects: objects.collect(),
        })
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(&self.full(from), &self.full(to), options).await
    }

    async fn rename_opts(&self, from: &Path, to: &Path, options: RenameOptions) -> Result<()> {
        self.inner.rename_opts(&self.full(from), &self.full(to), options).await
    }
}

impl std::fmt::Display for Prefixed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.inner, self.prefix)
    }
}
