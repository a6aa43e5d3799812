//! Where file I/O runs: on tokio's blocking pool inside a runtime, on the caller's thread outside one.

use object_store::Result;
use tokio::runtime::Handle;

/// Runs `work`, which blocks. Inside a runtime it goes on when the future is dropped.
pub(crate) async fn run<T, F>(work: F) -> Result<T>
where
    F: FnOnce() -> Result<T> + Send + 'static,
    T: Send + 'static,
{
    match Handle::try_current() {
        Ok(runtime) => runtime.spawn_blocking(work).await?,
        Err(_) => work(),
    }
}
