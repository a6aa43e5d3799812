//! `headwater stats`.

use std::path::Path;

use headwater::Stats;
use indicatif::HumanBytes;

use crate::database;
use crate::failure::Outcome;
use crate::output::{Output, table};

pub(crate) fn run(path: &Path) -> Outcome {
    let db = database::read(path)?;
    let stats = db.stats()?;
    let mut output = Output::stdout();
    if output.is_terminal() {
        output.text(&overview(&stats))?;
        output.text(&tables(&stats))?;
    } else {
        output.json(&stats)?;
    }
    output.finish()
}

fn overview(stats: &Stats) -> String {
    let changes = &stats.changes;
    let rows = [
        ("namespace", stats.namespace.clone()),
        ("folder", stats.path.display().to_string()),
        ("hot.db", HumanBytes(stats.hot_bytes).to_string()),
        ("write-ahead log", HumanBytes(stats.wal_bytes).to_string()),
        ("epoch", stats.epoch.to_string()),
        ("events", format!("{} to {}", changes.start, changes.head)),
        ("change log", format!("{} in {} segments", HumanBytes(changes.bytes), changes.segments)),
    ];
    table::pairs(rows.map(|(name, value)| (name.to_owned(), value)))
}

fn tables(stats: &Stats) -> String {
    let header = ["store", "table", "rows", "indexes"].map(str::to_owned);
    let rows = stats.tables.iter().map(|table| {
        let rows = table.rows.to_string();
        vec![table.store.to_owned(), table.table.clone(), rows, table.indexes.join(", ")]
    });
    table::rows(header, rows)
}
