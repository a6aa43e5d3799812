//! What a new snapshot takes over from the one before it.

use std::collections::HashSet;

use futures_util::{StreamExt, TryStreamExt, stream};
use headwater_primitives::{Error, ErrorKind, Result};
use iceberg::spec::{DataFile, Manifest, ManifestContentType, ManifestFile};
use iceberg::table::Table;

use super::NewSnapshot;
use super::writer::{Writing, finish, keep, remove};
use crate::error::OrLake;

/// Writing read at the same time.
pub(super) const READS_AT_ONCE: usize = 8;

/// The manifests of the snapshot before.
#[derive(Default)]
pub(super) struct Carried {
    /// Those that are listed as they are.
    pub(super) untouched: Vec<ManifestFile>,
    /// Those that take the place of one which had a removed file in it.
    pub(super) rewritten: Vec<ManifestFile>,
    /// The removed files, each with its partition spec.
    pub(super) removed: Vec<(i32, DataFile)>,
}

pub(super) async fn carry(snapshot: &NewSnapshot, manifests: &mut Writing<'_>) -> Result<Carried> {
    let mut carried = Carried::default();
    let mut read = Vec::new();
    for file in listed(&snapshot.table).await? {
        if !(file.has_added_files() || file.has_existing_files()) {
            continue;
        }
        match removed(snapshot, file.content).is_empty() {
            true => carried.untouched.push(file),
            false => read.push(file),
        }
    }
    let io = snapshot.table.file_io();
    let mut read = stream::iter(read)
        .map(|file| async move { file.load_manifest(io).await.map(|manifest| (file, manifest)) })
        .buffered(READS_AT_ONCE);
    while let Some((file, manifest)) = read.try_next().await.or_lake()? {
        let gone = removed(snapshot, file.content);
        if has_any(&manifest, gone) {
            let found = rewrite(&file, &manifest, gone, manifests, &mut carried.removed).await?;
            carried.rewritten.push(found);
        } else {
            carried.untouched.push(file);
        }
    }
    all_found(snapshot, &carried)?;
    Ok(carried)
}

/// The manifests of the table's current snapshot.
pub(super) async fn listed(table: &Table) -> Result<Vec<ManifestFile>> {
    let Some(current) = table.metadata().current_snapshot() else {
        return Ok(Vec::new());
    };
    let list = table.manifest_list_reader(current).load().await.or_lake()?;
    Ok(list.consume_entries().into_iter().collect())
}

fn removed(snapshot: &NewSnapshot, content: ManifestContentType) -> &HashSet<String> {
    match content {
        ManifestContentType::Data => &snapshot.removed_data,
        ManifestContentType::Deletes => &snapshot.removed_deletes,
    }
}

fn has_any(manifest: &Manifest, gone: &HashSet<String>) -> bool {
    manifest.entries().iter().any(|entry| entry.is_alive() && gone.contains(entry.file_path()))
}

/// Writes `manifest` again, with the files in `gone` as deleted ones. It keeps the schema it was written
/// for, since the bounds in it are of that schema's types.
async fn rewrite(
    file: &ManifestFile,
    manifest: &Manifest,
    gone: &HashSet<String>,
    manifests: &mut Writing<'_>,
    removed: &mut Vec<(i32, DataFile)>,
) -> Result<ManifestFile> {
    let metadata = manifest.metadata();
    let mut writer = manifests.next(
        file.content,
        metadata.schema().clone(),
        metadata.partition_spec().clone(),
    )?;
    for entry in manifest.entries().iter().filter(|entry| entry.is_alive()) {
        if gone.contains(entry.file_path()) {
            remove(&mut writer, entry).or_lake()?;
            removed.push((file.partition_spec_id, entry.data_file().clone()));
        } else {
            keep(&mut writer, entry).or_lake()?;
        }
    }
    finish(writer).await
}

fn all_found(snapshot: &NewSnapshot, carried: &Carried) -> Result<()> {
    let found: HashSet<_> = carried.removed.iter().map(|(_, file)| file.file_path()).collect();
    let wanted = snapshot.removed_data.iter().chain(&snapshot.removed_deletes);
    match wanted.into_iter().find(|path| !found.contains(path.as_str())) {
        None => Ok(()),
        Some(missing) => Err(Error::new(
            ErrorKind::Conflict,
            format!(
                "file {missing} is not live in the current snapshot of {}: load the table and look again",
                snapshot.table.identifier()
            ),
        )),
    }
}
