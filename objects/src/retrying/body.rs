//! The body of a read, which goes on where it broke off.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream::{self, BoxStream, StreamExt};
use object_store::path::Path;
use object_store::{
    Error, GetOptions, GetResult, GetResultPayload, ObjectMeta, ObjectStore, Result,
};

use super::attempts::{Attempts, Retry};

/// The same result, with a body that outlives lost connections. It can only where the version has
/// an e-tag: the rest of another version would be worse than an error.
pub(super) fn resumed(
    store: Arc<dyn ObjectStore>,
    retry: Arc<Retry>,
    location: Path,
    mut result: GetResult,
) -> GetResult {
    if let GetResultPayload::Stream(body) = result.payload {
        let source = Source { store, retry, location, meta: result.meta.clone() };
        let body = Body { source, left: result.range.clone(), stream: body };
        result.payload = GetResultPayload::Stream(body.into_stream());
    }
    result
}

struct Source {
    store: Arc<dyn ObjectStore>,
    retry: Arc<Retry>,
    /// As we were asked for it; a store below may name it otherwise.
    location: Path,
    meta: ObjectMeta,
}

struct Body {
    source: Source,
    /// What was not received yet.
    left: Range<u64>,
    stream: BoxStream<'static, Result<Bytes>>,
}

impl Body {
    fn into_stream(self) -> BoxStream<'static, Result<Bytes>> {
        stream::try_unfold(self, |mut body| async move {
            Ok(body.next().await?.map(|chunk| (chunk, body)))
        })
        .boxed()
    }

    async fn next(&mut self) -> Result<Option<Bytes>> {
        let mut attempts = Attempts::new();
        loop {
            let error = match self.stream.next().await {
                Some(Ok(chunk)) => {
                    self.left.start += chunk.len() as u64;
                    return Ok(Some(chunk));
                }
                // An error after the last byte takes nothing away.
                _ if self.left.is_empty() => return Ok(None),
                None => self.source.short(&self.left),
                Some(Err(error)) => error,
            };
            if self.source.meta.e_tag.is_none() {
                return Err(error);
            }
            attempts.failed(&self.source.retry, error).await?;
            while let Err(error) = self.resume().await {
                attempts.failed(&self.source.retry, error).await?;
            }
        }
    }

    async fn resume(&mut self) -> Result<()> {
        self.stream = self.source.read(self.left.clone()).await?.into_stream();
        Ok(())
    }
}

impl Source {
    async fn read(&self, range: Range<u64>) -> Result<GetResult> {
        let options = GetOptions {
            range: Some(range.into()),
            if_match: self.meta.e_tag.clone(),
            version: self.meta.version.clone(),
            ..GetOptions::default()
        };
        self.store.get_opts(&self.location, options).await
    }

    fn short(&self, left: &Range<u64>) -> Error {
        let (location, at, end) = (&self.location, left.start, left.end);
        let source = format!("the body of {location} ended at byte {at} of {end}").into();
        Error::Generic { store: "Retrying", source }
    }
}
