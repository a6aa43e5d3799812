//! Making a snapshot: from files added and removed to manifests, a manifest list and table updates.

use std::collections::{BTreeMap, HashMap, HashSet};

use headwater_primitives::{Error, ErrorKind, Result, Timestamp};
use iceberg::spec::{
    DataContentType, DataFile, FormatVersion, MAIN_BRANCH, ManifestFile, ManifestListWriter,
    Operation, Snapshot, SnapshotReference, SnapshotRetention,
};
use iceberg::table::Table;
use iceberg::{TableRequirement, TableUpdate};
use uuid::Uuid;

use super::carried::Carried;
use super::merge::{Merging, merge};
use super::refs::refs;
use super::summary::summary;
use super::writer::Writing;
use super::{Prepared, added, carried};
use crate::error::OrLake;

/// A snapshot in the making, on the main branch of a table of format version 2.
///
/// Files are added and removed, then [`write`](NewSnapshot::write) writes the manifests and the manifest
/// list, and says what has to be committed. Existing manifests are carried over untouched, unless
/// a file in them is removed or there have come to be many small ones.
#[derive(Debug)]
pub struct NewSnapshot {
    pub(super) table: Table,
    pub(super) id: i64,
    name: Uuid,
    now: Timestamp,
    operation: Option<Operation>,
    /// By partition spec.
    pub(super) data: BTreeMap<i32, Vec<DataFile>>,
    pub(super) deletes: BTreeMap<i32, Vec<DataFile>>,
    pub(super) removed_data: HashSet<String>,
    pub(super) removed_deletes: HashSet<String>,
    properties: HashMap<String, String>,
    merging: Merging,
}

impl NewSnapshot {
    /// A snapshot after the current one of `table`. `name` makes its id and the names of its files, so
    /// it has to be a new one.
    pub fn new(table: &Table, name: Uuid, now: Timestamp) -> NewSnapshot {
        NewSnapshot {
            id: snapshot_id(table, name),
            table: table.clone(),
            name,
            now,
            operation: None,
            data: BTreeMap::new(),
            deletes: BTreeMap::new(),
            removed_data: HashSet::new(),
            removed_deletes: HashSet::new(),
            properties: HashMap::new(),
            merging: Merging::of(table.metadata()),
        }
    }

    /// The id that the snapshot will have.
    pub fn id(&self) -> i64 {
        self.id
    }

    /// Adds data files of the table's default partition spec. They must be new to the table: that is not
    /// looked up.
    #[must_use]
    pub fn add_data(self, files: impl IntoIterator<Item = DataFile>) -> Self {
        let spec = self.table.metadata().default_partition_spec_id();
        self.add_data_of(spec, files)
    }

    /// Adds data files of the partition spec `spec`.
    #[must_use]
    pub fn add_data_of(mut self, spec: i32, files: impl IntoIterator<Item = DataFile>) -> Self {
        self.data.entry(spec).or_default().extend(files);
        self
    }

    /// Adds position delete files of the table's default partition spec. They apply to the data files of
    /// their partition that are in the table before or with this snapshot.
    #[must_use]
    pub fn add_deletes(self, files: impl IntoIterator<Item = DataFile>) -> Self {
        let spec = self.table.metadata().default_partition_spec_id();
        self.add_deletes_of(spec, files)
    }

    /// Adds position delete files of the partition spec `spec`, which has to be that of the data files
    /// that they apply to.
    #[must_use]
    pub fn add_deletes_of(mut self, spec: i32, files: impl IntoIterator<Item = DataFile>) -> Self {
        self.deletes.entry(spec).or_default().extend(files);
        self
    }

    /// Removes live data files, by location.
    #[must_use]
    pub fn remove_data(mut self, files: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.removed_data.extend(files.into_iter().map(Into::into));
        self
    }

    /// Removes live delete files, by location.
    #[must_use]
    pub fn remove_deletes(mut self, files: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.removed_deletes.extend(files.into_iter().map(Into::into));
        self
    }

    /// Puts a property into the snapshot's summary. The counts that the format names win over
    /// properties of their names.
    #[must_use]
    pub fn property(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.properties.insert(key.into(), value.into());
        self
    }

    /// Says what the snapshot is. Without it: `append` when data files are only added, `delete` when
    /// none are added and something is removed or deleted, `overwrite` otherwise. A compaction, which
    /// changes no row, says `replace`.
    #[must_use]
    pub fn operation(mut self, operation: Operation) -> Self {
        self.operation = Some(operation);
        self
    }

    /// Merges manifests once there are more than `manifests` small ones of one kind; the table's
    /// property `commit.manifest.min-count-to-merge` otherwise, and 100 without that.
    #[must_use]
    pub fn merge_above(mut self, manifests: usize) -> Self {
        self.merging.above = manifests;
        self
    }

