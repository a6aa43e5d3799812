//! The lake's files kept few, large and named, while nothing changes for a user.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use headwater_document::DocumentStore;
use headwater_document::cdc::Store;
use headwater_document::primitives::filter::Filter;
use headwater_document::primitives::{Error, ErrorKind, Namespace, block_on};
use headwater_tiering::iceberg::spec::Operation;
use headwater_tiering::{Cancel, Expiry, FileSet, Policy, Tier};
use serde_json::json;

use super::hand_off;
use crate::support::{all, defects, events, folded, memory, refused, stored};

/// The newest snapshot alone, whatever the age of the others.
pub(super) fn last_only(ns: &Namespace) -> Expiry {
    Expiry { before: ns.clock().now().after(Duration::from_secs(3600)), keep_last: 1 }
}

/// What the lake's table is now.
pub(super) struct LakeNow {
    pub(super) data: Vec<String>,
    pub(super) deletes: Vec<String>,
    pub(super) snapshots: Vec<String>,
    operation: Operation,
}

pub(super) fn lake_now(store: &DocumentStore) -> LakeNow {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let tier = Tier::of(store.namespace()).unwrap();
        let name = ["document", store.name()];
        let ident = headwater_tiering::iceberg::TableIdent::from_strs(name).unwrap();
        let table = tier.catalog().unwrap().load(&ident).await.unwrap();
        let files = FileSet::load(&table, None).await.unwrap();
        let paths = |files: &[headwater_tiering::LiveFile]| {
            let path = |file: &headwater_tiering::LiveFile| {
                file.location.strip_prefix("file://").unwrap().to_owned()
            };
            files.iter().map(path).collect()
        };
        let metadata = table.metadata();
        let lists = metadata
            .snapshots()
            .map(|snapshot| snapshot.manifest_list().strip_prefix("file://").unwrap().to_owned());
        LakeNow {
            data: paths(files.data()),
            deletes: paths(files.deletes()),
            snapshots: lists.collect(),
            operation: metadata.current_snapshot().unwrap().summary().operation.clone(),
        }
    })
}

/// Every file below `folder`.
fn files(folder: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(at) = folders.pop() {
        for entry in std::fs::read_dir(at).unwrap().map(Result::unwrap) {
            match entry.file_type().unwrap().is_dir() {
                // Locks of the local store, a fixed number of them.
                true if entry.file_name() == ".hw-locks" => {}
                true => folders.push(entry.path()),
                false => drop(found.insert(entry.path().to_str().unwrap().to_owned())),
            }
        }
    }
    found
}

/// Checks that the lake's folder has the files of the only snapshot that is left, and no other data.
#[track_caller]
pub(super) fn nothing_else_is_there(store: &DocumentStore) {
    let now = lake_now(store);
    let folder = store.namespace().path().join("lake").canonicalize().unwrap();
    let found = files(&folder);
    let of = |part: &str| -> BTreeSet<&str> {
        found.iter().map(|file| &**file).filter(|file| file.contains(part)).collect()
    };
    let named = now.data.iter().chain(&now.deletes).map(|file| &**file);
    assert_eq!(of("/data/"), named.collect());
    assert_eq!(of("/metadata/snap-"), now.snapshots.iter().map(|file| &**file).collect());
    let known = |file: &&String| {
        [".parquet", ".avro", ".metadata.json", "/headwater-owner"]
            .iter()
            .any(|end| file.ends_with(end))
    };
    assert_eq!(found.iter().filter(|file| !known(file)).collect::<Vec<_>>(), [""; 0]);
}

/// Five hand-offs, with changes in between that the lake knows of, and some that it does not.
fn scattered() -> (Namespace, DocumentStore) {
    let (ns, store) = memory("rows");
    for part in 0..5 {
        let rows: Vec<_> = (part * 40..part * 40 + 40).map(|n| json!({"id": n, "n": n})).collect();
        store.bulk_insert(&rows).wait().unwrap();
        if part > 0 {
            store.delete(part * 40 - 1).wait().unwrap();
            store.merge_patch(part * 40 - 2, &json!({"changed": part})).wait().unwrap();
        }
        hand_off(&store, Policy::All).unwrap();
    }
    (ns, store)
}

fn tombstones(ns: &Namespace) -> i64 {
    let select = "SELECT count(*) FROM tiering_tombstones";
    ns.query(|sql| Ok::<_, Error>(sql.query_row(select, [], |row| row.get(0))?)).unwrap()
}

#[test]
fn a_compaction_changes_nothing_but_the_files() {
    let (ns, store) = scattered();
    let before = lake_now(&store);
    assert!(before.data.len() >= 5 && !before.deletes.is_empty());
    let rows = all(&store);
    let compacted = Tier::of(&ns).unwrap().compact(&store).wait().unwrap();
    assert_eq!((compacted.rows, compacted.dropped), (196, 8));
    let after = lake_now(&store);
    assert!(after.data.len() < 3 && after.deletes.is_empty(), "{:?}", after.data);
    assert_eq!(after.operation, Operation::Replace);
    assert_eq!(all(&store), rows);
    let again = Tier::of(&ns).unwrap().compact(&store).wait().unwrap();
    assert_eq!(again.snapshot, None, "one small file without losses is left alone");
    assert_eq!(folded(&events(&ns), "rows"), stored(&store));
    assert_eq!(defects(&ns), [""; 0]);
}

