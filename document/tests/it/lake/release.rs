//! Hand-offs that are cut short, or overtaken by writes: what is hot, what is cold, and that nothing is
//! both.

use headwater_document::DocumentStore;
use headwater_document::cdc::Store;
use headwater_document::primitives::filter::Filter;
use headwater_document::primitives::{Error, ErrorKind, Namespace, Sequence, block_on};
use headwater_tiering::{Cancel, Policy, Tier};
use serde_json::{Value, json};

use super::hand_off;
use crate::support::{all, defects, memory, refused};

/// More than two transactions release.
const ROWS: u64 = 2500;

fn filled() -> (Namespace, DocumentStore, Vec<Value>) {
    let (ns, store) = memory("rows");
    let rows: Vec<Value> = (0..ROWS).map(|n| json!({"id": n, "n": n})).collect();
    store.bulk_insert(&rows).wait().unwrap();
    (ns, store, rows)
}

/// How many rows of the lake count.
fn cold(ns: &Namespace) -> u64 {
    let tier = Tier::of(ns).unwrap();
    let view = ns.snapshot(|now| tier.whole_view(now.sql(), Store::Document, "rows")).unwrap();
    let add = |count: &mut u64, _, _, _: &[u8]| {
        *count += 1;
        Ok(())
    };
    block_on(view.fold(&Filter::all(), 0, add)).unwrap()
}

/// How many rows are whole in the hot tier.
fn hot(ns: &Namespace) -> u64 {
    number(ns, "SELECT count(*) FROM document_1 WHERE length(body) > 0")
}

fn number(ns: &Namespace, select: &str) -> u64 {
    let count: i64 =
        ns.query(|sql| Ok::<_, Error>(sql.query_row(select, [], |row| row.get(0))?)).unwrap();
    count as u64
}

/// Hands everything off, and is cancelled after the first rows are released.
fn cut_short(ns: &Namespace, store: &DocumentStore) {
    let cancel = Cancel::default();
    let stop = cancel.clone();
    let tier = Tier::of(ns).unwrap();
    let moving = tier.hand_off(store, Policy::All).cancelled_by(&cancel).on_progress(move |now| {
        if now.released > 0 {
            stop.cancel();
        }
    });
    refused(moving.wait(), ErrorKind::Cancelled);
}

#[test]
fn rows_that_are_not_released_yet_count_in_the_hot_tier_alone() {
    let (ns, store, rows) = filled();
    cut_short(&ns, &store);
    assert!((1..ROWS).contains(&hot(&ns)), "{} are hot", hot(&ns));
    assert_eq!(hot(&ns) + cold(&ns), ROWS);
    assert_eq!(all(&store), rows);
    assert_eq!(hand_off(&store, Policy::All).unwrap().rows, 0, "they are in the lake already");
    assert_eq!((hot(&ns), cold(&ns)), (0, ROWS));
    assert_eq!(all(&store), rows);
    assert_eq!(defects(&ns), [""; 0]);
}

#[test]
fn a_compaction_ends_the_release_before_it_takes_the_files_away() {
    let (ns, store, _) = filled();
    hand_off(&store, Policy::KeepRows(ROWS - 10)).unwrap();
    cut_short(&ns, &store);
    assert!(hot(&ns) > 0);
    let compacted = Tier::of(&ns).unwrap().compact(&store).wait().unwrap();
    assert_eq!(compacted.rows, ROWS);
    assert_eq!((hot(&ns), cold(&ns)), (0, ROWS));
    assert_eq!(hand_off(&store, Policy::All).unwrap().snapshot, None);
}

#[test]
fn a_row_that_is_written_while_it_moves_stays_as_it_was_written() {
    let (ns, store, mut rows) = filled();
    let (writer, mut is_first) = (store.clone(), true);
    let tier = Tier::of(&ns).unwrap();
    let moving = tier.hand_off(&store, Policy::All).on_progress(move |now| {
        if now.released == 0 && std::mem::take(&mut is_first) {
            writer.put(&json!({"id": 7, "n": "new"})).wait().unwrap();
            writer.delete(1300).wait().unwrap();
        }
    });
    assert_eq!(moving.wait().unwrap().rows, ROWS, "the lake has the old versions too");
    rows[7]["n"] = json!("new");
    rows.remove(1300);
    assert_eq!(all(&store), rows);
    assert_eq!((hot(&ns), cold(&ns)), (1, ROWS - 2));
    assert_eq!(number(&ns, "SELECT count(*) FROM tiering_tombstones"), 2);
    let moved = hand_off(&store, Policy::All).unwrap();
    assert_eq!((moved.rows, moved.deleted), (1, 2));
    assert_eq!((hot(&ns), cold(&ns)), (0, ROWS - 1));
    assert_eq!(all(&store), rows);
    assert_eq!(defects(&ns), [""; 0]);
}

#[test]
fn the_watermark_never_goes_back() {
    let (ns, store, _) = filled();
    let first = hand_off(&store, Policy::All).unwrap();
    assert!(first.watermark >= Sequence(ROWS));
    let again = hand_off(&store, Policy::UpTo(Sequence(3))).unwrap();
    assert_eq!((again.watermark, again.snapshot), (first.watermark, None));
    let kept = number(&ns, "SELECT watermark FROM tiering_tables");
    assert_eq!(Sequence(kept), first.watermark);
}
