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
fn the_tables_may_be_in_a_catalog_elsewhere() {
    let Some(warehouse) = headwater_testkit::rest("program") else { return };
    let db = with_people();
    let catalog = ["--catalog", &warehouse.uri, "--warehouse", &warehouse.name];
    let run = ["tier", "run", "document", "people", "--keep", "20"];
    assert_eq!(db.lines(&[&run[..], &catalog].concat())[0]["rows"], 180);
    let other = db.run(&["tier", "run", "--catalog", "http://127.0.0.1:1"]);
    assert_eq!(other.code, Some(1));
    assert!(other.err.contains(&warehouse.uri), "{}", other.err);
    assert_eq!(db.run(&["tier", "run", "--warehouse", "w"]).code, Some(2));
    db.run(&["document", "patch", "people", "p001", r#"{"age":99}"#]).succeeded();
    assert_eq!(db.lines(&["tier", "run"])[0]["deleted"], 1);
    assert_eq!(db.lines(&["document", "get", "people", "p001"])[0]["age"], 99);
    db.run(&["verify"]).succeeded();
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

#[test]
fn the_lake_is_kept_in_shape() {
    let db = with_people();
    db.run(&["tier", "archive"]).succeeded();
    for name in ["p001", "p002"] {
        db.run(&["tier", "run"]).succeeded();
        db.run(&["document", "patch", "people", name, r#"{"age":99}"#]).succeeded();
        db.run(&["tier", "archive"]).succeeded();
    }
    db.run(&["tier", "run"]).succeeded();
    let (people, events) = (db.lines(&["document", "find", "people"]), db.lines(&["events"]));
    let compacted = db.lines(&["tier", "compact"]);
    assert_eq!(
        (&compacted[0]["table"], &compacted[0]["written"], &compacted[0]["rows"]),
        (&json!("document.people"), &json!(1), &json!(200))
    );
    assert_eq!(
        (&compacted[1]["table"], &compacted[1]["merged"], &compacted[1]["rows"]),
        (&json!("log.events"), &json!(3), &json!(202))
    );
    let expired = db.lines(&["tier", "expire", "document", "people", "--older-than", "0s"]);
    assert_eq!((expired.len(), &expired[0]["snapshots"]), (1, &json!(3)));
    assert_eq!(db.lines(&["tier", "expire"])[1]["snapshots"], 0, "they are not five days old");
    assert_eq!(db.lines(&["tier", "clean"]).len(), 2);
    assert_eq!(db.run(&["tier", "expire", "--keep", "0"]).code, Some(2));
    assert_eq!(db.lines(&["document", "find", "people"]), people);
    assert_eq!(db.lines(&["events"]), events);
    db.run(&["verify"]).succeeded();
}

#[test]
fn a_lost_database_comes_back_from_its_lake() {
    let db = with_people();
    db.run(&["document", "delete", "people", "p007"]).succeeded();
    db.run(&["tier", "archive"]).succeeded();
    db.run(&["tier", "run", "document", "people", "--keep", "20"]).succeeded();
    let people = |db: &Database| db.lines(&["document", "find", "people"]);
    let before = people(&db);
    let refused = db.run(&["rebuild", "--from-lake"]);
    assert!(refused.code == Some(1) && refused.err.contains("only a lost one"), "{}", refused.err);

    std::fs::remove_file(db.path().join("hot.db")).unwrap();
    std::fs::write(db.path().join("hot.db-wal"), "of another database").unwrap();
    let rebuilt = db.lines(&["rebuild", "--from-lake"]);
    assert_eq!((&rebuilt[0]["events"], &rebuilt[0]["until"]), (&json!(201), &json!(201)));
    assert_eq!((before.len(), people(&db)), (199, before));
    db.run(&["verify"]).succeeded();
    // The new database has a lake of its own, beside the old one.
    assert_eq!(db.lines(&["tier", "run"])[0]["rows"], 199);
    assert!(db.path().join("lake-2").is_dir() && !db.path().join("rebuilding").exists());
    assert_eq!(people(&db).len(), 199);

    let elsewhere = Database::new();
    let missing = elsewhere.run(&["rebuild", "--from-lake", "nowhere"]);
    assert!(missing.code == Some(1) && missing.err.contains("nowhere"), "{}", missing.err);
    let old = db.path().join("lake");
    elsewhere.run(&["rebuild", "--from-lake", old.to_str().unwrap()]).succeeded();
    assert_eq!(people(&elsewhere).len(), 199);
}
