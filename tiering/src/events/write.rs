//! From the hot log to a snapshot of the table of events.

use std::ops::RangeInclusive;
use std::sync::Arc;

use headwater_cdc::{ChangeLog, EventFilter, Start, Subscription, UnifiedEvent};
use headwater_primitives::{RecordId, Result, Sequence, Transaction, fail};
use iceberg::table::Table;

use super::{ArchiveEvents, EventsArchived, FLOOR, table};
use crate::commit::Prepared;
use crate::files::{FileNames, FileWriter, WrittenFile};
use crate::schema::{LakeSchema, day_of};
use crate::tier::Tier;

/// Bytes of the log that are read at once.
const READ_BYTES: usize = 4 << 20;
/// Past so many bytes of events a snapshot is committed, and another one begun.
const SNAPSHOT_BYTES: usize = 1 << 30;

pub(super) async fn run(mut archiving: ArchiveEvents) -> Result<EventsArchived> {
    let tier = archiving.tier.clone();
    let _changing = tier.lake.changing.lock().await;
    take_over(&tier).await?;
    let changes = ChangeLog::open(tier.namespace())?;
    let (known, until) = begin(&archiving, &changes).await?;
    let mut done = EventsArchived { last: known.end_of(), ..EventsArchived::default() };
    let mut known = known;
    while known.next() <= until {
        let written = write(&mut archiving, &changes, known.next(), until).await?;
        let range = known.first..=written.last;
        let snapshot = commit(&archiving, &changes, &written, known.next(), range).await?;
        known = Known { first: known.first, next: written.last.next() };
        done.events += written.events;
        done.files += written.files.len() as u64;
        done.bytes += written.files.iter().map(|file| file.bytes).sum::<u64>();
        done.last = written.last;
        done.snapshot = snapshot;
    }
    Ok(done)
}

/// What is archived: events from `first` on, until before `next`.
struct Known {
    first: Sequence,
    next: Sequence,
}

impl Known {
    fn next(&self) -> Sequence {
        self.next
    }

    fn end_of(&self) -> Sequence {
        match self.next > self.first {
            true => Sequence(self.next.0 - 1),
            false => Sequence::ZERO,
        }
    }
}

/// What there is, and the last event to archive. From here on retention leaves what comes next.
async fn begin(archiving: &ArchiveEvents, changes: &ChangeLog) -> Result<(Known, Sequence)> {
    let (log, older_than) = (changes.clone(), archiving.older_than);
    let now = changes.namespace().clock().now();
    let begun = changes.namespace().transaction(move |tx| -> Result<(Known, Sequence)> {
        let sql = tx.sql();
        let start = log.segments().start_in(sql)?;
        let next = match table::range(sql)? {
            Some(range) => Known { first: *range.start(), next: range.end().next() },
            None => Known { first: start, next: start },
        };
        // Retention has gone past it: nobody wanted the events between.
        let known = match next.next < start {
            true => Known { first: start, next: start },
            false => next,
        };
        log.set_floor(tx, FLOOR, known.next)?;
        let head = log.segments().head_in(sql)?;
        let until = match older_than {
            Some(age) => {
                let young = log.segments().first_at(sql, now.before(age))?;
                head.min(Sequence(young.0.saturating_sub(1)))
            }
            None => head,
        };
        Ok((known, until))
    });
    begun.await
}

/// Files that are complete and read back.
#[derive(Default)]
struct Written {
    files: Vec<WrittenFile>,
    events: u64,
    last: Sequence,
    table: Option<Table>,
}

