//! Expiring snapshots, and finding files that nothing names.

use std::path::Path;
use std::time::Duration;

use headwater_primitives::{Clock, SystemClock, Timestamp};
use headwater_tiering::{Expiry, Unreachable, expire, orphans};

use crate::support::{Found, Lake, scan};

fn later() -> Timestamp {
    SystemClock.now().after(Duration::from_secs(3600))
}

/// All files of the table's folder, as locations.
fn files(folder: &Path, lake: &Lake) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![folder.join("lake/document/orders")];
    while let Some(at) = folders.pop() {
        for entry in std::fs::read_dir(at).unwrap().map(Result::unwrap) {
            match entry.file_type().unwrap().is_dir() {
                true => folders.push(entry.path()),
                false => found.push(format!("file://{}", entry.path().display())),
            }
        }
    }
    assert!(found.iter().all(|file| lake.catalog.lake().root().path(file).is_ok()));
    found
}

/// Commits what expiry says, deletes what it names, and gives that.
async fn let_go(lake: &Lake, expiry: Expiry) -> Unreachable {
    let table = lake.load().await;
    let (prepared, unreachable) = expire(&table, &expiry).await.unwrap();
    lake.make(prepared).await;
    lake.catalog.lake().delete_all(unreachable.clone().into_locations()).await.unwrap();
    unreachable
}

#[tokio::test(flavor = "multi_thread")]
async fn what_only_expired_snapshots_reach_goes_and_the_rest_stays_readable() {
    let folder = tempfile::tempdir().unwrap();
    let lake = Lake::new(folder.path()).await;
    let data = [lake.data(0..10, 0).await, lake.data(10..20, 1).await];
    lake.commit(|new| new.add_data(data.clone())).await;
    let deletes = lake.deletes(&data[0], &[0, 1]).await;
    lake.commit(|new| new.add_deletes([deletes.clone()])).await;
    let rewritten = lake.data(2..10, 0).await;
    let kept = lake
        .commit(|new| {
            new.add_data([rewritten])
                .remove_data([data[0].file_path()])
                .remove_deletes([deletes.file_path()])
        })
        .await;
    let more = lake.data(20..30, 1).await;
    let table = lake.commit(|new| new.add_data([more])).await;

    let gone = let_go(&lake, Expiry { before: later(), keep_last: 2 }).await;
    let mut expected = [data[0].file_path(), deletes.file_path()];
    expected.sort_unstable();
    let mut found = gone.files.clone();
    found.sort_unstable();
    assert_eq!(found, expected);
    assert_eq!((gone.manifest_lists.len(), gone.manifests.len()), (2, 2));

    let now = lake.load().await;
    let ids = |table: &iceberg::table::Table| table.metadata().current_snapshot_id();
    let mut left: Vec<_> = now.metadata().snapshots().map(|it| Some(it.snapshot_id())).collect();
    left.sort_unstable();
    let mut stay = [ids(&kept), ids(&table)];
    stay.sort_unstable();
    assert_eq!(left, stay);
    assert_eq!(scan(&now, None).await, Found::of(2..30));
    assert_eq!(scan(&now, ids(&kept)).await, Found::of(2..20));
}

#[tokio::test(flavor = "multi_thread")]
async fn young_snapshots_and_the_current_one_never_expire() {
    let folder = tempfile::tempdir().unwrap();
    let lake = Lake::new(folder.path()).await;
    for at in 0..3 {
        let file = lake.data(at..at + 1, 0).await;
        lake.commit(|new| new.add_data([file])).await;
    }
    let table = lake.load().await;
    let young = Expiry { before: Timestamp(0), keep_last: 1 };
    let (prepared, unreachable) = expire(&table, &young).await.unwrap();
    assert!(prepared.updates.is_empty() && unreachable.is_empty());

    let gone = let_go(&lake, Expiry { before: later(), keep_last: 0 }).await;
    assert_eq!((gone.manifest_lists.len(), gone.files.len()), (2, 0));
    assert_eq!(scan(&lake.load().await, None).await, Found::of(0..3));
}

#[tokio::test(flavor = "multi_thread")]
async fn orphans_are_what_crashed_commits_left_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let lake = Lake::new(folder.path()).await;
    let data = [lake.data(0..10, 0).await, lake.data(10..20, 0).await];
    let table = lake.commit(|new| new.add_data([data[0].clone()])).await;
    let named = files(folder.path(), &lake).len() - 1;
    let abandoned = lake.catalog.new_snapshot(&table).add_data([data[1].clone()]);
    let abandoned = abandoned.write().await.unwrap();
    let mut expected: Vec<String> = abandoned.written;
    expected.push(data[1].file_path().to_owned());
    expected.sort_unstable();

    let store = lake.catalog.lake();
    let found = orphans(&table, store, later()).await.unwrap();
    let mut found: Vec<String> = found.into_iter().map(|orphan| orphan.location).collect();
    found.sort_unstable();
    assert_eq!(found, expected);
    let young = orphans(&table, store, Timestamp(0)).await.unwrap();
    assert!(young.is_empty(), "a commit may be about to name them");

    store.delete_all(found).await.unwrap();
    assert_eq!(files(folder.path(), &lake).len(), named);
    assert_eq!(scan(&table, None).await, Found::of(0..10));
}
