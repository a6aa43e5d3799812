//! Transaction: several documents and an event of our own, all of it or nothing.

use std::collections::BTreeMap;
use std::time::Instant;

use headwater::{Attributes, ErrorKind, WriteOptions};
use serde::Serialize;

use super::Chapter;
use crate::model::{Package, all};
use crate::screen::{Column, Table, human};
use crate::{Outcome, Tour};

pub(super) const CHAPTER: Chapter = Chapter {
    title: "Transaction",
    about: "Several documents change together, and an event of our own tells of it: all or nothing.",
    run,
};

/// What is published when packages are marked.
#[derive(Serialize)]
struct Marked {
    mark: &'static str,
    packages: Vec<String>,
}

fn run(tour: &mut Tour) -> Outcome {
    let twice = resolved_twice(tour)?;
    mark_together(tour, &twice)?;
    fail_together(tour)
}

/// The packages of which the workspace has more than one version, by name.
fn resolved_twice(tour: &Tour) -> Outcome<BTreeMap<String, Vec<Package>>> {
    let mut by_name: BTreeMap<String, Vec<Package>> = BTreeMap::new();
    for package in all::<Package>(&tour.db)? {
        by_name.entry(package.name.clone()).or_default().push(package);
    }
    by_name.retain(|_, versions| versions.len() > 1);
    Ok(by_name)
}

fn mark_together(tour: &mut Tour, twice: &BTreeMap<String, Vec<Package>>) -> Outcome {
    let screen = tour.screen;
    screen.step("Packages that the workspace has in several versions, marked in one transaction");
    let mut table = Table::new(&[Column::Left("package"), Column::Left("versions")]);
    for (name, packages) in twice {
        let versions: Vec<&str> = packages.iter().map(|package| &*package.version).collect();
        table.row([name.clone(), versions.join(", ")]);
    }
    screen.table(&table);

    let ids: Vec<String> = twice.values().flatten().map(|package| package.id.clone()).collect();
    let head = tour.db.changes().head();
    let because = Attributes { actor: Some("the tour".into()), ..Attributes::default() };
    let options = WriteOptions { attributes: because, ..WriteOptions::default() };
    let marked = ids.clone();
    let began = Instant::now();
    tour.db
        .transaction_with(options, move |tx| -> headwater::Result<()> {
            for id in &marked {
                if let Some(mut package) = tx.get::<Package>(&**id)? {
                    package.marks.push("several versions".to_owned());
                    tx.put(&package)?;
                }
            }
            tx.publish("Packages.marked", &Marked { mark: "several versions", packages: marked })?;
            Ok(())
        })
        .wait()?;
    screen.indented(format!(
        "{} and 1 event of type Packages.marked, committed in {}",
        human::counted(ids.len() as u64, "package", "packages"),
        human::time(began.elapsed())
    ));
    let written = tour.db.changes().head().0 - head.0;
    tour.check(written == ids.len() as u64 + 1, "one event for each package, and ours after them")
}

fn fail_together(tour: &mut Tour) -> Outcome {
    tour.screen.step("A transaction that changes every package, and fails at the last one");
    let before = all::<Package>(&tour.db)?;
    let head = tour.db.changes().head();
    let Some(taken) = before.first().map(|package| package.folder.clone()) else {
        return Err("there is no package".into());
    };
    let packages = before.clone();
    let number = packages.len();
    let refused = tour
        .db
        .transaction(move |tx| {
            for (at, mut package) in packages.into_iter().enumerate() {
                package.marks.push("never to be seen".to_owned());
                if at + 1 == number {
                    package.folder = taken.clone();
                }
                tx.put(&package)?;
            }
            Ok(())
        })
        .wait();
    let Err(error) = refused else {
        return Err("two packages have the same folder, though it is unique".into());
    };
    tour.screen.indented(format!("refused: {error}"));
    let is_named = error.kind() == ErrorKind::AlreadyExists;
    tour.check(is_named, "the error says what was wrong: the folder is unique, and taken")?;
    let same = all::<Package>(&tour.db)? == before;
    tour.check(same, &format!("none of the {number} packages has changed"))?;
    tour.check(tour.db.changes().head() == head, "no event was written")
}
