//! The limit itself: a fair semaphore of KiB.

use object_store::{Error, Result};
use tokio::sync::{Semaphore, SemaphorePermit};

const UNIT: u64 = 1024;

/// Bytes that may be in flight. Permits are counted in KiB, since the semaphore counts requests in
/// 32 bits.
#[derive(Debug)]
pub(super) struct Budget {
    semaphore: Semaphore,
    limit: u32,
}

impl Budget {
    pub(super) fn new(bytes: u64) -> Self {
        let most = u32::try_from(Semaphore::MAX_PERMITS).unwrap_or(u32::MAX);
        let limit = u32::try_from(bytes / UNIT).unwrap_or(most).clamp(1, most);
        Self { semaphore: Semaphore::new(limit as usize), limit }
    }

    /// Waits until there is room for `bytes`. More than the limit waits until nothing else is in
    /// flight.
    pub(super) async fn take(&self, bytes: u64) -> Result<SemaphorePermit<'_>> {
        let units = u32::try_from(bytes.div_ceil(UNIT)).unwrap_or(u32::MAX).min(self.limit);
        let permit = self.semaphore.acquire_many(units).await;
        permit.map_err(|closed| Error::Generic { store: "Budgeted", source: closed.into() })
    }

    /// In bytes, rounded up to whole KiB per request.
    pub(super) fn in_flight(&self) -> u64 {
        (self.limit as usize).saturating_sub(self.semaphore.available_permits()) as u64 * UNIT
    }
}
