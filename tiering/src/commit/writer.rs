//! Writing the manifests of one snapshot.

use headwater_primitives::Result;
use iceberg::spec::{
    ManifestContentType, ManifestEntry, ManifestFile, ManifestWriter, ManifestWriterBuilder,
    PartitionSpec, SchemaRef,
};
use iceberg::table::Table;
use uuid::Uuid;

use crate::error::OrLake;

/// Names and writes the manifests of one snapshot, and remembers them.
pub(super) struct Writing<'t> {
    table: &'t Table,
    snapshot: i64,
    name: Uuid,
    written: Vec<String>,
}

impl<'t> Writing<'t> {
    pub(super) fn new(table: &'t Table, snapshot: i64, name: Uuid) -> Writing<'t> {
        Writing { table, snapshot, name, written: Vec::new() }
    }

    /// A writer for the next manifest, of files of `content`.
    pub(super) fn next(
        &mut self,
        content: ManifestContentType,
        schema: SchemaRef,
        spec: PartitionSpec,
    ) -> Result<ManifestWriter> {
        let location = format!(
            "{}/metadata/{}-m{}.avro",
            self.table.metadata().location(),
            self.name,
            self.written.len()
        );
        let output = self.table.file_io().new_output(&location).or_lake()?;
        self.written.push(location);
        let builder = ManifestWriterBuilder::new(output, Some(self.snapshot), schema, spec);
        Ok(match content {
            ManifestContentType::Data => builder.build_v2_data(),
            ManifestContentType::Deletes => builder.build_v2_deletes(),
        })
    }

    pub(super) fn into_written(self) -> Vec<String> {
        self.written
    }
}

/// Writes `entry` as one that was in the table before, with the numbers it has had.
pub(super) fn keep(writer: &mut ManifestWriter, entry: &ManifestEntry) -> iceberg::Result<()> {
    writer.add_existing_file(
        entry.data_file().clone(),
        entry.snapshot_id().unwrap_or_default(),
        entry.sequence_number().unwrap_or_default(),
        entry.file_sequence_number,
    )
}

/// Writes `entry` as one that this snapshot removes, with the numbers it has had.
pub(super) fn remove(writer: &mut ManifestWriter, entry: &ManifestEntry) -> iceberg::Result<()> {
    writer.add_delete_file(
        entry.data_file().clone(),
        entry.sequence_number().unwrap_or_default(),
        entry.file_sequence_number,
    )
}

/// Closes `writer`, and gives what the manifest list says about the manifest.
pub(super) async fn finish(writer: ManifestWriter) -> Result<ManifestFile> {
    writer.write_manifest_file().await.or_lake()
}
