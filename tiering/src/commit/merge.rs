//! Merging small manifests, so that a table of many commits is not one of many manifests.

use std::collections::BTreeMap;

use futures_util::{StreamExt, TryStreamExt, stream};
use headwater_primitives::Result;
use iceberg::spec::{ManifestContentType, ManifestFile, TableMetadata};
use iceberg::table::Table;

use super::carried::READS_AT_ONCE;
use super::writer::{Writing, finish, keep};
use crate::error::OrLake;

/// When manifests are merged, and how large they become.
#[derive(Clone, Debug)]
pub(super) struct Merging {
    /// How many small manifests of one kind there may be.
    pub(super) above: usize,
    /// From which size on a manifest is left alone, and what merged ones reach at most.
    bytes: i64,
}

impl Merging {
    /// As the table's properties say, with Iceberg's defaults.
    pub(super) fn of(metadata: &TableMetadata) -> Merging {
        let property = |name: &str| metadata.properties().get(name);
        let number = |name: &str| property(name).and_then(|value| value.parse::<i64>().ok());
        let enabled =
            property("commit.manifest-merge.enabled").is_none_or(|value| value != "false");
        let above = number("commit.manifest.min-count-to-merge").unwrap_or(100).max(1);
        Merging {
            above: if enabled { usize::try_from(above).unwrap_or(usize::MAX) } else { usize::MAX },
            bytes: number("commit.manifest.target-size-bytes").unwrap_or(8 << 20).max(1),
        }
    }
}

/// Writing that can be merged: of one content and partition spec, written for one schema.
type Kind = (bool, i32, i32);

/// The same live files in fewer manifests, where `manifests` has too many small ones.
pub(super) async fn merge(
    table: &Table,
    manifests: Vec<ManifestFile>,
    merging: &Merging,
    writing: &mut Writing<'_>,
) -> Result<Vec<ManifestFile>> {
    let (small, mut kept): (Vec<_>, Vec<_>) =
        manifests.into_iter().partition(|manifest| manifest.manifest_length < merging.bytes);
    if small.len() <= merging.above {
        kept.extend(small);
        return Ok(kept);
    }
    for group in by_kind(table, small).await? {
        if group.len() <= merging.above {
            kept.extend(group);
            continue;
        }
        for bin in bins(group, merging.bytes) {
            kept.push(one_of(table, bin, writing).await?);
        }
    }
    Ok(kept)
}

async fn by_kind(table: &Table, manifests: Vec<ManifestFile>) -> Result<Vec<Vec<ManifestFile>>> {
    let io = table.file_io();
    let mut read = stream::iter(manifests)
        .map(|file| async move { file.load_manifest(io).await.map(|manifest| (file, manifest)) })
        .buffered(READS_AT_ONCE);
    let mut groups: BTreeMap<Kind, Vec<ManifestFile>> = BTreeMap::new();
    while let Some((file, manifest)) = read.try_next().await.or_lake()? {
        let deletes = file.content == ManifestContentType::Deletes;
        let kind = (deletes, file.partition_spec_id, manifest.metadata().schema_id());
        groups.entry(kind).or_default().push(file);
    }
    Ok(groups.into_values().collect())
}

/// Splits `manifests` so that none of the parts is larger than `bytes`, where that is possible.
fn bins(manifests: Vec<ManifestFile>, bytes: i64) -> Vec<Vec<ManifestFile>> {
    let mut bins: Vec<Vec<ManifestFile>> = Vec::new();
    let mut room = 0;
    for manifest in manifests {
        let length = manifest.manifest_length;
        match bins.last_mut() {
            Some(bin) if length <= room => bin.push(manifest),
            _ => {
                room = bytes;
                bins.push(vec![manifest]);
            }
        }
        room -= length;
    }
    bins
}

async fn one_of(
    table: &Table,
    mut manifests: Vec<ManifestFile>,
    writing: &mut Writing<'_>,
) -> Result<ManifestFile> {
    if manifests.len() == 1
        && let Some(only) = manifests.pop()
    {
        return Ok(only);
    }
    let mut writer = None;
    for file in &manifests {
        let manifest = file.load_manifest(table.file_io()).await.or_lake()?;
        let metadata = manifest.metadata();
        let writer = match &mut writer {
            Some(writer) => writer,
            none => none.insert(writing.next(
                file.content,
                metadata.schema().clone(),
                metadata.partition_spec().clone(),
            )?),
        };
        for entry in manifest.entries().iter().filter(|entry| entry.is_alive()) {
            keep(writer, entry).or_lake()?;
        }
    }
    match writer {
        Some(writer) => finish(writer).await,
        None => unreachable!("a bin holds at least one manifest"),
    }
}
