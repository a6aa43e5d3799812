//! Which rows a filter matches: the same with an index on its field, and without.

use headwater_vector::primitives::filter::{Filter, field};
use headwater_vector::primitives::{ErrorKind, Namespace};
use headwater_vector::{VectorOptions, VectorStore};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::{refused, row};

/// A store that indexes two of the fields, and one that indexes none.
fn both(metadata: &[Value]) -> (Namespace, VectorStore, VectorStore) {
    let ns = Namespace::in_memory().unwrap();
    let indexed = VectorOptions::new(1).filters(["year", "tags"]);
    let indexed: VectorStore = VectorStore::create(&ns, "indexed", indexed).unwrap();
    let plain: VectorStore = VectorStore::create(&ns, "plain", VectorOptions::new(1)).unwrap();
    for store in [&indexed, &plain] {
        let rows = metadata.iter().enumerate();
        let rows: Vec<_> =
            rows.map(|(id, metadata)| row(json!({"id": id, "metadata": metadata}))).collect();
        store.bulk_insert(&rows).wait().unwrap();
    }
    (ns, indexed, plain)
}

#[test]
fn every_sort_of_filter_counts_the_same_with_an_index_and_without() {
    let rows: Vec<Value> = (0..40)
        .map(|n| match n % 8 {
            0 => json!({"other": n}),
            1 => json!({"year": "text", "tags": []}),
            2 => json!({"year": [n, 30], "tags": ["a", "b"]}),
            3 => json!({"year": null, "tags": "a"}),
            _ => json!({"year": n, "tags": ["c", n % 3], "other": n % 5}),
        })
        .collect();
    let (_ns, indexed, plain) = both(&rows);
    for (filter, expected) in [
        (Filter::all(), 40),
        (field("year").eq(20), 1),
        (field("year").gte(10).and(field("year").lt(20)), 7),
        (field("year").one_of([4, 5, 6, 1_000]), 3),
        (field("year").missing(), 5),
        (field("year").ne(20), 39),
        (field("tags").eq("a"), 10),
        (field("tags").eq("c").and(field("other").eq(2)), 4),
        (field("year").gt(20).or(field("other").eq(1)), 17),
        (field("year").eq("nothing"), 0),
        (field("year").one_of(Vec::<i64>::new()), 0),
    ] {
        let counts =
            [&indexed, &plain].map(|store| store.count_where(filter.clone()).wait().unwrap());
        assert_eq!(counts, [expected; 2], "{:?}", filter.to_value());
    }
    refused(plain.count_where(field("a..b").eq(1)).wait(), ErrorKind::InvalidInput, &["a..b"]);
}

#[test]
fn entries_follow_updates_and_deletes() {
    let (_ns, store, _) = both(&[json!({"year": 1}), json!({"year": 1})]);
    let count = |year: i64| store.count_where(field("year").eq(year)).wait().unwrap();
    store.merge_metadata(0, &json!({"year": 2})).wait().unwrap();
    assert_eq!((count(1), count(2)), (1, 1));
    store.put(&row(json!({"id": 0}))).wait().unwrap();
    store.delete(1).wait().unwrap();
    assert_eq!((count(1), count(2)), (0, 0));
}

fn arb_metadata() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![(0_i64..6).prop_map(Value::from), Just(json!("a")), Just(json!(null))];
    let value = prop_oneof![
        4 => scalar.clone(),
        1 => proptest::collection::vec(scalar, 0..3).prop_map(Value::from),
    ];
    let fields = proptest::collection::vec(proptest::option::of(value), 3);
    fields.prop_map(|values| {
        let named = ["year", "tags", "other"].into_iter().zip(values);
        named.filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
    })
}

fn arb_filter() -> impl Strategy<Value = Filter> {
    let name = proptest::sample::select(vec!["year", "tags", "other"]);
    let one = (name, 0_i64..6, 0..6_u8).prop_map(|(name, value, sort)| match sort {
        0 => field(name).eq(value),
        1 => field(name).gte(value),
        2 => field(name).lt(value),
        3 => field(name).one_of([value, 5 - value]),
        4 => field(name).ne(value),
        _ => field(name).eq("a"),
    });
    (one.clone(), one, any::<bool>()).prop_map(|(a, b, both)| if both { a.and(b) } else { a.or(b) })
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 16, failure_persistence: None, ..ProptestConfig::default()
    })]

    #[test]
    fn random_filters_count_the_same_with_an_index_and_without(
        rows in proptest::collection::vec(arb_metadata(), 1..30),
        filters in proptest::collection::vec(arb_filter(), 12),
    ) {
        let (_ns, indexed, plain) = both(&rows);
        for filter in filters {
            let counts =
                [&indexed, &plain].map(|store| store.count_where(filter.clone()).wait().unwrap());
            prop_assert_eq!(counts[0], counts[1], "{:?}", filter.to_value());
        }
    }
}
