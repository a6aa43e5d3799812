//! A thread that compresses segments while the writer goes on writing.

use std::sync::Mutex;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use super::format::{Codec, SegmentBuilder};
use crate::error::{Error, ErrorKind, Result};

type Job = (SegmentBuilder, SyncSender<Vec<u8>>);

/// Segments that may wait; one more blocks the writer, which bounds memory.
const WAITING: usize = 16;

/// Compresses segments on a thread of its own, started at the first use.
#[derive(Default)]
pub(crate) struct Compressor(Mutex<Option<SyncSender<Job>>>);

/// A segment that is being compressed.
pub(crate) struct Compressing(Receiver<Vec<u8>>);

impl Compressor {
    /// Hands `builder` over. Blocks while [`WAITING`] are there already.
    pub(crate) fn start(&self, builder: SegmentBuilder) -> Result<Compressing> {
        let mut sender = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if sender.is_none() {
            let (jobs, waiting) = sync_channel::<Job>(WAITING);
            thread::Builder::new().name("headwater-lz4".into()).spawn(move || {
                for (builder, reply) in waiting {
                    // The group that wanted it may have failed meanwhile.
                    let _ = reply.send(builder.finish(Codec::Lz4));
                }
            })?;
            *sender = Some(jobs);
        }
        let (reply, result) = sync_channel(1);
        let jobs = sender.as_ref().ok_or_else(stopped)?;
        jobs.send((builder, reply)).map_err(|_| stopped())?;
        Ok(Compressing(result))
    }
}

impl Compressing {
    pub(crate) fn finish(self) -> Result<Vec<u8>> {
        self.0.recv().map_err(|_| stopped())
    }
}

fn stopped() -> Error {
    Error::new(ErrorKind::Closed, "the segment compressor has stopped")
}