    /// Writes the manifests and the manifest list.
    ///
    /// Reads the current manifest list; where files are removed also all manifests of their kind, eight at
    /// a time.
    ///
    /// # Errors
    /// `Unsupported` for a table that is not of format version 2; `InvalidInput` for a file of the
    /// wrong content or partition; `Conflict` when a file that is to be removed is not live; the store's
    /// errors. Files that were written stay behind after an error, as orphans.
    pub async fn write(self) -> Result<Prepared> {
        self.check()?;
        let mut manifests = Writing::new(&self.table, self.id, self.name);
        let mut list = added::write(&self, &mut manifests).await?;
        let carried = carried::carry(&self, &mut manifests).await?;
        let operation = self.operation.clone().unwrap_or_else(|| self.implied_operation());
        let summary = summary(&self, operation, &carried, self.properties.clone());
        let Carried { rewritten, untouched, .. } = carried;
        list.extend(rewritten);
        list.extend(merge(&self.table, untouched, &self.merging, &mut manifests).await?);

        let location = format!(
            "{}/metadata/snap-{}-1-{}.avro",
            self.table.metadata().location(),
            self.id,
            self.name
        );
        self.write_list(&location, list).await.or_lake()?;
        let snapshot = Snapshot::builder()
            .with_snapshot_id(self.id)
            .with_parent_snapshot_id(self.table.metadata().current_snapshot_id())
            .with_sequence_number(self.table.metadata().next_sequence_number())
            .with_timestamp_ms(self.timestamp_ms())
            .with_manifest_list(location.clone())
            .with_schema_id(self.table.metadata().current_schema_id())
            .with_summary(summary)
            .build();
        let mut written = manifests.into_written();
        written.push(location);
        Ok(Prepared {
            requirements: self.requirements(),
            updates: vec![TableUpdate::AddSnapshot { snapshot }, self.make_current()?],
            snapshot_id: Some(self.id),
            written,
        })
    }

    async fn write_list(&self, location: &str, list: Vec<ManifestFile>) -> iceberg::Result<()> {
        let metadata = self.table.metadata();
        let output = self.table.file_io().new_output(location)?;
        let mut writer = ManifestListWriter::v2(
            output.writer().await?,
            self.id,
            metadata.current_snapshot_id(),
            metadata.next_sequence_number(),
        );
        writer.add_manifests(list.into_iter())?;
        writer.close().await
    }

    fn requirements(&self) -> Vec<TableRequirement> {
        let metadata = self.table.metadata();
        vec![
            TableRequirement::UuidMatch { uuid: metadata.uuid() },
            TableRequirement::RefSnapshotIdMatch {
                r#ref: MAIN_BRANCH.to_owned(),
                snapshot_id: metadata.current_snapshot_id(),
            },
        ]
    }

    /// The main branch at this snapshot, with the retention that it has.
    fn make_current(&self) -> Result<TableUpdate> {
        let retention = match refs(self.table.metadata())?.remove(MAIN_BRANCH) {
            Some(main) => main.retention,
            None => SnapshotRetention::Branch {
                min_snapshots_to_keep: None,
                max_snapshot_age_ms: None,
                max_ref_age_ms: None,
            },
        };
        Ok(TableUpdate::SetSnapshotRef {
            ref_name: MAIN_BRANCH.to_owned(),
            reference: SnapshotReference::new(self.id, retention),
        })
    }

    /// Never before what the table has seen: a reader that asks for a time must not find two orders.
    fn timestamp_ms(&self) -> i64 {
        let metadata = self.table.metadata();
        let last = metadata.current_snapshot().map_or(0, |snapshot| snapshot.timestamp_ms());
        self.now.as_millis().max(metadata.last_updated_ms()).max(last)
    }

    fn implied_operation(&self) -> Operation {
        let adds_data = self.data.values().any(|files| !files.is_empty());
        let takes_away = !self.removed_data.is_empty()
            || !self.removed_deletes.is_empty()
            || self.deletes.values().any(|files| !files.is_empty());
        match (adds_data, takes_away) {
            (_, false) => Operation::Append,
            (false, true) => Operation::Delete,
            (true, true) => Operation::Overwrite,
        }
    }

    fn check(&self) -> Result<()> {
        let version = self.table.metadata().format_version();
        if version != FormatVersion::V2 {
            return Err(Error::new(
                ErrorKind::Unsupported,
                format!(
                    "table {} has format version {version}: snapshots are written for version 2",
                    self.table.identifier()
                ),
            ));
        }
        let data = self.data.iter().map(|(spec, files)| (spec, files, DataContentType::Data));
        let deletes = self.deletes.iter();
        let deletes = deletes.map(|(spec, files)| (spec, files, DataContentType::PositionDeletes));
        let mut seen = HashSet::new();
        for (spec, files, content) in data.chain(deletes) {
            for file in files {
                self.check_file(*spec, file, content)?;
                if !seen.insert(file.file_path()) {
                    return Err(self.refuse(file, "is added twice"));
                }
            }
        }
        Ok(())
    }

    fn check_file(&self, spec: i32, file: &DataFile, content: DataContentType) -> Result<()> {
        if file.content_type() != content {
            let found = file.content_type();
            return Err(self.refuse(file, &format!("has content {found:?}, not {content:?}")));
        }
        let metadata = self.table.metadata();
        let Some(known) = metadata.partition_spec_by_id(spec) else {
            return Err(
                self.refuse(file, &format!("is of partition spec {spec}, which is unknown"))
            );
        };
        let (found, expected) = (file.partition().fields().len(), known.fields().len());
        if found != expected {
            let why = format!("has {found} partition values, and its spec has {expected} fields");
            return Err(self.refuse(file, &why));
        }
        Ok(())
    }

    fn refuse(&self, file: &DataFile, why: &str) -> Error {
        Error::invalid(format!("file {} for {}: {why}", file.file_path(), self.table.identifier()))
    }
}

/// A positive id that no snapshot of `table` has.
fn snapshot_id(table: &Table, name: Uuid) -> i64 {
    let (high, low) = name.as_u64_pair();
    let mut id = ((high.rotate_left(32) ^ low) >> 1) as i64;
    while id == 0 || table.metadata().snapshot_by_id(id).is_some() {
        id = id.wrapping_add(1) & i64::MAX;
    }
    id
}
