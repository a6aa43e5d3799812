//! `headwater tier …`.

use std::path::Path;

use headwater::ErrorKind;
use headwater::document::{DocumentStore, collections};
use headwater::lake::{
    EventsArchived, HandedOff, LakeOptions, Policy, RestCatalog, TableStatus, Tier,
};
use headwater::{Headwater, Result};
use indicatif::HumanBytes;
use serde::Serialize;

use crate::arguments::{TierArchive, TierLake, TierRun, TierVerb};
use crate::database;
use crate::failure::{Failure, Outcome};
use crate::output::{Output, table};
use crate::progress::{self, Unit};
use crate::upkeep;

pub(crate) fn run(db: &Path, verb: TierVerb) -> Outcome {
    match verb {
        TierVerb::Run(options) => move_documents(db, &options),
        TierVerb::Archive(options) => archive(db, &options),
        TierVerb::Compact(tables) => upkeep::compact(db, &tables),
        TierVerb::Expire(options) => upkeep::expire(db, &options),
        TierVerb::Clean(options) => upkeep::clean(db, &options),
        TierVerb::Status => status(db),
    }
}

fn move_documents(path: &Path, options: &TierRun) -> Outcome {
    let db = database::write(path)?;
    let tier = open(&db, &options.lake)?;
    let names = match &options.name {
        Some(name) => vec![database::collection(&db, name)?.name().to_owned()],
        None => collections(db.namespace())?.into_iter().map(|known| known.name).collect(),
    };
    let mut output = Output::stdout();
    for name in names {
        let moved = move_collection(&tier, &db.collection(&name)?, options)?;
        report(&mut output, &name, moved)?;
    }
    output.finish()?;
    Ok(db.close()?)
}

fn open(db: &Headwater, place: &TierLake) -> Outcome<Tier> {
    let mut lake = LakeOptions::new();
    if let Some(location) = &place.location {
        let text = location.to_str();
        let text = text.ok_or_else(|| Failure::new(format!("{location:?} is not UTF-8")))?;
        lake = lake.location(text);
    }
    if let Some(uri) = &place.catalog {
        let mut catalog = RestCatalog::new(uri);
        if let Some(warehouse) = &place.warehouse {
            catalog = catalog.warehouse(warehouse);
        }
        lake = lake.catalog(catalog);
    }
    Ok(Tier::open(db.namespace(), lake)?)
}

fn move_collection(tier: &Tier, documents: &DocumentStore, options: &TierRun) -> Result<HandedOff> {
    let policy = match (options.older_than, options.keep) {
        (Some(age), _) => Policy::OlderThan(age),
        (None, Some(rows)) => Policy::KeepRows(rows),
        (None, None) => Policy::All,
    };
    let bar = progress::of(documents.name(), Unit::Pieces, None);
    let shown = bar.clone();
    let moved = tier
        .hand_off(documents, policy)
        .on_progress(move |progress| shown.set_position(progress.written))
        .wait();
    match &moved {
        Ok(_) => bar.finish_and_clear(),
        Err(_) => bar.abandon(),
    }
    moved
}

/// What became of one collection.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Moved<'a> {
    collection: &'a str,
    rows: u64,
    files: u64,
    bytes: u64,
    deleted: u64,
    watermark: u64,
}

fn report(output: &mut Output, collection: &str, moved: HandedOff) -> Outcome {
    let HandedOff { rows, files, bytes, deleted, watermark, .. } = moved;
    if output.is_terminal() {
        let bytes = HumanBytes(bytes);
        return output.text(&format!("{collection}: {rows} rows in {files} files, {bytes}\n"));
    }
    output.json(&Moved { collection, rows, files, bytes, deleted, watermark: watermark.0 })
}

/// What was archived.
#[derive(Serialize)]
struct Archived {
    events: u64,
    files: u64,
    bytes: u64,
    last: u64,
}

fn archive(path: &Path, options: &TierArchive) -> Outcome {
    let db = database::write(path)?;
    let tier = open(&db, &options.lake)?;
    if options.end {
        tier.end_archive().wait()?;
        return Ok(db.close()?);
    }
    let bar = progress::of("archiving", Unit::Pieces, None);
    let shown = bar.clone();
    let mut archiving = tier.archive_events().on_progress(move |events| shown.set_position(events));
    if let Some(age) = options.older_than {
        archiving = archiving.older_than(age);
    }
    let archived = archiving.wait();
    match &archived {
        Ok(_) => bar.finish_and_clear(),
        Err(_) => bar.abandon(),
    }
    let EventsArchived { events, files, bytes, last, .. } = archived?;
    let mut output = Output::stdout();
    if output.is_terminal() {
        let bytes = HumanBytes(bytes);
        output.text(&format!("{events} events in {files} files, {bytes}, up to {last}\n"))?;
    } else {
        output.json(&Archived { events, files, bytes, last: last.0 })?;
    }
    output.finish()?;
    Ok(db.close()?)
}

fn status(path: &Path) -> Outcome {
    let db = database::read(path)?;
    let tables = match Tier::of(db.namespace()) {
        Ok(tier) => tier.status().wait()?,
        Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(error.into()),
    };
    let mut output = Output::stdout();
    if output.is_terminal() {
        let header = ["table", "rows", "files", "bytes", "snapshots", "watermark", "state"];
        let rows = tables.iter().map(row);
        output.text(&table::rows(header.map(str::to_owned), rows))?;
    } else {
        for table in &tables {
            output.json(table)?;
        }
    }
    output.finish()
}

fn row(table: &TableStatus) -> Vec<String> {
    let state = match (table.releasing, table.tombstones) {
        (true, _) => "a hand-off goes on".to_owned(),
        (false, 0) => String::new(),
        (false, over) => format!("{over} rows are over"),
    };
    vec![
        format!("{}.{}", table.store, table.table),
        table.rows.to_string(),
        format!("{} + {}", table.files, table.delete_files),
        HumanBytes(table.bytes).to_string(),
        table.snapshots.to_string(),
        table.watermark.to_string(),
        state,
    ]
}
