//! Embeddings moved out of the hot tier, and found there by another process.

use serde_json::json;

use crate::program::Database;

const NOTES: &str = r#"{"id":1,"embedding":[1.0,0.0]}
{"id":2,"embedding":[0.8,0.6]}
{"id":3,"embedding":[0.0,1.0]}
"#;

#[test]
fn what_has_moved_is_found_and_printed_as_before() {
    let db = Database::new();
    db.run(&["vector", "create", "notes", "--dim", "2"]).succeeded();
    db.run_with(&["vector", "put", "notes"], NOTES).succeeded();
    let search = || db.lines(&["vector", "search", "notes", "--vector", "[1,0]"]);
    let before = search();
    let none = db.lines(&["vector", "demote", "notes", "--older-than", "1d"]);
    assert_eq!(none[0]["moved"], 0);
    let moved = db.lines(&["vector", "demote", "notes", "--keep", "1"]);
    assert_eq!(moved.len(), 1);
    assert_eq!((&moved[0]["moved"], &moved[0]["bytes"]), (&json!(2), &json!(16)));
    assert_eq!(search(), before);
    let run = db.run(&["vector", "get", "notes", "1"]).succeeded();
    assert_eq!(run.out.trim_end(), NOTES.lines().next().unwrap());
    db.run(&["verify"]).succeeded();
    db.run(&["rebuild"]).succeeded();
    assert_eq!(search(), before);
}

#[test]
fn embeddings_go_where_they_are_sent() {
    let db = Database::new();
    db.run(&["vector", "create", "notes", "--dim", "2"]).succeeded();
    db.run_with(&["vector", "put", "notes"], NOTES).succeeded();
    let elsewhere = tempfile::tempdir().unwrap();
    let folder = elsewhere.path().join("notes.lance");
    let demote = |location: &str| db.run(&["vector", "demote", "notes", "--location", location]);
    demote(folder.to_str().unwrap()).succeeded();
    assert!(folder.join("data").is_dir());
    assert_eq!(db.lines(&["vector", "search", "notes", "--vector", "[1,0]"]).len(), 3);
    let moved = demote("file:///tmp/other.lance");
    assert_eq!(moved.code, Some(1));
    assert!(moved.err.contains("it stays there"), "{}", moved.err);
}

#[test]
fn what_cannot_be_a_duration_is_a_matter_of_usage() {
    let db = Database::new();
    for wrong in ["1", "d", "1w", "99999999999999999999d", "9999999999999999999d"] {
        let run = db.run(&["vector", "demote", "notes", "--older-than", wrong]);
        assert_eq!(run.code, Some(2), "{wrong}");
    }
}
