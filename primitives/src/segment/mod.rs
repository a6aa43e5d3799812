//! The segment log: many records to a row, checksummed, compressed and merged in the background.

mod compress;
mod format;
mod group;
mod log;
mod merge;
mod reader;
mod run;
mod times;
pub mod varint;
mod verify;

pub use format::{Codec, SegmentHeader};
pub use log::{LogStats, SegmentLog};
pub use reader::{Record, Segment, Unit};

pub(crate) use compress::Compressor;
pub(crate) use group::GroupLogs;
pub(crate) use log::LogState;
pub(crate) use merge::merge_all;

/// Past this many bytes a unit is written in pieces, and a group compresses before it commits.
pub(crate) const PIECE: usize = 512 << 10;
/// Segments are merged until their raw body has this size.
pub(crate) const MERGED: usize = 512 << 10;
/// The largest payload of one record.
pub(crate) const MAX_PAYLOAD: usize = 1 << 29;

/// Sequences take the low 48 bits of a segment's row id, the log's number the high ones.
const SEQUENCE_BITS: u32 = 48;

/// The row id of the segment of `log` that starts at `first`.
pub(crate) fn row_id(log: u16, first: u64) -> i64 {
    (i64::from(log) << SEQUENCE_BITS) | first as i64
}

/// The first sequence of the segment in row `id`.
pub(crate) fn first_of(id: i64) -> u64 {
    id as u64 & ((1 << SEQUENCE_BITS) - 1)
}

/// The tables of the segment log. Part of the namespace's own schema.
pub(crate) const SCHEMA: &str = "
CREATE TABLE segment_logs(
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    next INTEGER NOT NULL DEFAULT 1,
    start INTEGER NOT NULL DEFAULT 1,
    merged INTEGER NOT NULL DEFAULT 1,
    time INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE segments(id INTEGER PRIMARY KEY, time INTEGER NOT NULL, data BLOB NOT NULL);
CREATE TABLE segment_units(
    log INTEGER NOT NULL,
    first INTEGER NOT NULL,
    total INTEGER NOT NULL,
    PRIMARY KEY(log, first)
) WITHOUT ROWID;
CREATE TABLE epochs(
    epoch INTEGER NOT NULL,
    log INTEGER NOT NULL,
    start INTEGER NOT NULL,
    PRIMARY KEY(epoch, log)
) WITHOUT ROWID;
";
