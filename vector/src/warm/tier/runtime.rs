//! The namespace's threads for the warm tier's I/O: started by the first who needs them.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use headwater_primitives::{Answer, Error, ErrorKind, Namespace, Result, block_on};
use tokio::runtime::{Builder, Handle};
use tokio::sync::Semaphore;
use tokio::task::JoinError;

/// Reads that may wait for the warm tier at the same time; others wait for their turn.
const READS: usize = 16;

/// A runtime, while the namespace is open.
pub(super) struct Runtime {
    state: Mutex<State>,
    reads: Arc<Semaphore>,
}

enum State {
    Idle,
    Running(tokio::runtime::Runtime),
    Ended,
}

impl Runtime {
    pub(super) fn of(namespace: &Namespace) -> Arc<Runtime> {
        namespace.extension(|| Runtime {
            state: Mutex::new(State::Idle),
            reads: Arc::new(Semaphore::new(READS)),
        })
    }

    /// Runs `work`, which may [`wait`](Self::wait), on a thread of the runtime.
    pub(super) fn later<R: Send + 'static>(
        self: Arc<Self>,
        namespace: &Namespace,
        work: impl FnOnce() -> Result<R> + Send + 'static,
    ) -> Answer<R> {
        let handle = match self.handle(namespace) {
            Ok(handle) => handle,
            Err(error) => return Answer::Now(Err(error)),
        };
        let (reads, threads) = (self.reads.clone(), handle.clone());
        let task = handle.spawn(async move {
            // The semaphore is never closed; without a permit there would only be no limit.
            let _turn = reads.acquire_owned().await.ok();
            threads.spawn_blocking(work).await.unwrap_or_else(|error| Err(ended(error)))
        });
        Answer::Later(Box::pin(async move { task.await.unwrap_or_else(|error| Err(ended(error))) }))
    }

    /// Runs `future` on the runtime, while this thread waits.
    pub(super) fn wait<R: Send + 'static>(
        self: Arc<Self>,
        namespace: &Namespace,
        future: impl Future<Output = Result<R>> + Send + 'static,
    ) -> Result<R> {
        block_on(self.spawn(namespace, future)?)
    }

    /// Runs `future` on the runtime. What is returned gives its result.
    pub(super) fn spawn<R: Send + 'static>(
        self: &Arc<Self>,
        namespace: &Namespace,
        future: impl Future<Output = Result<R>> + Send + 'static,
    ) -> Result<Pin<Box<dyn Future<Output = Result<R>> + Send>>> {
        let task = self.handle(namespace)?.spawn(future);
        Ok(Box::pin(async move { task.await.unwrap_or_else(|error| Err(ended(error))) }))
    }

    fn handle(self: &Arc<Self>, namespace: &Namespace) -> Result<Handle> {
        let mut state = self.lock();
        if let State::Idle = *state {
            let runtime = Builder::new_multi_thread()
                .worker_threads(2)
                .thread_name("headwater-lake")
                .enable_all()
                .build()?;
            *state = State::Running(runtime);
            let own = self.clone();
            namespace.at_close(move || own.end());
        }
        match &*state {
            State::Running(runtime) => Ok(runtime.handle().clone()),
            _ => Err(Error::new(ErrorKind::Closed, "the namespace is closed")),
        }
    }

    /// Ends it without waiting: this may be one of its own threads.
    fn end(&self) {
        if let State::Running(runtime) = std::mem::replace(&mut *self.lock(), State::Ended) {
            runtime.shutdown_background();
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        self.end();
    }
}

fn ended(error: JoinError) -> Error {
    if error.is_panic() {
        return Error::new(ErrorKind::Panicked, format!("reading the warm tier: {error}"));
    }
    Error::new(ErrorKind::Closed, "the namespace was closed while its warm tier was read")
}
