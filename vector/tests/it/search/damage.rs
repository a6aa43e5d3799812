//! Every file of an index, lost or damaged: the answers stay.

use std::path::Path;

use headwater_vector::{Metric, VectorStore};

use super::support::{copy_folder, files_below, full, ids, opened, settle, with_word};

const ROWS: i64 = 40;

/// What happens to the bytes of a file.
type Damage = fn(&mut Vec<u8>);

fn embedding(id: i64) -> [f32; 4] {
    [1.0, id as f32, 0.0, 0.5]
}

fn check(store: &VectorStore, why: &str) {
    assert_eq!(with_word(store, "stone").len() as i64, ROWS, "{why}");
    for id in 0..ROWS {
        let hits = store.search().vector(&embedding(id)).limit(3).run().wait().unwrap();
        assert_eq!((&hits[0].id, hits.len()), (&id.into(), 3), "{why}");
        assert_eq!(with_word(store, &format!("w{id}x")), [id.into()], "{why}");
    }
    let all = store.search().vector(&embedding(0)).limit(1_000).run().wait().unwrap();
    assert_eq!(ids(&all).len() as i64, ROWS, "{why}");
}

/// A closed namespace with an index that is written in full.
fn written(path: &Path) {
    let (ns, store) = opened(path, Metric::L2);
    for id in 0..ROWS {
        let text = format!("stone w{id}x");
        store.put(&full(id, &embedding(id), &text, 0)).wait().unwrap();
    }
    check(&store, "as it was written");
    settle(&store);
    ns.close().unwrap();
}

#[test]
fn any_file_of_the_index_may_be_lost_or_damaged() {
    let folder = tempfile::tempdir().unwrap();
    let (path, whole) = (folder.path().join("app.hw"), folder.path().join("whole"));
    written(&path);
    let index = path.join("index");
    copy_folder(&index, &whole);
    let files = files_below(&index);
    assert!(files.len() > 5, "{files:?}");
    let damages: [(&str, Damage); 4] = [
        ("is empty", Vec::clear),
        ("has another byte at its end", |bytes| bytes.push(7)),
        ("is cut in half", |bytes| bytes.truncate(bytes.len() / 2)),
        ("has a wrong byte in its middle", |bytes| {
            let middle = bytes.len() / 2;
            bytes.iter_mut().skip(middle).take(1).for_each(|byte| *byte ^= 0x20);
        }),
    ];
    let reopen = |why: &str| {
        let (ns, store) = opened(&path, Metric::L2);
        check(&store, why);
        ns.close().unwrap();
        copy_folder(&whole, &index);
    };
    for file in &files {
        std::fs::remove_file(file).unwrap();
        reopen(&format!("{} is gone", file.display()));
        for (what, damage) in damages {
            let mut bytes = std::fs::read(file).unwrap();
            damage(&mut bytes);
            std::fs::write(file, bytes).unwrap();
            reopen(&format!("{} {what}", file.display()));
        }
    }
    std::fs::remove_dir_all(&index).unwrap();
    reopen("all is gone");
}

#[test]
fn a_folder_where_a_file_should_be_is_an_error_that_names_it_or_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    written(folder.path());
    let files = files_below(&folder.path().join("index"));
    let graph = files.iter().find(|path| path.ends_with("graph")).unwrap();
    std::fs::remove_file(graph).unwrap();
    std::fs::create_dir(graph).unwrap();
    let (_ns, store) = opened(folder.path(), Metric::L2);
    match store.search().vector(&embedding(0)).run().wait() {
        Ok(hits) => assert_eq!(hits.len(), 10),
        Err(error) => assert!(error.to_string().contains("graph"), "{error}"),
    }
    // Writes do not depend on it.
    store.put(&full(ROWS, &embedding(ROWS), "stone", 0)).wait().unwrap();
}

#[test]
fn a_search_says_what_is_wrong_when_the_index_has_no_place() {
    let folder = tempfile::tempdir().unwrap();
    let (_ns, store) = opened(folder.path(), Metric::L2);
    std::fs::write(folder.path().join("index"), "no folder").unwrap();
    store.put(&full(1, &embedding(1), "stone", 0)).wait().unwrap();
    let error = store.search().query("stone").run().wait().unwrap_err().to_string();
    assert!(error.contains("index"), "{error}");
    // Once there is room again, it works without anything being opened again.
    std::fs::remove_file(folder.path().join("index")).unwrap();
    assert_eq!(with_word(&store, "stone"), [1.into()]);
}
