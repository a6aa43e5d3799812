//! Deletions in bulk: first as the store does them best, then singly what is left.

use std::collections::HashSet;

use futures_util::stream::{self, BoxStream, StreamExt};
use object_store::path::Path;
use object_store::{Error, ObjectStore, ObjectStoreExt, Result};

use super::Retrying;
use super::attempts::{Attempt, Attempts};

/// What services take in one request.
const BULK: usize = 1000;

impl Retrying {
    pub(super) fn deletions(
        self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        locations
            .ready_chunks(BULK)
            .then(move |bulk| self.clone().delete_bulk(bulk))
            .flat_map(stream::iter)
            .boxed()
    }

    async fn delete_bulk(self, bulk: Vec<Result<Path>>) -> Vec<Result<Path>> {
        let wanted: Vec<Path> = bulk.iter().flatten().cloned().collect();
        let wanted = stream::iter(wanted).map(Ok).boxed();
        let (mut done, mut passed) = (HashSet::new(), Vec::new());
        let mut results = self.inner.delete_stream(wanted);
        while let Some(result) = results.next().await {
            match result {
                Ok(path) => drop(done.insert(path)),
                Err(error) => passed.push(error),
            }
        }
        let mut out = Vec::with_capacity(bulk.len());
        for location in bulk {
            out.push(match location {
                Ok(path) if done.contains(&path) => Ok(path),
                Ok(path) => self.delete_left(path, &mut passed).await,
                Err(error) => Err(error),
            });
        }
        out
    }

    /// Deletes what the bulk has not. Its error there is the first attempt's, where it can be told
    /// which one that is.
    async fn delete_left(&self, path: Path, passed: &mut Vec<Error>) -> Result<Path> {
        let is_its = |error: &Error| matches!(error, Error::NotFound { path: named, .. } if *named == path.as_ref());
        if let Some(place) = passed.iter().position(is_its) {
            return Err(passed.swap_remove(place));
        }
        if let [_] = passed.as_slice() {
            let error = passed.remove(0);
            Attempts::new().failed(&self.retry, error).await?;
        }
        let repeat = |_: Attempt| async {
            match self.inner.delete(&path).await {
                // The bulk request may have deleted it before it failed.
                Err(Error::NotFound { .. }) => Ok(()),
                result => result,
            }
        };
        self.retry.run(repeat).await?;
        Ok(path)
    }
}