#[test]
fn a_compaction_folds_what_the_lake_did_not_know_of_yet() {
    let (ns, store) = scattered();
    store.delete(0).wait().unwrap();
    store.put(&json!({"id": 1, "n": "hot again"})).wait().unwrap();
    let rows = all(&store);
    let tier = Tier::of(&ns).unwrap();
    let compacted = tier.compact(&store).wait().unwrap();
    assert_eq!((compacted.rows, compacted.dropped), (194, 10));
    assert_eq!(lake_now(&store).operation, Operation::Overwrite, "others saw those rows");
    assert_eq!(tombstones(&ns), 0);
    assert_eq!(all(&store), rows);
    // Another end of a row that was merged is one of its new place.
    store.delete(2).wait().unwrap();
    assert_eq!(hand_off(&store, Policy::All).unwrap().deleted, 1);
    assert_eq!(all(&store).len(), rows.len() - 1);
    tier.compact(&store).wait().unwrap();
    assert_eq!(all(&store).len(), rows.len() - 1);
    assert_eq!(defects(&ns), [""; 0]);
}

#[test]
fn files_that_nothing_reaches_are_deleted_once_nobody_reads_them() {
    let (ns, store) = scattered();
    let tier = Tier::of(&ns).unwrap();
    let view = ns.snapshot(|now| tier.whole_view(now.sql(), Store::Document, "rows")).unwrap();
    let count = |view: &headwater_tiering::ColdView| {
        let add = |count: &mut usize, _, _, _: &[u8]| {
            *count += 1;
            Ok(())
        };
        block_on(view.fold(&Filter::all(), 0, add))
    };
    tier.compact(&store).wait().unwrap();
    let expire = || tier.expire(&store, last_only(&ns)).grace(Duration::ZERO).wait().unwrap();
    let expired = expire();
    assert!(expired.snapshots >= 5 && expired.unreachable > 10, "{expired:?}");
    assert_eq!(expired.deleted, 0, "the view may come to them");
    let cleaned = tier.clean(&store).older_than(Duration::ZERO).wait().unwrap();
    assert_eq!(cleaned.files, 0);
    assert_eq!(count(&view).unwrap(), 196);
    let (go_on, waiting) = std::sync::mpsc::channel::<()>();
    let reading = view.fold(&Filter::all(), waiting, |waiting, _, _, _| {
        // Returns at once when the sender is gone.
        let _ = waiting.recv();
        Ok(())
    });
    drop(view);
    assert_eq!(expire().deleted, 0, "what was begun goes on reading");
    drop(go_on);
    drop(block_on(reading).unwrap());
    let again = expire();
    assert_eq!((again.snapshots, again.deleted), (0, expired.unreachable));
    nothing_else_is_there(&store);
    assert_eq!(all(&store).len(), 196);
}

#[test]
fn files_stay_for_the_grace() {
    let (ns, store) = scattered();
    let tier = Tier::of(&ns).unwrap();
    let expired = tier.expire(&store, last_only(&ns)).wait().unwrap();
    assert!(expired.unreachable > 0);
    assert_eq!(expired.deleted, 0);
    let cleaned = tier.clean(&store).wait().unwrap();
    assert_eq!(cleaned.files, 0, "a day has not passed");
    let cleaned = tier.clean(&store).older_than(Duration::ZERO).wait().unwrap();
    assert_eq!(cleaned.files, expired.unreachable);
    nothing_else_is_there(&store);
    assert_eq!(all(&store).len(), 196);
}

#[test]
fn what_an_attempt_left_is_cleaned_once_it_is_old() {
    let (ns, store) = scattered();
    let tier = Tier::of(&ns).unwrap();
    let folder = ns.path().join("lake/document/rows");
    let orphan = folder.join("data/0-9-attempt-0.parquet");
    std::fs::write(&orphan, "half").unwrap();
    tier.clean(&store).wait().unwrap();
    assert!(orphan.exists(), "it may belong to an attempt that is being made");
    let cleaned = tier.clean(&store).older_than(Duration::ZERO).wait().unwrap();
    assert_eq!((cleaned.files, cleaned.bytes), (1, 4));
    assert!(!orphan.exists());
    assert_eq!(all(&store).len(), 196);
}

#[test]
fn a_cancelled_compaction_changes_nothing() {
    let (ns, store) = scattered();
    let before = lake_now(&store);
    let cancel = Cancel::default();
    cancel.cancel();
    let compaction = Tier::of(&ns).unwrap().compact(&store).cancelled_by(&cancel);
    refused(compaction.wait(), ErrorKind::Cancelled);
    assert_eq!(lake_now(&store).data, before.data);
    assert_eq!(all(&store).len(), 196);
}

#[test]
fn a_table_that_never_moved_needs_no_upkeep() {
    let (ns, store) = memory("rows");
    store.insert(&json!({"id": 1})).wait().unwrap();
    let tier = Tier::of(&ns).unwrap();
    assert_eq!(tier.compact(&store).wait().unwrap().snapshot, None);
    assert_eq!(tier.expire(&store, last_only(&ns)).wait().unwrap().snapshots, 0);
    assert_eq!(tier.clean(&store).wait().unwrap().files, 0);
}
