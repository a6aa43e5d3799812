//! Documents that another process has moved to the lake.

use serde_json::json;

use crate::program::Database;

fn with_people() -> Database {
    let db = Database::new();
    let people: String =
        (0..200).map(|n| format!("{{\"id\":\"p{n:03}\",\"age\":{}}}\n", n % 50)).collect();
    db.run_with(&["document", "put", "people"], &people).succeeded();
    db
}

#[test]
fn what_is_in_the_lake_is_found_as_before() {
    let db = with_people();
    let before = db.lines(&["document", "find", "people", "--filter", r#"{"age":{"$lt":3}}"#]);
    let moved = db.lines(&["tier", "run", "document", "people", "--keep", "20"]);
    assert_eq!((&moved[0]["collection"], &moved[0]["rows"]), (&json!("people"), &json!(180)));
    let after = db.lines(&["document", "find", "people", "--filter", r#"{"age":{"$lt":3}}"#]);
    assert_eq!((before.len(), before), (12, after));
    db.run(&["document", "patch", "people", "p001", r#"{"age":99}"#]).succeeded();
    let status = db.lines(&["tier", "status"]);
    assert_eq!(
        (&status[0]["table"], &status[0]["rows"], &status[0]["tombstones"]),
        (&json!("people"), &json!(180), &json!(1))
    );
    db.run(&["verify"]).succeeded();
    assert_eq!(db.lines(&["tier", "run"])[0]["deleted"], 1);
    assert_eq!(db.lines(&["document", "get", "people", "p001"])[0]["age"], 99);
}

#[test]
fn what_cannot_move_is_said() {
    let db = with_people();
    assert_eq!(db.lines(&["tier", "status"]).len(), 0);
    let run = db.run(&["tier", "run", "document", "nobody"]);
    assert_eq!(run.code, Some(1));
    assert!(run.err.contains("\"people\""), "{}", run.err);
    assert_eq!(db.run(&["tier", "run", "--older-than", "soon"]).code, Some(2));
    assert_eq!(db.run(&["tier", "run", "graph", "people"]).code, Some(2));
    assert_eq!(db.lines(&["tier", "run", "--older-than", "1h"])[0]["rows"], 0);
}

#[test]
fn the_log_is_read_from_the_lake_once_it_is_there() {
    let db = with_people();
    let before = db.lines(&["events"]);
    let archived = db.lines(&["tier", "archive"]);
    assert_eq!((&archived[0]["events"], &archived[0]["last"]), (&json!(200), &json!(200)));
    assert_eq!(db.lines(&["tier", "archive"])[0]["events"], 0);
    db.run(&["document", "delete", "people", "p001"]).succeeded();
    assert_eq!(db.lines(&["tier", "archive", "--older-than", "1h"])[0]["events"], 0);
    let after = db.lines(&["events"]);
    assert_eq!((after.len(), &after[..200]), (201, &before[..]));
    db.run(&["tier", "archive", "--end"]).succeeded();
    assert_eq!(db.run(&["tier", "archive", "--end", "--older-than", "1h"]).code, Some(2));
}
