//! Days of rows into files, each sorted by id and read back.

use std::sync::Arc;

use headwater_primitives::{Result, fail};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::HandOff;
use super::freeze::Day;
use crate::files::{FileNames, FileWriter, WrittenFile};
use crate::runtime::joined;
use crate::schema::LakeSchema;

/// Where the files of a hand-off go.
pub(super) struct Target {
    pub(super) names: FileNames,
    pub(super) schema: Arc<LakeSchema>,
    pub(super) spec: i32,
}

/// Writes the days to files, one after the other, and reads every file back.
pub(super) async fn write(
    hand_off: &mut HandOff,
    mut days: mpsc::Receiver<Day>,
    target: &Target,
) -> Result<Vec<WrittenFile>> {
    let mut files = Vec::new();
    while let Some(day) = days.recv().await {
        let written = joined(write_day(hand_off, target, day)?).await?;
        fail::point("tier.file")?;
        hand_off.report.written(written.iter().map(|file| file.rows).sum());
        files.extend(written);
    }
    Ok(files)
}

fn write_day(
    hand_off: &HandOff,
    target: &Target,
    mut day: Day,
) -> Result<JoinHandle<Result<Vec<WrittenFile>>>> {
    let lake = hand_off.tier.lake.clone();
    let (store, names) = (lake.storage.store().clone(), target.names.clone());
    let (schema, partition) = (target.schema.clone(), (day.number, target.spec));
    let mut writer = FileWriter::new(store, names, schema.clone(), partition, hand_off.files)?;
    Ok(tokio::spawn(async move {
        day.rows
            .sort_unstable_by(|one, other| (&one.id, one.version).cmp(&(&other.id, other.version)));
        for row in day.rows {
            writer.write(&row.id, row.version, row.written, &row.body).await?;
        }
        let files = writer.finish().await?;
        for file in &files {
            lake.tables.check(&lake.storage, &schema, file).await?;
        }
        Ok(files)
    }))
}
