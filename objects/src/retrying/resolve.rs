//! A request that was repeated and meets a conflict: was it with ourselves?

use futures_util::TryStreamExt;
use object_store::path::Path;
use object_store::{
    Error, GetOptions, GetResult, ObjectMeta, ObjectStore, ObjectStoreExt, PutMode, PutOptions,
    PutPayload, PutResult, Result,
};

use super::mark;

/// Whether `error` says that a write with this mode came too late.
pub(super) fn is_conflict(error: &Error, mode: &PutMode) -> bool {
    match mode {
        PutMode::Overwrite => false,
        PutMode::Create => {
            matches!(error, Error::AlreadyExists { .. } | Error::Precondition { .. })
        }
        PutMode::Update(_) => matches!(error, Error::Precondition { .. }),
    }
}

/// The answer to a put whose own answer was lost: that of the object at `location`, if it is ours,
/// by its mark or else by its content.
pub(super) async fn lost_put(
    store: &dyn ObjectStore,
    location: &Path,
    payload: &PutPayload,
    options: &PutOptions,
) -> Result<Option<PutResult>> {
    if let Some(ours) = mark::of(options) {
        let head = GetOptions { head: true, ..GetOptions::default() };
        let found = found(store.get_opts(location, head).await)?;
        let is_ours = |found: &GetResult| found.attributes.get(&mark::attribute()) == Some(ours);
        return Ok(found.filter(is_ours).map(|found| answer(&found.meta)));
    }
    let Some(found) = get(store, location).await? else {
        return Ok(None);
    };
    if found.meta.size != payload.content_length() as u64 {
        return Ok(None);
    }
    let answer = PutResult { e_tag: found.meta.e_tag.clone(), version: found.meta.version.clone() };
    let mut expected = Unread::new(payload);
    let mut chunks = found.into_stream();
    while let Some(chunk) = chunks.try_next().await? {
        if !expected.begins_with(&chunk) {
            return Ok(None);
        }
    }
    Ok(expected.is_empty().then_some(answer))
}

fn answer(meta: &ObjectMeta) -> PutResult {
    PutResult { e_tag: meta.e_tag.clone(), version: meta.version.clone() }
}

/// Whether the two objects are there and have the same content.
pub(super) async fn same(store: &dyn ObjectStore, one: &Path, other: &Path) -> Result<bool> {
    let (Some(one), Some(other)) = (get(store, one).await?, get(store, other).await?) else {
        return Ok(false);
    };
    if one.meta.size != other.meta.size {
        return Ok(false);
    }
    let (mut left, mut right) = (one.into_stream(), other.into_stream());
    let (mut a, mut b) = (bytes::Bytes::new(), bytes::Bytes::new());
    loop {
        if a.is_empty() {
            a = next(&mut left).await?;
        }
        if b.is_empty() {
            b = next(&mut right).await?;
        }
        let common = a.len().min(b.len());
        if common == 0 {
            return Ok(a.is_empty() && b.is_empty());
        }
        if a.split_to(common) != b.split_to(common) {
            return Ok(false);
        }
    }
}

/// Whether there is an object.
pub(super) async fn is_there(store: &dyn ObjectStore, location: &Path) -> Result<bool> {
    Ok(found(store.head(location).await)?.is_some())
}

async fn get(store: &dyn ObjectStore, location: &Path) -> Result<Option<GetResult>> {
    found(store.get(location).await)
}

fn found<T>(result: Result<T>) -> Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(Error::NotFound { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The next bytes of a stream; empty at its end.
async fn next(
    stream: &mut (impl TryStreamExt<Ok = bytes::Bytes, Error = Error> + Unpin),
) -> Result<bytes::Bytes> {
    while let Some(chunk) = stream.try_next().await? {
        if !chunk.is_empty() {
            return Ok(chunk);
        }
    }
    Ok(bytes::Bytes::new())
}

/// The part of a payload that was not compared yet.
struct Unread<'a> {
    chunks: std::slice::Iter<'a, bytes::Bytes>,
    chunk: &'a [u8],
}

impl<'a> Unread<'a> {
    fn new(payload: &'a PutPayload) -> Self {
        Self { chunks: payload.as_ref().iter(), chunk: &[] }
    }

    /// Takes `bytes` off the front, if they are there.
    fn begins_with(&mut self, mut bytes: &[u8]) -> bool {
        while !bytes.is_empty() {
            if self.is_empty() {
                return false;
            }
            let common = bytes.len().min(self.chunk.len());
            if bytes[..common] != self.chunk[..common] {
                return false;
            }
            bytes = &bytes[common..];
            self.chunk = &self.chunk[common..];
        }
        true
    }

    fn is_empty(&mut self) -> bool {
        while self.chunk.is_empty() {
            match self.chunks.next() {
                Some(chunk) => self.chunk = chunk,
                None => return true,
            }
        }
        false
    }
}
