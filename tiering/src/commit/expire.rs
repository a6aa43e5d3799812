//! Letting go of old snapshots.

use std::collections::HashSet;

use headwater_primitives::{Error, ErrorKind, Result, Timestamp};
use iceberg::spec::{MAIN_BRANCH, SnapshotRef, TableMetadata};
use iceberg::table::Table;
use iceberg::{TableRequirement, TableUpdate};

use super::reach::{each_manifest, manifests_of, spare};
use super::refs::refs;
use super::{Prepared, Unreachable};

/// Which snapshots are let go: those that are older than a time and are none of the newest of any branch.
/// Heads of branches and tags always stay.
#[derive(Clone, Copy, Debug)]
pub struct Expiry {
    /// Snapshots from this time on stay.
    pub before: Timestamp,
    /// How many of the newest of each branch stay, whatever their age; at least one does.
    pub keep_last: usize,
}

/// What has to be committed to expire snapshots of `table`, and the files that nothing reaches once that
/// is done. No updates when there is nothing to expire.
///
/// Reads the manifest lists of all snapshots and, where something is let go, the manifests; memory goes
/// with the number of files that only expired snapshots name.
///
/// # Errors
/// `Unsupported` when the table forbids it by `gc.enabled`; the store's errors.
pub async fn expire(table: &Table, expiry: &Expiry) -> Result<(Prepared, Unreachable)> {
    let metadata = table.metadata();
    if metadata.properties().get("gc.enabled").is_some_and(|value| value == "false") {
        return Err(Error::new(
            ErrorKind::Unsupported,
            format!(
                "snapshots of {} may not expire: its property gc.enabled is false",
                table.identifier()
            ),
        ));
    }
    let stay = staying(metadata, expiry)?;
    let (stay, go): (Vec<_>, Vec<_>) =
        metadata.snapshots().partition(|snapshot| stay.contains(&snapshot.snapshot_id()));
    if go.is_empty() {
        return Ok((Prepared::default(), Unreachable::default()));
    }
    let unreachable = unreachable(table, &stay, &go).await?;
    Ok((prepare(metadata, &go), unreachable))
}

/// The ids of the snapshots that stay.
fn staying(metadata: &TableMetadata, expiry: &Expiry) -> Result<HashSet<i64>> {
    let mut stay: HashSet<i64> = metadata.current_snapshot_id().into_iter().collect();
    for reference in refs(metadata)?.values() {
        stay.insert(reference.snapshot_id);
        if reference.is_branch() {
            stay.extend(newest(metadata, reference.snapshot_id, expiry.keep_last));
        }
    }
    // Snapshots of no branch are kept for as long, since somebody may be about to use them.
    let young = |snapshot: &&SnapshotRef| snapshot.timestamp_ms() >= expiry.before.as_millis();
    stay.extend(metadata.snapshots().filter(young).map(|snapshot| snapshot.snapshot_id()));
    Ok(stay)
}

/// The newest `count` snapshots of the branch at `head`.
fn newest(metadata: &TableMetadata, head: i64, count: usize) -> impl Iterator<Item = i64> {
    let parent = move |snapshot: &&SnapshotRef| {
        snapshot.parent_snapshot_id().and_then(|id| metadata.snapshot_by_id(id))
    };
    std::iter::successors(metadata.snapshot_by_id(head), parent)
        .take(count)
        .map(|snapshot| snapshot.snapshot_id())
}

fn prepare(metadata: &TableMetadata, go: &[&SnapshotRef]) -> Prepared {
    let ids: Vec<i64> = go.iter().map(|snapshot| snapshot.snapshot_id()).collect();
    let mut updates = vec![TableUpdate::RemoveSnapshots { snapshot_ids: ids.clone() }];
    for snapshot_id in ids {
        if metadata.statistics_for_snapshot(snapshot_id).is_some() {
            updates.push(TableUpdate::RemoveStatistics { snapshot_id });
        }
        if metadata.partition_statistics_for_snapshot(snapshot_id).is_some() {
            updates.push(TableUpdate::RemovePartitionStatistics { snapshot_id });
        }
    }
    Prepared {
        requirements: vec![
            TableRequirement::UuidMatch { uuid: metadata.uuid() },
            TableRequirement::RefSnapshotIdMatch {
                r#ref: MAIN_BRANCH.to_owned(),
                snapshot_id: metadata.current_snapshot_id(),
            },
        ],
        updates,
        ..Prepared::default()
    }
}

async fn unreachable(
    table: &Table,
    stay: &[&SnapshotRef],
    go: &[&SnapshotRef],
) -> Result<Unreachable> {
    let kept = manifests_of(table, stay.iter().copied()).await?;
    let mut lost = manifests_of(table, go.iter().copied()).await?;
    lost.retain(|location, _| !kept.contains_key(location));

    let mut files = HashSet::new();
    each_manifest(table, lost.values(), |manifest| {
        files.extend(manifest.entries().iter().map(|entry| entry.file_path().to_owned()));
    })
    .await?;
    if !files.is_empty() {
        each_manifest(table, kept.values(), |manifest| spare(&mut files, manifest)).await?;
    }
    Ok(Unreachable {
        manifest_lists: go.iter().map(|snapshot| snapshot.manifest_list().to_owned()).collect(),
        manifests: lost.into_keys().collect(),
        files: files.into_iter().collect(),
        statistics: statistics(table.metadata(), go),
    })
}

fn statistics(metadata: &TableMetadata, go: &[&SnapshotRef]) -> Vec<String> {
    let files = go.iter().map(|snapshot| snapshot.snapshot_id()).flat_map(|id| {
        let whole = metadata.statistics_for_snapshot(id).map(|file| &file.statistics_path);
        let parts = metadata.partition_statistics_for_snapshot(id);
        whole.into_iter().chain(parts.map(|file| &file.statistics_path))
    });
    files.cloned().collect()
}
