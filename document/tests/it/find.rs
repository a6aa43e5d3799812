//! Finding: SQL answers as memory does, with indexes and without; counts, projections, plans.

use headwater_document::primitives::filter::{Filter, field, value};
use headwater_document::primitives::jsonb::{self, View};
use headwater_document::primitives::{ErrorKind, Namespace};
use headwater_document::{DocumentStore, Order, Uniqueness};
use headwater_testkit::{arb_document, arb_scalar, arb_value};
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::{all, cases, memory, refused};

const PATHS: [&str; 11] =
    ["a", "b", "c", "name", "tags", "ä", "0", "a.b", "a.0", "b.c.0", "tags.a"];

/// A filter on the fields that [`arb_document`] has, with operands that its values may equal.
fn arb_filter() -> impl Strategy<Value = Value> {
    let path = proptest::sample::select(PATHS.to_vec());
    let condition = (path, arb_operators()).prop_map(|(path, operators)| json!({path: operators}));
    condition.prop_recursive(2, 8, 3, |inner| {
        (proptest::sample::select(vec!["$and", "$or", "$nor"]), vec(inner, 1..3))
            .prop_map(|(operator, members)| json!({operator: members}))
    })
}

fn arb_operators() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![4 => arb_scalar(), 1 => arb_value()];
    let compare = proptest::sample::select(vec!["$gt", "$gte", "$lt", "$lte"]);
    let types =
        proptest::sample::select(vec!["null", "bool", "number", "string", "array", "object"]);
    let operators = prop_oneof![
        3 => scalar.clone().prop_map(|operand| json!({"$eq": operand})),
        1 => scalar.clone().prop_map(|operand| json!({"$ne": operand})),
        3 => (compare, arb_scalar()).prop_map(|(operator, operand)| json!({operator: operand})),
        2 => vec(arb_scalar(), 0..4).prop_map(|operands| json!({"$in": operands})),
        1 => vec(arb_scalar(), 0..3).prop_map(|operands| json!({"$nin": operands})),
        1 => any::<bool>().prop_map(|wanted| json!({"$exists": wanted})),
        1 => types.prop_map(|name| json!({"$type": name})),
        1 => Just(json!({"$regex": "^[ab]"})),
        1 => Just(json!({"$regex": "B", "$options": "i"})),
        1 => (0_u64..3).prop_map(|size| json!({"$size": size})),
        1 => vec(arb_scalar(), 1..3).prop_map(|operands| json!({"$all": operands})),
        1 => arb_scalar().prop_map(|operand| json!({"$elemMatch": {"$gte": operand}})),
        1 => arb_scalar().prop_map(|operand| json!({"$elemMatch": {"a": operand}})),
    ];
    prop_oneof![4 => operators.clone(), 1 => operators.prop_map(|inner| json!({"$not": inner}))]
}

fn ids(page: Vec<headwater_document::Versioned<Value>>) -> Vec<i64> {
    page.iter().map(|found| found.document["id"].as_i64().unwrap()).collect()
}

/// The documents with ids that count from 0.
fn numbered(documents: Vec<Value>) -> Vec<Value> {
    let number = |(id, mut document): (usize, Value)| {
        document["id"] = json!(id);
        document
    };
    documents.into_iter().enumerate().map(number).collect()
}

