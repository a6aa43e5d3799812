//! From a range of versions to a commit: the lake's table, its files, its snapshot.

use std::collections::BTreeMap;

use headwater_primitives::rusqlite::params;
use headwater_primitives::{Error, Result, Transaction, fail};
use iceberg::TableIdent;
use iceberg::spec::DataFile;
use iceberg::table::Table;

use super::columns;
use super::freeze::Reader;
use super::write::{self, Target, Written};
use super::{HandOff, HandedOff};
use crate::catalog::SqliteCatalog;
use crate::cold::table_ident;
use crate::commit::Prepared;
use crate::files::{PositionDeleteWriter, WrittenFile};
use crate::runtime::joined;
use crate::table::Versions;
use crate::tombstones::{self, Tombstones};

/// What is ready to be committed.
pub(super) struct Staged {
    table: TableIdent,
    prepared: Prepared,
    range: Versions,
    tiered: i64,
    files: Vec<WrittenFile>,
    tombstones: Tombstones,
    deleted: u64,
}

pub(super) async fn stage(hand_off: &mut HandOff, range: Versions) -> Result<Staged> {
    let namespace = hand_off.tier.namespace().clone();
    let catalog = hand_off.tier.catalog()?;
    let Some((table, target, files)) = write_rows(hand_off, &catalog, range).await? else {
        return nothing_yet(hand_off, range).await;
    };
    fail::point("tier.files")?;
    let tiered = number(hand_off).await?;
    let tombstones = namespace.query(|sql| tombstones::load(sql, tiered))?;
    let (deletes, deleted) = deletes(hand_off, &table, &target, &tombstones).await?;
    let rows: u64 = files.iter().map(|file| file.rows).sum();
    let mut prepared = Prepared::default();
    if rows > 0 || deleted > 0 {
        let snapshot = catalog
            .new_snapshot(&table)
            .add_data(files.iter().map(|file| file.data_file.clone()))
            .add_deletes(deletes)
            .property("headwater.epoch", namespace.epoch().to_string())
            .property("headwater.after", range.after.to_string())
            .property("headwater.until", range.upto.to_string())
            .property("headwater.content", content(&files));
        prepared = snapshot.write().await?;
    }
    fail::point("tier.snapshot")?;
    Ok(Staged {
        table: table.identifier().clone(),
        prepared,
        range,
        tiered,
        files,
        tombstones,
        deleted,
    })
}

/// What is committed of a range without rows, where there is no table either: one is only made once a row says
/// which columns it has, and of which kind ids are.
async fn nothing_yet(hand_off: &HandOff, range: Versions) -> Result<Staged> {
    Ok(Staged {
        table: table_ident(hand_off.table.store(), hand_off.table.name()),
        prepared: Prepared::default(),
        range,
        tiered: number(hand_off).await?,
        files: Vec::new(),
        tombstones: Tombstones::default(),
        deleted: 0,
    })
}

/// Writes the rows with the columns that the first of them make, which spares a pass over all; where a later
/// one does not fit, with the columns that all make. Nothing where there are neither rows nor a table.
async fn write_rows(
    hand_off: &mut HandOff,
    catalog: &SqliteCatalog,
    range: Versions,
) -> Result<Option<(Table, Target, Vec<WrittenFile>)>> {
    let reader = Reader::of(hand_off, range);
    let mut collecting = reader.clone().collect();
    let Some(sample) = collecting.sample().await else {
        collecting.end().await?;
        return Err(Error::corrupt("rows were read without a sample of them"));
    };
    let prepared = async {
        if !sample.has_rows && !columns::has_table(hand_off, catalog).await? {
            return Ok(None);
        }
        let table = columns::table(hand_off, catalog, &sample.seen).await?;
        let target = Target::of(hand_off, &table, range)?;
        Ok(Some((table, target)))
    };
    let (mut table, mut target) = match prepared.await {
        Ok(Some(prepared)) => prepared,
        // Whoever reads rows has let go of the namespace by the time that this returns.
        not => {
            let read = collecting.end().await;
            return not.and_then(|_| read.map(|()| None));
        }
    };
    let mut written = write::write(hand_off, collecting, &target, !sample.is_all).await?;
    // Twice at most: the second time everything is taken as it is.
    loop {
        if let Written::All(files) = written {
            return Ok(Some((table, target, files)));
        }
        let all = reader.clone();
        let seen = joined(tokio::task::spawn_blocking(move || all.infer())).await?;
        table = columns::of_all(hand_off, catalog, table, &seen).await?;
        target = Target::of(hand_off, &table, range)?;
        written = write::write(hand_off, reader.clone().collect(), &target, false).await?;
    }
}

