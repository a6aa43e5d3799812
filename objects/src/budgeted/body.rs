//! The body of a read: each piece has its room while it is waited for.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream::{self, BoxStream, StreamExt};
use object_store::{GetResult, GetResultPayload, Result};

use super::budget::Budget;
use super::metrics::{Counters, add};

/// Room for one piece. Network clients hand on what one read of a socket or one frame brought,
/// which is less.
const PIECE: u64 = 256 * 1024;

pub(super) fn limited(
    mut result: GetResult,
    budget: Arc<Budget>,
    counters: Arc<Counters>,
) -> GetResult {
    let length = result.range.end - result.range.start;
    result.payload = match result.payload {
        GetResultPayload::Stream(body) => {
            GetResultPayload::Stream(stream(body, length, budget, counters))
        }
        // A local file is read by the caller, and nothing is in flight.
        file => {
            add(&counters.bytes_read, length);
            file
        }
    };
    result
}

/// Room is held only while a piece is waited for: a caller that reads two bodies in turn could
/// otherwise wait for itself.
fn stream(
    body: BoxStream<'static, Result<Bytes>>,
    length: u64,
    budget: Arc<Budget>,
    counters: Arc<Counters>,
) -> BoxStream<'static, Result<Bytes>> {
    stream::try_unfold((body, length), move |(mut body, left)| {
        let (budget, counters) = (Arc::clone(&budget), Arc::clone(&counters));
        async move {
            let room = budget.take(left.min(PIECE)).await?;
            let next = body.next().await.map(|chunk| counters.checked(chunk)).transpose()?;
            drop(room);
            Ok(next.map(|chunk| {
                add(&counters.bytes_read, chunk.len() as u64);
                let left = left.saturating_sub(chunk.len() as u64);
                (chunk, (body, left))
            }))
        }
    })
    .boxed()
}
