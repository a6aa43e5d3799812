//! What all handles of a namespace share: the runtime that runs statements, and what is known of
//! tables' columns.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use headwater_primitives::{Error, ErrorKind, Namespace, Result};
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::task::AbortHandle;

use crate::inference::Inferences;

pub(crate) type Later<T> = Pin<Box<dyn Future<Output = Result<T>> + Send>>;

/// Shared by all handles of a namespace. It holds no namespace, which holds it.
#[derive(Default)]
pub(crate) struct Shared {
    runtime: Mutex<State>,
    pub(crate) inferences: Inferences,
}

/// Started by the first statement, ended with the namespace.
#[derive(Default)]
enum State {
    #[default]
    Idle,
    Running(Runtime),
    Closed,
}

impl Shared {
    pub(crate) fn of(namespace: &Namespace) -> Arc<Shared> {
        let mut made = None;
        let shared = namespace.extension(|| {
            let shared = Arc::new(Shared::default());
            made = Some(shared.clone());
            shared
        });
        if let Some(made) = made {
            namespace.at_close(move || made.end());
        }
        Arc::clone(&shared)
    }

    /// Runs `work` on the runtime. Dropping what comes back ends it.
    pub(crate) fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T>> + Send + 'static,
    ) -> Later<T> {
        let handle = match self.handle() {
            Ok(handle) => handle,
            Err(error) => return Box::pin(std::future::ready(Err(error))),
        };
        let task = handle.spawn(work);
        let guard = AbortOnDrop(task.abort_handle());
        Box::pin(async move {
            let _guard = guard;
            match task.await {
                Ok(result) => result,
                Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
                Err(_) => Err(closed()),
            }
        })
    }

    fn handle(&self) -> Result<Handle> {
        let mut state = self.runtime.lock().unwrap_or_else(PoisonError::into_inner);
        if let State::Idle = *state {
            let runtime = Builder::new_multi_thread()
                .thread_name("headwater-sql")
                .enable_all()
                .build()
                .map_err(|error| {
                    Error::new(ErrorKind::Io, "the threads for SQL do not start").with_source(error)
                })?;
            *state = State::Running(runtime);
        }
        match &*state {
            State::Running(runtime) => Ok(runtime.handle().clone()),
            _ => Err(closed()),
        }
    }

    fn end(&self) {
        let state = std::mem::replace(
            &mut *self.runtime.lock().unwrap_or_else(PoisonError::into_inner),
            State::Closed,
        );
        if let State::Running(runtime) = state {
            // Statements only read.
            runtime.shutdown_background();
        }
    }
}

/// Ends a task when nobody waits for it any more.
pub(crate) struct AbortOnDrop(pub(crate) AbortHandle);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

pub(crate) fn closed() -> Error {
    Error::new(ErrorKind::Closed, "the namespace is closed, and with it its statements")
}
