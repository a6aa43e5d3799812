//! The change log on the command line.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command};

use serde_json::Value;

use crate::program::{Database, Run};

fn with_history() -> Database {
    let db = Database::new();
    db.put("people", "{\"id\":\"ada\",\"age\":1}\n{\"id\":\"bob\"}");
    db.put("orders", "{\"id\":7}");
    db.run(&["document", "patch", "people", "ada", r#"{"age":2}"#]).succeeded();
    db.run(&["document", "delete", "people", "bob"]).succeeded();
    db
}

#[test]
fn events_tell_what_happened_in_order() {
    let db = with_history();
    let events = db.lines(&["events"]);
    let told: Vec<(u64, &str, &str, String)> = events
        .iter()
        .map(|event| {
            let text = |name: &str| event[name].as_str().unwrap();
            (
                event["sequence"].as_u64().unwrap(),
                text("op"),
                text("table"),
                event["key"].to_string(),
            )
        })
        .collect();
    let expected = [
        (1, "c", "people", "\"ada\"".to_owned()),
        (2, "c", "people", "\"bob\"".to_owned()),
        (3, "c", "orders", "7".to_owned()),
        (4, "u", "people", "\"ada\"".to_owned()),
        (5, "d", "people", "\"bob\"".to_owned()),
    ];
    assert_eq!(told, expected);
    let update = &events[3];
    assert_eq!((&update["before"]["age"], &update["after"]["age"]), (&1.into(), &2.into()));
    assert_eq!(update["changedFields"], serde_json::json!(["age"]));
    assert_eq!(update["ns"], "shop");
    assert_eq!(update["store"], "document");
}

#[test]
fn events_are_chosen_by_place_table_store_and_operation() {
    let db = with_history();
    let sequences = |arguments: &[&str]| -> Vec<u64> {
        let arguments = [&["events"], arguments].concat();
        db.lines(&arguments).iter().map(|event| event["sequence"].as_u64().unwrap()).collect()
    };
    assert_eq!(sequences(&["--from", "4"]), [4, 5]);
    assert_eq!(sequences(&["--from", "6"]), Vec::<u64>::new());
    assert_eq!(sequences(&["--table", "orders"]), [3]);
    assert_eq!(sequences(&["--op", "u,d"]), [4, 5]);
    assert_eq!(sequences(&["--op", "c", "--table", "people", "--limit", "1"]), [1]);
    assert_eq!(sequences(&["--store", "document"]), [1, 2, 3, 4, 5]);
    assert_eq!(sequences(&["--store", "graph"]), Vec::<u64>::new());
    assert_eq!(sequences(&["--limit", "0"]), Vec::<u64>::new());
}

#[test]
fn debezium_s_envelope_can_be_asked_for() {
    let db = with_history();
    let events = db.lines(&["events", "--from", "4", "--limit", "1", "--format", "debezium"]);
    assert_eq!(events[0]["op"], "u");
    assert_eq!(events[0]["after"]["age"], 2);
    assert!(events[0]["source"].is_object() && events[0]["ts_ms"].is_u64());
}

#[test]
fn a_follower_sees_what_another_process_writes() {
    let db = with_history();
    let mut follower = db.start(&["events", "--follow", "--from", "5", "--limit", "4"]);
    let mut events = BufReader::new(follower.stdout.take().unwrap()).lines();
    let mut next = || -> Value { serde_json::from_str(&events.next().unwrap().unwrap()).unwrap() };
    assert_eq!(next()["sequence"], 5);

    let mut owner = db.start(&["document", "put", "people", "--ack"]);
    let mut stdin = owner.stdin.take().unwrap();
    for (id, sequence) in [("x", 6), ("y", 7)] {
        writeln!(stdin, "{{\"id\":\"{id}\"}}").unwrap();
        let event = next();
        assert_eq!((&event["key"], &event["sequence"]), (&id.into(), &sequence.into()));
    }
    drop(stdin);
    assert!(owner.wait().unwrap().success());
    db.put("people", "{\"id\":\"z\"}");
    assert_eq!(next()["key"], "z");
    assert!(follower.wait().unwrap().success(), "it ends at its limit");
}

#[cfg(unix)]
#[test]
fn an_interrupt_ends_a_follower_well() {
    let db = with_history();
    let mut follower = db.start(&["events", "--follow"]);
    let mut events = BufReader::new(follower.stdout.take().unwrap()).lines();
    for _ in 0..5 {
        events.next().unwrap().unwrap();
    }
    interrupt(&follower);
    assert!(events.next().is_none(), "no line is torn");
    let run = Run::of(follower.wait_with_output().unwrap());
    assert_eq!((run.code, run.err.as_str()), (Some(0), ""));
}

fn interrupt(child: &Child) {
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
}