proptest! {
    #![proptest_config(cases(96))]

    #[test]
    fn a_filter_finds_through_sql_and_indexes_what_it_matches_in_memory(
        documents in vec(arb_document(), 1..12),
        filters in vec(arb_filter(), 1..8),
        indexed in proptest::sample::subsequence(PATHS.to_vec(), 0..5),
    ) {
        let documents = numbered(documents);
        let (_ns, store) = memory("any");
        store.bulk_insert(&documents).wait().unwrap();
        for round in ["without indexes", "with indexes"] {
            for filter in &filters {
                let parsed = Filter::from_value(filter).unwrap();
                let expected: Vec<i64> = documents
                    .iter()
                    .filter(|document| {
                        let body = jsonb::to_vec(document).unwrap();
                        parsed.matches(View::parse(&body).unwrap())
                    })
                    .map(|document| document["id"].as_i64().unwrap())
                    .collect();
                let found = store.find(parsed.clone()).run().wait().unwrap();
                prop_assert_eq!(ids(found.documents), expected.clone(), "{} {}", round, filter);
                let count = store.count_where(parsed).wait().unwrap();
                prop_assert_eq!(count, expected.len() as u64, "{} {}", round, filter);
            }
            for path in &indexed {
                store.create_index(path, Uniqueness::Many).unwrap().wait().unwrap();
            }
        }
    }

    #[test]
    fn an_index_answers_as_a_scan_after_random_changes(
        first in vec(arb_document(), 1..8),
        later in vec(arb_document(), 1..8),
        filters in vec(arb_filter(), 1..8),
    ) {
        let (ns, store) = memory("indexed");
        let scanned: DocumentStore = DocumentStore::open(&ns, "scanned").unwrap();
        for copy in [&store, &scanned] {
            copy.bulk_insert(&numbered(first.clone())).wait().unwrap();
        }
        for path in PATHS {
            store.create_index(path, Uniqueness::Many).unwrap().wait().unwrap();
        }
        for (at, document) in numbered(later).into_iter().enumerate() {
            for copy in [&store, &scanned] {
                copy.put(&document).wait().unwrap();
                if at % 3 == 0 {
                    copy.delete(at as i64 / 3).wait().unwrap();
                }
            }
        }
        prop_assert_eq!(all(&store), all(&scanned));
        for filter in &filters {
            let filter = Filter::from_value(filter).unwrap();
            let found = store.find(filter.clone()).run().wait().unwrap();
            let expected = scanned.find(filter.clone()).run().wait().unwrap();
            prop_assert_eq!(ids(found.documents), ids(expected.documents), "{}", filter);
        }
    }
}

#[test]
fn the_plan_goes_through_the_index_and_fetches_only_what_it_names() {
    let (_ns, store) = memory("people");
    let people: Vec<Value> = (0..300)
        .map(|n| json!({"id": n, "age": n % 90, "mail": format!("{n}@x"), "tags": ["all"]}))
        .collect();
    store.bulk_insert(&people).wait().unwrap();
    let plan = |filter: Filter| store.find(filter).explain().unwrap().join("\n");
    let uses = |plan: &str| plan.contains("SEARCH document_index_") && !plan.contains("SCAN d");
    let by_age = field("age").eq(30);
    assert!(plan(by_age.clone()).contains("SCAN d"), "{}", plan(by_age.clone()));
    store.create_index("age", Uniqueness::Many).unwrap().wait().unwrap();
    store.create_index("mail", Uniqueness::Unique).unwrap().wait().unwrap();
    for filter in [
        by_age.clone(),
        field("age").gte(30) & field("age").lt(32),
        field("age").one_of([1, 2, 3]),
        field("mail").eq("7@x"),
        field("mail").matches("^29"),
        field("mail").eq("7@x") & field("tags").contains("all"),
        field("age").eq(1) | field("age").eq(2),
    ] {
        let plan = plan(filter.clone());
        assert!(uses(&plan), "{filter}: {plan}");
        assert!(plan.contains("SEARCH d USING INTEGER PRIMARY KEY"), "{filter}: {plan}");
    }
    for filter in [field("age").ne(30), field("age").missing(), field("other").eq(1), Filter::all()]
    {
        assert!(!uses(&plan(filter.clone())), "{filter}");
    }
    let both = plan(field("age").gte(1) & field("mail").eq("7@x"));
    assert!(both.contains("SEARCH document_index_2"), "a unique point beats a range: {both}");
}

