//! `--ack`: a line is printed when the write is durable, not before and not much later.

use std::collections::HashSet;
use std::io::{BufRead, BufReader, Write};

use serde_json::Value;

use crate::program::{Database, json_lines};

#[test]
fn every_write_is_acknowledged_in_the_order_of_the_input() {
    let db = Database::new();
    let documents: String = (0..3000).map(|id| format!("{{\"id\":{id}}}\n")).collect();
    let run = db.run_with(&["document", "put", "numbers", "--ack"], &documents).succeeded();
    let acks = json_lines(&run.out);
    let ids: Vec<i64> = acks.iter().map(|ack| ack["id"].as_i64().unwrap()).collect();
    assert!(ids.iter().copied().eq(0..3000));
    let sequences: Vec<u64> = acks.iter().map(|ack| ack["sequence"].as_u64().unwrap()).collect();
    assert!(sequences.iter().copied().eq(1..=3000));
    assert!(acks.iter().all(|ack| ack["version"] == ack["sequence"]));
    assert_eq!(acks[0].as_object().unwrap().len(), 3);
}

#[test]
fn an_ack_comes_while_the_input_is_still_open() {
    let db = Database::new();
    let mut child = db.start(&["document", "put", "notes", "--ack"]);
    let mut stdin = child.stdin.take().unwrap();
    let mut acks = BufReader::new(child.stdout.take().unwrap()).lines();
    for id in ["a", "b", "c"] {
        writeln!(stdin, "{{\"id\":\"{id}\"}}").unwrap();
        let ack: Value = serde_json::from_str(&acks.next().unwrap().unwrap()).unwrap();
        assert_eq!(ack["id"], id);
    }
    drop(stdin);
    assert!(child.wait().unwrap().success());
}

#[test]
fn writes_before_a_refused_line_are_acknowledged_and_there() {
    let db = Database::new();
    let input = "{\"id\":1}\n{\"id\":2}\n[3]\n{\"id\":4}\n";
    let run = db.run_with(&["document", "put", "numbers", "--ack"], input);
    assert_eq!(json_lines(&run.out).len(), 2);
    let why = run.refused();
    assert!(why.contains("an array") && why.ends_with("(input line 3)"), "{why}");
    assert_eq!(db.lines(&["document", "find", "numbers"]).len(), 2);
}

#[test]
fn patch_and_delete_acknowledge_too() {
    let db = Database::new();
    db.put("notes", r#"{"id":"a"}"#);
    let patched = db.lines(&["document", "patch", "notes", "a", r#"{"x":1}"#, "--ack"]);
    assert_eq!((&patched[0]["id"], &patched[0]["sequence"]), (&"a".into(), &2.into()));
    let deleted = db.lines(&["document", "delete", "notes", "a", "--ack"]);
    assert_eq!(deleted[0]["sequence"], 3);
}

#[test]
fn every_acknowledged_write_survives_kill_9() {
    for after in [1, 40, 700] {
        let db = Database::new();
        let mut child = db.start(&["document", "put", "numbers", "--ack"]);
        let mut stdin = child.stdin.take().unwrap();
        let writer = std::thread::spawn(move || {
            // Ends when the program is killed.
            for id in 0.. {
                if writeln!(stdin, "{{\"id\":{id},\"text\":\"some text of a document\"}}").is_err()
                {
                    return;
                }
            }
        });
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut acknowledged: HashSet<String> = lines.by_ref().take(after).map(id_of).collect();
        child.kill().unwrap();
        child.wait().unwrap();
        // What the pipe still holds was printed before the end; only its last line may be torn.
        acknowledged.extend(lines.map_while(Result::ok).filter_map(whole_id_of));
        writer.join().unwrap();

        let there: HashSet<String> = db
            .lines(&["document", "find", "numbers"])
            .iter()
            .map(|document| document["id"].to_string())
            .collect();
        assert!(acknowledged.len() >= after);
        let lost: Vec<&String> = acknowledged.difference(&there).collect();
        assert!(lost.is_empty(), "acknowledged and gone: {lost:?}");
        db.run(&["verify"]).succeeded();
    }
}

fn id_of(line: std::io::Result<String>) -> String {
    whole_id_of(line.unwrap()).unwrap()
}

fn whole_id_of(line: String) -> Option<String> {
    let ack: Value = serde_json::from_str(&line).ok()?;
    Some(ack["id"].to_string())
}
