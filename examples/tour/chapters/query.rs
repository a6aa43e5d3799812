//! Query: filters, an order, pages and JSONPath, with and without an index.

use std::time::{Duration, Instant};

use headwater::document::{Find, Uniqueness};
use headwater::filter::{Filter, field};
use headwater::prelude::Order;

use super::Chapter;
use crate::clock::{self, median};
use crate::model::{DependencyKind, Package, SourceFile, all};
use crate::screen::{Column, Table, human};
use crate::{Outcome, Tour};

pub(super) const CHAPTER: Chapter = Chapter {
    title: "Query",
    about: "Questions about these packages. Times are the median of several runs.",
    run,
};

/// How many answers are shown.
const SHOWN: usize = 6;
const PAGE: usize = 500;

fn run(tour: &mut Tour) -> Outcome {
    by_id(tour)?;
    by_licence(tour)?;
    by_size(tour)?;
    by_path(tour)?;
    with_and_without_an_index(tour)?;
    page_by_page(tour)
}

fn by_id(tour: &mut Tour) -> Outcome {
    let written = all::<Package>(&tour.db)?;
    let mut same = true;
    tour.screen.step("get::<Package>(id), for every package");
    for from in ["from the database's pages", "again, from the row cache"] {
        let mut times = Vec::with_capacity(written.len());
        for package in &written {
            let began = Instant::now();
            let read = tour.db.get::<Package>(&*package.id).wait()?;
            times.push(began.elapsed());
            same &= read.as_ref() == Some(package);
        }
        tour.screen.indented(format!("{from}: {}", human::time(median(times))));
    }
    tour.check(same, "each document comes back as the struct that was written")
}

fn by_licence(tour: &mut Tour) -> Outcome {
    let filter = field("licences").none_of(["MIT", "Apache-2.0"]);
    tour.screen.step("Which packages offer neither MIT nor Apache-2.0?");
    let found =
        answer(tour, &filter.to_string(), || Ok(tour.db.find::<Package>(filter.clone())?))?;
    let mut table = Table::new(&[Column::Left(""), Column::Left(""), Column::Left("")]);
    for package in found.iter().take(SHOWN) {
        let licence = package.licence.clone().unwrap_or_else(|| "none".to_owned());
        let about = package.description.clone().unwrap_or_default();
        table.row([package.id.clone(), licence, about]);
    }
    tour.screen.table(&table);
    let wrong =
        |package: &Package| package.licences.iter().any(|l| l == "MIT" || l == "Apache-2.0");
    tour.check(!found.iter().any(wrong), "none of the answers names one of the two")
}

fn by_size(tour: &mut Tour) -> Outcome {
    let filter = field("dependents").gte(2) & field("source.unsafe").eq(0);
    tour.screen.step("The largest packages that others share, and that never say `unsafe`?");
    let found = answer(tour, &format!("{filter}, sorted by source.lines"), || {
        let find = tour.db.find::<Package>(filter.clone())?;
        Ok(find.sort("source.lines", Order::Descending).limit(SHOWN))
    })?;
    let mut table =
        Table::new(&[Column::Left("package"), Column::Right("lines"), Column::Right("used by")]);
    for package in &found {
        let lines = human::count(package.source.lines);
        table.row([package.id.clone(), lines, package.dependents.to_string()]);
    }
    tour.screen.table(&table);
    let sorted = found.is_sorted_by(|one, next| one.source.lines >= next.source.lines);
    tour.check(sorted, "the answers are in order")
}

fn by_path(tour: &mut Tour) -> Outcome {
    let path = r#"$.dependencies[?@.kind == "build" && @.name == "cc"]"#;
    tour.screen.step("Which packages compile C while they are built? (JSONPath, RFC 9535)");
    let packages = tour.db.documents::<Package>()?;
    let found = answer(tour, path, || Ok(packages.find_path(path)))?;
    let names: Vec<&str> = found.iter().map(|package| &*package.id).collect();
    tour.screen.indented(names.join(", "));
    let compiles = |package: &Package| {
        let mut dependencies = package.dependencies.iter();
        dependencies.any(|needs| needs.kind == DependencyKind::Build && needs.name == "cc")
    };
    let expected = all::<Package>(&tour.db)?.iter().filter(|package| compiles(package)).count();
    let right = found.len() == expected && found.iter().all(compiles);
    tour.check(right, "a loop over all packages finds the same ones")
}

