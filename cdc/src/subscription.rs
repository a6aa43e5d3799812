//! A subscription: batches of events, pulled, and woken by commits.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use event_listener::{EventListener, Listener};
use futures_core::Stream;
use headwater_primitives::{Error, ErrorKind, Result, SegmentLog, Sequence, block_on};

use crate::archive::{ArchiveReader, NextArchived};
use crate::batch::Batch;
use crate::log::ChangeLog;
use crate::reader::LogReader;
use crate::snapshot::SnapshotReader;

/// Batches of events in commit order, pulled by the consumer: nothing is read, and nothing kept in
/// memory, before it is asked for. Made by [`ChangeLog::subscribe`],
/// [`Cursor::subscribe`](crate::Cursor::subscribe) and their `snapshot_then_stream`.
///
/// It is also a `Stream`, which ends after an error and when the namespace closes.
pub struct Subscription {
    changes: ChangeLog,
    snapshot: Option<Box<SnapshotReader>>,
    reader: LogReader,
    /// Set while the events that are due are no longer in the hot log.
    archive: Option<FromArchive>,
    /// The event that was due when the archive was gone to.
    due: Sequence,
    listener: Option<EventListener>,
    failed: bool,
}

/// Where a subscription is in an archive.
enum FromArchive {
    Before(Box<dyn ArchiveReader>),
    Reading(NextArchived),
}

impl Subscription {
    pub(crate) fn new(
        changes: ChangeLog,
        snapshot: Option<Box<SnapshotReader>>,
        reader: LogReader,
    ) -> Subscription {
        changes.follow();
        Subscription {
            changes,
            snapshot,
            reader,
            archive: None,
            due: Sequence::ZERO,
            listener: None,
            failed: false,
        }
    }

    /// Ends a batch once its records, decompressed, pass `bytes`. Default: 1 MiB.
    #[must_use]
    pub fn batch_bytes(mut self, bytes: usize) -> Self {
        self.reader.batch_bytes = bytes;
        self
    }

    /// The next batch, waiting for commits when there is none yet. Dropping the future loses nothing.
    ///
    /// # Errors
    /// `ResnapshotRequired` when retention has overtaken this subscription; `Closed`; `Corrupt`.
    pub async fn next_batch(&mut self) -> Result<Batch> {
        poll_fn(|context| self.poll_batch(context)).await
    }

    /// The next batch; `None` when none has come within `timeout`. Blocks the thread.
    ///
    /// # Errors
    /// As [`next_batch`](Self::next_batch).
    pub fn next_batch_wait(&mut self, timeout: Duration) -> Result<Option<Batch>> {
        let deadline = Instant::now().checked_add(timeout);
        loop {
            // Listen first: a commit after the look would be missed otherwise.
            let listener = self.log().listen();
            if let Some(batch) = self.try_next_batch()? {
                return Ok(Some(batch));
            }
            let woken = match deadline {
                Some(deadline) => listener.wait_deadline(deadline).is_some(),
                None => {
                    listener.wait();
                    true
                }
            };
            if !woken {
                return Ok(None);
            }
        }
    }

    /// The next batch if there is one now. Waits for events that come from an archive.
    ///
    /// # Errors
    /// As [`next_batch`](Self::next_batch).
    pub fn try_next_batch(&mut self) -> Result<Option<Batch>> {
        block_on(poll_fn(|context| self.poll_present(context)))
    }

    /// The next batch of what was committed by now.
    fn poll_present(&mut self, context: &mut Context<'_>) -> Poll<Result<Option<Batch>>> {
        if let Some(snapshot) = &mut self.snapshot {
            let batch = snapshot.read(&self.changes)?;
            if batch.kind() == crate::BatchKind::SnapshotEnd {
                self.snapshot = None;
            }
            return Poll::Ready(Ok(Some(batch)));
        }
        loop {
            if let Some(batch) = ready!(self.poll_archive(context))? {
                return Poll::Ready(Ok(Some(batch)));
            }
            match self.reader.read() {
                Err(error) if error.kind() == ErrorKind::ResnapshotRequired => {
                    let Some(archive) = self.changes.read_archive(self.reader.next)? else {
                        return Poll::Ready(Err(error));
                    };
                    self.archive = Some(FromArchive::Before(archive));
                    self.due = self.reader.next;
                }
                Ok(None) => {
                    // Nothing more would ever wake a subscriber of a namespace that is closed.
                    self.changes.namespace().query(|_| Ok::<(), Error>(()))?;
                    return Poll::Ready(Ok(None));
                }
                batch => return Poll::Ready(batch),
            }
        }
    }

    /// The next batch of the archive; `None` where the hot log goes on.
    fn poll_archive(&mut self, context: &mut Context<'_>) -> Poll<Result<Option<Batch>>> {
        while let Some(place) = self.archive.take() {
            let mut reading = match place {
                FromArchive::Before(archive) => archive.next(self.reader.batch_bytes),
                FromArchive::Reading(reading) => reading,
            };
            let Poll::Ready(archived) = reading.as_mut().poll(context) else {
                self.archive = Some(FromArchive::Reading(reading));
                return Poll::Pending;
            };
            let archived = archived?;
            let batch = self.reader.take_archived(archived.events)?;
            if archived.rest.is_none() && self.reader.next == self.due {
                return Poll::Ready(Err(Error::corrupt(format!(
                    "the archive of the change log ends before event {}, which it is to have",
                    self.due
                ))));
            }
            self.archive = archived.rest.map(FromArchive::Before);
            if batch.is_some() {
                return Poll::Ready(Ok(batch));
            }
        }
        Poll::Ready(Ok(None))
    }

    fn log(&self) -> &SegmentLog {
        self.changes.segments()
    }

    fn poll_batch(&mut self, context: &mut Context<'_>) -> Poll<Result<Batch>> {
        loop {
            if let Some(listener) = &mut self.listener {
                if Pin::new(listener).poll(context).is_pending() {
                    return Poll::Pending;
                }
                self.listener = None;
            }
            let listener = self.log().listen();
            if let Some(batch) = ready!(self.poll_present(context)).transpose() {
                return Poll::Ready(batch);
            }
            self.listener = Some(listener);
        }
    }
}

impl Stream for Subscription {
    type Item = Result<Batch>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.failed {
            return Poll::Ready(None);
        }
        match self.poll_batch(context) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(batch) => {
                let closed = batch.as_ref().is_err_and(|error| error.kind() == ErrorKind::Closed);
                self.failed = batch.is_err();
                Poll::Ready(if closed { None } else { Some(batch) })
            }
        }
    }
}
