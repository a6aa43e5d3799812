//! The trait, operation by operation.

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

use super::metrics::add;
use super::upload::BudgetedUpload;
use super::{Budgeted, body};

#[async_trait]
impl ObjectStore for Budgeted {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        opts: PutOptions,
    ) -> Result<PutResult> {
        let size = payload.content_length() as u64;
        let _room = self.budget.take(size).await?;
        add(&self.counters.writes, 1);
        let result = self.counters.checked(self.inner.put_opts(location, payload, opts).await)?;
        add(&self.counters.bytes_written, size);
        Ok(result)
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        opts: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        add(&self.counters.writes, 1);
        let begun = self.inner.put_multipart_opts(location, opts).await;
        let inner = self.counters.checked(begun)?;
        let (budget, counters) = (Arc::clone(&self.budget), Arc::clone(&self.counters));
        Ok(Box::new(BudgetedUpload { inner, budget, counters }))
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        add(&self.counters.reads, 1);
        let head = options.head;
        let result = self.counters.checked(self.inner.get_opts(location, options).await)?;
        if head {
            return Ok(result);
        }
        Ok(body::limited(result, Arc::clone(&self.budget), Arc::clone(&self.counters)))
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        let size = ranges.iter().map(|range| range.end.saturating_sub(range.start));
        let _room = self.budget.take(size.fold(0, u64::saturating_add)).await?;
        add(&self.counters.reads, 1);
        let read = self.counters.checked(self.inner.get_ranges(location, ranges).await)?;
        add(&self.counters.bytes_read, read.iter().map(|bytes| bytes.len() as u64).sum());
        Ok(read)
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        let counters = Arc::clone(&self.counters);
        let deleted = self.inner.delete_stream(locations);
        deleted
            .map(move |result| {
                add(&counters.deletes, 1);
                counters.checked(result)
            })
            .boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        add(&self.counters.lists, 1);
        self.listed(self.inner.list(prefix))
    }

    fn list_with_offset(
        &self,
        prefix: Option<&Path>,
        offset: &Path,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        add(&self.counters.lists, 1);
        self.listed(self.inner.list_with_offset(prefix, offset))
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        add(&self.counters.lists, 1);
        self.counters.checked(self.inner.list_with_delimiter(prefix).await)
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        add(&self.counters.copies, 1);
        self.counters.checked(self.inner.copy_opts(from, to, options).await)
    }

    async fn rename_opts(&self, from: &Path, to: &Path, options: RenameOptions) -> Result<()> {
        add(&self.counters.copies, 1);
        self.counters.checked(self.inner.rename_opts(from, to, options).await)
    }
}

impl Budgeted {
    fn listed(
        &self,
        listing: BoxStream<'static, Result<ObjectMeta>>,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        let counters = Arc::clone(&self.counters);
        listing.map(move |meta| counters.checked(meta)).boxed()
    }
}
