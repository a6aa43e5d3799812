//! The life of a store: what survives reopening, compacting, closing.

use headwater_primitives::ErrorKind;
use headwater_primitives::kv::{
    Batch, Direction, Feature, KeyRange, KvRead, KvWrite, OrderedKv, OrderedKvExt,
};

use super::{Backend, Case, case, contents, entries, fill, offered, refused, shared};

pub(super) fn cases<B: Backend>() -> Vec<Case<B>> {
    vec![
        case("acknowledged_writes_survive_reopening", acknowledged_writes_survive_reopening),
        case("compacting_changes_no_contents", compacting_changes_no_contents),
        case("a_closed_store_refuses_everything", a_closed_store_refuses_everything),
        case("the_missing_features_are_listed", the_missing_features_are_listed),
        case("the_traits_work_as_objects", the_traits_work_as_objects),
    ]
}

fn acknowledged_writes_survive_reopening<B: Backend>(backend: &B) {
    let kv = backend.open();
    let capabilities = kv.capabilities();
    if !capabilities.supports(Feature::Durability) {
        return;
    }
    fill(&kv, ["", "a", "b", "c"]);
    kv.delete(b"b").unwrap();
    let mut batch = Batch::new();
    batch.put("d", "d").delete("c");
    kv.write_batch(batch).unwrap();
    let mut expected = entries(["", "a", "d"]);
    if capabilities.supports(Feature::Transaction) {
        kv.transaction(|tx| tx.put(b"e", b"e")).unwrap();
        expected.extend(entries(["e"]));
    }
    let kv = backend.reopen(kv);
    assert_eq!(contents(&kv), expected);
    assert_eq!(kv.capabilities(), capabilities);
    kv.delete(b"a").unwrap();
    let kv = backend.reopen(kv);
    expected.remove(1);
    assert_eq!(contents(&kv), expected);
}

fn compacting_changes_no_contents<B: Backend>(backend: &B) {
    let kv = backend.open();
    fill(&kv, ["a", "b", "c"]);
    kv.delete(b"b").unwrap();
    kv.put(b"a", b"a").unwrap();
    if offered(&kv, Feature::Compact, || kv.compact()) {
        kv.compact().unwrap();
    }
    assert_eq!(contents(&kv), entries(["a", "c"]));
}

fn a_closed_store_refuses_everything<B: Backend>(backend: &B) {
    let kv = shared(backend);
    fill(&*kv, ["a"]);
    kv.close().unwrap();
    kv.close().unwrap();
    let mut batch = Batch::new();
    batch.put("b", "b");
    refused(kv.get(b"a"), ErrorKind::Closed);
    refused(kv.put(b"b", b"b"), ErrorKind::Closed);
    refused(kv.delete(b"a"), ErrorKind::Closed);
    refused(kv.write_batch(batch), ErrorKind::Closed);
    refused(kv.compact(), ErrorKind::Closed);
    refused(kv.run_snapshot(Box::new(|_| Ok(()))), ErrorKind::Closed);
    refused(kv.run_transaction(Box::new(|_| Ok(()))), ErrorKind::Closed);
    let mut scan = kv.scan(KeyRange::all(), Direction::Forward);
    refused(scan.next().expect("the scan yields its error"), ErrorKind::Closed);
    assert!(scan.next().is_none(), "a scan ends with its error");
}

fn the_missing_features_are_listed<B: Backend>(backend: &B) {
    let kv = backend.open();
    let capabilities = kv.capabilities();
    offered(&kv, Feature::BackwardScan, || {
        kv.scan(KeyRange::all(), Direction::Backward).next().transpose()
    });
    let missing: Vec<Feature> = capabilities.unsupported().collect();
    for feature in Feature::ALL {
        assert_eq!(missing.contains(&feature), !capabilities.supports(feature));
        assert_eq!(capabilities.require(feature).is_ok(), capabilities.supports(feature));
    }
    assert!(!capabilities.backend().is_empty());
}

fn the_traits_work_as_objects<B: Backend>(backend: &B) {
    let kv: Box<dyn OrderedKv> = Box::new(backend.open());
    kv.put(b"a", b"a").unwrap();
    assert_eq!(contents(&*kv), entries(["a"]));
    if kv.capabilities().supports(Feature::Transaction) {
        kv.transaction(|tx| tx.delete(b"a")).unwrap();
        assert_eq!(contents(&*kv), []);
    }
}
