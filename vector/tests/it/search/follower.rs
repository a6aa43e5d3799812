//! Searching a namespace that another one owns: right answers, and none of its files touched.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use headwater_testkit::crash::{self, Child, Crash, End};
use headwater_vector::primitives::Namespace;
use headwater_vector::{Metric, VectorStore};

use super::support::{files_below, full, ids, opened, settle, with_word};

fn follow(path: &Path) -> (Namespace, VectorStore) {
    let ns = Namespace::builder(path).read_only().open().unwrap();
    let store = VectorStore::open(&ns, "rows").unwrap();
    (ns, store)
}

/// What is in the files of the index, and when it was written.
fn index_of(path: &Path) -> BTreeMap<PathBuf, (Vec<u8>, SystemTime)> {
    let content = |path: PathBuf| {
        let written = path.metadata().unwrap().modified().unwrap();
        (path.clone(), (std::fs::read(path).unwrap(), written))
    };
    files_below(&path.join("index")).into_iter().map(content).collect()
}

fn put(store: &VectorStore, ids: std::ops::Range<i64>) {
    for id in ids {
        store.put(&full(id, &[1.0, id as f32, 0.0, 0.5], "stone", id % 2)).wait().unwrap();
    }
}

fn nearest(store: &VectorStore, id: i64) -> Option<i64> {
    let search = store.search().vector(&[1.0, id as f32, 0.0, 0.5]).limit(1);
    let found = ids(&search.run().wait().unwrap());
    found.first().map(|id| id.to_string().parse().unwrap())
}

#[test]
fn a_follower_finds_what_the_owner_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let (owner, store) = opened(folder.path(), Metric::L2);
    put(&store, 0..20);
    let (follower, followed) = follow(folder.path());
    assert_eq!(with_word(&followed, "stone").len(), 20);
    for id in 20..60 {
        put(&store, id..id + 1);
        assert_eq!(nearest(&followed, id), Some(id));
        assert_eq!(with_word(&followed, "stone").len() as i64, id + 1);
    }
    store.delete(59).wait().unwrap();
    assert_eq!(nearest(&followed, 59), Some(58));
    store.set_text(3, Some("moss")).wait().unwrap();
    assert_eq!(with_word(&followed, "moss"), [3.into()]);
    follower.close().unwrap();
    owner.close().unwrap();
}

#[test]
fn a_follower_touches_no_file_of_the_owners_index_and_leaves_none_of_its_own() {
    if let Some(child) = crash::child() {
        return follow_as_child(&child);
    }
    let folder = tempfile::tempdir().unwrap();
    let (owner, store) = opened(folder.path(), Metric::L2);
    put(&store, 0..50);
    assert_eq!(nearest(&store, 7), Some(7));
    owner.close().unwrap();
    let before = index_of(folder.path());
    assert!(before.len() > 2, "{:?}", before.keys());

    let own = tempfile::tempdir().unwrap();
    let test = a_follower_touches_no_file_of_the_owners_index_and_leaves_none_of_its_own;
    let crash = Crash::of(test, "follow", folder.path()).environment("TMPDIR", own.path());
    let outcome = crash.run().unwrap();
    assert_eq!(outcome.end, End::Exited(0), "{}", outcome.stderr);
    assert_eq!(index_of(folder.path()), before);
    let left = files_below(own.path());
    let folders: Vec<_> = std::fs::read_dir(own.path()).unwrap().collect();
    assert!(left.is_empty() && folders.is_empty(), "{left:?} {folders:?}");
}

fn follow_as_child(child: &Child) {
    let (follower, followed) = follow(child.directory());
    assert_eq!(nearest(&followed, 7), Some(7));
    assert_eq!(with_word(&followed, "stone").len(), 50);
    settle(&followed);
    drop(followed);
    follower.close().unwrap();
}

#[test]
fn what_an_earlier_process_left_in_the_temporary_folder_is_not_believed() {
    if let Some(child) = crash::child() {
        return follow_after_another(&child);
    }
    let folder = tempfile::tempdir().unwrap();
    for (name, word) in [("first", "granite"), ("second", "stone")] {
        let (ns, store) = opened(&folder.path().join(name), Metric::L2);
        store.put(&full(1, &[1.0; 4], word, 0)).wait().unwrap();
        ns.close().unwrap();
    }
    let own = tempfile::tempdir().unwrap();
    let test = what_an_earlier_process_left_in_the_temporary_folder_is_not_believed;
    let crash = Crash::of(test, "follow", folder.path()).environment("TMPDIR", own.path());
    let outcome = crash.run().unwrap();
    assert_eq!(outcome.end, End::Exited(0), "{}", outcome.stderr);
}

/// Puts an index of another namespace wherever the next one may go, as a process with the same
/// number that was killed would have left it.
fn follow_after_another(child: &Child) {
    let (_first, left) = follow(&child.directory().join("first"));
    assert_eq!(with_word(&left, "granite"), [1.into()]);
    let temporary = std::env::temp_dir();
    let used = std::fs::read_dir(&temporary).unwrap().next().unwrap().unwrap().path();
    let name = used.file_name().unwrap().to_str().unwrap().to_owned();
    for number in 0..10 {
        let next = temporary
            .join(name.trim_end_matches(char::is_numeric).to_owned() + &number.to_string());
        if next != used {
            super::support::copy_folder(&used, &next);
        }
    }
    let (second, followed) = follow(&child.directory().join("second"));
    assert_eq!(with_word(&followed, "granite"), []);
    assert_eq!(with_word(&followed, "stone"), [1.into()]);
    second.close().unwrap();
}
