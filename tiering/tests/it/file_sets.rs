//! The live files of snapshots, in memory.

use std::sync::Arc;

use headwater_primitives::ErrorKind;
use headwater_tiering::{FileSet, Manifests};
use iceberg::spec::{Datum, Literal, Struct};

use crate::support::{Lake, NEW_YEAR_DAY};

#[tokio::test(flavor = "multi_thread")]
async fn a_file_set_has_what_the_manifests_say_about_live_files() {
    let folder = tempfile::tempdir().unwrap();
    let lake = Lake::new(folder.path()).await;
    let data = [lake.data(0..10, 0).await, lake.data(10..20, 0).await, lake.data(20..30, 1).await];
    lake.commit(|new| new.add_data(data.clone())).await;
    let deletes = lake.deletes(&data[0], &[1]).await;
    lake.commit(|new| new.add_deletes([deletes.clone()])).await;
    let later = lake.data(30..40, 0).await;
    let table = lake.commit(|new| new.add_data([later]).remove_data([data[1].file_path()])).await;

    let files = FileSet::load(&table, None).await.unwrap();
    assert_eq!((files.data().len(), files.deletes().len(), files.records()), (3, 1, 30));
    let first = files.data().iter().find(|file| *file.location == *data[0].file_path()).unwrap();
    assert_eq!((first.records, first.sequence), (10, 1));
    assert_eq!(first.bytes, data[0].file_size_in_bytes());
    assert_eq!(first.partition, Struct::from_iter([Some(Literal::int(NEW_YEAR_DAY))]));
    let id = first.bounds(1).unwrap();
    assert_eq!((&id.lower, &id.upper), (&Some(Datum::long(0)), &Some(Datum::long(9))));
    assert_eq!(id.nulls, Some(0));
    assert!(first.bounds(99).is_none());

    let applying = |location: &str| {
        let file = files.data().iter().find(|file| *file.location == *location).unwrap();
        files.deletes_for(file).count()
    };
    assert_eq!(applying(data[0].file_path()), 1, "same partition, and newer");
    assert_eq!(applying(data[2].file_path()), 0, "another partition");
    let younger = files.data().iter().find(|file| file.sequence == 3).unwrap();
    assert_eq!(files.deletes_for(younger).count(), 0, "the file is younger than the deletes");
}

#[tokio::test(flavor = "multi_thread")]
async fn file_sets_are_kept_under_a_budget_and_loaded_once() {
    let folder = tempfile::tempdir().unwrap();
    let lake = Lake::new(folder.path()).await;
    let mut snapshots = Vec::new();
    for at in 0..3 {
        let file = lake.data(at..at + 1, 0).await;
        let table = lake.commit(|new| new.add_data([file])).await;
        snapshots.push(table.metadata().current_snapshot_id());
    }
    let table = lake.load().await;
    let size = FileSet::load(&table, None).await.unwrap().memory();
    let cache = Manifests::new(size * 2);
    let first = cache.load(&table, snapshots[0]).await.unwrap();
    assert!(Arc::ptr_eq(&first, &cache.load(&table, snapshots[0]).await.unwrap()));
    for id in &snapshots {
        cache.load(&table, *id).await.unwrap();
        assert!(cache.memory() <= size * 2);
    }
    let current = cache.load(&table, None).await.unwrap();
    assert!(Arc::ptr_eq(&current, &cache.load(&table, snapshots[2]).await.unwrap()));
    let none = Manifests::new(0);
    assert_eq!(none.load(&table, None).await.unwrap().data().len(), 3);
    assert_eq!(none.memory(), 0);
    let error = cache.load(&table, Some(1)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
}
