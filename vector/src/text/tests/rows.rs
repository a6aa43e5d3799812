//! Which rows are found as they come, change and go.

use std::sync::Arc;

use super::{found, indexed, open, search};
use crate::text::{Opening, Tail, TextQuery};

#[test]
fn rows_are_found_after_a_commit_and_not_before() {
    let folder = tempfile::tempdir().unwrap();
    let (index, opening) = open(folder.path(), None);
    assert_eq!((opening, index.position()), (Opening::New, None));
    index.apply([(7, "slip flow")].into_iter(), &[]).unwrap();
    assert!(found(&index.snapshot(), "flow").is_empty());
    index.commit((3, 9)).unwrap();
    assert_eq!(found(&index.snapshot(), "flow"), [7]);
    assert_eq!(index.position(), Some((3, 9)));
}

#[test]
fn rows_and_position_are_there_after_opening_again() {
    let (folder, index) = indexed(Some("en"), &["a wing", "wings", "flow"]);
    index.apply([(3, "uncommitted wing")].into_iter(), &[]).unwrap();
    drop(index);
    let (index, opening) = open(folder.path(), Some("en"));
    assert_eq!((opening, index.position()), (Opening::Current, Some((1, 3))));
    assert_eq!(found(&index.snapshot(), "wing"), [0, 1]);
}

#[test]
fn an_upsert_replaces_and_a_delete_removes() {
    let (_folder, index) = indexed(None, &["wing", "flow", "heat"]);
    index.apply([(0, "first"), (0, "second"), (-5, "flow")].into_iter(), &[1]).unwrap();
    index.commit((1, 4)).unwrap();
    let snapshot = index.snapshot();
    for (query, expected) in
        [("wing", vec![]), ("first", vec![]), ("second", vec![0]), ("flow", vec![-5])]
    {
        assert_eq!(found(&snapshot, query), expected, "{query}");
    }
    assert_eq!(snapshot.rows(), 3);
    assert_eq!(index.stats().unwrap().rows, 3);
}

#[test]
fn a_cleared_index_has_no_rows_and_no_position() {
    let (folder, index) = indexed(None, &["wing", "flow"]);
    index.apply([(2, "wing")].into_iter(), &[]).unwrap();
    index.clear().unwrap();
    assert_eq!((index.snapshot().rows(), index.position()), (0, None));
    index.apply([(5, "wing")].into_iter(), &[]).unwrap();
    index.commit((2, 1)).unwrap();
    assert_eq!(found(&index.snapshot(), "wing"), [5]);
    drop(index);
    assert_eq!(open(folder.path(), None).1, Opening::Current);
}

#[test]
fn an_index_at_rest_takes_up_writing_again() {
    let (folder, index) = indexed(None, &["wing"]);
    index.apply([(1, "wing")].into_iter(), &[]).unwrap();
    index.rest().unwrap();
    index.commit((1, 2)).unwrap();
    assert_eq!(found(&index.snapshot(), "wing"), [0, 1], "rest must not lose what is uncommitted");
    index.rest().unwrap();
    let lock = open_lock(folder.path());
    assert!(lock.is_some(), "an index at rest holds no writer's lock");
    drop(lock);
    index.apply([(2, "wing")].into_iter(), &[]).unwrap();
    index.commit((1, 3)).unwrap();
    assert_eq!(found(&index.snapshot(), "wing"), [0, 1, 2]);
}

fn open_lock(folder: &std::path::Path) -> Option<impl Sized> {
    use tantivy::Directory;
    let directory = tantivy::directory::MmapDirectory::open(folder).unwrap();
    directory.acquire_lock(&tantivy::directory::INDEX_WRITER_LOCK).ok()
}

#[test]
fn the_tail_lies_over_the_index() {
    let (_folder, index) = indexed(None, &["old wing", "old flow", "old heat"]);
    let mut tail = Tail::new(&index);
    tail.upsert(4, 1, "new wing");
    tail.upsert(5, 9, "new row");
    tail.delete(6, 2);
    let snapshot = tail.snapshot(&index).unwrap();
    for (query, expected) in
        [("old", vec![0]), ("new", vec![1, 9]), ("wing", vec![0, 1]), ("heat", vec![])]
    {
        assert_eq!(found(&snapshot, query), expected, "{query}");
    }
    assert_eq!(snapshot.rows(), 3);
    tail.upsert(7, 9, "newer row");
    tail.delete(8, 1);
    assert_eq!(found(&tail.snapshot(&index).unwrap(), "new newer"), [9]);
    assert_eq!(found(&snapshot, "new"), [1, 9], "a snapshot does not change");
}

