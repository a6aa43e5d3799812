//! The order of system calls: each acknowledgement comes after a sync of the file and its folder.

use headwater_objects::object_store::{ObjectStore, ObjectStoreExt, PutMode};
use headwater_objects::{DurableLocal, Sync};
use headwater_testkit::crash::{self, Child, Crash};
use headwater_testkit::strace::{Event, trace};

use crate::support::{block_on, key};

const PUTS: usize = 6;

fn write(child: &Child) {
    let sync = if child.scenario() == "full" { Sync::Full } else { Sync::Off };
    let store = DurableLocal::open_with(child.directory().join("s"), sync).unwrap();
    block_on(async {
        child.ack("ready");
        for number in 0..PUTS {
            let name = format!("d{}/f{number}", number % 2);
            if number < 3 {
                store.put(&key(&name), "x".into()).await.unwrap();
            } else {
                let create = PutMode::Create.into();
                store.put_opts(&key(&name), "x".into(), create).await.unwrap();
            }
            child.ack(name);
        }
        store.delete(&key("d0/f0")).await.unwrap();
        child.ack("d0/deleted");
    });
}

/// What was synced before each acknowledgement and after the one before it, as names below the
/// root. `None` without strace.
fn synced(test: impl Fn(), scenario: &str) -> Option<Vec<(String, Vec<String>)>> {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("s");
    let events = match trace(&Crash::of(test, scenario, folder.path())) {
        Ok(events) => events,
        Err(error) => {
            assert!(std::env::var_os("CI").is_none_or(|ci| ci != "true"), "{error}");
            eprintln!("skipped: {error}");
            return None;
        }
    };
    let (mut acks, mut syncs) = (Vec::new(), Vec::new());
    for event in events {
        match event {
            Event::Synced(path) => {
                let path = std::path::Path::new(&path);
                syncs.extend(path.strip_prefix(&root).ok().map(|at| at.display().to_string()));
            }
            Event::Ack(ack) => acks.push((ack, std::mem::take(&mut syncs))),
            _ => {}
        }
    }
    assert_eq!(acks.remove(0).0, "ready");
    assert_eq!(acks.len(), PUTS + 1);
    Some(acks)
}

#[test]
fn each_acknowledgement_comes_after_its_syncs() {
    if let Some(child) = crash::child() {
        return write(&child);
    }
    let test = each_acknowledgement_comes_after_its_syncs;
    let Some(acks) = synced(test, "full") else {
        return;
    };
    for (number, (ack, syncs)) in acks.iter().enumerate() {
        let folder = ack.split('/').next().unwrap();
        assert_eq!(syncs.last().map(String::as_str), Some(folder), "{ack}: {syncs:?}");
        if ack != "d0/deleted" {
            let file = format!("{folder}/.hw-tmp-");
            assert!(syncs.iter().any(|path| path.starts_with(&file)), "{ack}: {syncs:?}");
        }
        // The first object of a folder: the folder's own name is synced as well.
        assert_eq!(syncs.iter().any(String::is_empty), number < 2, "{ack}: {syncs:?}");
    }
    let unsynced = synced(test, "off").unwrap();
    assert!(unsynced.iter().all(|(_, syncs)| syncs.is_empty()), "{unsynced:?}");
}
