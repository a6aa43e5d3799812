//! The handles are plain futures: any executor drives them, and so does `.wait()`.

use std::thread;

use futures_lite::future;
use headwater_primitives::{Commit, Error, Namespace, Pending, Read, Result, Submit, block_on};

use crate::support::{ids, in_memory, insert};

#[test]
fn handles_are_sent_between_threads() {
    fn is_send<T: Send>() {}
    fn is_shared<T: Send + Sync>() {}
    is_send::<(Commit<u8>, Submit<u8>, Pending<u8>, Read<u8>)>();
    is_shared::<(Namespace, headwater_primitives::SegmentLog)>();
}

async fn write_and_read(ns: &Namespace) -> Result<()> {
    insert(ns, 1).await?;
    let pending = insert(ns, 2).submit().await?;
    pending.await?;
    let (a, b) = future::zip(insert(ns, 3), insert(ns, 4)).await;
    a.and(b)?;
    let count = ns.read(|snapshot| -> Result<i64> {
        Ok(snapshot.sql().query_row("SELECT count(*) FROM rows", [], |row| row.get(0))?)
    });
    assert_eq!(count.await?, 4);
    let refused: Commit<()> = Commit::refused(Error::invalid("no"));
    assert_eq!(refused.await.unwrap_err().to_string(), "no");
    let refused: Commit<()> = Commit::refused(Error::invalid("no"));
    assert!(refused.submit().await.is_err());
    let ready: Read<i64> = Read::ready(Ok(2)).and_then(|two| Ok(two + 2));
    assert_eq!(ready.await?, 4);
    Ok(())
}

#[test]
fn the_handles_work_under_futures_lite() {
    future::block_on(write_and_read(&in_memory())).unwrap();
}

#[test]
fn the_handles_work_under_our_own_block_on() {
    block_on(write_and_read(&in_memory())).unwrap();
}

#[test]
fn block_on_may_run_inside_block_on() {
    let ns = in_memory();
    block_on(async {
        insert(&ns, 1).wait().unwrap();
        insert(&ns, 2).await.unwrap();
        block_on(insert(&ns, 3)).unwrap();
    });
    assert_eq!(ids(&ns), [1, 2, 3]);
}

#[test]
fn a_handle_may_be_polled_on_one_thread_and_awaited_on_another() {
    let ns = in_memory();
    let held = crate::support::hold(&ns);
    let mut commit = insert(&ns, 1);
    assert!(block_on(future::poll_once(&mut commit)).is_none());
    let waiting = thread::spawn(move || future::block_on(commit));
    held.release();
    crate::support::in_time(move || waiting.join().unwrap()).unwrap();
    assert_eq!(ids(&ns), [1]);
}

#[test]
fn many_writes_of_one_task_are_in_flight_at_once() {
    let ns = in_memory();
    let times = block_on(async {
        let held = crate::support::hold(&ns);
        let mut pending = Vec::new();
        for id in 0..100 {
            pending.push(insert(&ns, id).submit().await?);
        }
        held.release();
        let mut times = Vec::new();
        for pending in pending {
            times.push(pending.await?);
        }
        Ok::<_, Error>(times)
    });
    let times = times.unwrap();
    assert!(times.iter().all(|time| *time == times[0]), "one group took them all");
}

#[test]
fn a_change_of_the_result_and_options_keep_the_write() {
    let ns = in_memory();
    let commit = insert(&ns, 1).map(|_| "made").with(headwater_primitives::WriteOptions::default());
    assert_eq!(commit.wait().unwrap(), "made");
    assert_eq!(ids(&ns), [1]);
}
