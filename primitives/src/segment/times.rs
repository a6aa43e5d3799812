//! When records were committed, from the headers of their segments where those tell.

use rusqlite::blob::Blob;
use rusqlite::{Connection, MAIN_DB};

use super::format::{HEADER, SegmentHeader};
use super::reader::Segment;
use super::run::Run;
use super::{SegmentLog, first_of, row_id};
use crate::error::{Error, Result};
use crate::sequence::Sequence;
use crate::time::Timestamp;

/// What looking at a header reads.
const PAGE: usize = 4096;

impl SegmentLog {
    /// Tells `each` the commit time of the records from `from` to `upto`: the first sequence that has it, and
    /// the time, in order. Stops once it has read `max_bytes`, and returns the sequence to go on with; none
    /// at the end of the log.
    ///
    /// Cost: a page per segment where all its records are of one time, as those of a large transaction
    /// are; otherwise its bytes. Only segments that are read whole have their checksums compared.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn times_in(
        &self,
        connection: &Connection,
        (from, upto): (Sequence, Sequence),
        max_bytes: usize,
        mut each: impl FnMut(Sequence, Timestamp),
    ) -> Result<Option<Sequence>> {
        let log = self.state().id();
        let from = from.max(Sequence(1));
        let mut run = Run::new(self, connection, from)?;
        let sql = format!("SELECT id, time FROM segments WHERE {}", Run::ROWS);
        let mut statement = connection.prepare_cached(&sql)?;
        let mut rows =
            statement.query((row_id(log, 0), row_id(log, from.0), row_id(log + 1, 0)))?;
        let (mut headers, mut bytes) = (Headers { connection, blob: None }, 0);
        while let Some(row) = rows.next()? {
            let (id, latest) = (row.get(0)?, Timestamp(row.get(1)?));
            let filed = first_of(id);
            if filed > upto.0 {
                // That it follows shows that the header before it told no lie.
                run.take(self, filed, (Sequence(filed), Sequence(filed)))?;
                run.end(self, connection, false)?;
                return Ok(Some(Sequence(filed)));
            }
            let header = headers.read(id).filter(|header| {
                header.first == Sequence(filed) && header.times == (latest, latest)
            });
            let reaches = match header {
                Some(header) => {
                    let reaches = run.take(self, filed, (header.first, header.last()))?;
                    if reaches {
                        each(header.first, latest);
                    }
                    bytes += PAGE;
                    reaches
                }
                None => {
                    let segment =
                        segment_in(connection, id).map_err(|error| self.at(filed, error))?;
                    let reaches = run.take(self, filed, (segment.first(), segment.last()))?;
                    for unit in segment.units().filter(|_| reaches) {
                        let (unit, _) = unit.map_err(|error| self.at(filed, error))?;
                        each(Sequence(unit.first), unit.time);
                    }
                    bytes += segment.header().raw_len as usize;
                    reaches
                }
            };
            if reaches && bytes >= max_bytes {
                let next = run.next();
                run.end(self, connection, false)?;
                return Ok(next);
            }
        }
        run.end(self, connection, true)?;
        Ok(None)
    }
}

/// Reads headers alone.
struct Headers<'c> {
    connection: &'c Connection,
    blob: Option<Blob<'c>>,
}

impl Headers<'_> {
    /// The header of the segment in row `id`; nothing unless it is a usual one.
    fn read(&mut self, id: i64) -> Option<SegmentHeader> {
        // A handle that failed is of no more use.
        let blob = match self.blob.take() {
            Some(mut blob) => blob.reopen(id).map(|()| blob),
            None => self.connection.blob_open(MAIN_DB, "segments", "data", id, true),
        };
        let blob = self.blob.insert(blob.ok()?);
        let mut head = [0; HEADER];
        blob.read_at_exact(&mut head, 0).ok()?;
        SegmentHeader::peek(&head, blob.len())
    }
}

fn segment_in(connection: &Connection, id: i64) -> Result<Segment> {
    let mut statement = connection.prepare_cached("SELECT data FROM segments WHERE id = ?")?;
    let mut rows = statement.query([id])?;
    let row = rows.next()?.ok_or_else(|| Error::corrupt("it is missing"))?;
    Segment::decode(row.get_ref(0)?.as_blob().map_err(|_| Error::corrupt("no blob"))?)
}