#[test]
fn a_tail_without_changes_gives_the_same_snapshot() {
    let (_folder, index) = indexed(None, &["wing"]);
    let mut tail = Tail::new(&index);
    assert!(Arc::ptr_eq(&tail.snapshot(&index).unwrap(), &index.snapshot()));
    tail.upsert(2, 1, "wing");
    let first = tail.snapshot(&index).unwrap();
    assert!(Arc::ptr_eq(&first, &tail.snapshot(&index).unwrap()));
}

#[test]
fn a_tail_forgets_what_the_index_has_taken_in() {
    let (_folder, index) = indexed(None, &["wing"]);
    let mut tail = Tail::new(&index);
    tail.upsert(2, 1, "wing one");
    tail.upsert(3, 2, "wing two");
    tail.delete(4, 0);
    tail.snapshot(&index).unwrap();
    index.apply([(1, "wing one"), (2, "wing two")].into_iter(), &[]).unwrap();
    index.commit((1, 3)).unwrap();
    assert_eq!(found(&tail.snapshot(&index).unwrap(), "wing"), [1, 2], "before it has forgotten");
    tail.forget(3);
    assert_eq!((tail.rows(), found(&tail.snapshot(&index).unwrap(), "wing")), (1, vec![1, 2]));
    let empty = tail.bytes();
    tail.upsert(5, 3, "wing");
    assert!(tail.bytes() > empty);
}

#[test]
fn a_filter_still_gives_k_rows() {
    let texts: Vec<String> = (0..500).map(|n| format!("wing {}", "flow ".repeat(n % 7))).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let (_folder, index) = indexed(None, &texts);
    let query = TextQuery::parse("wing flow").unwrap();
    let accept = |row: i64| row % 50 == 3;
    let hits = index.snapshot().search(&query, 8, Some(&accept)).unwrap();
    assert_eq!(hits.len(), 8);
    assert!(hits.iter().all(|hit| accept(hit.row)));
    let all = index.snapshot().search(&query, 500, None).unwrap();
    let expected: Vec<_> = all.into_iter().filter(|hit| accept(hit.row)).take(8).collect();
    assert_eq!(hits, expected);
    assert_eq!(index.snapshot().search(&query, 8, Some(&|_| false)).unwrap(), []);
    assert_eq!(index.snapshot().search(&query, 0, None).unwrap(), []);
}

#[test]
fn rows_of_equal_score_come_by_label() {
    let (_folder, index) = indexed(None, &["wing"; 300]);
    // Labels that are not in the order of the documents.
    index.apply([(-1, "wing"), (-2, "wing")].into_iter(), &[0]).unwrap();
    index.commit((1, 400)).unwrap();
    let rows: Vec<i64> = search(&index.snapshot(), "wing", 4).iter().map(|hit| hit.row).collect();
    assert_eq!(rows, [-2, -1, 1, 2]);
}

#[test]
fn an_unknown_language_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let options =
        crate::text::TextIndexOptions { language: Some("xx".to_owned()), ..Default::default() };
    let error = crate::text::TextIndex::open(folder.path(), &options).err().unwrap();
    assert_eq!(error.kind(), headwater_primitives::ErrorKind::InvalidInput);
}

#[test]
fn an_index_and_its_snapshots_are_shared_by_threads() {
    fn shared<T: Send + Sync>(_: &T) {}
    let (_folder, index) = indexed(None, &["wing"]);
    let mut tail = Tail::new(&index);
    tail.upsert(2, 1, "wing");
    let snapshot = tail.snapshot(&index).unwrap();
    shared(&index);
    shared(&tail);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..50).for_each(|_| assert_eq!(found(&snapshot, "wing"), [0, 1])));
        }
        for row in 2..6 {
            index.apply([(row, "wing")].into_iter(), &[]).unwrap();
            index.commit((1, row as u64)).unwrap();
        }
    });
    assert_eq!(index.snapshot().rows(), 5);
}
