//! Uploads: each part has its room from its request to its answer.

use std::sync::Arc;

use async_trait::async_trait;
use object_store::{MultipartUpload, PutPayload, PutResult, Result, UploadPart};

use super::budget::Budget;
use super::metrics::{Counters, add};

#[derive(Debug)]
pub(super) struct BudgetedUpload {
    pub(super) inner: Box<dyn MultipartUpload>,
    pub(super) budget: Arc<Budget>,
    pub(super) counters: Arc<Counters>,
}

#[async_trait]
impl MultipartUpload for BudgetedUpload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        let size = data.content_length() as u64;
        let part = self.inner.put_part(data);
        let (budget, counters) = (Arc::clone(&self.budget), Arc::clone(&self.counters));
        Box::pin(async move {
            let _room = budget.take(size).await?;
            add(&counters.writes, 1);
            counters.checked(part.await)?;
            add(&counters.bytes_written, size);
            Ok(())
        })
    }

    async fn complete(&mut self) -> Result<PutResult> {
        add(&self.counters.writes, 1);
        self.counters.checked(self.inner.complete().await)
    }

    async fn abort(&mut self) -> Result<()> {
        add(&self.counters.writes, 1);
        self.counters.checked(self.inner.abort().await)
    }
}
