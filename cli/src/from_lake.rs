//! `headwater rebuild --from-lake`: a database again from what its lake has.

use std::fs;
use std::path::Path;

use headwater::document::{Restored, restore};
use headwater::lake::objects::OpenOptions;
use headwater::lake::{LakeOptions, LostLake, Tier};
use headwater::{Headwater, Result};
use serde::Serialize;

use crate::failure::{Failure, Outcome};
use crate::output::Output;
use crate::progress::{self, Unit};

/// Where the database is made, so that a half-made one is never taken for a whole one.
const UNFINISHED: &str = "rebuilding";
const HOT: &str = "hot.db";
/// The lake of a database that nobody gave another one.
const LAKE: &str = "lake";

/// What came back.
#[derive(Serialize)]
struct Rebuilt {
    rows: u64,
    events: u64,
    until: u64,
}

pub(crate) fn run(db: &Path, location: Option<&Path>) -> Outcome {
    if db.join(HOT).exists() {
        let message =
            format!("{} has a {HOT}: only a lost one is rebuilt from its lake", db.display());
        return Err(Failure::new(message));
    }
    let own = db.join(LAKE);
    let source = location.unwrap_or(&own);
    let is_url = source.to_str().is_some_and(|text| text.contains("://"));
    if !is_url && !source.is_dir() {
        return Err(Failure::new(format!("there is no lake at {}", source.display())));
    }
    let text = source.to_str().ok_or_else(|| Failure::new(format!("{source:?} is not UTF-8")))?;
    let lost = LostLake::open(text, &OpenOptions::default())?;

    let unfinished = db.join(UNFINISHED);
    clear(&unfinished)?;
    // A database is named after its folder.
    let name =
        db.file_name().ok_or_else(|| Failure::new(format!("{} has no name", db.display())))?;
    let folder = unfinished.join(name);
    // The old lake stays as it is, to be kept or deleted.
    let numbered = || (2..).map(|n| db.join(format!("{LAKE}-{n}"))).find(|path| !path.exists());
    let next = if own.exists() { numbered() } else { None };
    let restored = fill(&folder, &lost, next.as_deref())?;
    put_in_place(&folder, db)?;
    clear(&unfinished)?;
    let Restored { rows, events, until } = restored;
    let mut output = Output::stdout();
    if output.is_terminal() {
        output
            .text(&format!("{rows} rows and {events} events came back, up to event {until}\n"))?;
    } else {
        output.json(&Rebuilt { rows, events, until: until.0 })?;
    }
    output.finish()
}

fn clear(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}

/// Makes the database of `folder` that of `db`.
fn put_in_place(folder: &Path, db: &Path) -> Result<()> {
    // What a lost database had not written to its end is of no use to another one.
    for rest in ["hot.db-wal", "hot.db-shm"] {
        if db.join(rest).exists() {
            fs::rename(db.join(rest), db.join(format!("lost.{rest}")))?;
        }
    }
    fs::rename(folder.join(HOT), db.join(HOT))?;
    Ok(fs::File::open(db)?.sync_all()?)
}

/// Makes the database in `folder`, whose lake will be at `lake`, or in its own folder.
fn fill(folder: &Path, lost: &LostLake, lake: Option<&Path>) -> Result<Restored> {
    fs::create_dir_all(folder)?;
    let made = Headwater::open(folder)?;
    let bar = progress::of("rebuilding", Unit::Pieces, None);
    let restored =
        restore(made.namespace(), lost, |done| bar.set_position(done.rows + done.events));
    match &restored {
        Ok(_) => bar.finish_and_clear(),
        Err(_) => bar.abandon(),
    }
    let restored = restored?;
    if let Some(lake) = lake.and_then(Path::to_str) {
        Tier::open(made.namespace(), LakeOptions::new().location(lake))?;
    }
    made.close()?;
    Ok(restored)
}
