//! Sorting and keyset pagination: each document exactly once, in the order that was said.

use std::cmp::Ordering;

use headwater_document::primitives::ErrorKind;
use headwater_document::primitives::filter::{Filter, Path, field, key_of};
use headwater_document::primitives::jsonb::{self, View};
use headwater_document::{DocumentStore, Order, PageToken, Uniqueness};
use headwater_testkit::arb_document;
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::{cases, memory, refused};

type Sort = Vec<(&'static str, Order)>;

fn arb_sort() -> impl Strategy<Value = Sort> {
    let path = proptest::sample::select(vec!["a", "b", "name", "tags", "a.b", "a.0", "ä", "id"]);
    let order = prop_oneof![Just(Order::Ascending), Just(Order::Descending)];
    vec((path, order), 0..4)
}

/// Where `document` comes in `sort`: the key of each value, empty where there is none.
fn place(document: &Value, sort: &Sort) -> Vec<Vec<u8>> {
    let body = jsonb::to_vec(document).unwrap();
    let key = |(path, _): &(&str, Order)| {
        key_of(View::parse(&body).unwrap(), &Path::parse(path).unwrap()).unwrap_or_default()
    };
    sort.iter().map(key).collect()
}

fn compare(a: &Value, b: &Value, sort: &Sort) -> Ordering {
    let (left, right) = (place(a, sort), place(b, sort));
    for ((left, right), (_, order)) in left.iter().zip(&right).zip(sort) {
        match directed(left.cmp(right), *order) {
            Ordering::Equal => {}
            decided => return decided,
        }
    }
    let last = sort.last().map_or(Order::Ascending, |(_, order)| *order);
    let ids = match (a["id"].as_i64(), b["id"].as_i64()) {
        (Some(a), Some(b)) => a.cmp(&b),
        _ => a["id"].as_str().cmp(&b["id"].as_str()),
    };
    directed(ids, last)
}

fn directed(ordering: Ordering, order: Order) -> Ordering {
    match order {
        Order::Ascending => ordering,
        Order::Descending => ordering.reverse(),
    }
}

/// Walks all pages; every token goes through its text on the way.
fn walk(store: &DocumentStore, filter: &Filter, sort: &Sort, limit: usize) -> Vec<Value> {
    let (mut found, mut token) = (Vec::new(), None::<PageToken>);
    loop {
        let mut query = store.find(filter.clone()).limit(limit);
        for (path, order) in sort {
            query = query.sort(path, *order);
        }
        if let Some(token) = token {
            query = query.after(token.to_string().parse().unwrap());
        }
        let page = query.run().wait().unwrap();
        assert!(page.documents.len() <= limit);
        assert!(
            page.next.is_none() || page.documents.len() == limit,
            "a page that is not full is the last"
        );
        found.extend(page.documents.into_iter().map(|found| found.document));
        assert!(found.len() < 1_000, "the pages go round in circles");
        match page.next {
            Some(next) => token = Some(next),
            None => return found,
        }
    }
}

proptest! {
    #![proptest_config(cases(96))]

    #[test]
    fn pages_visit_each_document_once_in_order(
        documents in vec(arb_document(), 0..14),
        sorts in vec(arb_sort(), 1..4),
        limit in 1_usize..6,
        text_ids in any::<bool>(),
        indexed in any::<bool>(),
    ) {
        let (_ns, store) = memory("pages");
        let mut documents = documents;
        for (n, document) in documents.iter_mut().enumerate() {
            document["id"] = if text_ids { json!(format!("{}", n * 7 % 5 * 100 + n)) } else { json!(n) };
        }
        store.bulk_insert(&documents).wait().unwrap();
        if indexed && !documents.is_empty() {
            store.create_index("a", Uniqueness::Many).unwrap().wait().unwrap();
        }
        for sort in &sorts {
            documents.sort_by(|a, b| compare(a, b, sort));
            let found = walk(&store, &Filter::all(), sort, limit);
            prop_assert_eq!(&found, &documents, "{:?}", sort);
            let some = field("a").exists() & field("a").ne("nothing equals this");
            let found = walk(&store, &some, sort, limit);
            let expected: Vec<Value> = documents.iter().filter(|d| d.get("a").is_some()).cloned().collect();
            prop_assert_eq!(found, expected, "{:?}", sort);
            let ranged = field("a").gte(0);
            let found = walk(&store, &ranged, sort, limit);
            let matches = |document: &&Value| {
                let body = jsonb::to_vec(document).unwrap();
                ranged.matches(View::parse(&body).unwrap())
            };
            let expected: Vec<Value> = documents.iter().filter(matches).cloned().collect();
            prop_assert_eq!(found, expected, "{:?}", sort);
        }
    }
}

#[test]
fn the_order_of_types_is_as_documented() {
    let (_ns, store) = memory("types");
    let values = [
        None,
        Some(json!(null)),
        Some(json!(false)),
        Some(json!(true)),
        Some(json!(-1.5)),
        Some(json!(0)),
        Some(json!(1)),
        Some(json!(9_007_199_254_740_993_i64)),
        Some(json!(u64::MAX)),
        Some(json!(1e300)),
        Some(json!("")),
        Some(json!("B")),
        Some(json!("a")),
        Some(json!("ä")),
        Some(json!([])),
        Some(json!([1])),
        Some(json!([1, 0])),
        Some(json!({})),
        Some(json!({"a": 1})),
    ];
    for (n, value) in values.iter().enumerate().rev() {
        let mut document = json!({"id": n});
        if let Some(value) = value {
            document["v"] = value.clone();
        }
        store.insert(&document).wait().unwrap();
    }
    let up = walk(&store, &Filter::all(), &vec![("v", Order::Ascending)], 4);
    let order: Vec<_> = up.iter().map(|document| document["id"].as_u64().unwrap()).collect();
    assert_eq!(order, (0..values.len() as u64).collect::<Vec<_>>());
    let down = walk(&store, &Filter::all(), &vec![("v", Order::Descending)], 4);
    assert!(up.iter().eq(down.iter().rev()));
}

#[test]
fn a_page_goes_on_after_documents_that_came_and_went() {
    let (_ns, store) = memory("moving");
    let documents: Vec<Value> = (0..10).map(|n| json!({"id": n * 10, "v": n})).collect();
    store.bulk_insert(&documents).wait().unwrap();
    let first =
        store.find(Filter::all()).sort("v", Order::Ascending).limit(4).run().wait().unwrap();
    let token = first.next.unwrap();
    // The very document that the token stands on goes; one comes before it, one after.
    store.delete(30).wait().unwrap();
    store.insert(&json!({"id": 1, "v": 0})).wait().unwrap();
    store.insert(&json!({"id": 99, "v": 3.5})).wait().unwrap();
    let rest =
        store.find(Filter::all()).sort("v", Order::Ascending).after(token).run().wait().unwrap();
    let ids: Vec<_> =
        rest.documents.iter().map(|found| found.document["id"].as_u64().unwrap()).collect();
    assert_eq!(ids, [99, 40, 50, 60, 70, 80, 90]);
}

#[test]
fn a_token_of_another_query_or_nobody_s_is_refused() {
    let (_ns, store) = memory("tokens");
    store.bulk_insert(&[json!({"id": 1}), json!({"id": 2})]).wait().unwrap();
    let page = store.find(Filter::all()).limit(1).run().wait().unwrap();
    let token = page.next.unwrap();
    let sorted = store.find(Filter::all()).sort("a", Order::Ascending).after(token.clone()).run();
    refused(sorted.wait().map(drop), ErrorKind::InvalidInput);
    let texts: DocumentStore = DocumentStore::open(store.namespace(), "texts").unwrap();
    texts.insert(&json!({"id": "a"})).wait().unwrap();
    refused(texts.find(Filter::all()).after(token).run().wait().map(drop), ErrorKind::InvalidInput);
    for text in ["", "xyz", "00", "ff", "0", "é", "08", "2181"] {
        let error = text.parse::<PageToken>().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{text:?}");
    }
}
