//! Searches by words and by a vector at once, and what is said about their hits.

use headwater_vector::primitives::Namespace;
use headwater_vector::primitives::filter::field;
use headwater_vector::{Fusion, Metric, SearchHit, Side, SnippetOptions, VectorStore};

use super::support::{direction, full, ids, options};

/// Sixty rows: the words of half of them match, to different degrees.
fn store() -> VectorStore {
    let ns = Namespace::in_memory().unwrap();
    let store: VectorStore = VectorStore::create(&ns, "rows", options(Metric::Cosine)).unwrap();
    for id in 0..60_u64 {
        let mut text = "stones ".repeat(id as usize % 7 + 1);
        if id % 2 == 0 {
            text.push_str(&"glaciers ".repeat(id as usize % 5 + 1));
        }
        store.put(&full(id as i64, &direction(id, 4), &text, id as i64 % 3)).wait().unwrap();
    }
    store
}

fn query() -> Vec<f32> {
    direction(1_000, 4)
}

fn find(hits: &[SearchHit], of: &SearchHit) -> Option<Side> {
    let at = hits.iter().position(|hit| hit.id == of.id)?;
    Some(Side { rank: at + 1, score: hits[at].score })
}

#[test]
fn ranks_are_fused_by_the_formula_and_explained() {
    let store = store();
    let by_text = store.search().query("glacier").limit(60).run().wait().unwrap();
    let by_vector = store.search().vector(&query()).limit(60).run().wait().unwrap();
    assert_eq!((by_text.len(), by_vector.len()), (30, 60));
    for k in [60.0, 0.0, 3.5] {
        let search = store.search().query("glacier").vector(&query()).limit(60).explain();
        let hits = search.fusion(Fusion::ReciprocalRank { k }).run().wait().unwrap();
        assert_eq!(hits.len(), 60);
        for hit in &hits {
            let explain = hit.explain.unwrap();
            assert_eq!(explain.text, find(&by_text, hit));
            assert_eq!(explain.vector, find(&by_vector, hit));
            let part = |side: Option<Side>| side.map_or(0.0, |side| 1.0 / (k + side.rank as f32));
            assert!((hit.score - part(explain.text) - part(explain.vector)).abs() < 1e-6);
        }
        assert!(hits.is_sorted_by(|a, b| a.score >= b.score));
    }
    let plain = store.search().query("glacier").vector(&query()).run().wait().unwrap();
    assert!(plain.iter().all(|hit| hit.explain.is_none()));
}

#[test]
fn all_weight_on_one_side_gives_that_sides_order() {
    let store = store();
    for filter in [None, Some(field("group").ne(1))] {
        let search = || match &filter {
            Some(filter) => store.search().filter(filter.clone()),
            None => store.search(),
        };
        let by_text = search().query("glacier").limit(12).run().wait().unwrap();
        let by_vector = search().vector(&query()).limit(12).run().wait().unwrap();
        let both = || search().query("glacier").vector(&query()).limit(12);
        assert_eq!(ids(&both().weights(1.0, 0.0).run().wait().unwrap()), ids(&by_text));
        assert_eq!(ids(&both().weights(0.0, 1.0).run().wait().unwrap()), ids(&by_vector));
        assert_eq!(ids(&both().weights(0.0, 0.3).exact().run().wait().unwrap()), ids(&by_vector));
    }
}

#[test]
fn weighted_scores_lie_between_zero_and_the_sum_of_the_weights() {
    let store = store();
    let search = store.search().query("glacier").vector(&query()).limit(60).explain();
    let hits = search.weights(0.4, 0.6).run().wait().unwrap();
    assert_eq!(hits.len(), 60);
    for hit in &hits {
        assert!((0.0..=1.0 + 1e-6).contains(&hit.score), "{hit:?}");
        assert!(hit.explain.unwrap().vector.is_some() && hit.distance.is_some());
        let similarity = hit.explain.unwrap().vector.unwrap().score;
        assert!((1.0 - hit.distance.unwrap() - similarity).abs() < 1e-6);
    }
    let one = store.search().query("glacier").vector(&query()).filter(field("group").eq(9));
    assert_eq!(one.weights(0.4, 0.6).run().wait().unwrap(), []);
}

#[test]
fn a_row_without_one_side_is_found_by_the_other() {
    let store = store();
    store.set_embedding(4, None).wait().unwrap();
    store.set_text(7, None).wait().unwrap();
    for search in [
        store.search().query("glacier").vector(&query()).limit(60),
        store.search().query("glacier").vector(&query()).limit(60).weights(0.5, 0.5),
    ] {
        let hits = search.explain().run().wait().unwrap();
        let hit = |id: i64| hits.iter().find(|hit| hit.id == id.into()).unwrap();
        assert!(hit(4).explain.unwrap().vector.is_none() && hit(4).distance.is_none());
        assert!(hit(7).explain.unwrap().text.is_none() && hit(7).distance.is_some());
    }
}

#[test]
fn the_words_of_a_query_are_marked_by_their_stems() {
    let store = store();
    let long =
        "Nothing here. ".repeat(40) + "The <old> Glaciers are running out. " + &"More. ".repeat(40);
    store.set_text(1, Some(&long)).wait().unwrap();
    let search = store.search().query("run old glacier").highlight(SnippetOptions::default());
    let hits = search.limit(60).run().wait().unwrap();
    let hit = hits.iter().find(|hit| hit.id == 1.into()).unwrap();
    let [snippet] = hit.snippets.as_slice() else { panic!("{hit:?}") };
    assert!(snippet.text.chars().count() <= 160, "{snippet:?}");
    let marked: Vec<&str> =
        snippet.highlights.iter().map(|marked| &snippet.text[marked.clone()]).collect();
    assert_eq!(marked, ["old", "Glaciers", "running"]);
    assert!(snippet.to_html().contains("&lt;<b>old</b>&gt; <b>Glaciers</b> are <b>running</b>"));
    // By the vector alone there are no words to be marked.
    let search = store.search().vector(&query()).highlight(SnippetOptions::default());
    assert!(search.run().wait().unwrap().iter().all(|hit| hit.snippets.is_empty()));
}

#[test]
fn found_rows_come_with_their_content() {
    let store = store();
    let found = store.search().query("glacier").limit(3).fetch().wait().unwrap();
    let hits = store.search().query("glacier").limit(3).run().wait().unwrap();
    assert_eq!(found.iter().map(|found| found.hit.clone()).collect::<Vec<_>>(), hits);
    assert!(found.iter().all(|found| found.row.id.as_ref() == Some(&found.hit.id)));
    assert!(found.iter().all(|found| found.row.text.as_ref().unwrap().contains("glaciers")));
}
