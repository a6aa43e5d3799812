//! The parser on recorded lines, and the tracer on a child that syncs and one that does not.

use std::io::Write;

use super::{Event, acks_before_sync, parse, trace};
use crate::crash::{Child, Crash, child};

#[test]
fn calls_that_were_interrupted_count_when_they_complete_and_output_when_it_starts() {
    let log = r#"
7 openat(AT_FDCWD</tmp>, "/tmp/a-wal", O_RDWR|O_CREAT, 0644) = 5</tmp/a-wal>
7 openat(AT_FDCWD</tmp>, "/tmp/b", O_RDONLY) = -1 ENOENT (No such file or directory)
7 pwrite64(5</tmp/a-wal>, "\0\1\"\\ab"..., 24, 0) = 24
8 fsync(5</tmp/a-wal> <unfinished ...>
7 write(1<pipe:[12]>, "test a ... \36one\n", 16 <unfinished ...>
8 <... fsync resumed>)             = 0
7 <... write resumed>)             = 16
7 write(2<pipe:[13]>, "half ", 5) = 5
7 write(2<pipe:[13]>, "line\n", 5) = 5
7 fdatasync(5</tmp/a-wal>)          = -1 EIO (Input/output error)
7 close(5</tmp/a-wal>)              = 0
7 +++ exited with 0 +++
"#;
    let wal = || "/tmp/a-wal".to_owned();
    let events = parse(log);
    assert_eq!(
        events,
        [
            Event::Opened(wal()),
            Event::Written(wal()),
            Event::Ack("one".to_owned()),
            Event::Synced(wal()),
            Event::Line("half line".to_owned()),
            Event::Closed(wal()),
        ]
    );
    assert_eq!(acks_before_sync(&events, "-wal", str::to_owned), ["one"]);
}

fn work(child: &Child) {
    let mut file = std::fs::File::create(child.directory().join("x-wal")).unwrap();
    for id in 0..3 {
        file.write_all(b"frame").unwrap();
        if child.scenario() == "synced" {
            file.sync_data().unwrap();
        }
        child.ack(id);
    }
}

#[test]
fn a_child_that_acknowledges_before_it_syncs_is_seen() {
    if let Some(child) = child() {
        return work(&child);
    }
    let directory = tempfile::tempdir().unwrap();
    let early = |scenario| {
        let test = a_child_that_acknowledges_before_it_syncs_is_seen;
        let events = trace(&Crash::of(test, scenario, directory.path())).unwrap();
        acks_before_sync(&events, "x-wal", str::to_owned)
    };
    assert!(early("synced").is_empty());
    assert_eq!(early("unsynced"), ["0", "1", "2"]);
}
