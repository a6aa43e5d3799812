//! Load: structs become documents, one by one, in flight together, and in bulk.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use headwater::Headwater;

use super::Chapter;
use crate::input::Input;
use crate::model::{Language, Package, SourceFile};
use crate::screen::{Column, Screen, Table, human};
use crate::{Outcome, Tour};

pub(super) const CHAPTER: Chapter = Chapter {
    title: "Load",
    about: "The packages that this workspace is built from, and their sources, become documents.",
    run,
};

/// How many source files are written one by one, with many of them in flight.
const IN_FLIGHT: usize = 1_000;

fn run(tour: &mut Tour) -> Outcome {
    let input = Input::read(tour.screen)?;
    show_input(&input, tour.screen);

    tour.screen.step("Three ways to write, all of them durable, each document with its event");
    let (in_flight, in_bulk) = input.files.split_at(IN_FLIGHT.min(input.files.len()));
    let mut table = Table::new(&[
        Column::Left("how"),
        Column::Left("what"),
        Column::Right("documents"),
        Column::Right("took"),
        Column::Right(""),
    ]);
    let mut row = |how: &str, what: &str, number: usize, took: Duration| {
        let number = number as u64;
        table.row([
            how.to_owned(),
            what.to_owned(),
            human::count(number),
            human::time(took),
            human::rate(number, took),
        ]);
    };
    row("one by one", "packages", input.packages.len(), one_by_one(tour, &input.packages)?);
    row("many in flight", "source files", in_flight.len(), together(&tour.db, in_flight)?);
    row("one bulk insert", "source files", in_bulk.len(), bulk(&tour.db, in_bulk)?);
    tour.screen.table(&table);

    let packages = tour.db.documents::<Package>()?.count().wait()?;
    let files = tour.db.documents::<SourceFile>()?.count().wait()?;
    let written = (input.packages.len() as u64, input.files.len() as u64);
    tour.check((packages, files) == written, "every document that was written is there")?;
    let head = tour.db.changes().head().0;
    tour.check(head == packages + files, "the change log has one event for each of them")
}

fn show_input(input: &Input, screen: Screen) {
    let total: u64 = input.files.iter().map(|file| file.lines).sum();
    screen.paragraph(&format!(
        "cargo named {} in {}; {} with {} were read in {}.",
        human::counted(input.packages.len() as u64, "package", "packages"),
        human::time(input.asked),
        human::counted(input.files.len() as u64, "source file", "source files"),
        human::counted(total, "line", "lines"),
        human::time(input.read),
    ));
    let mut languages: BTreeMap<Language, [u64; 3]> = BTreeMap::new();
    for file in &input.files {
        let [files, lines, bytes] = languages.entry(file.language).or_default();
        (*files, *lines, *bytes) = (*files + 1, *lines + file.lines, *bytes + file.bytes);
    }
    let mut languages: Vec<_> = languages.into_iter().collect();
    languages.sort_by_key(|(_, [_, lines, _])| std::cmp::Reverse(*lines));
    let mut table = Table::new(&[
        Column::Left("language"),
        Column::Right("files"),
        Column::Right("lines"),
        Column::Right("text"),
    ]);
    for (language, [files, lines, bytes]) in languages {
        table.row([
            language.to_string(),
            human::count(files),
            human::count(lines),
            human::bytes(bytes),
        ]);
    }
    screen.line("");
    screen.table(&table);
}

/// Each write waits for the disk before the next one is made.
fn one_by_one(tour: &Tour, packages: &[Package]) -> Outcome<Duration> {
    let bar = tour.screen.bar(packages.len() as u64, "writing packages");
    let began = Instant::now();
    for package in packages {
        tour.db.insert(package).wait()?;
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(began.elapsed())
}

/// Each write is a commit of its own; those that wait at the same time share an fsync.
fn together(db: &Headwater, files: &[SourceFile]) -> Outcome<Duration> {
    let began = Instant::now();
    let accepted = files.iter().map(|file| db.insert(file).submit().wait());
    for pending in accepted.collect::<Result<Vec<_>, _>>()? {
        pending.wait()?;
    }
    Ok(began.elapsed())
}

/// All of them in one transaction.
fn bulk(db: &Headwater, files: &[SourceFile]) -> Outcome<Duration> {
    let files_store = db.documents::<SourceFile>()?;
    let began = Instant::now();
    files_store.bulk_insert(files).wait()?;
    Ok(began.elapsed())
}
