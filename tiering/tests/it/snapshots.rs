//! Snapshots: files added, removed and deleted from, and what manifests and summaries say.

use std::collections::HashMap;

use headwater_primitives::ErrorKind;
use iceberg::spec::{ManifestContentType, ManifestStatus, Operation};
use iceberg::table::Table;

use crate::support::{Found, Lake, scan};

fn summary(table: &Table) -> (Operation, HashMap<String, String>) {
    let summary = table.metadata().current_snapshot().unwrap().summary();
    (summary.operation.clone(), summary.additional_properties.clone())
}

fn counts<'s>(of: &'s HashMap<String, String>, names: &[&str]) -> Vec<&'s str> {
    names.iter().map(|name| of.get(*name).map_or("", |value| value)).collect()
}

/// Content, added, existing and deleted files of each manifest.
async fn manifests(table: &Table) -> Vec<(ManifestContentType, u32, u32, u32)> {
    let snapshot = table.metadata().current_snapshot().unwrap();
    let list = table.manifest_list_reader(snapshot).load().await.unwrap();
    let mut found: Vec<_> = list
        .entries()
        .iter()
        .map(|file| {
            let count = |files: Option<u32>| files.unwrap();
            (
                file.content,
                count(file.added_files_count),
                count(file.existing_files_count),
                count(file.deleted_files_count),
            )
        })
        .collect();
    found.sort_by_key(|manifest| (manifest.0 as i32, manifest.1, manifest.2, manifest.3));
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn an_append_adds_to_what_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let lake = Lake::new(folder.path()).await;
    let first = lake.data(0..10, 0).await;
    let second = [lake.data(10..20, 0).await, lake.data(20..25, 1).await];
    let one = lake.commit(|new| new.add_data([first])).await;
    let two =
        lake.commit(|new| new.add_data(second).property("headwater.sequence-range", "10-25")).await;
    assert_eq!(scan(&two, None).await, Found::of(0..25));
    let old = one.metadata().current_snapshot_id();
    assert_eq!(scan(&two, old).await, Found::of(0..10), "the snapshot before stays readable");
    let (operation, said) = summary(&two);
    assert_eq!(operation, Operation::Append);
    let names = ["added-data-files", "added-records", "total-data-files", "total-records"];
    assert_eq!(counts(&said, &names), ["2", "15", "3", "25"]);
    assert_eq!(said["headwater.sequence-range"], "10-25");
    assert_eq!(two.metadata().current_snapshot().unwrap().parent_snapshot_id(), old);
    assert_eq!(manifests(&two).await.len(), 2, "the manifest of the first is carried over");
}

