//! The rows that a statement gives, batch by batch.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use futures_util::{Stream, StreamExt};
use headwater_primitives::{Result, block_on};
use tokio::sync::mpsc::Receiver;

use crate::shared::{AbortOnDrop, closed};

/// The rows of a statement, as Arrow batches: a stream, or an iterator by
/// [`blocking`](Rows::blocking). A few batches at most are made before they are asked for. After an error
/// nothing follows. Dropping it ends the statement.
pub struct Rows {
    schema: SchemaRef,
    /// `None` is the end. A channel that is closed without it is that of a namespace that was.
    batches: Receiver<Option<Result<RecordBatch>>>,
    is_over: bool,
    _task: AbortOnDrop,
}

impl Rows {
    pub(crate) fn new(
        schema: SchemaRef,
        batches: Receiver<Option<Result<RecordBatch>>>,
        task: AbortOnDrop,
    ) -> Rows {
        Rows { schema, batches, is_over: false, _task: task }
    }

    /// The columns of all batches.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// The batches as an iterator that blocks the thread.
    pub fn blocking(&mut self) -> BlockingRows<'_> {
        BlockingRows(self)
    }
}

impl Stream for Rows {
    type Item = Result<RecordBatch>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.is_over {
            return Poll::Ready(None);
        }
        let batch = match self.batches.poll_recv(context) {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(batch) => batch.unwrap_or_else(|| Some(Err(closed()))),
        };
        self.is_over = batch.as_ref().is_none_or(Result::is_err);
        Poll::Ready(batch)
    }
}

impl fmt::Debug for Rows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rows").field("schema", &self.schema).finish_non_exhaustive()
    }
}

/// The batches of [`Rows`], for code that is not async.
#[derive(Debug)]
pub struct BlockingRows<'r>(&'r mut Rows);

impl Iterator for BlockingRows<'_> {
    type Item = Result<RecordBatch>;

    fn next(&mut self) -> Option<Self::Item> {
        block_on(self.0.next())
    }
}
