//! Uploads whose parts and completions fail.

use std::sync::Arc;

use async_trait::async_trait;
use object_store::path::Path;
use object_store::{
    MultipartUpload, ObjectStore, ObjectStoreExt, PutPayload, PutResult, Result, UploadPart,
};

use super::plan::{Fault, Plan, error};
use super::record::Operation;
use super::store::{beginning, suffer};

#[derive(Debug)]
pub(super) struct FaultyUpload {
    inner: Box<dyn MultipartUpload>,
    store: Arc<dyn ObjectStore>,
    plan: Arc<Plan>,
    key: Path,
    /// What a torn completion leaves under the key.
    first: Option<PutPayload>,
    /// Whether a part was torn: there is no completing such an upload.
    torn: bool,
}

impl FaultyUpload {
    pub(super) fn new(
        inner: Box<dyn MultipartUpload>,
        store: Arc<dyn ObjectStore>,
        plan: Arc<Plan>,
        key: Path,
    ) -> Self {
        Self { inner, store, plan, key, first: None, torn: false }
    }
}

#[async_trait]
impl MultipartUpload for FaultyUpload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        let struck = self.plan.strike(Operation::Part, self.key.as_ref());
        let key = self.key.clone();
        self.first.get_or_insert_with(|| data.clone());
        let torn = struck == Some(Fault::Torn);
        self.torn |= torn;
        let part = self.inner.put_part(if torn { beginning(&data) } else { data });
        Box::pin(async move {
            if torn {
                part.await?;
                return Err(error(Operation::Part, key.as_ref(), Fault::Torn));
            }
            suffer(struck, Operation::Part, key.as_ref(), part).await
        })
    }

    async fn complete(&mut self) -> Result<PutResult> {
        let (operation, key) = (Operation::Complete, self.key.as_ref());
        let struck = self.plan.strike(operation, key);
        if self.torn {
            self.inner.abort().await?;
            return Err(error(operation, key, Fault::Torn));
        }
        if struck == Some(Fault::Torn) {
            self.inner.abort().await?;
            let first = self.first.take().unwrap_or_default();
            self.store.put(&self.key, beginning(&first)).await?;
            return Err(error(operation, key, Fault::Torn));
        }
        suffer(struck, operation, key, self.inner.complete()).await
    }

    async fn abort(&mut self) -> Result<()> {
        let (operation, key) = (Operation::Abort, self.key.as_ref());
        let struck = self.plan.strike(operation, key);
        suffer(struck, operation, key, self.inner.abort()).await
    }
}
