//! The summary of a snapshot: what it is, what it changed, and what the table holds after it.

use std::collections::HashMap;

use iceberg::spec::{Operation, SnapshotSummaryCollector, Summary};

use super::NewSnapshot;
use super::carried::Carried;

/// A total, what adds to it and what takes from it.
const TOTALS: [(&str, &str, &str); 6] = [
    ("total-data-files", "added-data-files", "deleted-data-files"),
    ("total-delete-files", "added-delete-files", "removed-delete-files"),
    ("total-records", "added-records", "deleted-records"),
    ("total-files-size", "added-files-size", "removed-files-size"),
    ("total-position-deletes", "added-position-deletes", "removed-position-deletes"),
    ("total-equality-deletes", "added-equality-deletes", "removed-equality-deletes"),
];

pub(super) fn summary(
    snapshot: &NewSnapshot,
    operation: Operation,
    carried: &Carried,
    mut properties: HashMap<String, String>,
) -> Summary {
    properties.extend(changes(snapshot, carried));
    let before = snapshot.table.metadata().current_snapshot();
    let before = before.map(|snapshot| &snapshot.summary().additional_properties);
    for (total, added, removed) in TOTALS {
        // A table whose totals are not known before has none after.
        let known = match before {
            None => Some(0),
            Some(before) => number(before, total),
        };
        let change = |name| number(&properties, name).unwrap_or(0);
        match known.map(|known| (known + change(added)).saturating_sub(change(removed))) {
            Some(now) => properties.insert(total.to_owned(), now.to_string()),
            None => properties.remove(total),
        };
    }
    Summary { operation, additional_properties: properties }
}

/// The counts of what was added and removed, under the names that the format gives them.
fn changes(snapshot: &NewSnapshot, carried: &Carried) -> HashMap<String, String> {
    let metadata = snapshot.table.metadata();
    let schema = metadata.current_schema();
    let mut collector = SnapshotSummaryCollector::default();
    let added = snapshot.data.iter().chain(&snapshot.deletes);
    for (spec, file) in added.flat_map(|(spec, files)| files.iter().map(move |file| (spec, file))) {
        if let Some(spec) = metadata.partition_spec_by_id(*spec) {
            collector.add_file(file, schema.clone(), spec.clone());
        }
    }
    for (spec, file) in &carried.removed {
        if let Some(spec) = metadata.partition_spec_by_id(*spec) {
            collector.remove_file(file, schema.clone(), spec.clone());
        }
    }
    collector.build()
}

fn number(properties: &HashMap<String, String>, name: &str) -> Option<u64> {
    properties.get(name)?.parse().ok()
}
