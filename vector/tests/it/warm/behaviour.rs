//! Reading, searching and changing rows whose embeddings are in the warm tier.

use headwater_vector::primitives::filter::field;
use headwater_vector::{Demote, RecordId};
use serde_json::json;

use super::support::{demote, embedding, filled, nearest, row};
use crate::support::defects;

fn numbers(ids: &[RecordId]) -> Vec<i64> {
    ids.iter().map(|id| id.to_string().parse().unwrap()).collect()
}

#[test]
fn rows_read_the_same_wherever_their_embeddings_are() {
    let (ns, store) = filled(50);
    let report = demote(&store, Demote::keep(20));
    assert_eq!((report.moved, report.bytes, report.cancelled), (30, 30 * 8 * 4, false));
    for id in 0..50 {
        assert_eq!(store.get(id).wait().unwrap(), Some(row(id)));
    }
    let all = store.get_many(0..60).wait().unwrap();
    assert_eq!(all[..50], (0..50).map(|id| Some(row(id))).collect::<Vec<_>>());
    assert_eq!(all[50..], vec![None; 10]);
    let one = ns.snapshot(|snapshot| store.get_at(snapshot, 3)).unwrap();
    assert_eq!(one, Some(row(3)));
    let awaited = futures_lite::future::block_on(async { store.get(4).await.unwrap() });
    assert_eq!(awaited, Some(row(4)));
    assert_eq!(store.index_stats().wait().unwrap().vectors, 20);
    assert_eq!(defects(&ns), Vec::<String>::new());
}

#[test]
fn searches_find_both_tiers_in_one_order() {
    let (_ns, store) = filled(50);
    // An odd number of rows: their distances come in pairs, and none is cut.
    let before = nearest(&store, 19, 11);
    let hot = store.search().vector(&embedding(19)).limit(11).run().wait().unwrap();
    demote(&store, Demote::keep(30));
    assert_eq!(nearest(&store, 19, 11), before);
    let both = store.search().vector(&embedding(19)).limit(11).run().wait().unwrap();
    assert_eq!(both, hot);
    let all = store.search().vector(&embedding(0)).limit(1_000).run().wait().unwrap();
    assert_eq!(all.len(), 50);
    let of_group = store.search().vector(&embedding(0)).filter(field("group").eq(1)).limit(4);
    let found: Vec<RecordId> =
        of_group.run().wait().unwrap().into_iter().map(|hit| hit.id).collect();
    assert_eq!(numbers(&found), [1, 4, 7, 10]);
}

#[test]
fn a_search_by_both_and_its_rows_are_the_same() {
    let (_ns, store) = filled(40);
    let search = || {
        let search = store.search().query("w3x w7x").vector(&embedding(30)).weights(0.6, 0.4);
        search.limit(5).explain().fetch().wait().unwrap()
    };
    let before = search();
    demote(&store, Demote::all());
    let after = search();
    assert_eq!(before.len(), 5);
    for (before, after) in before.iter().zip(&after) {
        assert_eq!((&before.row, &before.hit.id), (&after.row, &after.hit.id));
        assert_eq!(before.hit.distance, after.hit.distance);
        assert_eq!(before.hit.explain, after.hit.explain);
    }
}

#[test]
fn what_is_written_to_an_embedding_makes_it_hot_again() {
    let (ns, store) = filled(30);
    demote(&store, Demote::all());
    store.set_embedding(3, Some(&embedding(100))).wait().unwrap();
    store.put(&row(4)).wait().unwrap();
    store.delete(5).wait().unwrap();
    store.set_embedding(6, None).wait().unwrap();
    assert_eq!(numbers(&nearest(&store, 100, 1)), [3]);
    // The row 2 is as far as the row 8, and was there before it.
    assert_eq!(numbers(&nearest(&store, 5, 3)), [4, 7, 2]);
    let found = nearest(&store, 0, 100);
    assert_eq!(found.len(), 28);
    assert_eq!(store.get(6).wait().unwrap().unwrap().embedding, None);
    assert_eq!(defects(&ns), Vec::<String>::new());

    let report = demote(&store, Demote::all());
    assert_eq!(report.moved, 2);
    assert_eq!(nearest(&store, 0, 100), found);
    assert_eq!(defects(&ns), Vec::<String>::new());
}

#[test]
fn text_and_metadata_change_beside_an_embedding_that_stays_warm() {
    let (ns, store) = filled(30);
    demote(&store, Demote::all());
    store.set_text(3, Some("moss")).wait().unwrap();
    store.set_metadata(4, &json!({"group": 9})).wait().unwrap();
    store.merge_metadata(5, &json!({"year": 1998})).wait().unwrap();
    store.update(6, |row| row.text = Some("fern".to_owned())).wait().unwrap();
    assert_eq!(store.index_stats().wait().unwrap().vectors, 0);
    for id in 3..7 {
        let found = store.get(id).wait().unwrap().unwrap();
        assert_eq!(found.embedding, Some(embedding(id)));
    }
    store.update(7, |row| row.embedding = Some(embedding(70))).wait().unwrap();
    assert_eq!(numbers(&nearest(&store, 70, 1)), [7]);
    assert_eq!(store.index_stats().wait().unwrap().vectors, 1);
    assert_eq!(demote(&store, Demote::all()).moved, 1);
    assert_eq!(defects(&ns), Vec::<String>::new());
}

#[test]
fn stale_entries_are_removed_once_there_are_many() {
    let (ns, store) = filled(400);
    demote(&store, Demote::all());
    for id in 0..200 {
        store.delete(id).wait().unwrap();
    }
    let report = demote(&store, Demote::all());
    assert_eq!((report.moved, report.removed), (0, 200));
    assert_eq!(nearest(&store, 0, 1000).len(), 200);
    assert_eq!(store.get(300).wait().unwrap(), Some(row(300)));
    assert_eq!(defects(&ns), Vec::<String>::new());
}