#[tokio::test(flavor = "multi_thread")]
async fn position_deletes_hide_rows_from_their_snapshot_on() {
    let folder = tempfile::tempdir().unwrap();
    let lake = Lake::new(folder.path()).await;
    let files = [lake.data(0..10, 0).await, lake.data(10..20, 1).await];
    let before = lake.commit(|new| new.add_data(files.clone())).await;
    let deletes = lake.deletes(&files[0], &[0, 3, 9]).await;
    let after = lake.commit(|new| new.add_deletes([deletes])).await;
    let left: Vec<i64> = (0..20).filter(|id| ![0, 3, 9].contains(id)).collect();
    assert_eq!(scan(&after, None).await, Found::of(left));
    let old = before.metadata().current_snapshot_id();
    assert_eq!(scan(&after, old).await, Found::of(0..20));
    let (operation, said) = summary(&after);
    assert_eq!(operation, Operation::Delete);
    let names = [
        "added-delete-files",
        "added-position-delete-files",
        "added-position-deletes",
        "total-delete-files",
        "total-position-deletes",
        "total-records",
    ];
    assert_eq!(counts(&said, &names), ["1", "1", "3", "1", "3", "20"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rewrite_takes_files_out_and_keeps_the_numbers_of_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let lake = Lake::new(folder.path()).await;
    let files = [lake.data(0..10, 0).await, lake.data(10..20, 0).await, lake.data(20..30, 1).await];
    let one = lake.commit(|new| new.add_data(files.clone())).await;
    let deletes = lake.deletes(&files[0], &[0, 1]).await;
    lake.commit(|new| new.add_deletes([deletes.clone()])).await;
    let rewritten = lake.data(2..10, 0).await;
    let table = lake
        .commit(|new| {
            new.add_data([rewritten])
                .remove_data([files[0].file_path()])
                .remove_deletes([deletes.file_path()])
                .operation(Operation::Replace)
        })
        .await;
    assert_eq!(scan(&table, None).await, Found::of(2..30));
    let (operation, said) = summary(&table);
    assert_eq!(operation, Operation::Replace);
    let names = [
        "deleted-data-files",
        "deleted-records",
        "removed-delete-files",
        "removed-position-deletes",
        "total-data-files",
        "total-delete-files",
        "total-records",
        "total-position-deletes",
    ];
    assert_eq!(counts(&said, &names), ["1", "10", "1", "2", "3", "0", "28", "0"]);
    use ManifestContentType::{Data, Deletes};
    assert_eq!(manifests(&table).await, [(Data, 0, 2, 1), (Data, 1, 0, 0), (Deletes, 0, 0, 1)]);

    let snapshot = table.metadata().current_snapshot().unwrap();
    let list = table.manifest_list_reader(snapshot).load().await.unwrap();
    let rewritten = list.entries().iter().find(|file| file.existing_files_count == Some(2));
    let rewritten = rewritten.unwrap().load_manifest(table.file_io()).await.unwrap();
    for entry in rewritten.entries() {
        assert_eq!(entry.sequence_number(), Some(1), "{:?}", entry.status());
        assert_eq!(entry.file_sequence_number, Some(1));
        let added_by = one.metadata().current_snapshot_id();
        let expected = match entry.status() {
            ManifestStatus::Deleted => table.metadata().current_snapshot_id(),
            _ => added_by,
        };
        assert_eq!(entry.snapshot_id(), expected);
    }
    let next = lake.data(30..31, 1).await;
    let next = lake.commit(|new| new.add_data([next])).await;
    assert_eq!(scan(&next, None).await, Found::of(2..31));
    assert_eq!(manifests(&next).await.len(), 3, "a manifest without live files is let go");
}

#[tokio::test(flavor = "multi_thread")]
async fn deletes_survive_that_files_beside_theirs_are_rewritten() {
    let folder = tempfile::tempdir().unwrap();
    let lake = Lake::new(folder.path()).await;
    let files = [lake.data(0..10, 0).await, lake.data(10..20, 0).await];
    lake.commit(|new| new.add_data(files.clone())).await;
    let deletes = [
        lake.deletes(&files[0], &[1, 2]).await,
        lake.deletes(&files[1], &[0, 1, 2, 3, 4, 5, 6, 7, 8]).await,
    ];
    lake.commit(|new| new.add_deletes(deletes.clone())).await;
    let rewritten = lake.data(19..20, 0).await;
    let table = lake
        .commit(|new| {
            new.add_data([rewritten])
                .remove_data([files[1].file_path()])
                .remove_deletes([deletes[1].file_path()])
        })
        .await;
    let left = (0..10).filter(|id| ![1, 2].contains(id)).chain([19]);
    assert_eq!(scan(&table, None).await, Found::of(left));
    assert_eq!(summary(&table).0, Operation::Overwrite);
}

#[tokio::test(flavor = "multi_thread")]
async fn removing_a_file_that_is_not_live_is_a_conflict_that_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let lake = Lake::new(folder.path()).await;
    let file = lake.data(0..10, 0).await;
    lake.commit(|new| new.add_data([file.clone()])).await;
    lake.commit(|new| new.remove_data([file.file_path()])).await;
    let table = lake.load().await;
    assert_eq!(scan(&table, None).await, Found::default());
    let again = lake.catalog.new_snapshot(&table).remove_data([file.file_path()]);
    let error = again.write().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    assert!(error.to_string().contains(file.file_path()), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_the_wrong_sort_is_refused_before_anything_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let lake = Lake::new(folder.path()).await;
    let data = lake.data(0..10, 0).await;
    let deletes = lake.deletes(&data, &[0]).await;
    let table = lake.load().await;
    let new = || lake.catalog.new_snapshot(&table);
    let refused = [
        new().add_data([deletes.clone()]),
        new().add_deletes([data.clone()]),
        new().add_data([data.clone(), data.clone()]),
        new().add_data_of(7, [data.clone()]),
    ];
    for snapshot in refused {
        let error = snapshot.write().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
    }
    let metadata = folder.path().join("lake/document/orders/metadata");
    assert_eq!(std::fs::read_dir(metadata).unwrap().count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_small_manifests_are_merged() {
    let folder = tempfile::tempdir().unwrap();
    let lake = Lake::new(folder.path()).await;
    let mut files = Vec::new();
    for at in 0..8 {
        let file = lake.data(at * 10..at * 10 + 10, 0).await;
        files.push(file.clone());
        lake.commit(|new| new.add_data([file]).merge_above(4)).await;
    }
    let table = lake.load().await;
    assert_eq!(scan(&table, None).await, Found::of(0..80));
    assert!(manifests(&table).await.len() <= 5, "{:?}", manifests(&table).await);
    let deletes = lake.deletes(&files[0], &[0]).await;
    let table = lake.commit(|new| new.add_deletes([deletes]).merge_above(1)).await;
    assert_eq!(scan(&table, None).await, Found::of(1..80), "deletes apply to merged entries too");
    let table = lake.commit(|new| new.remove_data([files[3].file_path()])).await;
    assert_eq!(scan(&table, None).await, Found::of((1..30).chain(40..80)));
    assert_eq!(summary(&table).1["total-data-files"], "7");
}
