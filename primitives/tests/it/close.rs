//! Closing: what was accepted is finished, later calls are told, and the folder is let go.

use std::path::Path;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use headwater_primitives::{ErrorKind, Namespace, Result, SegmentLog, Sequence};
use tempfile::tempdir;

use crate::support::{hold, ids, in_memory, in_time, insert, insert_in, open, with_rows};

#[test]
fn close_finishes_what_was_accepted() {
    let folder = tempdir().unwrap();
    let ns = open(folder.path());
    let held = hold(&ns);
    let pending: Vec<_> = (0..50).map(|id| insert(&ns, id).submit().wait().unwrap()).collect();
    let closing = ns.clone();
    let closing = thread::spawn(move || closing.close());
    thread::sleep(Duration::from_millis(30));
    held.release();
    in_time(move || closing.join().unwrap()).unwrap();
    for pending in pending {
        pending.wait().unwrap();
    }
    assert_eq!(ids(&open(folder.path())), (0..50).collect::<Vec<_>>());
}

#[test]
fn calls_after_the_close_are_told_that_it_is_closed() {
    let ns = in_memory();
    let log = SegmentLog::open(&ns, "log").unwrap();
    let described = insert(&ns, 1);
    ns.clone().close().unwrap();
    let kinds = [
        described.wait().unwrap_err(),
        insert(&ns, 2).wait().unwrap_err(),
        insert(&ns, 3).submit().wait().err().unwrap(),
        ns.read(|_| Ok(())).wait().unwrap_err(),
        ns.snapshot(|_| Ok(())).unwrap_err(),
        ns.query(|_| Ok(())).unwrap_err(),
        SegmentLog::open(&ns, "other").err().unwrap(),
        log.read(Sequence(1), 1).unwrap_err(),
        ns.install(&crate::support::ROWS).unwrap_err(),
    ]
    .map(|error| error.kind());
    assert_eq!(kinds, [ErrorKind::Closed; 9]);
    ns.clone().close().unwrap();
}

#[test]
fn a_caller_that_waits_for_room_is_told_that_it_is_closed() {
    let ns = with_rows(Namespace::builder_in_memory().queue_capacity(1).open().unwrap());
    let held = hold(&ns);
    let accepted = insert(&ns, 1).submit().wait().unwrap();
    let waiting = insert(&ns, 2);
    let waiting = thread::spawn(move || waiting.wait());
    thread::sleep(Duration::from_millis(30));
    let closing = ns.clone();
    let closing = thread::spawn(move || closing.close());
    let refused = in_time(move || waiting.join().unwrap());
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::Closed);
    held.release();
    closing.join().unwrap().unwrap();
    accepted.wait().unwrap();
}

#[test]
fn a_commit_outlives_the_handles_it_was_made_with() {
    let folder = tempdir().unwrap();
    let ns = open(folder.path());
    let (accepted, described) = (insert(&ns, 1).submit().wait().unwrap(), insert(&ns, 2));
    drop(ns);
    accepted.wait().unwrap();
    assert_eq!(described.wait().unwrap_err().kind(), ErrorKind::Closed);
    assert_eq!(ids(&open(folder.path())), [1]);
}

#[test]
fn the_last_handle_lets_the_folder_go() {
    let folder = tempdir().unwrap();
    for id in 0..20 {
        let ns = open(folder.path());
        insert(&ns, id).wait().unwrap();
    }
    assert_eq!(ids(&open(folder.path())).len(), 20);
}

#[test]
fn the_last_handle_lets_the_folder_go_while_the_background_is_at_work() {
    let folder = tempdir().unwrap();
    let ns = open(folder.path());
    let (started, has_started) = channel();
    ns.background("slow", Duration::from_millis(1), move |_| {
        let _ = started.send(());
        thread::sleep(Duration::from_millis(100));
        Ok(())
    });
    has_started.recv().unwrap();
    drop(ns);
    drop(open(folder.path()));
}

#[test]
fn a_background_task_that_panics_does_not_stop_the_others() {
    let ns = in_memory();
    let (ran, has_run) = channel();
    ns.background("panics", Duration::from_millis(1), |_| panic!("on purpose"));
    ns.background("runs", Duration::from_millis(5), move |ns| {
        let _ = ran.send(insert(ns, 1).wait().map_err(|error| error.kind()));
        Ok(())
    });
    let first = has_run.recv_timeout(Duration::from_secs(20)).unwrap();
    first.unwrap();
    let second = has_run.recv_timeout(Duration::from_secs(20)).unwrap();
    assert_eq!(second, Err(ErrorKind::AlreadyExists));
}

