//! One state of the hot tier for a whole statement: a snapshot that a thread of its own keeps open, and
//! that all tables of the statement are read from.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use headwater_primitives::{Error, ErrorKind, Namespace, Result, Snapshot};
use tokio::sync::oneshot;

use crate::shared::{Later, closed};

/// How often a snapshot that is not asked for anything looks whether it was ended, since it would keep
/// the write-ahead log from being reset.
const LOOK: Duration = Duration::from_millis(100);

/// Has enough steps for SQLite to look whether it is to stop.
const PROBE: &str = "WITH RECURSIVE step(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM step WHERE n < 500) \
                     SELECT count(*) FROM step";

/// A snapshot to ask things of. Cheap to clone; it ends with its last clone.
#[derive(Clone)]
pub(crate) struct View(Arc<Sender<Ask>>);

type Work = Box<dyn FnOnce(&Snapshot<'_>) -> Result<()> + Send>;

/// Something to find out. `work` answers by itself, unless it fails.
struct Ask {
    work: Work,
    failed: Box<dyn FnOnce(Error) + Send>,
}

impl View {
    /// A view of `namespace` as it is now.
    pub(crate) async fn open(namespace: &Namespace) -> Result<View> {
        let (asks, asked) = channel();
        let namespace = namespace.clone();
        let serve = move || serve(&namespace, &asked);
        std::thread::Builder::new().name("headwater-sql-view".into()).spawn(serve).map_err(
            |error| Error::new(ErrorKind::Io, "a thread does not start").with_source(error),
        )?;
        let view = View(Arc::new(asks));
        // What is acknowledged from here on is not part of it.
        view.ask(|_| Ok(())).await?;
        Ok(view)
    }

    /// What `work` finds in the snapshot. After a failure the snapshot is gone.
    pub(crate) fn ask<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Snapshot<'_>) -> Result<T> + Send + 'static,
    ) -> Later<T> {
        let (answer, answered) = oneshot::channel();
        let answer = Arc::new(std::sync::Mutex::new(Some(answer)));
        let take = |answer: &std::sync::Mutex<Option<oneshot::Sender<Result<T>>>>| {
            answer.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take()
        };
        let to = answer.clone();
        let ask = Ask {
            work: Box::new(move |snapshot| {
                let found = work(snapshot)?;
                if let Some(answer) = take(&to) {
                    // Nobody waits for it any more, if it is not taken.
                    let _ = answer.send(Ok(found));
                }
                Ok(())
            }),
            failed: Box::new(move |error| {
                if let Some(answer) = take(&answer) {
                    let _ = answer.send(Err(error));
                }
            }),
        };
        let sent = self.0.send(ask);
        Box::pin(async move {
            match sent {
                Ok(()) => answered.await.unwrap_or_else(|_| Err(closed())),
                Err(_) => Err(closed()),
            }
        })
    }
}

/// Answers what is asked, until nobody can ask any more.
fn serve(namespace: &Namespace, asked: &Receiver<Ask>) {
    let mut failed = None;
    let served = namespace.snapshot(|snapshot| {
        loop {
            match asked.recv_timeout(LOOK) {
                Ok(ask) => {
                    if let Err(error) = (ask.work)(snapshot) {
                        failed = Some(ask.failed);
                        return Err(error);
                    }
                }
                Err(RecvTimeoutError::Timeout) => {
                    snapshot.sql().prepare_cached(PROBE)?.query_row([], |_| Ok(()))?;
                }
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
            }
        }
    });
    let Err(error) = served else { return };
    let duplicate = error.duplicate();
    if let Some(failed) = failed {
        failed(error);
    }
    while let Ok(ask) = asked.recv() {
        (ask.failed)(duplicate.duplicate());
    }
}
