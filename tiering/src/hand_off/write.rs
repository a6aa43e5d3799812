//! Days of rows into files, each sorted by id and read back.

use std::sync::Arc;

use headwater_primitives::{Namespace, Result, fail};
use iceberg::table::Table;
use object_store::ObjectStoreExt;
use tokio::task::JoinHandle;

use super::HandOff;
use super::freeze::Collecting;
use crate::files::{FileNames, FileWriter, WrittenFile};
use crate::runtime::joined;
use crate::schema::LakeSchema;
use crate::table::Versions;

/// Where the files of one attempt go.
pub(super) struct Target {
    pub(super) names: FileNames,
    pub(super) schema: Arc<LakeSchema>,
    pub(super) spec: i32,
}

impl Target {
    pub(super) fn of(hand_off: &HandOff, table: &Table, range: Versions) -> Result<Target> {
        let namespace: &Namespace = hand_off.tier.namespace();
        let metadata = table.metadata();
        let schema = LakeSchema::from_iceberg(metadata.current_schema(), metadata.properties())?;
        let folder = hand_off.tier.lake.storage.root().path(metadata.location())?;
        let attempt = namespace.ids().next(namespace.clock().now());
        Ok(Target {
            names: FileNames::new(folder, metadata.location(), range.after, range.upto, attempt),
            schema: Arc::new(schema),
            spec: metadata.default_partition_spec_id(),
        })
    }
}

/// What became of an attempt.
pub(super) enum Written {
    /// All rows are in these files.
    All(Vec<WrittenFile>),
    /// A row does not fit the columns. The files that there were are deleted.
    Misfit,
}

/// Writes the days to files, one after the other, and reads every file back while the next ones are written.
/// With `must_fit` it ends where a row is not held exactly by the columns.
pub(super) async fn write(
    hand_off: &mut HandOff,
    mut collecting: Collecting,
    target: &Target,
    must_fit: bool,
) -> Result<Written> {
    let mut files = Files { hand_off, target, files: Vec::new(), checking: None };
    let mut open: Option<FileWriter> = None;
    // Rows that the columns do not hold exactly, in files that are ended, and in the open one.
    let (mut rests, mut open_rests) = (0, 0);
    let fits = |rests: u64| !must_fit || rests == 0;
    while fits(rests + open_rests)
        && let Some(day) = collecting.next().await
    {
        let (number, rows) = (day.number, day.sorted());
        let Some(first) = rows.first() else { continue };
        let mut writer = match open.take() {
            Some(writer) if writer.takes(number, first) => writer,
            ended => {
                rests += files.end(ended).await?;
                files.begin(number)?
            }
        };
        let count = rows.len() as u64;
        writer.write_rows(rows).await?;
        files.hand_off.report.written(count);
        files.take(writer.take_written()).await?;
        open_rests = writer.rests();
        open = Some(writer);
    }
    rests += files.end(open).await?;
    let files = files.checked().await?;
    collecting.end().await?;
    if fits(rests) {
        return Ok(Written::All(files));
    }
    hand_off.report.written_anew();
    let store = hand_off.tier.lake.storage.store();
    for file in &files {
        // One that stays is an orphan, which clean-up finds.
        let _ = store.delete(&file.place.path).await;
    }
    Ok(Written::Misfit)
}

/// The files of an attempt.
struct Files<'a> {
    hand_off: &'a mut HandOff,
    target: &'a Target,
    files: Vec<WrittenFile>,
    /// Reads back those that were complete last.
    checking: Option<JoinHandle<Result<()>>>,
}

impl Files<'_> {
    fn begin(&self, day: i32) -> Result<FileWriter> {
        let store = self.hand_off.tier.lake.storage.store().clone();
        let Target { names, schema, spec } = self.target;
        let (names, schema) = (names.clone(), schema.clone());
        FileWriter::new(store, names, schema, (day, *spec), self.hand_off.files)
    }

    /// Ends what a writer has begun. How many of its rows the columns do not hold exactly.
    async fn end(&mut self, writer: Option<FileWriter>) -> Result<u64> {
        let Some(mut writer) = writer else { return Ok(0) };
        writer.settle().await?;
        let rests = writer.rests();
        self.take(writer.finish().await?).await?;
        Ok(rests)
    }

    /// Takes files that are complete, and begins to read them back once those before them are.
    async fn take(&mut self, written: Vec<WrittenFile>) -> Result<()> {
        if written.is_empty() {
            return Ok(());
        }
        fail::point("tier.file")?;
        self.checked_so_far().await?;
        let (lake, schema) = (self.hand_off.tier.lake.clone(), self.target.schema.clone());
        self.files.extend_from_slice(&written);
        self.checking = Some(tokio::spawn(async move {
            for file in &written {
                lake.tables.check(&lake.storage, &schema, file).await?;
            }
            Ok(())
        }));
        Ok(())
    }

    async fn checked_so_far(&mut self) -> Result<()> {
        match self.checking.take() {
            Some(checking) => joined(checking).await,
            None => Ok(()),
        }
    }

    /// All files, which read back as they were written.
    async fn checked(mut self) -> Result<Vec<WrittenFile>> {
        self.checked_so_far().await?;
        Ok(self.files)
    }
}