/// Whether somebody else could own the folder now.
fn is_free(path: &Path) -> bool {
    match Namespace::open(path) {
        Ok(_) => true,
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::Locked, "{error}");
            false
        }
    }
}

fn until_free(path: &Path) {
    let path = path.to_owned();
    in_time(move || {
        while !is_free(&path) {
            thread::sleep(Duration::from_millis(1));
        }
    });
}

#[test]
fn a_last_handle_that_goes_inside_a_transaction_lets_the_folder_go_after_the_commit() {
    let folder = tempdir().unwrap();
    let ns = open(folder.path());
    let path = folder.path().to_owned();
    let (give, take) = channel();
    let pending = ns.transaction(move |tx| -> Result<_> {
        insert_in(tx, 1)?;
        let last: Namespace = take.recv().unwrap();
        drop(last);
        insert_in(tx, 2)?;
        Ok(is_free(&path))
    });
    let pending = pending.submit().wait().unwrap();
    give.send(ns).unwrap();
    let was_free = in_time(move || pending.wait()).unwrap();
    assert!(!was_free, "the folder was let go before the commit");
    until_free(folder.path());
    assert_eq!(ids(&open(folder.path())), [1, 2]);
}

#[test]
fn a_close_inside_a_transaction_is_like_any_other() {
    let folder = tempdir().unwrap();
    let ns = open(folder.path());
    let inner = ns.clone();
    let path = folder.path().to_owned();
    let commit = ns.transaction(move |tx| -> Result<_> {
        insert_in(tx, 1)?;
        inner.close()?;
        Ok(is_free(&path))
    });
    assert!(!in_time(move || commit.wait()).unwrap());
    assert_eq!(insert(&ns, 2).wait().unwrap_err().kind(), ErrorKind::Closed);
    until_free(folder.path());
    assert_eq!(ids(&open(folder.path())), [1]);
}

#[test]
fn closes_from_outside_and_from_inside_a_transaction_do_not_wait_for_each_other() {
    let folder = tempdir().unwrap();
    let ns = open(folder.path());
    let (inner, outer) = (ns.clone(), ns.clone());
    let (go, gone) = channel::<()>();
    let (started, has_started) = channel();
    let commit = ns.transaction(move |tx| -> Result<()> {
        insert_in(tx, 1)?;
        started.send(()).unwrap();
        let _ = gone.recv();
        inner.close()
    });
    let pending = commit.submit().wait().unwrap();
    has_started.recv().unwrap();
    let closing = thread::spawn(move || outer.close());
    thread::sleep(Duration::from_millis(50));
    drop(go);
    in_time(move || {
        pending.wait().unwrap();
        closing.join().unwrap().unwrap();
    });
    assert_eq!(ids(&open(folder.path())), [1]);
}

#[test]
fn a_close_inside_a_background_task_is_like_any_other() {
    let folder = tempdir().unwrap();
    let ns = open(folder.path());
    let (closed, is_closed) = channel();
    ns.background("closes", Duration::from_millis(1), move |ns| {
        let _ = closed.send(ns.clone().close());
        Ok(())
    });
    is_closed.recv_timeout(Duration::from_secs(20)).unwrap().unwrap();
    assert_eq!(insert(&ns, 1).wait().unwrap_err().kind(), ErrorKind::Closed);
    until_free(folder.path());
}

#[test]
fn a_namespace_in_memory_leaves_nothing_behind() {
    let ns = in_memory();
    let path = ns.path().to_owned();
    insert(&ns, 1).wait().unwrap();
    assert!(path.exists());
    let other = ns.clone();
    drop(ns);
    assert!(path.exists());
    drop(other);
    assert!(!path.exists());
}

#[test]
fn whoever_waits_for_a_log_is_woken_by_the_close() {
    let ns = in_memory();
    let log = SegmentLog::open(&ns, "log").unwrap();
    let listener = log.listen();
    let waiting = thread::spawn(move || headwater_primitives::block_on(listener));
    ns.close().unwrap();
    in_time(move || waiting.join().unwrap());
}
