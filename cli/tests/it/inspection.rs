//! `stats` and `verify`, also beside an owner.

use std::io::Write;

use crate::program::Database;

#[test]
fn stats_are_one_line_of_json() {
    let db = Database::new();
    db.put("people", "{\"id\":\"ada\"}\n{\"id\":\"bob\"}");
    db.put("orders", "{\"id\":1}");
    let stats = db.lines(&["stats"]);
    assert_eq!(stats.len(), 1);
    assert_eq!(stats[0]["namespace"], "shop");
    assert_eq!(stats[0]["changes"]["head"], 3);
    assert_eq!(stats[0]["tables"][1]["table"], "people");
    assert_eq!(stats[0]["tables"][1]["rows"], 2);
}

#[test]
fn a_sound_database_verifies_in_silence() {
    let db = Database::new();
    db.put("people", "{\"id\":\"ada\"}");
    assert_eq!(db.run(&["verify"]).succeeded().out, "");
}

#[test]
fn a_defect_is_a_line_and_code_1() {
    let db = Database::new();
    db.put("people", "{\"id\":\"ada\"}\n{\"id\":\"bob\"}");
    let owner = headwater::Headwater::open(db.path()).unwrap();
    owner
        .transaction(|tx| {
            tx.sql().execute("DELETE FROM document_1 WHERE id = 'bob'", [])?;
            Ok(())
        })
        .wait()
        .unwrap();
    owner.close().unwrap();
    let run = db.run(&["verify"]);
    assert_eq!(run.out.lines().count(), 1, "{run:?}");
    assert!(run.out.contains("bob"), "{run:?}");
    assert_eq!(run.refused(), "verify found 1 defect: restore the database from a copy");
}

#[test]
fn reading_works_beside_an_owner_and_writing_does_not() {
    let db = Database::new();
    db.put("people", "{\"id\":\"ada\"}");
    let mut owner = db.start(&["document", "put", "people", "--ack"]);
    let mut stdin = owner.stdin.take().unwrap();
    writeln!(stdin, "{{\"id\":\"bob\"}}").unwrap();
    let mut acks = std::io::BufReader::new(owner.stdout.take().unwrap());
    std::io::BufRead::read_line(&mut acks, &mut String::new()).unwrap();

    assert_eq!(db.lines(&["document", "get", "people", "bob"]).len(), 1);
    assert_eq!(db.lines(&["document", "find", "people"]).len(), 2);
    assert_eq!(db.lines(&["events"]).len(), 2);
    assert_eq!(db.lines(&["stats"])[0]["changes"]["head"], 2);
    db.run(&["verify"]).succeeded();
    let why = db.run_with(&["document", "put", "people"], "{}").refused();
    assert!(why.contains("is open in process") && why.contains(&owner.id().to_string()), "{why}");

    drop(stdin);
    assert!(owner.wait().unwrap().success());
    db.put("people", "{\"id\":\"cyd\"}");
}