/// Writes the events from `next` on, up to `until` or until there are many of them.
async fn write(
    archiving: &mut ArchiveEvents,
    changes: &ChangeLog,
    next: Sequence,
    until: Sequence,
) -> Result<Written> {
    let tier = archiving.tier.clone();
    let table = table::open(&tier.catalog()?).await?;
    let metadata = table.metadata();
    let schema =
        Arc::new(LakeSchema::from_iceberg(metadata.current_schema(), metadata.properties())?);
    let storage = &tier.lake.storage;
    let folder = storage.root().path(metadata.location())?;
    let attempt = tier.namespace().ids().next(tier.namespace().clock().now());
    let after = Sequence(next.0.saturating_sub(1));
    let names = FileNames::new(folder, metadata.location(), after, until, attempt);
    let spec = metadata.default_partition_spec_id();
    let begin_day = |day: i32| {
        let (store, names) = (storage.store().clone(), names.clone());
        FileWriter::new(store, names, schema.clone(), (day, spec), archiving.files)
    };

    let mut written = Written { last: after, ..Written::default() };
    let mut writing: Option<(i32, FileWriter)> = None;
    let mut bytes = 0;
    let mut log = changes.subscribe(Start::At(next), EventFilter::all())?.batch_bytes(READ_BYTES);
    while written.last < until && bytes < SNAPSHOT_BYTES {
        archiving.cancelled.check()?;
        for event in some_events(&mut log, until)? {
            let row = event.to_archive()?;
            let day = day_of(event.timestamp());
            if let Some((_, done)) = writing.take_if(|(open, _)| *open != day) {
                written.files.extend(done.finish().await?);
            }
            let (_, writer) = match &mut writing {
                Some(writing) => writing,
                none => none.insert((day, begin_day(day)?)),
            };
            let sequence = event.sequence();
            let id = RecordId::Integer(sequence.0.cast_signed());
            writer.write(&id, sequence, event.timestamp(), &row).await?;
            written.last = sequence;
            written.events += 1;
            bytes += row.len();
        }
        if let Some(report) = &mut archiving.report {
            report(written.events);
        }
        tokio::task::yield_now().await;
    }
    if let Some((_, last)) = writing {
        written.files.extend(last.finish().await?);
    }
    for file in &written.files {
        tier.lake.tables.check(storage, &schema, file).await?;
    }
    fail::point("tier.archive.files")?;
    written.table = Some(table);
    Ok(written)
}

/// The next events of the log, up to `until`.
fn some_events(log: &mut Subscription, until: Sequence) -> Result<Vec<UnifiedEvent>> {
    let Some(batch) = log.try_next_batch()? else { return Ok(Vec::new()) };
    let events = batch.events();
    events
        .take_while(|event| {
            event.as_ref().is_ok_and(|event| event.sequence() <= until) || event.is_err()
        })
        .collect()
}

/// Makes the files part of the table; in the same transaction the archive is so far, and retention may go
/// as far.
async fn commit(
    archiving: &ArchiveEvents,
    changes: &ChangeLog,
    written: &Written,
    next: Sequence,
    range: RangeInclusive<Sequence>,
) -> Result<Option<i64>> {
    let after = Sequence(next.0.saturating_sub(1));
    let Some(table) = &written.table else { return Ok(None) };
    let catalog = archiving.tier.catalog()?;
    let prepared = catalog
        .new_snapshot(table)
        .add_data(written.files.iter().map(|file| file.data_file.clone()))
        .property("headwater.epoch", archiving.tier.namespace().epoch().to_string())
        .property("headwater.after", after.to_string())
        .property("headwater.until", written.last.to_string())
        .write()
        .await?;
    fail::point("tier.archive.snapshot")?;
    archiving.cancelled.check()?;
    let Prepared { requirements, updates, snapshot_id, .. } = prepared;
    let changes = changes.clone();
    let note = move |tx: &Transaction<'_>| {
        note(tx, &changes, &range)?;
        fail::point("tier.archive.commit")
    };
    catalog.commit_with(table.identifier(), requirements, updates, note).await?;
    fail::point("tier.archive.committed")?;
    Ok(snapshot_id)
}

/// Notes what the lake has. Retention may go as far.
fn note(tx: &Transaction<'_>, changes: &ChangeLog, range: &RangeInclusive<Sequence>) -> Result<()> {
    table::set_range(tx, range)?;
    changes.set_floor(tx, FLOOR, range.end().next())
}

/// Takes over what became of the table in its catalog since the hot tier last knew, if that is another one:
/// what an archiving of ours has committed there and not noted here, and what other engines did.
pub(crate) async fn take_over(tier: &Tier) -> Result<()> {
    let (catalog, ident) = (tier.catalog()?, table::ident());
    while let Some(missed) = catalog.missed(&ident).await? {
        let Some((_, moved)) = missed.moved() else {
            catalog.take_over(&missed, |_| Ok(())).await?;
            continue;
        };
        let changes = ChangeLog::open(tier.namespace())?;
        let ended = move |tx: &Transaction<'_>| {
            let first = match table::range(tx.sql())? {
                Some(known) if *known.end() == moved.after => *known.start(),
                _ => moved.after.next(),
            };
            // What has ended since is not to keep retention again.
            match changes.remove_floor(tx, FLOOR)? {
                true => note(tx, &changes, &(first..=moved.until)),
                false => table::set_range(tx, &(first..=moved.until)),
            }
        };
        catalog.take_over(&missed, ended).await?;
    }
    Ok(())
}
