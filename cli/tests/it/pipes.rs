//! A reader that has seen enough is no error.

use std::io::{BufRead, BufReader, Write};

use crate::program::{Database, Run};

fn with_many() -> Database {
    let db = Database::new();
    let text = "a text that makes the output larger than any pipe holds ".repeat(4);
    let line = |id: u32| format!("{{\"id\":{id},\"text\":\"{text}\"}}\n");
    let documents: String = (0..3000).map(line).collect();
    db.put("numbers", &documents);
    db
}

#[test]
fn a_closed_pipe_ends_the_program_in_silence() {
    let db = with_many();
    for arguments in [&["document", "find", "numbers"][..], &["events"]] {
        let mut child = db.start(arguments);
        let mut out = BufReader::new(child.stdout.take().unwrap());
        out.read_line(&mut String::new()).unwrap();
        drop(out);
        let run = Run::of(child.wait_with_output().unwrap());
        assert_eq!((run.code, run.err.as_str()), (Some(0), ""), "{arguments:?}");
    }
}

#[test]
fn acks_that_nobody_reads_stop_the_writing_in_silence() {
    let db = Database::new();
    let mut child = db.start(&["document", "put", "numbers", "--ack"]);
    drop(child.stdout.take());
    let mut stdin = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || {
        for id in 0.. {
            if writeln!(stdin, "{{\"id\":{id}}}").is_err() {
                return;
            }
        }
    });
    let run = Run::of(child.wait_with_output().unwrap());
    writer.join().unwrap();
    assert_eq!((run.code, run.err.as_str()), (Some(0), ""));
}
