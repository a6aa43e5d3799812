//! Events read back from the lake.

use std::collections::VecDeque;
use std::ops::RangeInclusive;
use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use headwater_cdc::{Archive, ArchiveReader, Archived, NextArchived, UnifiedEvent};
use headwater_primitives::rusqlite::Connection;
use headwater_primitives::{Error, Namespace, Result, Sequence, Timestamp, block_on};
use iceberg::spec::{Datum, PrimitiveLiteral};

use super::table;
use crate::catalog;
use crate::cold::{ColdTable, Pin};
use crate::files::{Scan, ScanBatch};
use crate::manifests::{Bounds, LiveFile};
use crate::rows::RowDecoder;
use crate::tier::Lake;

/// Rows that are decoded at once: events may be large.
const BATCH_ROWS: usize = 256;

/// The lake as the archive of a change log.
pub(crate) struct LakeArchive {
    lake: Arc<Lake>,
}

impl LakeArchive {
    pub(crate) fn new(lake: Arc<Lake>) -> LakeArchive {
        LakeArchive { lake }
    }

    /// The state of the table that `sql` sees, which stays readable while the pin lives.
    fn pinned(&self, sql: &Connection) -> Result<Arc<Pin>> {
        let location = catalog::pointer_of(sql, &table::ident())?;
        let location = location.ok_or_else(|| {
            Error::corrupt("the lake is to have events, and the catalog has no table of them")
        })?;
        Ok(Arc::new(self.lake.pins.pin(&location)))
    }
}

impl Archive for LakeArchive {
    fn range(&self, sql: &Connection) -> Result<Option<RangeInclusive<Sequence>>> {
        table::range(sql)
    }

    fn read(&self, namespace: &Namespace, after: Sequence) -> Result<Box<dyn ArchiveReader>> {
        let pin = namespace.query(|sql| self.pinned(sql))?;
        Ok(Box::new(EventReader {
            lake: self.lake.clone(),
            ns: namespace.name().into(),
            source: Source::Pinned(pin),
            after,
            files: VecDeque::new(),
            reading: None,
        }))
    }

    fn last_at(&self, sql: &Connection, time: Timestamp) -> Result<Option<Sequence>> {
        let pin = self.pinned(sql)?;
        let lake = self.lake.clone();
        block_on(self.lake.runtime.run(async move {
            let table = lake.tables.at(&lake, &table::ident(), pin.location()).await?;
            last_at(&lake, &table, time).await
        }))
    }
}

/// A place in the table of events.
struct EventReader {
    lake: Arc<Lake>,
    ns: Arc<str>,
    source: Source,
    after: Sequence,
    /// Files that are still to be read: places in the table's list.
    files: VecDeque<usize>,
    reading: Option<Reading>,
}

/// The state of the table that is read, which stays readable.
enum Source {
    Pinned(Arc<Pin>),
    Loaded { table: Arc<ColdTable>, _pin: Option<Arc<Pin>> },
}

/// A file that is being read.
struct Reading {
    decoder: RowDecoder,
    batches: BoxStream<'static, Result<ScanBatch>>,
    /// What is left of a batch, from this row on.
    rows: Option<(ScanBatch, usize)>,
}

impl ArchiveReader for EventReader {
    fn next(mut self: Box<Self>, bytes: usize) -> NextArchived {
        let runtime = self.lake.runtime.clone();
        runtime.run(async move {
            let events = self.read(bytes).await?;
            let is_over = self.reading.is_none() && self.files.is_empty();
            Ok(Archived { events, rest: (!is_over).then_some(self as Box<dyn ArchiveReader>) })
        })
    }
}

