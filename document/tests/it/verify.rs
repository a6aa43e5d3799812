//! `verify`: one thing is damaged behind the namespace's back, and exactly that thing is named.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use headwater_document::cdc::ChangeLog;
use headwater_document::primitives::rusqlite::Connection;
use headwater_document::primitives::{Namespace, Result, Sequence, jsonb};
use headwater_document::{DocumentStore, Uniqueness, verify};
use serde_json::{Value, json};

use crate::support::{Raise, defects, opened};

/// Twenty people with two indexes, each written in a commit of its own, some written twice; the
/// third event is that of `p2`.
fn people(ns: &Namespace) {
    let store: DocumentStore = DocumentStore::open(ns, "people").unwrap();
    for n in 0..20 {
        let person =
            json!({"id": format!("p{n}"), "mail": format!("p{n}@x"), "tags": ["a", n % 3]});
        store.insert(&person).wait().unwrap();
    }
    store.create_index("mail", Uniqueness::Unique).unwrap().wait().unwrap();
    store.create_index("tags", Uniqueness::Many).unwrap().wait().unwrap();
    for n in 10..15 {
        store.merge_patch(format!("p{n}"), &json!({"seen": n})).wait().unwrap();
    }
    store.delete("p19").wait().unwrap();
    let numbers: DocumentStore = DocumentStore::open(ns, "numbers").unwrap();
    numbers.bulk_insert(&[json!({"id": 1}), json!({"id": 2}), json!({"id": 3})]).wait().unwrap();
}

/// What is found after `damage` was done to the closed database.
fn after(damage: impl FnOnce(&Path, &Connection)) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let ns = Namespace::open(folder.path()).unwrap();
    people(&ns);
    assert!(defects(&ns).is_empty(), "{:?}", defects(&ns));
    ns.close().unwrap();
    let path = folder.path().join("hot.db");
    let sql = Connection::open(&path).unwrap();
    damage(&path, &sql);
    drop(sql);
    let ns = opened(Namespace::builder(folder.path()));
    defects(&ns)
}

fn execute(sql: &Connection, statement: &str) {
    assert_eq!(sql.execute(statement, []).unwrap(), 1, "{statement}");
}

/// One line that has all of these parts.
#[track_caller]
fn names(found: &[String], parts: &[&str]) {
    assert_eq!(found.len(), 1, "{found:#?}");
    for part in parts {
        assert!(found[0].contains(part), "{part:?} is not in {:?}", found[0]);
    }
}

/// The body of the person `p{n}` with `change` made to its bytes.
fn change_body(sql: &Connection, n: u32, change: impl FnOnce(&mut Vec<u8>)) {
    let id = format!("p{n}");
    let mut body: Vec<u8> =
        sql.query_row("SELECT body FROM document_1 WHERE id = ?", [&id], |row| row.get(0)).unwrap();
    change(&mut body);
    sql.execute("UPDATE document_1 SET body = ? WHERE id = ?", (&body, &id)).unwrap();
}

fn position(bytes: &[u8], needle: &[u8]) -> usize {
    bytes.windows(needle.len()).position(|window| window == needle).unwrap()
}

#[test]
fn a_changed_byte_in_a_body_is_named_by_its_document() {
    let indexed = after(|_, sql| {
        change_body(sql, 2, |body| {
            let at = position(body, b"p2@x");
            body[at] = b'q';
        });
    });
    names(&indexed, &["document \"people\"/\"p2\"", "body", "event 3"]);
    let twice_written = after(|_, sql| {
        change_body(sql, 12, |body| {
            let at = position(body, b"seen");
            body[at] = b'b';
        });
    });
    names(&twice_written, &["\"p12\"", "body", "event 23"]);
}

#[test]
fn every_byte_of_a_body_counts() {
    let folder = tempfile::tempdir().unwrap();
    let ns = Namespace::open(folder.path()).unwrap();
    people(&ns);
    ns.close().unwrap();
    let path = folder.path().join("hot.db");
    let length =
        jsonb::to_vec(&json!({"id": "p2", "mail": "p2@x", "tags": ["a", 2]})).unwrap().len();
    for at in 0..length {
        let flip = |sql: &Connection| change_body(sql, 2, |body| body[at] ^= 0x11);
        flip(&Connection::open(&path).unwrap());
        let ns = opened(Namespace::builder(folder.path()));
        names(&defects(&ns), &["document \"people\"/\"p2\"", "body"]);
        ns.close().unwrap();
        flip(&Connection::open(&path).unwrap());
    }
    let ns = opened(Namespace::builder(folder.path()));
    assert!(defects(&ns).is_empty());
}

