//! Crash: a process is killed while it writes, and nothing that it was told is safe is lost.

mod aftermath;
mod child;

use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use headwater::filter::Filter;
use headwater::{Durability, Headwater};

use super::Chapter;
use crate::model::{Review, SourceFile};
use crate::screen::{Column, Table, human};
use crate::{Outcome, Tour};
use aftermath::Aftermath;

pub(crate) use child::write_until_killed;

pub(super) const CHAPTER: Chapter = Chapter {
    title: "Crash",
    about: "Another process writes from 16 threads and is killed (-9) in the middle of it.",
    run,
};

const ROUNDS: usize = 3;
/// How many source files there are to be reviewed.
const FILES: usize = 500;

fn run(tour: &mut Tour) -> Outcome {
    let folder = tour.workplace.path("crash.hw");
    prepare(tour, &folder)?;
    tour.screen.paragraph(
        "Each of its transactions adds a review and counts it in the reviewed file, waits until \
         both are on the disk, and tells us. Then we open what it has left. What was on the disk \
         before we could be told is found as well.",
    );
    let mut table = Table::new(&[
        Column::Right("kill"),
        Column::Right("acknowledged"),
        Column::Right(""),
        Column::Right("found"),
        Column::Right("lost"),
        Column::Right("half done"),
        Column::Right("opened in"),
        Column::Left("verify"),
    ]);
    let mut all = Vec::new();
    for round in 1..=ROUNDS {
        let bar = tour.screen.bar(ROUNDS as u64, "killing").with_position(round as u64);
        let killed = child::run_and_kill(&folder, round, moment())?;
        let found = Aftermath::look(&folder, round, &killed.acknowledged)?;
        bar.finish_and_clear();
        let acknowledged = killed.acknowledged.len() as u64;
        table.row([
            round.to_string(),
            human::count(acknowledged),
            human::rate(acknowledged, killed.wrote),
            human::count(found.reviews),
            human::count(found.lost),
            human::count(found.half_done),
            human::time(found.opened),
            if found.defects.is_empty() { "clean".into() } else { found.defects.join("; ") },
        ]);
        all.push(found);
    }
    tour.screen.line("");
    tour.screen.table(&table);
    let every = |holds: fn(&Aftermath) -> bool| all.iter().all(holds);
    tour.check(every(|found| found.lost == 0), "every acknowledged write is there")?;
    tour.check(every(|found| found.half_done == 0), "no transaction is there by half")?;
    tour.check(every(|found| found.log_is_whole), "each write has its event, without a gap")?;
    tour.check(every(|found| found.defects.is_empty()), "verify finds nothing wrong")
}

/// Makes the database that the child will write to.
fn prepare(tour: &Tour, folder: &Path) -> Outcome {
    let some = tour.db.find::<SourceFile>(Filter::all())?.limit(FILES).run().wait()?.documents;
    let files: Vec<SourceFile> = some.into_iter().map(|found| found.document).collect();
    let db = open(folder)?;
    db.documents::<SourceFile>()?.bulk_insert(&files).wait()?;
    Ok(db.close()?)
}

fn open(folder: &Path) -> Outcome<Headwater> {
    let builder = Headwater::builder(folder).durability(Durability::Sync);
    Ok(builder.with::<SourceFile>().with::<Review>().open()?)
}

/// After how many acknowledgements to kill, and how long after that: different each time.
fn moment() -> (usize, Duration) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let number = now.subsec_micros();
    (1_000 + (number % 2_000) as usize, Duration::from_micros(u64::from(number % 1_777)))
}