fn with_and_without_an_index(tour: &mut Tour) -> Outcome {
    let filter = field("lines").gte(20_000);
    let files = tour.db.documents::<SourceFile>()?;
    tour.screen.step("Which source files have 20,000 lines or more?");
    tour.screen.asked(&filter.to_string());
    let (without, scanned) = timed(|| Ok(files.find(filter.clone())))?;
    let scan = files.find(filter.clone()).explain()?;
    let began = Instant::now();
    files.create_index("lines", Uniqueness::Many)?.wait()?;
    let built = began.elapsed();
    let (with, found) = timed(|| Ok(files.find(filter.clone())))?;
    let search = files.find(filter).explain()?;

    let mut table =
        Table::new(&[Column::Left(""), Column::Right("took"), Column::Left("SQLite's plan")]);
    let step = |plan: &[String], name: &str| {
        plan.iter().find(|step| step.contains(name)).cloned().unwrap_or_default()
    };
    table.row(["without index".into(), human::time(without), step(&scan, "SCAN d")]);
    table.row(["with an index".into(), human::time(with), step(&search, "document_index")]);
    tour.screen.table(&table);
    tour.screen.indented(format!(
        "The index on {} took {} to build and makes this query {:.0} times as fast.",
        human::counted(files.count().wait()?, "file", "files"),
        human::time(built),
        without.as_secs_f64() / with.as_secs_f64().max(1e-9)
    ));
    let mut table =
        Table::new(&[Column::Left("file"), Column::Right("lines"), Column::Right("text")]);
    let mut largest = found.clone();
    largest.sort_by_key(|file| std::cmp::Reverse(file.lines));
    for file in largest.iter().take(SHOWN) {
        table.row([file.id.clone(), human::count(file.lines), human::bytes(file.bytes)]);
    }
    tour.screen.table(&table);
    let searched = search.iter().any(|step| step.contains("SEARCH document_index"));
    tour.check(searched, "the plan uses the index")?;
    tour.check(found == scanned, "the index gives the same answer as the scan")
}

fn page_by_page(tour: &mut Tour) -> Outcome {
    let files = tour.db.documents::<SourceFile>()?;
    let mut times: Vec<Duration> = Vec::new();
    let mut seen = 0;
    let mut after = None;
    let mut in_order = true;
    let mut last = u64::MAX;
    loop {
        let mut find = files.find(Filter::all()).sort("lines", Order::Descending).limit(PAGE);
        if let Some(token) = after {
            find = find.after(token);
        }
        let began = Instant::now();
        let page = find.run().wait()?;
        times.push(began.elapsed());
        seen += page.documents.len() as u64;
        for file in &page.documents {
            in_order &= file.document.lines <= last;
            last = file.document.lines;
        }
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    tour.screen.step(format!("All source files by size, in pages of {PAGE}"));
    tour.screen.indented(format!(
        "{}: the first took {}, the last {}",
        human::counted(times.len() as u64, "page", "pages"),
        human::time(times[0]),
        human::time(times[times.len() - 1]),
    ));
    let all = files.count().wait()?;
    tour.check(in_order && seen == all, "the pages have every file once, in order")
}

/// Shows what is asked, how long it takes and how much is found, and returns that.
fn answer<T: headwater::document::Document>(
    tour: &Tour,
    asked: &str,
    find: impl Fn() -> Outcome<Find<T>>,
) -> Outcome<Vec<T>> {
    tour.screen.asked(asked);
    let (took, found) = timed(find)?;
    let number = human::counted(found.len() as u64, "answer", "answers");
    tour.screen.indented(format!("{number} in {}", human::time(took)));
    Ok(found)
}

/// The median time of a query and its answer.
fn timed<T: headwater::document::Document>(
    find: impl Fn() -> Outcome<Find<T>>,
) -> Outcome<(Duration, Vec<T>)> {
    let (took, page) = clock::timed(|| Ok(find()?.run().wait()?))?;
    Ok((took, page.documents.into_iter().map(|found| found.document).collect()))
}
