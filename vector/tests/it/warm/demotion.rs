//! What a demotion takes, how it is ended early, and what it leaves.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use headwater_vector::primitives::{Clock, ErrorKind, ManualClock, Namespace, Timestamp};
use headwater_vector::{Demote, VectorStore};

use super::support::{demote, filled, nearest, opened, options, row};
use crate::support::{defects, refused};

#[test]
fn the_rows_written_last_are_kept() {
    let (_ns, store) = filled(30);
    store.set_text(0, Some("new")).wait().unwrap();
    assert_eq!(demote(&store, Demote::keep(10)).moved, 20);
    assert_eq!(demote(&store, Demote::keep(10)).moved, 0);
    assert_eq!(demote(&store, Demote::keep(9)).moved, 1);
    let one = demote(&store, Demote::keep(1));
    assert_eq!((one.moved, one.version > 0), (8, true));
    let search = store.search().vector(&super::support::embedding(0)).limit(1);
    assert_eq!(search.run().wait().unwrap().len(), 1);
}

struct Shared(Arc<ManualClock>);

impl Clock for Shared {
    fn now(&self) -> Timestamp {
        self.0.now()
    }
}

#[test]
fn rows_that_were_not_written_for_so_long_go() {
    let clock = Arc::new(ManualClock::new(Timestamp(1_700_000_000_000_000)));
    let ns = Namespace::builder_in_memory().clock(Shared(clock.clone())).open().unwrap();
    let store: VectorStore = VectorStore::create(&ns, "rows", options()).unwrap();
    for id in 0..10 {
        store.put(&row(id)).wait().unwrap();
    }
    ns.merge_segments().unwrap();
    let hour = Duration::from_secs(3600);
    clock.advance(hour * 2);
    for id in 10..15 {
        store.put(&row(id)).wait().unwrap();
    }
    assert_eq!(demote(&store, Demote::older_than(hour * 3)).moved, 0);
    assert_eq!(demote(&store, Demote::older_than(hour).but_keep(10)).moved, 5);
    assert_eq!(demote(&store, Demote::older_than(hour)).moved, 5);
    clock.advance(hour * 2);
    assert_eq!(demote(&store, Demote::older_than(hour)).moved, 5);
}

#[test]
fn nothing_to_move_makes_nothing() {
    let (_ns, store) = filled(0);
    let report = demote(&store, Demote::all());
    assert_eq!((report.moved, report.version), (0, 0));
    assert_eq!(nearest(&store, 0, 10), []);
}

#[test]
fn a_cancelled_demotion_leaves_every_embedding_in_one_place() {
    let (ns, store) = filled(3_000);
    let before = nearest(&store, 1_500, 40);
    for calls in 1..6 {
        let mut left = calls;
        let report = store
            .demote(Demote::all(), |_| {
                left -= 1;
                if left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            })
            .unwrap();
        assert!(report.cancelled || left > 0, "{report:?}");
        assert_eq!(nearest(&store, 1_500, 40), before, "{calls}");
        assert_eq!(defects(&ns), Vec::<String>::new());
    }
    demote(&store, Demote::all());
    assert_eq!(nearest(&store, 1_500, 40), before);
    assert_eq!(defects(&ns), Vec::<String>::new());
}

#[test]
fn a_row_that_is_written_meanwhile_stays_hot() {
    let (ns, store) = filled(100);
    let mut written = false;
    let report = store
        .demote(Demote::all(), |_| {
            if !written {
                written = true;
                let embedding = super::support::embedding(500);
                store.set_embedding(7, Some(&embedding)).wait().unwrap();
                store.delete(8).wait().unwrap();
                store.set_text(9, Some("moss")).wait().unwrap();
            }
            ControlFlow::Continue(())
        })
        .unwrap();
    assert_eq!(report.moved, 97);
    assert_eq!(nearest(&store, 500, 1), [7.into()]);
    assert_eq!(nearest(&store, 8, 100).len(), 99);
    assert_eq!(defects(&ns), Vec::<String>::new());
}

#[test]
fn an_index_that_is_deleted_or_old_finds_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let (ns, store) = opened(folder.path());
    store.load((0..600).map(|id| Ok(row(id))), |_| ()).unwrap();
    let before = nearest(&store, 300, 50);
    // The graph is saved with all rows in it, and demoted without an index being open.
    drop(store);
    ns.close().unwrap();
    let (ns, store) = opened(folder.path());
    assert_eq!(demote(&store, Demote::keep(250)).moved, 350);
    assert_eq!(nearest(&store, 300, 50), before);
    drop(store);
    ns.close().unwrap();
    std::fs::remove_dir_all(folder.path().join("index")).unwrap();
    let (ns, store) = opened(folder.path());
    assert_eq!(nearest(&store, 300, 50), before);
    assert_eq!(store.index_stats().wait().unwrap().vectors, 250);
    headwater_vector::rebuild(&ns, |_| ()).unwrap();
    assert_eq!(nearest(&store, 300, 50), before);
    assert_eq!(defects(&ns), Vec::<String>::new());
}

#[test]
fn verify_names_embeddings_that_are_lost_or_damaged() {
    let folder = tempfile::tempdir().unwrap();
    let (ns, store) = opened(folder.path());
    store.load((0..20).map(|id| Ok(row(id))), |_| ()).unwrap();
    demote(&store, Demote::all());
    drop(store);
    ns.close().unwrap();
    let data = folder.path().join("lake/vector/rows.lance/data");
    for file in std::fs::read_dir(&data).unwrap() {
        std::fs::remove_file(file.unwrap().path()).unwrap();
    }
    let (ns, store) = opened(folder.path());
    let found = defects(&ns);
    assert!(found.iter().any(|line| line.contains("warm tier of \"rows\"")), "{found:?}");
    assert!(store.get(3).wait().is_err());
    assert_eq!(store.count().wait().unwrap(), 20);
}

#[test]
fn a_read_only_namespace_moves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (owner, store) = opened(folder.path());
    store.put(&row(1)).wait().unwrap();
    let ns = Namespace::builder(folder.path()).read_only().open().unwrap();
    let followed: VectorStore = VectorStore::open(&ns, "rows").unwrap();
    let demoted = followed.demote(Demote::all(), |_| ControlFlow::Continue(()));
    refused(demoted, ErrorKind::ReadOnly, &["its owner"]);
    drop(owner);
}
