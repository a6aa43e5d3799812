//! Reading the rows of a range, and cutting them into files.

use std::collections::BTreeMap;
use std::sync::Arc;

use headwater_primitives::{Result, Timestamp, fail};
use tokio::task::JoinHandle;

use super::HandOff;
use crate::files::{FileNames, FileWriter, WrittenFile};
use crate::schema::{LakeSchema, day_of};
use crate::table::{FrozenRow, FrozenRows, Versions};
use crate::timeline::Timeline;

/// Bytes of rows read in one view of the hot tier.
const PAGE_BYTES: usize = 4 << 20;
/// Bytes of rows that are collected, over all days, before the largest day is written. As much again may
/// be on its way into a file.
const COLLECTED: usize = 96 << 20;
/// What a row takes beside its body.
const ROW_BYTES: usize = 96;

/// Calls `each` with pages of the rows of `range`.
pub(super) fn pages(
    hand_off: &HandOff,
    range: Versions,
    mut each: impl FnMut(Vec<FrozenRow>) -> Result<()>,
) -> Result<()> {
    let mut from = Some(i64::MIN);
    while let Some(start) = from {
        let page = page(hand_off, range, start)?;
        from = page.next;
        each(page.rows)?;
    }
    Ok(())
}

/// The rows from row number `from` on, in a view of their own.
fn page(hand_off: &HandOff, range: Versions, from: i64) -> Result<FrozenRows> {
    hand_off.cancelled.check()?;
    hand_off
        .tier
        .namespace()
        .snapshot(|snapshot| hand_off.table.frozen(snapshot, range, from, PAGE_BYTES))
}

/// Where the files of a hand-off go.
pub(super) struct Target {
    pub(super) names: FileNames,
    pub(super) schema: Arc<LakeSchema>,
    pub(super) spec: i32,
}

/// Writes the rows of `range` to files, each of one day and sorted by id, and reads every file back.
pub(super) async fn write(
    hand_off: &mut HandOff,
    range: Versions,
    times: &Timeline,
    target: &Target,
) -> Result<Vec<WrittenFile>> {
    let mut days: BTreeMap<i32, Day> = BTreeMap::new();
    let (mut collected, mut files) = (0, Vec::new());
    let mut writing: Option<JoinHandle<Result<Vec<WrittenFile>>>> = None;
    let mut from = Some(i64::MIN);
    while let Some(start) = from {
        let page = page(hand_off, range, start)?;
        from = page.next;
        for row in page.rows {
            let time = times.time_of(row.version);
            collected += row.body.len() + ROW_BYTES;
            days.entry(day_of(time)).or_default().add(row, time);
        }
        while collected > COLLECTED || from.is_none() {
            let largest = days.iter().max_by_key(|(_, day)| day.bytes).map(|(day, _)| *day);
            let Some((number, day)) = largest.and_then(|day| days.remove_entry(&day)) else {
                break;
            };
            collected -= day.bytes;
            finish(hand_off, writing.take(), &mut files).await?;
            writing = Some(tokio::spawn(write_day(hand_off, target, number, day)?));
        }
        // Others on this thread may have work too.
        tokio::task::yield_now().await;
    }
    finish(hand_off, writing, &mut files).await?;
    Ok(files)
}

/// Waits for the files that are being written.
async fn finish(
    hand_off: &mut HandOff,
    writing: Option<JoinHandle<Result<Vec<WrittenFile>>>>,
    files: &mut Vec<WrittenFile>,
) -> Result<()> {
    let Some(writing) = writing else { return Ok(()) };
    let written = writing.await.map_err(|error| match error.try_into_panic() {
        Ok(panic) => std::panic::resume_unwind(panic),
        Err(_) => crate::runtime::closed(),
    })??;
    fail::point("tier.file")?;
    hand_off.report.written(written.iter().map(|file| file.rows).sum());
    files.extend(written);
    Ok(())
}

/// The rows of one day.
#[derive(Default)]
struct Day {
    rows: Vec<(FrozenRow, Timestamp)>,
    bytes: usize,
}

impl Day {
    fn add(&mut self, row: FrozenRow, time: Timestamp) {
        self.bytes += row.body.len() + ROW_BYTES;
        self.rows.push((row, time));
    }
}

fn write_day(
    hand_off: &HandOff,
    target: &Target,
    number: i32,
    mut day: Day,
) -> Result<impl Future<Output = Result<Vec<WrittenFile>>> + Send + use<>> {
    let store = hand_off.tier.lake.storage.store().clone();
    let schema = target.schema.clone();
    let mut writer = FileWriter::new(
        store,
        target.names.clone(),
        schema.clone(),
        (number, target.spec),
        hand_off.files,
    )?;
    let lake = hand_off.tier.lake.clone();
    Ok(async move {
        day.rows.sort_unstable_by(|(one, _), (other, _)| {
            (&one.id, one.version).cmp(&(&other.id, other.version))
        });
        for (row, time) in day.rows {
            writer.write(&row.id, row.version, time, &row.body).await?;
        }
        let files = writer.finish().await?;
        for file in &files {
            lake.tables.check(&lake.storage, &schema, file).await?;
        }
        Ok(files)
    })
}
