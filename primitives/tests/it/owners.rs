//! One owner at a time, and readers beside it.

use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use headwater_primitives::{
    ErrorKind, Namespace, Part, Result, SegmentLog, Sequence, WriteOptions,
};
use headwater_testkit::crash::{self, Crash, End, Kill};
use tempfile::tempdir;

use crate::support::{ROWS, ids, in_time, insert, insert_in, open, sql};

#[test]
fn a_second_owner_in_this_process_is_told_who_the_first_is() {
    let folder = tempdir().unwrap();
    let ns = open(folder.path());
    let error = Namespace::open(folder.path().join(".")).err().unwrap();
    assert_eq!(error.kind(), ErrorKind::Locked);
    let message = error.to_string();
    assert!(message.contains(&std::process::id().to_string()), "{message}");
    assert!(message.contains("read-only"), "{message}");
    insert(&ns, 1).wait().unwrap();
}

#[test]
fn a_second_owner_in_another_process_is_told_who_the_first_is() {
    if let Some(child) = crash::child() {
        let error = Namespace::open(child.directory()).err().unwrap();
        child.ack(format!("{:?} {error}", error.kind()));
        return;
    }
    let folder = tempdir().unwrap();
    let _ns = open(folder.path());
    let test = a_second_owner_in_another_process_is_told_who_the_first_is;
    let outcome = Crash::of(test, "second", folder.path()).run().unwrap();
    let told = &outcome.acks[0];
    assert!(told.starts_with("Locked "), "{told}");
    assert!(told.contains(&format!("process {}", std::process::id())), "{told}");
}

#[test]
fn the_folder_of_an_owner_that_was_killed_is_free() {
    if let Some(child) = crash::child() {
        let _ns = open(child.directory());
        child.ack("open");
        thread::sleep(Duration::from_secs(60));
    }
    let folder = tempdir().unwrap();
    let test = the_folder_of_an_owner_that_was_killed_is_free;
    let crash = Crash::of(test, "owner", folder.path()).kill(Kill::after_acks(1));
    assert_eq!(crash.run().unwrap().end, End::Killed);
    open(folder.path());
}

#[test]
fn a_reader_in_another_process_sees_the_commits_of_the_owner() {
    if let Some(child) = crash::child() {
        let ns = Namespace::builder(child.directory()).read_only().open().unwrap();
        let log = SegmentLog::open(&ns, "log").unwrap();
        let mut seen = 0;
        while seen < 30 {
            let rows = ids(&ns).len();
            log.refresh().unwrap();
            if rows > seen {
                seen = rows;
                assert!(log.head().0 >= seen as u64);
                assert!(!log.read(Sequence(1), 1).unwrap().is_empty());
                child.ack(seen);
            }
        }
        return;
    }
    let folder = tempdir().unwrap();
    let ns = open(folder.path());
    let log = SegmentLog::open(&ns, "log").unwrap();
    let path = folder.path().to_owned();
    let test = a_reader_in_another_process_sees_the_commits_of_the_owner;
    let (finished, is_finished) = channel();
    thread::spawn(move || finished.send(Crash::of(test, "reader", &path).run()));
    let outcome = in_time(move || {
        for id in 0.. {
            let inside = log.clone();
            let write = ns.transaction(move |tx| -> Result<()> {
                tx.append(&inside, "tag", b"x")?;
                insert_in(tx, id).map(drop)
            });
            write.wait().unwrap();
            if let Ok(outcome) = is_finished.try_recv() {
                return outcome;
            }
        }
        unreachable!()
    });
    let outcome = outcome.unwrap();
    assert_eq!(outcome.end, End::Exited(0), "{}", outcome.stderr);
    assert!(!outcome.acks.is_empty());
}

#[test]
fn a_reader_beside_the_owner_sees_every_commit_and_writes_nothing() {
    let folder = tempdir().unwrap();
    let ns = open(folder.path());
    let reader = Namespace::builder(folder.path()).read_only().open().unwrap();
    assert!(reader.is_read_only() && !ns.is_read_only());
    assert_eq!(reader.epoch(), ns.epoch());
    for id in 0..5 {
        insert(&ns, id).wait().unwrap();
        assert_eq!(ids(&reader).len() as i64, id + 1);
    }
    let other = Part { name: "other", migrations: &["CREATE TABLE other(a)"] };
    let refusals = [
        insert(&reader, 9).wait().unwrap_err(),
        insert(&reader, 9).submit().wait().err().unwrap(),
        sql(&reader, "DELETE FROM rows").wait().unwrap_err(),
        reader.transaction_with(WriteOptions::default(), |_| Ok(())).wait().unwrap_err(),
        reader.install(&other).unwrap_err(),
    ];
    for error in refusals {
        assert_eq!(error.kind(), ErrorKind::ReadOnly, "{error}");
        assert!(error.to_string().contains("read-only"), "{error}");
    }
    assert_eq!(SegmentLog::open(&reader, "log").err().unwrap().kind(), ErrorKind::NotFound);
    reader.install(&ROWS).unwrap();
    ns.close().unwrap();
    assert_eq!(ids(&reader).len(), 5, "it reads on when the owner has gone");
    open(folder.path());
}

#[test]
fn a_reader_of_what_is_not_there_creates_nothing() {
    let folder = tempdir().unwrap();
    let missing = folder.path().join("missing");
    let error = Namespace::builder(&missing).read_only().open().err().unwrap();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(error.to_string().contains("missing"), "{error}");
    assert!(!missing.exists());
    let error = Namespace::builder(folder.path()).read_only().open().err().unwrap();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}
