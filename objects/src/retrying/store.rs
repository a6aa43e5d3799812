//! The trait, operation by operation.

use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::{self, BoxStream, StreamExt};
use object_store::path::Path;
use object_store::{
    CopyMode, CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, ObjectStoreExt, PutMode, PutMultipartOptions, PutOptions, PutPayload, PutResult,
    RenameOptions, RenameTargetMode, Result,
};

use super::attempts::{Attempt, Attempts};
use super::{Retrying, body, resolve};

#[async_trait]
impl ObjectStore for Retrying {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        mut opts: PutOptions,
    ) -> Result<PutResult> {
        if let Some(marks) = &self.marks {
            marks.mark(&mut opts);
        }
        let (payload, opts) = (&payload, &opts);
        self.retry.run(|attempt| self.put_once(location, payload, opts, attempt)).await
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        opts: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        let begin = |_| self.sequences.put_multipart_opts(location, opts.clone());
        self.retry.run(begin).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        let result = self.retry.run(|_| self.inner.get_opts(location, options.clone())).await?;
        let (store, retry) = (Arc::clone(&self.inner), Arc::clone(&self.retry));
        Ok(body::resumed(store, retry, location.clone(), result))
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.retry.run(|_| self.inner.get_ranges(location, ranges)).await
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        self.clone().deletions(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        let prefix = prefix.cloned();
        self.begun(move |store| store.list(prefix.as_ref()))
    }

    fn list_with_offset(
        &self,
        prefix: Option<&Path>,
        offset: &Path,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        let (prefix, offset) = (prefix.cloned(), offset.clone());
        self.begun(move |store| store.list_with_offset(prefix.as_ref(), &offset))
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.retry.run(|_| self.inner.list_with_delimiter(prefix)).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        let options = &options;
        self.retry.run(|attempt| self.copy_once(from, to, options, attempt)).await
    }

    async fn rename_opts(&self, from: &Path, to: &Path, options: RenameOptions) -> Result<()> {
        // Afterwards a missing source may mean that the first request moved it, if it was there.
        self.head(from).await?;
        let options = &options;
        self.retry.run(|attempt| self.rename_once(from, to, options, attempt)).await
    }
}

impl Retrying {
    async fn put_once(
        &self,
        location: &Path,
        payload: &PutPayload,
        opts: &PutOptions,
        attempt: Attempt,
    ) -> Result<PutResult> {
        match self.inner.put_opts(location, payload.clone(), opts.clone()).await {
            Err(error)
                if attempt == Attempt::Repeated && resolve::is_conflict(&error, &opts.mode) =>
            {
                resolve::lost_put(&self.inner, location, payload, opts).await?.ok_or(error)
            }
            // A service's word for "someone else is writing"; who wins is not decided yet.
            Err(error @ Error::AlreadyExists { .. }) if matches!(opts.mode, PutMode::Update(_)) => {
                Err(Error::Generic { store: "Retrying", source: Box::new(error) })
            }
            result => result,
        }
    }

    async fn copy_once(
        &self,
        from: &Path,
        to: &Path,
        options: &CopyOptions,
        attempt: Attempt,
    ) -> Result<()> {
        match self.inner.copy_opts(from, to, options.clone()).await {
            Err(error @ Error::AlreadyExists { .. })
                if attempt == Attempt::Repeated && options.mode == CopyMode::Create =>
            {
                if resolve::same(&self.inner, from, to).await? {
                    Ok(())
                } else {
                    Err(error)
                }
            }
            result => result,
        }
    }

    async fn rename_once(
        &self,
        from: &Path,
        to: &Path,
        options: &RenameOptions,
        attempt: Attempt,
    ) -> Result<()> {
        match self.inner.rename_opts(from, to, options.clone()).await {
            Err(error @ Error::NotFound { .. }) if attempt == Attempt::Repeated => {
                if resolve::is_there(&self.inner, to).await? {
                    Ok(())
                } else {
                    Err(error)
                }
            }
            // Where a rename is a copy and a deletion, the copy may be all that was done.
            Err(error @ Error::AlreadyExists { .. })
                if attempt == Attempt::Repeated
                    && options.target_mode == RenameTargetMode::Create =>
            {
                if !resolve::same(&self.inner, from, to).await? {
                    return Err(error);
                }
                self.inner.delete(from).await
            }
            result => result,
        }
    }

    /// A listing that begins again while it has told nothing yet.
    fn begun(
        &self,
        list: impl Fn(&dyn ObjectStore) -> BoxStream<'static, Result<ObjectMeta>> + Send + 'static,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        let (store, retry) = (Arc::clone(&self.sequences), Arc::clone(&self.retry));
        let begin = async move {
            let mut attempts = Attempts::new();
            loop {
                let mut listing = list(&store);
                match listing.next().await {
                    Some(Err(error)) => attempts.failed(&retry, error).await?,
                    Some(first) => {
                        return Ok(stream::iter([first]).chain(listing).boxed());
                    }
                    None => return Ok(stream::empty().boxed()),
                }
            }
        };
        stream::once(begin)
            .flat_map(|begun: Result<_>| match begun {
                Ok(listing) => listing,
                Err(error) => stream::once(async { Err(error) }).boxed(),
            })
            .boxed()
    }
}