/// Hash and rows of every file, so that a reader of the table's history can check them.
fn content(files: &[WrittenFile]) -> String {
    let parts: Vec<String> =
        files.iter().map(|file| format!("{}:{}", file.hash, file.rows)).collect();
    parts.join(",")
}

/// The commit: from here on the files are part of the lake's table.
pub(super) async fn commit(hand_off: &HandOff, staged: Staged) -> Result<HandedOff> {
    let Staged { table, prepared, range, tiered, files, tombstones, deleted } = staged;
    hand_off.cancelled.check()?;
    let handed_off = HandedOff {
        rows: files.iter().map(|file| file.rows).sum(),
        files: files.len() as u64,
        bytes: files.iter().map(|file| file.bytes).sum(),
        deleted,
        watermark: range.upto,
        snapshot: prepared.snapshot_id,
    };
    let snapshot = prepared.snapshot_id;
    let files: Vec<_> =
        files.into_iter().map(|file| (file.place.url, file.bytes, file.rows)).collect();
    let note = move |tx: &Transaction<'_>| {
        tx.sql()
            .prepare_cached("UPDATE tiering_tables SET watermark = ? WHERE id = ?")?
            .execute(params![range.upto.0 as i64, tiered])?;
        tombstones::remove(tx, tiered, &tombstones)?;
        if let Some(snapshot) = snapshot {
            note_release(tx, tiered, snapshot, &files)?;
        }
        fail::point("tier.commit")
    };
    if prepared.updates.is_empty() {
        hand_off.tier.namespace().transaction(note).await?;
    } else {
        let catalog = hand_off.tier.catalog()?;
        catalog.commit_with(&table, prepared.requirements, prepared.updates, note).await?;
    }
    fail::point("tier.committed")?;
    Ok(handed_off)
}

/// Notes the files whose rows are to become stubs: where each is, its bytes and its rows.
pub(super) fn note_release(
    tx: &Transaction<'_>,
    tiered: i64,
    snapshot: i64,
    files: &[(String, u64, u64)],
) -> Result<()> {
    if files.is_empty() {
        return Ok(());
    }
    tx.sql().execute(
        "INSERT INTO tiering_releases(tiered, snapshot) VALUES (?, ?)",
        params![tiered, snapshot],
    )?;
    let mut insert = tx.sql().prepare_cached(
        "INSERT INTO tiering_release_files(tiered, number, path, bytes, rows) VALUES (?, ?, ?, ?, ?)",
    )?;
    for (number, (location, bytes, rows)) in files.iter().enumerate() {
        let (bytes, rows) = (*bytes as i64, *rows as i64);
        insert.execute(params![tiered, number as i64, location, bytes, rows])?;
    }
    Ok(())
}

/// The number of the table among those with rows in the lake.
async fn number(hand_off: &HandOff) -> Result<i64> {
    let (store, name) = (hand_off.table.store(), hand_off.table.name().to_owned());
    let numbered = move |tx: &Transaction<'_>| tombstones::number(tx, store, &name);
    hand_off.tier.namespace().transaction(numbered).await
}

/// Position deletes for the versions in the lake that are over, by the partition of their files.
async fn deletes(
    hand_off: &HandOff,
    table: &Table,
    target: &Target,
    over: &Tombstones,
) -> Result<(Vec<DataFile>, u64)> {
    let lake = &hand_off.tier.lake;
    if over.is_empty() {
        return Ok((Vec::new(), 0));
    }
    let cold = lake.tables.of(table).await?;
    let mut by_day: BTreeMap<i32, Vec<(String, Vec<u64>)>> = BTreeMap::new();
    let mut deleted = 0;
    for (file, positions) in cold.positions(lake, over).await? {
        deleted += positions.len() as u64;
        by_day.entry(file.day()?).or_default().push((file.location.to_string(), positions));
    }
    let mut files = Vec::new();
    for (day, mut positions) in by_day {
        positions.sort();
        let place = target.names.next_deletes(day)?;
        let partition = (day, target.spec);
        let store = lake.storage.store().clone();
        let mut writer = PositionDeleteWriter::new(store, place, partition, &hand_off.files)?;
        for (file, positions) in positions {
            for position in positions {
                writer.delete(&file, position).await?;
            }
        }
        files.extend(writer.finish().await?.map(|written| written.data_file));
    }
    Ok((files, deleted))
}
