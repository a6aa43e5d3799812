//! The runtime that does the lake's I/O: started by the first that needs it, ended with the namespace.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use headwater_primitives::{Error, ErrorKind, Namespace, Result};
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::task::JoinHandle;

/// What comes from the lake. It may be awaited on any executor, or blocked on.
pub type Later<T> = Pin<Box<dyn Future<Output = Result<T>> + Send>>;

/// The runtime of one namespace.
#[derive(Clone, Default)]
pub(crate) struct LakeRuntime(Arc<Mutex<State>>);

#[derive(Default)]
enum State {
    #[default]
    Idle,
    Running(Background),
    Closed,
}

/// A runtime that may be dropped anywhere, even by one of its own tasks.
struct Background(Option<Runtime>);

impl Drop for Background {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            // What runs has a handle on nothing that would be lost: files get names once they are whole.
            runtime.shutdown_background();
        }
    }
}

/// Threads for decoding and encoding; I/O of a local folder has blocking threads of its own.
const WORKERS: usize = 4;

impl LakeRuntime {
    /// The runtime of `namespace`.
    pub(crate) fn of(namespace: &Namespace) -> LakeRuntime {
        let runtime = LakeRuntime::default();
        let ended = runtime.clone();
        namespace.at_close(move || ended.end());
        runtime
    }

    /// Runs `work` on the runtime.
    pub(crate) fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T>> + Send + 'static,
    ) -> Later<T> {
        let handle = match self.handle() {
            Ok(handle) => handle,
            Err(error) => return Box::pin(std::future::ready(Err(error))),
        };
        let task = handle.spawn(work);
        Box::pin(joined(task))
    }

    /// The runtime as iceberg takes it.
    pub(crate) fn iceberg(&self) -> Result<iceberg::Runtime> {
        self.with(iceberg::Runtime::new)
    }

    fn handle(&self) -> Result<Handle> {
        self.with(|runtime| runtime.handle().clone())
    }

    /// Looks at the runtime, which is started if it is not yet.
    fn with<T>(&self, look: impl FnOnce(&Runtime) -> T) -> Result<T> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let State::Idle = *state {
            let runtime = Builder::new_multi_thread()
                .worker_threads(WORKERS)
                .thread_name("headwater-lake")
                .enable_all()
                .build()
                .map_err(|error| {
                    Error::new(ErrorKind::Io, "the lake's threads do not start").with_source(error)
                })?;
            *state = State::Running(Background(Some(runtime)));
        }
        match &*state {
            State::Running(Background(Some(runtime))) => Ok(look(runtime)),
            _ => Err(closed()),
        }
    }

    fn end(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = State::Closed;
    }
}

/// What a task came to.
pub(crate) async fn joined<T>(task: JoinHandle<Result<T>>) -> Result<T> {
    match task.await {
        Ok(result) => result,
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        Err(_) => Err(closed()),
    }
}

fn closed() -> Error {
    Error::new(ErrorKind::Closed, "the namespace is closed, and with it its lake")
}
