//! Summary: what is on the disk now.

use std::fs;
use std::io;
use std::path::Path;
use std::time::Instant;

use headwater::cdc::{EventFilter, Start};

use super::Chapter;
use crate::screen::{Column, Table, human};
use crate::{Outcome, Tour};

pub(super) const CHAPTER: Chapter = Chapter {
    title: "What is on the disk",
    about: "The database of chapters 1 to 5, closed and opened again.",
    run,
};

fn run(tour: &mut Tour) -> Outcome {
    let head = tour.db.changes().head();
    let began = Instant::now();
    tour.db.clone().close()?;
    let closed = began.elapsed();
    let began = Instant::now();
    tour.db = crate::open(&tour.workplace)?;
    let opened = human::time(began.elapsed());
    tour.screen.line(format!("Closed in {}, opened in {opened}.", human::time(closed)));

    let stats = tour.db.stats()?;
    let mut table = Table::new(&[
        Column::Left("store"),
        Column::Left("name"),
        Column::Right("rows"),
        Column::Left("indexes"),
    ]);
    for rows in &stats.tables {
        table.row([
            rows.store.to_owned(),
            rows.table.clone(),
            human::count(rows.rows),
            rows.indexes.join(", "),
        ]);
    }
    tour.screen.line("");
    tour.screen.table(&table);

    let (events, as_json) = as_json(tour)?;
    let each = |bytes: u64| human::bytes(bytes / events.max(1));
    let log = stats.changes.bytes;
    let mut table =
        Table::new(&[Column::Left(""), Column::Right("bytes"), Column::Right("per event")]);
    table.row(["hot.db".into(), human::bytes(stats.hot_bytes), String::new()]);
    table.row(["hot.db-wal".into(), human::bytes(stats.wal_bytes), String::new()]);
    let index = folder_bytes(&stats.path.join("index"))?;
    table.row(["index/, made again when it is gone".into(), human::bytes(index), String::new()]);
    table.row([
        format!("the change log in hot.db: {} events", human::count(events)),
        human::bytes(log),
        each(log),
    ]);
    table.row(["the same events as lines of JSON".into(), human::bytes(as_json), each(as_json)]);
    tour.screen.line("");
    tour.screen.table(&table);

    let began = Instant::now();
    let defects = tour.db.verify()?;
    let took = human::time(began.elapsed());
    let all = stats.changes.head == head && events == head.0;
    tour.check(all, "every event is still there")?;
    tour.check(
        defects.is_empty(),
        &format!("verify finds nothing wrong in rows, indexes and events, in {took}"),
    )
}

/// What the files in a folder take, and in those below it.
fn folder_bytes(folder: &Path) -> io::Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        bytes += match entry.file_type()?.is_dir() {
            true => folder_bytes(&entry.path())?,
            false => entry.metadata()?.len(),
        };
    }
    Ok(bytes)
}

/// The events and what they take as JSON.
fn as_json(tour: &Tour) -> Outcome<(u64, u64)> {
    let mut log = tour.db.changes().subscribe(Start::Beginning, EventFilter::all())?;
    let (mut events, mut bytes) = (0, 0);
    while let Some(batch) = log.try_next_batch()? {
        for event in batch.events() {
            bytes += event?.to_json()?.len() as u64 + 1;
            events += 1;
        }
    }
    Ok((events, bytes))
}