impl EventReader {
    async fn read(&mut self, bytes: usize) -> Result<Vec<UnifiedEvent>> {
        let table = match &self.source {
            Source::Loaded { table, .. } => table.clone(),
            Source::Pinned(pin) => {
                let (ident, pin) = (table::ident(), pin.clone());
                let table = self.lake.tables.at(&self.lake, &ident, pin.location()).await?;
                self.files = files_after(&table, self.after);
                self.source = Source::Loaded { table: table.clone(), _pin: Some(pin) };
                table
            }
        };
        let (mut events, mut read) = (Vec::new(), 0);
        while read < bytes {
            let Some(reading) = &mut self.reading else {
                let Some(file) = self.files.pop_front() else { break };
                let file = table.open(&self.lake, &table.files.data()[file]).await?;
                let scan = Scan { batch_rows: BATCH_ROWS, ..Scan::default() };
                let (decoder, batches) = (file.decoder().clone(), file.scan(&scan)?);
                self.reading = Some(Reading { decoder, batches, rows: None });
                continue;
            };
            let (batch, from) = match reading.rows.take() {
                Some(rows) => rows,
                None => match reading.batches.next().await {
                    Some(batch) => (batch?, 0),
                    None => {
                        self.reading = None;
                        continue;
                    }
                },
            };
            let rows = reading.decoder.rows(&batch.rows)?;
            let mut at = from;
            while at < rows.len() && read < bytes {
                let sequence = rows.version(at);
                if sequence > self.after {
                    let mut row = Vec::new();
                    rows.body(at, &mut row)?;
                    read += row.len();
                    let (time, row) = (rows.written(at), row.into());
                    events.push(UnifiedEvent::from_archive(&self.ns, sequence, time, &row)?);
                    self.after = sequence;
                }
                at += 1;
            }
            if at < rows.len() {
                reading.rows = Some((batch, at));
            }
        }
        Ok(events)
    }
}

/// The files that have events after `after`, in the order of the events.
fn files_after(table: &ColdTable, after: Sequence) -> VecDeque<usize> {
    let files = table.files.data().iter().enumerate();
    let mut files: Vec<_> = files
        .map(|(at, file)| (bounds(table, file), at))
        .filter(|((_, last), _)| last.is_none_or(|last| last > after))
        .collect();
    files.sort_unstable();
    files.into_iter().map(|(_, at)| at).collect()
}

/// The first and the last event of a file, as its manifest has them.
pub(crate) fn bounds(table: &ColdTable, file: &LiveFile) -> (Option<Sequence>, Option<Sequence>) {
    let known = file.bounds(table.schema.system().version);
    let sequence = |datum: Option<&Datum>| match datum?.literal() {
        PrimitiveLiteral::Long(sequence) => Some(Sequence(sequence.cast_unsigned())),
        _ => None,
    };
    let of = |which: fn(&Bounds) -> Option<&Datum>| sequence(known.and_then(which));
    (of(|bounds| bounds.lower.as_ref()), of(|bounds| bounds.upper.as_ref()))
}

/// The last run of events without a gap that the table has.
pub(crate) fn run_of(table: &ColdTable) -> Option<RangeInclusive<Sequence>> {
    let mut files: Vec<(Sequence, Sequence)> = Vec::new();
    for file in table.files.data() {
        let (first, last) = bounds(table, file);
        files.push((first?, last?));
    }
    files.sort_unstable();
    let (mut first, last) = files.pop()?;
    while let Some((before, end)) = files.pop().filter(|(_, end)| end.next() == first) {
        (first, _) = (before, end);
    }
    Some(first..=last)
}

/// Reads the events after `after` of one state of the table.
pub(crate) fn reader_of(
    lake: &Arc<Lake>,
    table: Arc<ColdTable>,
    after: Sequence,
) -> Box<dyn ArchiveReader> {
    Box::new(EventReader {
        lake: lake.clone(),
        ns: "".into(),
        files: files_after(&table, after),
        source: Source::Loaded { table, _pin: None },
        after,
        reading: None,
    })
}

/// The last event that was committed at `time` or before.
async fn last_at(lake: &Lake, table: &ColdTable, time: Timestamp) -> Result<Option<Sequence>> {
    let field = table.schema.system().written;
    let begins = |file: &LiveFile| match file.bounds(field)?.lower.as_ref()?.literal() {
        PrimitiveLiteral::Long(micros) => Some(Timestamp(*micros)),
        _ => None,
    };
    // Events and their times ascend together, from file to file too.
    for at in files_after(table, Sequence::ZERO).into_iter().rev() {
        let file = &table.files.data()[at];
        if begins(file).is_some_and(|begins| begins > time) {
            continue;
        }
        let reader = table.open(lake, file).await?;
        let mut batches = reader.scan(&Scan::default())?;
        let mut last = None;
        while let Some(batch) = batches.next().await {
            let batch = batch?;
            let rows = reader.decoder().rows(&batch.rows)?;
            let count = (0..rows.len()).take_while(|row| rows.written(*row) <= time).count();
            if count > 0 {
                last = Some(rows.version(count - 1));
            }
            if count < rows.len() {
                break;
            }
        }
        if last.is_some() {
            return Ok(last);
        }
    }
    Ok(None)
}