#[test]
fn a_body_that_is_no_document_is_named() {
    for body in ["x''", "x'00'", "'text'", "jsonb('[1]')", "NULL"] {
        let change = format!("UPDATE OR IGNORE document_2 SET body = {body} WHERE id = 2");
        let found = after(|_, sql| {
            if body != "NULL" {
                execute(sql, &change);
            }
        });
        match body {
            "NULL" => assert!(found.is_empty()),
            _ => names(&found, &["document \"numbers\"/2", "body"]),
        }
    }
}

#[test]
fn a_row_that_went_without_an_event_is_named() {
    let found = after(|_, sql| execute(sql, "DELETE FROM document_1 WHERE id = 'p7'"));
    names(&found, &["document \"people\"/\"p7\"", "gone", "event 8"]);
    let found = after(|_, sql| execute(sql, "DELETE FROM document_2 WHERE id = 3"));
    names(&found, &["document \"numbers\"/3", "gone", "event 29"]);
}

#[test]
fn a_row_that_came_without_an_event_is_named() {
    for version in [1, 3, 29, 30, 1_000_000, 0, -1] {
        let insert = format!(
            "INSERT INTO document_1(id, version, body) \
             VALUES ('new', {version}, jsonb('{{\"id\":\"new\",\"mail\":\"new@x\"}}'))"
        );
        let found = after(|_, sql| execute(sql, &insert));
        names(&found, &["document \"people\"/\"new\"", "no event", &version.to_string()]);
    }
}

#[test]
fn a_row_that_an_event_deleted_is_named_when_it_is_back() {
    let insert = "INSERT INTO document_1(id, version, body) \
                  VALUES ('p19', 20, jsonb('{\"id\":\"p19\"}'))";
    let found = after(|_, sql| execute(sql, insert));
    names(&found, &["document \"people\"/\"p19\"", "event"]);
}

#[test]
fn a_version_that_is_not_its_event_s_is_named() {
    let found = after(|_, sql| execute(sql, "UPDATE document_1 SET version = 1 WHERE id = 'p12'"));
    names(&found, &["document \"people\"/\"p12\"", "version 1", "event 13"]);
    let found = after(|_, sql| execute(sql, "UPDATE document_1 SET version = 28 WHERE id = 'p3'"));
    names(&found, &["document \"people\"/\"p3\"", "version 28"]);
}

#[test]
fn an_index_entry_that_is_missing_is_named_with_its_index_and_document() {
    let one = "DELETE FROM document_index_1 WHERE row = \
               (SELECT row FROM document_1 WHERE id = 'p5')";
    let found = after(|_, sql| execute(sql, one));
    names(&found, &["index \"mail\" of \"people\"", "\"p5@x\"", "document \"p5\"", "missing"]);
}

#[test]
fn an_index_entry_too_many_is_named_with_its_index_and_document() {
    let foreign = "INSERT INTO document_index_1(value, row) \
                   SELECT i.value, d.row FROM document_index_1 i, document_1 d \
                   WHERE d.id = 'p6' AND i.row = (SELECT row FROM document_1 WHERE id = 'p5')";
    let found = after(|_, sql| execute(sql, foreign));
    names(&found, &["index \"mail\" of \"people\"", "\"p5@x\"", "document \"p6\""]);
    let dangling = "INSERT INTO document_index_2(value, row) \
                    SELECT value, 77777 FROM document_index_2 LIMIT 1";
    let found = after(|_, sql| execute(sql, dangling));
    names(&found, &["index \"tags\" of \"people\"", "77777"]);
}

#[test]
fn a_key_that_the_directory_does_not_lead_to_is_named() {
    let found = after(|path, sql| {
        let root: u64 = sql
            .query_row(
                "SELECT rootpage FROM sqlite_schema WHERE name = 'sqlite_autoindex_document_1_1'",
                [],
                |row| row.get::<_, i64>(0).map(|root| root as u64),
            )
            .unwrap();
        let mut file = std::fs::read(path).unwrap();
        let page = &mut file[(root as usize - 1) * 4096..root as usize * 4096];
        // The last of all ids stays the last, so the others are found as before.
        let at = position(page, b"p9");
        page[at + 1] = b'z';
        std::fs::write(path, file).unwrap();
    });
    names(&found, &["key directory of \"people\"", "\"p9\""]);
}

