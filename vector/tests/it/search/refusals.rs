//! Searches that make no sense are refused, and those that find nothing find nothing.

use headwater_vector::primitives::filter::{Filter, field};
use headwater_vector::primitives::{ErrorKind, Namespace};
use headwater_vector::{Fusion, Metric, Search, VectorOptions, VectorStore};

use super::support::{full, options};
use crate::support::refused;

fn store(metric: Metric) -> VectorStore {
    let ns = Namespace::in_memory().unwrap();
    let store: VectorStore = VectorStore::create(&ns, "rows", options(metric)).unwrap();
    store.put(&full(1, &[1.0, 0.0, 0.0, 0.0], "rivers and lakes", 1)).wait().unwrap();
    store
}

fn invalid(search: Search, parts: &[&str]) {
    refused(search.run().wait(), ErrorKind::InvalidInput, parts);
}

#[test]
fn a_search_that_makes_no_sense_is_refused_with_what_is_wrong() {
    let store = store(Metric::Cosine);
    let search = || store.search();
    let place = "\"rows\"";
    invalid(search(), &["words", "vector"]);
    invalid(search().vector(&[1.0, 2.0]), &[place, "2 dimensions", "have 4"]);
    invalid(search().vector(&[1.0, f32::NAN, 0.0, 0.0]), &[place, "NaN at position 1"]);
    invalid(search().vector(&[1.0, 0.0, f32::NEG_INFINITY, 0.0]), &[place, "-inf at position 2"]);
    invalid(search().vector(&[0.0; 4]), &[place, "zeros"]);
    let near = || search().vector(&[1.0; 4]);
    for prefixes in [&[0][..], &[5], &[2, 2], &[3, 2], &[2, 5]] {
        invalid(near().dims(prefixes), &[place, "ascend, from 1 to the 4"]);
    }
    for weights in [(-0.1, 1.0), (1.0, f32::NAN), (f32::INFINITY, 1.0)] {
        invalid(near().weights(weights.0, weights.1), &[place, "finite, and 0 or more"]);
    }
    invalid(near().fusion(Fusion::ReciprocalRank { k: -1.0 }), &[place, "0 or more"]);
    invalid(near().filter(field("a..b").eq(1)), &[place, "a..b"]);
    invalid(near().filter(field("a").matches("(")), &[place]);
    invalid(search().query_strict("(river"), &[place, "byte 0", "never closed"]);
    invalid(search().query_strict("river \"lake"), &[place, "byte 6"]);
    assert!(Filter::parse("{\"a\": {\"$no\": 1}}").is_err());
    // The first thing wrong is told, whatever comes later.
    invalid(search().vector(&[1.0]).query_strict("("), &["1 dimensions"]);
    refused(search().vector(&[1.0]).fetch().wait().map(drop), ErrorKind::InvalidInput, &[place]);
}

#[test]
fn a_query_of_zeros_is_something_where_lengths_count() {
    for metric in [Metric::L2, Metric::Dot] {
        let hits = store(metric).search().vector(&[0.0; 4]).run().wait().unwrap();
        assert_eq!(hits.len(), 1);
    }
}

#[test]
fn no_rows_are_found_where_none_are_asked_for_or_none_fit() {
    let store = store(Metric::Cosine);
    let search = || store.search().query("river").vector(&[1.0; 4]);
    assert_eq!(search().limit(0).run().wait().unwrap(), []);
    assert_eq!(store.search().query("river").limit(0).run().wait().unwrap(), []);
    assert_eq!(store.search().vector(&[1.0; 4]).limit(0).run().wait().unwrap(), []);
    assert_eq!(store.search().vector(&[1.0; 4]).dim(2).limit(0).run().wait().unwrap(), []);
    for filter in [field("group").eq(7), field("unknown").eq(7), field("group").eq("1")] {
        assert_eq!(search().filter(filter.clone()).run().wait().unwrap(), []);
        assert_eq!(search().filter(filter).exact().weights(1.0, 1.0).run().wait().unwrap(), []);
    }
    let empty: VectorStore =
        VectorStore::create(store.namespace(), "empty", VectorOptions::new(4)).unwrap();
    assert_eq!(empty.search().query("river").vector(&[1.0; 4]).run().wait().unwrap(), []);
}

#[test]
fn more_rows_than_there_can_be_may_be_asked_for() {
    let store = store(Metric::Cosine);
    for limit in [1 << 40, usize::MAX] {
        let search = || store.search().vector(&[1.0; 4]).limit(limit);
        for search in [
            search(),
            search().exact(),
            search().dim(2),
            search().dims(&[1, 2]).filter(field("group").eq(1)),
            search().candidates(usize::MAX),
            search().filter(field("group").eq(1)),
            search().query("river"),
            search().query("river").weights(0.5, 0.5),
            store.search().query("river").limit(limit),
        ] {
            assert_eq!(search.run().wait().unwrap().len(), 1);
        }
    }
}

#[test]
fn what_people_type_is_never_refused() {
    let store = store(Metric::Cosine);
    for nonsense in [
        "",
        " ",
        "\"",
        "(((",
        ")))",
        "+",
        "-",
        "+-+-",
        "AND",
        "OR OR",
        "NOT",
        "river AND",
        "~",
        "*",
        "river~9",
        "\"river lake\"~",
        "ri*ver",
        "-river",
        "ありがとう",
        "\0\u{1}",
        "🏞️ river",
        "a:b:c",
        "^",
        "[a TO b]",
        "river^1e400",
        "\\",
        "--",
        "((-(+\"",
    ] {
        store.search().query(nonsense).run().wait().unwrap();
    }
    store.search().query(&"(".repeat(1_000)).run().wait().unwrap();
    store.search().query(&"x".repeat(30_000)).run().wait().unwrap();
    for long in ["x".repeat(40_000), "x ".repeat(5_000)] {
        refused(store.search().query(&long).run().wait(), ErrorKind::TooLarge, &["text query"]);
    }
    assert_eq!(store.search().query("((river").run().wait().unwrap().len(), 1);
}

#[test]
fn a_store_that_could_not_be_searched_is_not_made() {
    let ns = Namespace::in_memory().unwrap();
    for (links, candidates) in [(2, 200), (65, 200), (16, 15)] {
        let mut options = options(Metric::Cosine);
        (options.links, options.candidates) = (links, candidates);
        let made: Result<VectorStore, _> = VectorStore::create(&ns, "rows", options);
        refused(made.map(drop), ErrorKind::InvalidInput, &["\"rows\"", "links"]);
    }
    for (links, candidates) in [(4, 4), (64, 64)] {
        let mut options = options(Metric::Cosine);
        (options.links, options.candidates) = (links, candidates);
        let name = format!("links {links}");
        let store: VectorStore = VectorStore::create(&ns, &name, options).unwrap();
        assert_eq!(store.search().vector(&[1.0; 4]).run().wait().unwrap(), []);
    }
}
