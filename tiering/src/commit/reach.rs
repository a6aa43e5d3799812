//! Which files a table's snapshots reach.

use std::collections::{HashMap, HashSet};

use futures_util::{StreamExt, TryStreamExt, stream};
use headwater_primitives::Result;
use iceberg::spec::{Manifest, ManifestFile, SnapshotRef};
use iceberg::table::Table;

use super::carried::READS_AT_ONCE;
use crate::error::OrLake;

/// Files that no remaining snapshot reaches, by kind. They may be deleted once the commit that made
/// them so is durable, and once no reader works on an expired snapshot.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Unreachable {
    /// Manifest lists.
    pub manifest_lists: Vec<String>,
    /// Manifests.
    pub manifests: Vec<String>,
    /// Data and delete files.
    pub files: Vec<String>,
    /// Statistics files.
    pub statistics: Vec<String>,
}

impl Unreachable {
    /// All of them; those that name others come after what they name, so that a deletion that stops in
    /// the middle can be taken up again.
    pub fn into_locations(self) -> impl Iterator<Item = String> {
        let Unreachable { manifest_lists, manifests, files, statistics } = self;
        files.into_iter().chain(manifests).chain(statistics).chain(manifest_lists)
    }

    /// How many they are.
    pub fn len(&self) -> usize {
        self.manifest_lists.len() + self.manifests.len() + self.files.len() + self.statistics.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The manifests of `snapshots`, each once, by location.
pub(super) async fn manifests_of(
    table: &Table,
    snapshots: impl IntoIterator<Item = &SnapshotRef>,
) -> Result<HashMap<String, ManifestFile>> {
    // Owned, as below: a stream over references would not be `Send`.
    let snapshots: Vec<SnapshotRef> = snapshots.into_iter().cloned().collect();
    let mut lists = stream::iter(snapshots)
        .map(|snapshot| async move { table.manifest_list_reader(&snapshot).load().await })
        .buffer_unordered(READS_AT_ONCE);
    let mut found = HashMap::new();
    while let Some(list) = lists.try_next().await.or_lake()? {
        let entries = list.consume_entries().into_iter();
        found.extend(entries.map(|file| (file.manifest_path.clone(), file)));
    }
    Ok(found)
}

/// Calls `look` with each of the manifests, in no order; a few are in memory at a time.
pub(super) async fn each_manifest(
    table: &Table,
    manifests: impl Iterator<Item = &ManifestFile>,
    mut look: impl FnMut(&Manifest),
) -> Result<()> {
    let io = table.file_io();
    let manifests: Vec<ManifestFile> = manifests.cloned().collect();
    let mut read = stream::iter(manifests)
        .map(|file| async move { file.load_manifest(io).await })
        .buffer_unordered(READS_AT_ONCE);
    while let Some(manifest) = read.try_next().await.or_lake()? {
        look(&manifest);
    }
    Ok(())
}

/// Takes the files that `manifest` has as live ones out of `files`.
pub(super) fn spare(files: &mut HashSet<String>, manifest: &Manifest) {
    for entry in manifest.entries().iter().filter(|entry| entry.is_alive()) {
        files.remove(entry.file_path());
    }
}
