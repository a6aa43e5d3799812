//! Files below a table's location that nothing names: what crashed or refused commits left behind.

use std::collections::HashSet;

use futures_util::TryStreamExt;
use headwater_primitives::{Error, Result, Timestamp};
use iceberg::spec::TableMetadata;
use iceberg::table::Table;

use super::reach::{each_manifest, manifests_of};
use crate::error::from_store;
use crate::io::LakeStorage;

/// A file that nothing names.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Orphan {
    /// Where it is.
    pub location: String,
    /// Its size.
    pub bytes: u64,
    /// When it was written, as the store says.
    pub modified: Timestamp,
}

/// The files below the location of `table` which none of its snapshots reaches and its metadata log does
/// not name, and that were written before `before`: younger ones may belong to a commit that is being
/// made.
///
/// Reads all manifests of all snapshots and lists all files; memory goes with the number of files.
///
/// # Errors
/// The store's errors.
pub async fn orphans(table: &Table, lake: &LakeStorage, before: Timestamp) -> Result<Vec<Orphan>> {
    let root = lake.root();
    let below = root.path(table.metadata().location())?;
    let named = named(table, lake).await?;
    let mut found = Vec::new();
    let mut listed = lake.store().list(Some(&below));
    let failed = |error| from_store(error, table.metadata().location());
    while let Some(file) = listed.try_next().await.map_err(failed)? {
        let modified = Timestamp(file.last_modified.timestamp_micros());
        if modified < before && !named.contains(file.location.as_ref()) {
            let location = root.location(&file.location);
            found.push(Orphan { location, bytes: file.size, modified });
        }
    }
    Ok(found)
}

/// Paths in the store of all files that the table names.
async fn named(table: &Table, lake: &LakeStorage) -> Result<HashSet<String>> {
    let metadata = table.metadata();
    let mut paths = HashSet::new();
    // A file outside of the lake cannot be one that the listing shows.
    let mut add = |location: &str| {
        if let Ok(path) = lake.root().path(location) {
            paths.insert(String::from(path));
        }
    };
    of_metadata(table, metadata).for_each(&mut add);
    let manifests = manifests_of(table, metadata.snapshots()).await?;
    manifests.keys().for_each(|location| add(location));
    each_manifest(table, manifests.values(), |manifest| {
        for entry in manifest.entries().iter().filter(|entry| entry.is_alive()) {
            add(entry.file_path());
        }
    })
    .await?;
    if paths.is_empty() {
        // Without this a table that was read wrongly would have all of its files deleted.
        return Err(Error::corrupt(format!("table {} names no file at all", table.identifier())));
    }
    Ok(paths)
}

fn of_metadata<'t>(table: &'t Table, metadata: &'t TableMetadata) -> impl Iterator<Item = &'t str> {
    let log = metadata.metadata_log().iter().map(|entry| &*entry.metadata_file);
    let lists = metadata.snapshots().map(|snapshot| snapshot.manifest_list());
    let statistics = metadata.statistics_iter().map(|file| &*file.statistics_path);
    let partitions = metadata.partition_statistics_iter().map(|file| &*file.statistics_path);
    table
        .metadata_location()
        .into_iter()
        .chain(log)
        .chain(lists)
        .chain(statistics)
        .chain(partitions)
}
