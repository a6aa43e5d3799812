//! The trait, operation by operation.

use std::future::Future;
use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::{self, BoxStream, StreamExt};
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, GetResultPayload, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, ObjectStoreExt, PutMultipartOptions, PutOptions, PutPayload, PutResult,
    RenameOptions, Result,
};

use super::Faulty;
use super::plan::{Fault, Plan, error};
use super::record::Operation;
use super::upload::FaultyUpload;

#[async_trait]
impl ObjectStore for Faulty {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        opts: PutOptions,
    ) -> Result<PutResult> {
        let (operation, key) = (Operation::Put, location.as_ref());
        let struck = self.plan.strike(operation, key);
        if struck == Some(Fault::Torn) {
            self.inner.put_opts(location, beginning(&payload), opts).await?;
            return Err(error(operation, key, Fault::Torn));
        }
        suffer(struck, operation, key, self.inner.put_opts(location, payload, opts)).await
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        opts: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        let begin = self.inner.put_multipart_opts(location, opts);
        let inner = self.struck(Operation::Begin, location, begin).await?;
        let (store, plan) = (Arc::clone(&self.inner), Arc::clone(&self.plan));
        Ok(Box::new(FaultyUpload::new(inner, store, plan, location.clone())))
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        let head = options.head;
        let get = self.inner.get_opts(location, options);
        let result = self.struck(Operation::Get, location, get).await?;
        if head {
            return Ok(result);
        }
        match self.plan.strike(Operation::Body, location.as_ref()) {
            Some(fault) => Ok(broken_off(result, fault, location.to_string())),
            None => Ok(result),
        }
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        let get = self.inner.get_ranges(location, ranges);
        self.struck(Operation::Get, location, get).await
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        let (inner, plan) = (Arc::clone(&self.inner), Arc::clone(&self.plan));
        let delete = move |location: Result<Path>| {
            let (inner, plan) = (Arc::clone(&inner), Arc::clone(&plan));
            async move {
                let location = location?;
                let (operation, key) = (Operation::Delete, location.as_ref());
                let struck = plan.strike(operation, key);
                suffer(struck, operation, key, inner.delete(&location)).await?;
                Ok(location)
            }
        };
        locations.then(delete).boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.listed(prefix, self.inner.list(prefix))
    }

    fn list_with_offset(
        &self,
        prefix: Option<&Path>,
        offset: &Path,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        self.listed(prefix, self.inner.list_with_offset(prefix, offset))
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        let key = prefix.cloned().unwrap_or_default();
        self.struck(Operation::List, &key, self.inner.list_with_delimiter(prefix)).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.struck(Operation::Copy, to, self.inner.copy_opts(from, to, options)).await
    }

    async fn rename_opts(&self, from: &Path, to: &Path, options: RenameOptions) -> Result<()> {
        self.struck(Operation::Rename, to, self.inner.rename_opts(from, to, options)).await
    }
}

impl Faulty {
    async fn struck<T>(
        &self,
        operation: Operation,
        key: &Path,
        request: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        let struck = self.plan.strike(operation, key.as_ref());
        suffer(struck, operation, key.as_ref(), request).await
    }

    fn listed(
        &self,
        prefix: Option<&Path>,
        listing: BoxStream<'static, Result<ObjectMeta>>,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        let key = prefix.map(Path::to_string).unwrap_or_default();
        let plan: Arc<Plan> = Arc::clone(&self.plan);
        let begin = async move {
            let struck = plan.strike(Operation::List, &key);
            suffer(struck, Operation::List, &key, async { Ok(()) }).await
        };
        stream::once(begin)
            .flat_map({
                let mut listing = Some(listing);
                move |begun| match begun {
                    Ok(()) => listing.take().unwrap_or_else(|| stream::empty().boxed()),
                    Err(error) => stream::once(async { Err(error) }).boxed(),
                }
            })
            .boxed()
    }
}

/// Runs `request` as the fault wants it. A request that is never polled has no effect.
pub(super) async fn suffer<T>(
    struck: Option<Fault>,
    operation: Operation,
    key: &str,
    request: impl Future<Output = Result<T>>,
) -> Result<T> {
    let Some(fault) = struck else {
        return request.await;
    };
    match fault {
        Fault::Slow(pause) => {
            tokio::time::sleep(pause).await;
            return request.await;
        }
        Fault::ErrorBefore | Fault::Torn => {}
        Fault::TimeoutBefore(pause) => tokio::time::sleep(pause).await,
        Fault::ErrorAfter => drop(request.await?),
        Fault::TimeoutAfter(pause) => {
            request.await?;
            tokio::time::sleep(pause).await;
        }
    }
    Err(error(operation, key, fault))
}

/// The first half of a content.
pub(super) fn beginning(payload: &PutPayload) -> PutPayload {
    let mut left = payload.content_length() / 2;
    let mut take = |chunk: &Bytes| {
        let taken = chunk.slice(..chunk.len().min(left));
        left -= taken.len();
        taken
    };
    payload.iter().map(&mut take).filter(|chunk| !chunk.is_empty()).collect()
}

/// A body that ends with an error: at once, or after half of it.
fn broken_off(result: GetResult, fault: Fault, key: String) -> GetResult {
    let half = (result.range.end - result.range.start) / 2;
    let whole = if fault == Fault::Torn { half } else { 0 };
    let (meta, range) = (result.meta.clone(), result.range.clone());
    let attributes = result.attributes.clone();
    let body = result.into_stream();
    let body = match fault {
        Fault::Slow(pause) => stream::once(tokio::time::sleep(pause))
            .filter_map(|()| async { None })
            .chain(body)
            .boxed(),
        fault => first(body, whole)
            .chain(stream::once(async move { Err(error(Operation::Body, &key, fault)) }))
            .boxed(),
    };
    GetResult { payload: GetResultPayload::Stream(body), meta, range, attributes }
}

/// The first `bytes` of a body.
fn first(body: BoxStream<'static, Result<Bytes>>, bytes: u64) -> BoxStream<'static, Result<Bytes>> {
    let cut = move |left: &mut u64, chunk: Result<Bytes>| {
        let chunk = chunk.map(|chunk| {
            let taken = usize::try_from(*left).unwrap_or(usize::MAX).min(chunk.len());
            *left -= taken as u64;
            chunk.slice(..taken)
        });
        let ended = chunk.as_ref().is_ok_and(Bytes::is_empty);
        async move { (!ended).then_some(chunk) }
    };
    body.scan(bytes, cut).boxed()
}
