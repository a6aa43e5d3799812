//! Snapshots and transactions: what they see, and what they leave.

use std::panic::resume_unwind;
use std::thread;

use headwater_primitives::kv::{
    Batch, Direction, Feature, KeyRange, KvRead, KvReadExt, KvWrite, OrderedKv, OrderedKvExt,
};
use headwater_primitives::{Error, ErrorKind, Result};

use super::{
    Backend, Case, case, collect, contents, directions, entries, fill, refused, shared, snapshots,
    transactions,
};

pub(super) fn cases<B: Backend>() -> Vec<Case<B>> {
    vec![
        case("a_snapshot_does_not_move", a_snapshot_does_not_move),
        case("a_transaction_reads_its_own_writes", a_transaction_reads_its_own_writes),
        case("an_open_transaction_is_invisible", an_open_transaction_is_invisible),
        case("a_failed_transaction_leaves_no_trace", a_failed_transaction_leaves_no_trace),
        case("a_panicking_transaction_leaves_no_trace", a_panicking_transaction_leaves_no_trace),
        case("a_refused_batch_does_not_end_its_transaction", a_refused_batch_in_a_transaction),
        case("a_write_inside_its_own_transaction_is_refused", a_nested_write_is_refused),
    ]
}

fn abandoned() -> Error {
    Error::new(ErrorKind::NotFound, "abandoned on purpose")
}

fn a_snapshot_does_not_move<B: Backend>(backend: &B) {
    let kv = shared(backend);
    if !snapshots(&*kv) {
        return;
    }
    let keys: Vec<String> = (0..600).map(|number| format!("{number:04}")).collect();
    fill(&*kv, &keys);
    let (writer, expected) = (kv.clone(), entries(&keys));
    let seen = kv.snapshot(move |view| {
        let mut scan = view.scan(KeyRange::all(), Direction::Forward);
        let mut seen = vec![scan.next().expect("the scan yields something")?];
        for key in &keys {
            if key.ends_with('3') {
                writer.delete(key.as_bytes())?;
            } else {
                writer.put(format!("{key}+").as_bytes(), b"new")?;
            }
        }
        writer.put(b"0001", b"changed")?;
        for entry in scan {
            seen.push(entry?);
        }
        assert_eq!(view.get(b"0001")?.as_deref(), Some(&b"0001"[..]));
        assert_eq!(view.get(b"0003")?.as_deref(), Some(&b"0003"[..]));
        assert_eq!(view.get(b"0001+")?, None);
        for direction in directions(&*writer) {
            let mut again = collect(view, KeyRange::all(), direction);
            again.sort();
            assert!(again == seen, "the snapshot moved");
        }
        Ok(seen)
    });
    assert!(seen.unwrap() == expected);
    assert_eq!(kv.get(b"0001").unwrap().as_deref(), Some(&b"changed"[..]));
    assert_eq!(kv.get(b"0003").unwrap(), None);
}

fn a_transaction_reads_its_own_writes<B: Backend>(backend: &B) {
    let kv = backend.open();
    if !transactions(&kv) {
        return;
    }
    fill(&kv, ["a", "b", "c"]);
    let directions = directions(&kv);
    let returned = kv.transaction(move |tx| {
        tx.put(b"b", b"b2")?;
        tx.delete(b"c")?;
        tx.put(b"bb", b"new")?;
        let mut batch = Batch::new();
        batch.put("d", "d").delete("a");
        tx.write_batch(batch)?;
        assert_eq!(tx.get(b"b")?.as_deref(), Some(&b"b2"[..]));
        assert_eq!(tx.get(b"c")?, None);
        assert!(tx.contains(b"d")?);
        for direction in &directions {
            let mut keys: Vec<_> =
                collect(tx, KeyRange::all(), *direction).into_iter().map(|(key, _)| key).collect();
            keys.sort();
            assert_eq!(keys, [&b"b"[..], b"bb", b"d"]);
        }
        Ok(tx.scan(KeyRange::new("b".."d"), Direction::Forward).count())
    });
    assert_eq!(returned.unwrap(), 2);
    let keys: Vec<_> = contents(&kv).into_iter().map(|(key, _)| key).collect();
    assert_eq!(keys, [&b"b"[..], b"bb", b"d"]);
}

fn an_open_transaction_is_invisible<B: Backend>(backend: &B) {
    let kv = shared(backend);
    if !transactions(&*kv) {
        return;
    }
    fill(&*kv, ["a"]);
    let outside = kv.clone();
    kv.transaction(move |tx| {
        tx.put(b"b", b"b")?;
        tx.delete(b"a")?;
        let outside = outside.clone();
        let seen = thread::spawn(move || contents(&*outside)).join();
        assert_eq!(seen.expect("reading beside a transaction works"), entries(["a"]));
        Ok(())
    })
    .unwrap();
    assert_eq!(contents(&*kv), entries(["b"]));
}

fn a_failed_transaction_leaves_no_trace<B: Backend>(backend: &B) {
    let kv = backend.open();
    if !transactions(&kv) {
        return;
    }
    fill(&kv, ["a"]);
    let failed: Result<()> = kv.transaction(|tx| {
        tx.put(b"b", b"b")?;
        tx.delete(b"a")?;
        Err(abandoned())
    });
    let error = failed.expect_err("the transaction fails with the error of its work");
    assert_eq!((error.kind(), error.to_string()), (abandoned().kind(), abandoned().to_string()));
    assert_eq!(contents(&kv), entries(["a"]));
}

fn a_panicking_transaction_leaves_no_trace<B: Backend>(backend: &B) {
    let kv = backend.open();
    if !transactions(&kv) {
        return;
    }
    fill(&kv, ["a"]);
    let failed: Result<()> = kv.transaction(|tx| {
        tx.delete(b"a")?;
        // Unlike `panic!`, this prints nothing.
        resume_unwind(Box::new("panicked on purpose"))
    });
    refused(failed, ErrorKind::Panicked);
    assert_eq!(contents(&kv), entries(["a"]));
    fill(&kv, ["b"]);
    assert_eq!(contents(&kv), entries(["a", "b"]));
}

fn a_refused_batch_in_a_transaction<B: Backend>(backend: &B) {
    let kv = backend.open();
    if !transactions(&kv) {
        return;
    }
    let too_long = vec![0; kv.capabilities().max_key_bytes() + 1];
    let conditional = kv.capabilities().supports(Feature::Expectation);
    kv.transaction(move |tx| {
        tx.put(b"a", b"a")?;
        let mut batch = Batch::new();
        batch.put("b", "b").put(too_long.clone(), "");
        refused(tx.write_batch(batch), ErrorKind::TooLarge);
        if conditional {
            let mut batch = Batch::new();
            batch.put("b", "b").delete("a").expect_absent("a");
            refused(tx.write_batch(batch), ErrorKind::Conflict);
        }
        assert_eq!(contents(tx), entries(["a"]));
        Ok(())
    })
    .unwrap();
    assert_eq!(contents(&kv), entries(["a"]));
}

fn a_nested_write_is_refused<B: Backend>(backend: &B) {
    let kv = shared(backend);
    if !transactions(&*kv) {
        return;
    }
    let outer = kv.clone();
    kv.transaction(move |tx| {
        tx.put(b"a", b"a")?;
        refused(outer.put(b"b", b"b"), ErrorKind::WouldDeadlock);
        refused(outer.run_transaction(Box::new(|_| Ok(()))), ErrorKind::WouldDeadlock);
        Ok(())
    })
    .unwrap();
    assert_eq!(contents(&*kv), entries(["a"]));
}
