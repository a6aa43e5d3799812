//! The crash harness, tried on children that write plain files.

use std::fs::OpenOptions;
use std::io::Write;
use std::time::Duration;

use super::{Child, Crash, End, Kill, child};

fn work(child: &Child) {
    match child.scenario() {
        "endless" => {
            for id in 0_u64.. {
                child.ack(id);
            }
        }
        "three" => (0..3).for_each(|id| child.ack(format_args!("id {id}"))),
        "hang" => std::thread::sleep(Duration::from_secs(60)),
        "fire" => {
            let log = std::env::var_os("HEADWATER_FAIL_LOG").unwrap();
            let mut log = OpenOptions::new().append(true).open(log).unwrap();
            let point = std::env::var("HEADWATER_FAIL_POINT").unwrap();
            writeln!(log, "{}", point.split(':').next().unwrap()).unwrap();
            child.ack("before");
            std::process::abort();
        }
        _ => std::fs::write(child.directory().join("seen"), child.scenario()).unwrap(),
    }
}

#[test]
fn acknowledgements_until_the_kill_arrive_whole_and_in_order() {
    if let Some(child) = child() {
        return work(&child);
    }
    let directory = tempfile::tempdir().unwrap();
    for seed in 0..5 {
        let test = acknowledgements_until_the_kill_arrive_whole_and_in_order;
        let crash = Crash::of(test, "endless", directory.path());
        let kill = Kill::seeded(seed, 50);
        let outcome = crash.kill(kill).run().unwrap();
        assert_eq!(outcome.end, End::Killed);
        assert!(outcome.acks.len() as u64 >= kill.acks, "{} < {}", outcome.acks.len(), kill.acks);
        assert!(outcome.acks.iter().enumerate().all(|(id, ack)| *ack == id.to_string()));
    }
}

#[test]
fn a_child_that_ends_by_itself_is_reported_as_such() {
    if let Some(child) = child() {
        return work(&child);
    }
    let directory = tempfile::tempdir().unwrap();
    let test = a_child_that_ends_by_itself_is_reported_as_such;
    let outcome = Crash::of(test, "three", directory.path()).run().unwrap();
    assert_eq!((outcome.end, outcome.acks.len()), (End::Exited(0), 3));
    assert_eq!(outcome.acks[2], "id 2");

    Crash::of(test, "file", directory.path()).run().unwrap();
    assert_eq!(std::fs::read_to_string(directory.path().join("seen")).unwrap(), "file");
}

#[test]
fn a_child_that_hangs_fails_the_run() {
    if let Some(child) = child() {
        return work(&child);
    }
    let directory = tempfile::tempdir().unwrap();
    let crash = Crash::of(a_child_that_hangs_fails_the_run, "hang", directory.path());
    let error = crash.limit(Duration::from_millis(300)).run().unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::TimedOut);
}

#[test]
fn a_fail_point_that_fires_ends_the_child() {
    if let Some(child) = child() {
        return work(&child);
    }
    let directory = tempfile::tempdir().unwrap();
    let crash = Crash::of(a_fail_point_that_fires_ends_the_child, "fire", directory.path());
    let outcome = crash.fail_point("merge.swap:2").run().unwrap();
    assert_eq!(
        (outcome.end, outcome.acks.as_slice()),
        (End::Aborted, ["before".to_owned()].as_slice())
    );
}

#[test]
fn a_fail_point_that_never_fired_fails_the_run() {
    if let Some(child) = child() {
        return work(&child);
    }
    let directory = tempfile::tempdir().unwrap();
    let crash = Crash::of(a_fail_point_that_never_fired_fails_the_run, "three", directory.path());
    let error = crash.fail_point("merge.swap").run().unwrap_err();
    assert!(error.to_string().starts_with("the fail point merge.swap never fired"), "{error}");
}

#[test]
fn a_program_that_is_not_there_is_named() {
    let crash = Crash::program("/no/such/program", "any", std::path::Path::new("/"));
    assert!(crash.run().unwrap_err().to_string().contains("/no/such/program"));
}
