//! Searches that take their own best answers as examples.

use headwater_vector::primitives::filter::field;
use headwater_vector::primitives::{ErrorKind, Namespace};
use headwater_vector::{Metric, Row, Search, SearchHit, VectorOptions, VectorStore};
use serde_json::json;

use crate::support::refused;

/// Around the origin: the nearest lies to the east, and so does one that is a little too far.
fn store(metric: Metric) -> VectorStore {
    let ns = Namespace::in_memory().unwrap();
    let options = VectorOptions::new(2).metric(metric).filters(["group"]);
    let store: VectorStore = VectorStore::create(&ns, "rows", options).unwrap();
    for (id, at, text) in [
        ("east", [1.0, 0.0], "a river"),
        ("north", [0.0, 1.1], "a lake"),
        ("far east", [1.2, 0.0], "a river and a lake"),
        ("south", [0.0, -5.0], "the river"),
    ] {
        let row = Row {
            id: Some(id.into()),
            embedding: Some(at.to_vec()),
            text: Some(text.to_owned()),
            metadata: json!({"group": id.len()}).as_object().cloned().unwrap(),
        };
        store.put(&row).wait().unwrap();
    }
    store
        .put(&Row { id: Some("none".into()), text: Some("a river".into()), ..Row::default() })
        .wait()
        .unwrap();
    store
}

fn names(search: Search) -> Vec<String> {
    let hits: Vec<SearchHit> = search.run().wait().unwrap();
    hits.iter().map(|hit| hit.id.to_string().replace('"', "")).collect()
}

#[test]
fn what_is_like_the_best_answer_comes_before_what_is_only_near() {
    let store = store(Metric::L2);
    let search = || store.search().vector(&[0.0, 0.0]);
    assert_eq!(names(search()), ["east", "north", "far east", "south"]);
    assert_eq!(names(search().feedback(1)), ["east", "far east", "north", "south"]);
    assert_eq!(names(search().feedback(1).limit(2)), ["east", "far east"]);
    assert_eq!(names(search().feedback(100).exact()).len(), 4, "more than there are");
    let northern = || search().filter(field("group").ne(4));
    assert_eq!(names(northern().feedback(1)), ["north", "far east", "south"]);
    let hits = search().feedback(1).explain().run().wait().unwrap();
    assert_eq!(hits[1].distance, Some(1.44), "from the vector itself");
    assert_eq!(hits[1].explain.unwrap().vector.unwrap().rank, 2);
}

#[test]
fn both_ways_of_fusing_take_feedback() {
    let store = store(Metric::Cosine);
    let search = || store.search().query("river").vector(&[1.0, 1.0]).feedback(2);
    for search in [search(), search().weights(0.4, 0.6)] {
        let found = names(search.explain());
        assert_eq!(found.len(), 5, "{found:?}");
        assert_eq!(found[0], "east");
    }
    let text = store.search().query("river").feedback(1).run().wait();
    refused(text, ErrorKind::InvalidInput, &["feedback moves a vector"]);
    let opposite = store.search().vector(&[-1.0, 0.0]).limit(1).feedback(1).run().wait();
    assert_eq!(opposite.unwrap().len(), 1);
}