fn segment(sql: &Connection, holds: &[u8]) -> (i64, Vec<u8>) {
    let mut statement = sql.prepare("SELECT id, data FROM segments").unwrap();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get::<_, Vec<u8>>(1)?))).unwrap();
    let holding = |(_, data): &(i64, Vec<u8>)| data.windows(holds.len()).any(|part| part == holds);
    rows.map(std::result::Result::unwrap).find(holding).unwrap()
}

fn put_segment(sql: &Connection, id: i64, data: &[u8]) {
    assert_eq!(sql.execute("UPDATE segments SET data = ? WHERE id = ?", (data, id)).unwrap(), 1);
}

#[test]
fn a_segment_byte_is_named_by_its_segment_and_nothing_is_said_of_the_rows() {
    let found = after(|_, sql| {
        let (id, mut data) = segment(sql, b"p8@x");
        let last = data.len() - 1;
        data[last] ^= 1;
        put_segment(sql, id, &data);
    });
    names(&found, &["\"changes\"", "segment at sequence 9", "CRC"]);
}

#[test]
fn a_segment_that_is_gone_is_named_by_its_sequences() {
    let found = after(|_, sql| {
        let (id, _) = segment(sql, b"p8@x");
        execute(sql, &format!("DELETE FROM segments WHERE id = {id}"));
    });
    names(&found, &["\"changes\"", "9 to 9", "missing"]);
}

#[test]
fn an_event_that_says_something_else_is_named() {
    let found = after(|_, sql| {
        let (id, mut data) = segment(sql, b"p8@x");
        let at = position(&data, b"p8@x");
        data[at] = b'q';
        let crc = crc32c(&[&data[..52], &data[56..]].concat());
        data[52..56].copy_from_slice(&crc.to_le_bytes());
        put_segment(sql, id, &data);
    });
    names(&found, &["document \"people\"/\"p8\"", "event 9"]);
}

/// CRC-32C (Castagnoli), a bit at a time.
fn crc32c(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0x82f6_3b78 * (crc & 1)))
    })
}

#[test]
fn nothing_is_named_where_retention_has_taken_the_events() {
    let ns = Namespace::in_memory().unwrap();
    people(&ns);
    let changes = ChangeLog::open(&ns).unwrap();
    let log = changes.segments().clone();
    ns.transaction(move |tx| -> Result<()> {
        log.truncate_before(tx, Sequence(12), 1_000)?;
        Ok(())
    })
    .wait()
    .unwrap();
    assert_eq!(changes.start(), Sequence(12));
    assert!(defects(&ns).is_empty(), "{:?}", defects(&ns));
}

#[test]
fn merged_segments_change_nothing() {
    let ns = Namespace::in_memory().unwrap();
    people(&ns);
    let store: DocumentStore = DocumentStore::open(&ns, "people").unwrap();
    for n in 0..600 {
        let _sent = store.put(&json!({"id": "often", "n": n})).submit().wait().unwrap();
    }
    store.put(&json!({"id": "last"})).wait().unwrap();
    ns.merge_segments().unwrap();
    assert!(defects(&ns).is_empty(), "{:?}", defects(&ns));
}

#[test]
fn verify_runs_beside_writers_and_finds_nothing() {
    let ns = Namespace::in_memory().unwrap();
    people(&ns);
    let store: DocumentStore = DocumentStore::open(&ns, "people").unwrap();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut n = 0;
            while !done.load(Ordering::SeqCst) {
                let id = format!("w{}", n % 7);
                store.put(&json!({"id": id, "tags": [n]})).wait().unwrap();
                store.delete(format!("w{}", (n + 3) % 7)).wait().unwrap();
                n += 1;
            }
        });
        let _raise = Raise(&done);
        for _ in 0..30 {
            assert_eq!(verify(&ns).unwrap(), Vec::<String>::new());
        }
    });
}

#[test]
fn a_namespace_without_documents_is_clean() {
    let ns = Namespace::in_memory().unwrap();
    assert!(defects(&ns).is_empty());
    let _store: DocumentStore<Value> = DocumentStore::open(&ns, "empty").unwrap();
    assert!(defects(&ns).is_empty());
}
