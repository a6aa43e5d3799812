//! `headwater tier compact`, `expire` and `clean`.

use std::path::Path;

use headwater::document::{DocumentStore, collections};
use headwater::lake::{Expiry, Tier};
use headwater::{Headwater, Result};
use serde_json::{Map, Value, json};

use crate::arguments::{TierClean, TierExpire, TierTables};
use crate::database;
use crate::failure::Outcome;
use crate::output::Output;
use crate::progress::{self, Unit};

/// What is kept in shape.
enum Table {
    Documents(DocumentStore),
    /// The archived change log.
    Events,
}

impl Table {
    fn name(&self) -> String {
        match self {
            Table::Documents(documents) => format!("document.{}", documents.name()),
            Table::Events => "log.events".to_owned(),
        }
    }
}

pub(crate) fn compact(path: &Path, tables: &TierTables) -> Outcome {
    each(path, tables, |tier, table, count| {
        let compaction = match table {
            Table::Documents(documents) => tier.compact(documents),
            Table::Events => tier.compact_events(),
        };
        let done = compaction.on_progress(move |progress| count(progress.files)).wait()?;
        Ok(json!({
            "merged": done.merged,
            "written": done.written,
            "rows": done.rows,
            "dropped": done.dropped,
        }))
    })
}

pub(crate) fn expire(path: &Path, options: &TierExpire) -> Outcome {
    each(path, &options.tables, |tier, table, count| {
        let before = tier.namespace().clock().now().before(options.older_than);
        let expiry = Expiry { before, keep_last: options.keep };
        let expiration = match table {
            Table::Documents(documents) => tier.expire(documents, expiry),
            Table::Events => tier.expire_events(expiry),
        };
        let done = expiration.on_progress(move |progress| count(progress.files)).wait()?;
        Ok(json!({
            "snapshots": done.snapshots,
            "unreachable": done.unreachable,
            "deleted": done.deleted,
        }))
    })
}

pub(crate) fn clean(path: &Path, options: &TierClean) -> Outcome {
    each(path, &options.tables, |tier, table, count| {
        let cleaning = match table {
            Table::Documents(documents) => tier.clean(documents),
            Table::Events => tier.clean_events(),
        };
        let cleaning = cleaning.older_than(options.older_than);
        let done = cleaning.on_progress(move |progress| count(progress.files)).wait()?;
        Ok(json!({"files": done.files, "bytes": done.bytes}))
    })
}

/// Tells how many files were written or deleted.
type Count = Box<dyn Fn(u64) + Send>;

/// Does `work` on each of the tables, and prints what became of it.
fn each(
    path: &Path,
    tables: &TierTables,
    work: impl Fn(&Tier, &Table, Count) -> Result<Value>,
) -> Outcome {
    let db = database::write(path)?;
    let tier = Tier::of(db.namespace())?;
    let mut output = Output::stdout();
    for table in named(&db, tables)? {
        let bar = progress::of(&table.name(), Unit::Pieces, None);
        let shown = bar.clone();
        let done = work(&tier, &table, Box::new(move |files| shown.set_position(files)));
        match &done {
            Ok(_) => bar.finish_and_clear(),
            Err(_) => bar.abandon(),
        }
        report(&mut output, &table.name(), done?)?;
    }
    output.finish()?;
    Ok(db.close()?)
}

fn named(db: &Headwater, tables: &TierTables) -> Outcome<Vec<Table>> {
    if let Some(name) = &tables.name {
        return Ok(vec![Table::Documents(database::collection(db, name)?)]);
    }
    let mut all = Vec::new();
    for known in collections(db.namespace())? {
        all.push(Table::Documents(db.collection(&known.name)?));
    }
    all.push(Table::Events);
    Ok(all)
}

fn report(output: &mut Output, table: &str, done: Value) -> Outcome {
    let Value::Object(figures) = done else { return Ok(()) };
    if output.is_terminal() {
        let figures = figures.iter().map(|(name, figure)| format!("{figure} {name}"));
        return output.text(&format!("{table}: {}\n", figures.collect::<Vec<_>>().join(", ")));
    }
    let mut line = Map::from_iter([("table".to_owned(), json!(table))]);
    line.extend(figures);
    output.json(&line)
}
