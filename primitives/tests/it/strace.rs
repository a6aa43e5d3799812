//! The order of system calls: each commit group's acknowledgements come after a sync of the log.

use std::thread;

use headwater_primitives::{Durability, Namespace, WriteOptions};
use headwater_testkit::crash::{self, Child, Crash};
use headwater_testkit::strace::{Event, acks_before_sync, trace};
use tempfile::tempdir;

use crate::support::{insert_in, with_rows};

const THREADS: i64 = 8;
const WRITES: i64 = 12;

/// Writes from many threads and reports each acknowledgement with its group's time.
fn write(child: &Child, durability: Durability) {
    let ns = &with_rows(Namespace::open(child.directory()).unwrap());
    let write = move |id| {
        let options = WriteOptions::durability(durability);
        ns.transaction_with(options, move |tx| insert_in(tx, id)).wait().unwrap().0
    };
    // The first write without a sync is preceded by a note, with a sync, that there are such.
    write(-1);
    child.ack("ready");
    thread::scope(|scope| {
        for thread in 0..THREADS {
            scope.spawn(move || {
                for n in 0..WRITES {
                    let group = write(thread * WRITES + n);
                    child.ack(format!("{group} {thread}/{n}"));
                }
            });
        }
    });
    child.ack("done");
}

/// The acknowledgements that came before their group's sync, of how many. `None` without strace.
fn early(test: impl Fn()) -> Option<(usize, usize)> {
    let folder = tempdir().unwrap();
    let events = match trace(&Crash::of(test, "writers", folder.path())) {
        Ok(events) => events,
        Err(error) => {
            assert!(std::env::var_os("CI").is_none_or(|ci| ci != "true"), "{error}");
            eprintln!("skipped: {error}");
            return None;
        }
    };
    let is = |text: &str| events.iter().position(|event| *event == Event::Ack(text.to_owned()));
    let (ready, done) = (is("ready").unwrap(), is("done").unwrap());
    let writing = &events[ready + 1..done];
    let group = |ack: &str| ack.split(' ').next().unwrap_or_default().to_owned();
    let early = acks_before_sync(writing, "hot.db-wal", group);
    let acks = writing.iter().filter(|event| matches!(event, Event::Ack(_))).count();
    assert_eq!(acks as i64, THREADS * WRITES);
    Some((early.len(), acks))
}

#[test]
fn each_groups_acknowledgements_come_after_a_sync_of_the_log() {
    if let Some(child) = crash::child() {
        return write(&child, Durability::Sync);
    }
    let found = early(each_groups_acknowledgements_come_after_a_sync_of_the_log);
    if let Some((early, acks)) = found {
        assert_eq!(early, 0, "of {acks} acknowledgements");
    }
}

/// The other way round: so the test above would see a missing sync.
#[test]
fn acknowledgements_of_os_writes_do_not_wait_for_a_sync() {
    if let Some(child) = crash::child() {
        return write(&child, Durability::Os);
    }
    if let Some((early, acks)) = early(acknowledgements_of_os_writes_do_not_wait_for_a_sync) {
        assert!(early > acks / 2, "{early} of {acks} came before any sync");
    }
}