#[test]
fn a_filter_that_was_built_wrong_is_refused_and_not_an_empty_answer() {
    let (_ns, store) = memory("people");
    store.insert(&json!({"id": 1, "a": 1})).wait().unwrap();
    for filter in [field("a..b").eq(1), field("a").matches("("), value().eq(1), !field("").eq(1)] {
        let message = filter.check().unwrap_err().to_string();
        let found = store.find(filter.clone()).run().wait();
        assert_eq!(refused(found.map(drop), ErrorKind::InvalidInput), message);
        let count = store.count_where(filter.clone()).wait();
        assert_eq!(refused(count, ErrorKind::InvalidInput), message);
        refused(store.find(filter).explain(), ErrorKind::InvalidInput);
    }
    for path in ["", "a..b", ".a", "a."] {
        let sorted = store.find(Filter::all()).sort(path, Order::Ascending).run().wait();
        refused(sorted.map(drop), ErrorKind::InvalidInput);
        let projected = store.find(Filter::all()).project([path]).run().wait();
        refused(projected.map(drop), ErrorKind::InvalidInput);
        let build = store.create_index(path, Uniqueness::Many).unwrap();
        refused(build.wait(), ErrorKind::InvalidInput);
    }
}

#[test]
fn a_projection_keeps_paths_in_their_places() {
    let (_ns, store) = memory("people");
    let document =
        json!({"id": 1, "a": {"b": {"c": 1, "d": 2}, "e": [1, {"f": 2}]}, "g": null, "h": 3});
    store.insert(&document).wait().unwrap();
    let project = |paths: &[&str]| {
        let page = store.find(Filter::all()).project(paths).run().wait().unwrap();
        page.documents[0].document.clone()
    };
    for (paths, expected) in [
        (&["h"][..], json!({"h": 3})),
        (&["a.b.c"], json!({"a": {"b": {"c": 1}}})),
        (&["a.b.c", "a.b"], json!({"a": {"b": {"c": 1, "d": 2}}})),
        (&["a.b", "a.b.c"], json!({"a": {"b": {"c": 1, "d": 2}}})),
        (&["a.e", "g"], json!({"a": {"e": [1, {"f": 2}]}, "g": null})),
        (&["missing", "h.deeper", "g.x"], json!({})),
        (&[], json!({})),
    ] {
        assert_eq!(project(paths), expected, "{paths:?}");
    }
    assert_eq!(all(&store), [document], "the stored document stays whole");
}

#[test]
fn limits_from_none_to_all_are_taken_as_said() {
    let (_ns, store) = memory("people");
    let documents: Vec<Value> = (0..120).map(|id| json!({"id": id})).collect();
    store.bulk_insert(&documents).wait().unwrap();
    for (limit, found, more) in
        [(0, 0, false), (1, 1, true), (119, 119, true), (120, 120, false), (usize::MAX, 120, false)]
    {
        let page = store.find(Filter::all()).limit(limit).run().wait().unwrap();
        assert_eq!((page.documents.len(), page.next.is_some()), (found, more), "{limit}");
        store.find(Filter::all()).limit(limit).explain().unwrap();
    }
    let page = store.find(Filter::all()).run().wait().unwrap();
    assert_eq!((page.documents.len(), page.next.is_some()), (100, true));
}

#[test]
fn a_collection_that_is_not_there_is_empty() {
    let ns = Namespace::in_memory().unwrap();
    let store: DocumentStore = DocumentStore::open(&ns, "nothing").unwrap();
    let page = store.find(field("a").eq(1)).sort("b", Order::Descending).run().wait().unwrap();
    assert!(page.documents.is_empty() && page.next.is_none());
    assert_eq!(store.count_where(field("a").eq(1)).wait().unwrap(), 0);
    assert!(store.find(Filter::all()).explain().unwrap().is_empty());
    assert!(store.indexes().unwrap().is_empty() && !store.drop_index("a").unwrap());
}
