//! The manifests of the files that a snapshot adds.

use headwater_primitives::{Error, Result};
use iceberg::spec::{DataFile, ManifestContentType, ManifestFile, UNASSIGNED_SEQUENCE_NUMBER};

use super::NewSnapshot;
use super::writer::{Writing, finish};
use crate::error::OrLake;

/// Files per manifest: a manifest is held in memory while it is written and when it is read.
const FILES_PER_MANIFEST: usize = 8192;

pub(super) async fn write(
    snapshot: &NewSnapshot,
    manifests: &mut Writing<'_>,
) -> Result<Vec<ManifestFile>> {
    let data = snapshot.data.iter().map(|(spec, files)| (ManifestContentType::Data, *spec, files));
    let deletes = snapshot.deletes.iter();
    let deletes = deletes.map(|(spec, files)| (ManifestContentType::Deletes, *spec, files));
    let mut written = Vec::new();
    for (content, spec, files) in data.chain(deletes) {
        for files in files.chunks(FILES_PER_MANIFEST) {
            written.push(write_one(snapshot, manifests, content, spec, files).await?);
        }
    }
    Ok(written)
}

async fn write_one(
    snapshot: &NewSnapshot,
    manifests: &mut Writing<'_>,
    content: ManifestContentType,
    spec: i32,
    files: &[DataFile],
) -> Result<ManifestFile> {
    let metadata = snapshot.table.metadata();
    let known = metadata.partition_spec_by_id(spec);
    let known = known.ok_or_else(|| Error::invalid(format!("partition spec {spec} is unknown")))?;
    let schema = metadata.current_schema().clone();
    let mut writer = manifests.next(content, schema, (**known).clone())?;
    for file in files {
        // The number is not known before the commit: readers inherit it from the manifest list.
        writer.add_file(file.clone(), UNASSIGNED_SEQUENCE_NUMBER).or_lake()?;
    }
    finish(writer).await
}
