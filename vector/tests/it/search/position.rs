//! An index whose position the log does not have, or has in another history.

use std::time::Duration;

use headwater_vector::cdc::{ChangeLog, Retention};
use headwater_vector::primitives::Namespace;
use headwater_vector::{Metric, VectorStore};

use super::support::{copy_folder, full, ids, opened, settle, with_word};
use crate::support::defects;

fn put(store: &VectorStore, ids: std::ops::Range<i64>, word: &str) {
    for id in ids {
        let embedding = [1.0, id as f32, 0.0, 0.5];
        store.put(&full(id, &embedding, &format!("{word} stones"), 0)).wait().unwrap();
    }
}

/// Rows of `store` by both sides must be those of `ids`.
fn has(store: &VectorStore, ids_of: std::ops::Range<i64>, word: &str) {
    let expected: Vec<_> = ids_of.clone().map(Into::into).collect();
    assert_eq!(with_word(store, word), expected, "{word}");
    for exact in [false, true] {
        let search = store.search().vector(&[1.0, 0.0, 0.0, 0.5]).limit(10_000);
        let search = if exact { search.exact() } else { search };
        let mut found = ids(&search.run().wait().unwrap());
        found.sort();
        assert_eq!(found, expected);
    }
    for id in ids_of {
        let nearest = store.search().vector(&[1.0, id as f32, 0.0, 0.5]).limit(1).exact();
        assert_eq!(nearest.run().wait().unwrap()[0].distance, Some(0.0), "{id}");
    }
}

fn forget(ns: &Namespace) {
    let changes = ChangeLog::open(ns).unwrap();
    let retention = Retention { age: None, bytes: Some(1), cap: None };
    changes.set_retention(retention).wait().unwrap();
    let start = changes.enforce_retention().unwrap();
    assert!(start > changes.start() || start.0 > 1, "{start}");
}

#[test]
fn an_index_that_retention_has_passed_is_built_again_at_the_next_opening() {
    let folder = tempfile::tempdir().unwrap();
    let (ns, store) = opened(folder.path(), Metric::L2);
    put(&store, 0..40, "old");
    has(&store, 0..40, "old");
    ns.close().unwrap();

    let (ns, store) = opened(folder.path(), Metric::L2);
    put(&store, 0..30, "new");
    for id in 30..40 {
        store.delete(id).wait().unwrap();
    }
    forget(&ns);
    ns.close().unwrap();

    let (ns, store) = opened(folder.path(), Metric::L2);
    assert_eq!(with_word(&store, "old"), []);
    has(&store, 0..30, "new");
    put(&store, 30..35, "new");
    has(&store, 0..35, "new");
    assert_eq!(defects(&ns), Vec::<String>::new());
}

#[test]
fn retention_that_takes_everything_while_searches_go_on_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (ns, store) = opened(folder.path(), Metric::L2);
    let changes = ChangeLog::open(&ns).unwrap();
    let retention = Retention { age: Some(Duration::ZERO), bytes: Some(1), cap: None };
    changes.set_retention(retention).wait().unwrap();
    put(&store, 0..1, "stone");
    has(&store, 0..1, "stone");
    std::thread::scope(|scope| {
        let forgetting = scope.spawn(|| {
            for _ in 0..300 {
                ns.merge_segments().unwrap();
                changes.enforce_retention().unwrap();
            }
        });
        let mut id = 1;
        while !forgetting.is_finished() {
            let rows: Vec<_> =
                (id..id + 20).map(|id| full(id, &[1.0, id as f32, 0.0, 0.5], "stone", 0)).collect();
            store.bulk_insert(&rows).wait().unwrap();
            id += 20;
            assert_eq!(with_word(&store, "stone").len() as i64, id.min(10_000));
            let search = store.search().vector(&[1.0, 0.0, 0.0, 0.5]).limit(10_000);
            assert_eq!(search.run().wait().unwrap().len() as i64, id.min(10_000));
        }
    });
    assert_eq!(defects(&ns), Vec::<String>::new());
}

/// Puts back the `hot.db` of an earlier time, and leaves the newer index. `more` rows are written
/// to what was restored before anybody searches.
fn restore(more: i64) {
    let folder = tempfile::tempdir().unwrap();
    let (path, backup) = (folder.path().join("app.hw"), folder.path().join("backup"));
    let (ns, store) = opened(&path, Metric::L2);
    put(&store, 0..20, "kept");
    has(&store, 0..20, "kept");
    ns.close().unwrap();
    copy_folder(&path, &backup);

    let (ns, store) = opened(&path, Metric::L2);
    put(&store, 10..60, "lost");
    settle(&store);
    assert_eq!(with_word(&store, "lost").len(), 50);
    ns.close().unwrap();

    std::fs::copy(backup.join("hot.db"), path.join("hot.db")).unwrap();
    if more > 0 {
        let (ns, store) = opened(&path, Metric::L2);
        put(&store, 20..20 + more, "kept");
        ns.close().unwrap();
    }
    let (ns, store) = opened(&path, Metric::L2);
    assert_eq!(with_word(&store, "lost"), []);
    has(&store, 0..20 + more, "kept");
    assert_eq!(defects(&ns), Vec::<String>::new());
}

#[test]
fn an_index_that_is_newer_than_a_restored_database_is_not_believed() {
    restore(0);
}

#[test]
fn an_index_of_a_lost_history_is_not_believed_when_the_log_has_come_as_far_again() {
    restore(200);
}
