//! `verify`: one thing is damaged behind the namespace's back, and exactly that thing is named.

use headwater_vector::VectorStore;
use headwater_vector::primitives::Namespace;
use headwater_vector::primitives::rusqlite::Connection;
use serde_json::json;

use crate::support::{defects, options, row};

/// Ten rows, of which one is changed and one deleted. The row `r3` has the number 4.
fn rows(ns: &Namespace) {
    let store: VectorStore = VectorStore::create(ns, "rows", options()).unwrap();
    for n in 0..10 {
        let row = json!({
            "id": format!("r{n}"), "embedding": [n, 1, 2], "text": "t",
            "metadata": {"year": n, "tags": ["a", n % 3]},
        });
        store.insert(&self::row(row)).wait().unwrap();
    }
    store.set_text("r5", Some("changed")).wait().unwrap();
    store.delete("r9").wait().unwrap();
}

/// The one line that is found after `statement` was run on the closed database.
#[track_caller]
fn check(statement: &str, parts: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let ns = Namespace::open(folder.path()).unwrap();
    rows(&ns);
    assert!(defects(&ns).is_empty(), "{:?}", defects(&ns));
    ns.close().unwrap();
    let sql = Connection::open(folder.path().join("hot.db")).unwrap();
    assert_eq!(sql.execute(statement, []).unwrap(), 1, "{statement}");
    drop(sql);
    let found = defects(&Namespace::open(folder.path()).unwrap());
    assert_eq!(found.len(), 1, "{found:#?}");
    for part in parts {
        assert!(found[0].contains(part), "{part:?} is not in {:?}", found[0]);
    }
}

#[test]
fn a_changed_part_of_a_row_is_named() {
    let not_what = ["row \"rows\"/\"r3\"", "not what event 4 wrote"];
    check("UPDATE vector_1 SET text = 'other' WHERE row = 4", &not_what);
    check("UPDATE vector_1 SET text = NULL WHERE row = 4", &not_what);
    check("UPDATE vector_1 SET embedding = NULL WHERE row = 4", &not_what);
    check("UPDATE vector_1 SET embedding = zeroblob(12) WHERE row = 4", &not_what);
}

#[test]
fn a_row_that_cannot_be_one_is_named() {
    let cut = "UPDATE vector_1 SET embedding = zeroblob(8) WHERE row = 4";
    check(cut, &["\"r3\"", "damaged", "2 dimensions"]);
    let infinite = "UPDATE vector_1 SET embedding = x'0000807f00000000000000ff' WHERE row = 4";
    check(infinite, &["\"r3\"", "damaged", "inf at position 0"]);
    check("UPDATE vector_1 SET metadata = x'0b' WHERE row = 4", &["damaged", "an array"]);
    check("UPDATE vector_1 SET metadata = x'ffff' WHERE row = 4", &["damaged"]);
}

#[test]
fn a_row_that_is_lost_or_came_from_nowhere_is_named() {
    check("DELETE FROM vector_1 WHERE row = 4", &["\"r3\"", "event 4 wrote it", "gone"]);
    check(
        "INSERT INTO vector_1(id, version, metadata) VALUES ('new', 5, x'0c')",
        &["\"new\"", "no event made its version 5"],
    );
    check(
        "INSERT INTO vector_1(id, version, metadata) VALUES ('r9', 11, x'0c')",
        &["\"r9\"", "event 12 deleted it"],
    );
    check("UPDATE vector_1 SET version = 1 WHERE row = 4", &["\"r3\"", "version 1", "event 4"]);
}

#[test]
fn entries_that_are_missing_or_too_many_are_named() {
    check(
        "DELETE FROM vector_1_filter WHERE field = 0 AND row = 4",
        &["filter field \"year\" of \"rows\"", "entry 3 of row \"r3\" is missing"],
    );
    check(
        "INSERT INTO vector_1_filter(field, value, row) \
         SELECT 0, value, 5 FROM vector_1_filter WHERE field = 0 AND row = 4",
        &["entry 3 of row \"r4\" does not belong there"],
    );
    check(
        "INSERT INTO vector_1_filter(field, value, row) \
         SELECT 0, value, 99 FROM vector_1_filter WHERE field = 0 AND row = 4",
        &["entry 3 of the row number 99"],
    );
}

#[test]
fn an_id_that_does_not_lead_to_its_row_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let ns = Namespace::open(folder.path()).unwrap();
    rows(&ns);
    ns.close().unwrap();
    let sql = || Connection::open(folder.path().join("hot.db")).unwrap();
    // As long as the schema says nothing of the directory, SQLite leaves it as it is.
    let schema = sql();
    schema
        .execute_batch(
            "DROP INDEX vector_1_warm; PRAGMA writable_schema = ON; CREATE TABLE saved AS SELECT * FROM \
        sqlite_schema WHERE name IN ('vector_1', 'sqlite_autoindex_vector_1_1')",
        )
        .unwrap();
    schema
        .execute_batch(
            "UPDATE sqlite_schema SET sql = replace(sql, ' UNIQUE', '') WHERE name = \
        'vector_1'; DELETE FROM sqlite_schema WHERE name = 'sqlite_autoindex_vector_1_1'",
        )
        .unwrap();
    drop(schema);
    sql().execute("UPDATE vector_1 SET id = 'hidden' WHERE row = 4", []).unwrap();
    let schema = sql();
    schema
        .execute_batch(
            "PRAGMA writable_schema = ON; DELETE FROM sqlite_schema WHERE name = \
        'vector_1'; INSERT INTO sqlite_schema SELECT * FROM saved",
        )
        .unwrap();
    drop(schema);
    let found = defects(&Namespace::open(folder.path()).unwrap());
    assert!(found[0].contains("id \"hidden\" does not lead to its row"), "{found:#?}");
}
