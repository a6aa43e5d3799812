//! Rows of the user's own type, beside rows of any shape in the same store.

use headwater_vector::primitives::filter::field;
use headwater_vector::primitives::{ErrorKind, Namespace};
use headwater_vector::{Embedded, IdKind, Row, Store, VectorOptions, VectorStore};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::support::{defects, events, refused, row};

#[derive(Clone, Debug, PartialEq, Store, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[store(vector, dim = 2, metric = "dot", language = "none", crate = headwater_vector)]
struct Article {
    #[store(embedding)]
    meaning: Option<Vec<f32>>,
    #[store(id)]
    the_id: String,
    #[store(filter)]
    printed_in: u16,
    #[store(text)]
    body: String,
    tags: Vec<String>,
}

/// The same rows with another text field.
#[derive(Debug, Store, Serialize, Deserialize)]
#[store(vector, dim = 2, metric = "dot", language = "none", name = "articles", crate = headwater_vector)]
struct Renamed {
    #[store(id)]
    #[serde(rename = "theId")]
    id: String,
    #[store(embedding)]
    meaning: Vec<f32>,
    #[store(filter)]
    #[serde(rename = "printedIn")]
    year: u16,
}

fn article(id: &str) -> Article {
    Article {
        meaning: Some(vec![0.25, -1.0]),
        the_id: id.into(),
        printed_in: 1998,
        body: "words".into(),
        tags: vec!["a".into()],
    }
}

fn articles() -> (Namespace, VectorStore<Article>) {
    let ns = Namespace::in_memory().unwrap();
    let store = VectorStore::open_default(&ns).unwrap();
    (ns, store)
}

#[test]
fn a_typed_row_comes_back_and_its_events_are_of_its_type() {
    let (ns, store) = articles();
    assert_eq!((store.name(), Article::id_kind()), ("articles", Some(IdKind::Text)));
    store.insert(&article("a")).wait().unwrap();
    store.update("a", |article| article.printed_in = 2000).wait().unwrap();
    store.set_text("a", Some("new")).wait().unwrap();
    store.merge_metadata("a", &json!({"tags": ["b"]})).wait().unwrap();
    let expected =
        Article { printed_in: 2000, body: "new".into(), tags: vec!["b".into()], ..article("a") };
    assert_eq!(store.get("a").wait().unwrap(), Some(expected.clone()));
    let events = events(&ns);
    assert_eq!(events[0].after::<Article>().unwrap(), Some(article("a")));
    assert_eq!(events[1].changed_fields().unwrap().unwrap(), ["printedIn"]);
    assert_eq!(events[2].changed_fields().unwrap().unwrap(), ["body"]);
    assert_eq!(events[3].after::<Article>().unwrap(), Some(expected));
    assert_eq!(store.count_where(field("printedIn").eq(2000)).wait().unwrap(), 1);
    assert_eq!(store.count_where(field("theId").ne("a")).wait().unwrap(), 0);
    assert_eq!(defects(&ns), Vec::<String>::new());
}

#[test]
fn rows_of_any_shape_and_typed_ones_are_the_same_rows() {
    let (ns, store) = articles();
    let rows: VectorStore = VectorStore::open(&ns, "articles").unwrap();
    store.insert(&article("a")).wait().unwrap();
    let seen = rows.get("a").wait().unwrap().unwrap();
    assert_eq!((seen.embedding, seen.text.as_deref()), (Some(vec![0.25, -1.0]), Some("words")));
    assert_eq!(json!(seen.metadata), json!({"theId": "a", "printedIn": 1998, "tags": ["a"]}));
    let metadata = json!({"printedIn": 2001, "tags": []});
    rows.put(&row(json!({"id": "b", "text": "t", "metadata": metadata}))).wait().unwrap();
    let read = store.get("b").wait().unwrap().unwrap();
    assert_eq!((&*read.the_id, read.printed_in, read.meaning), ("b", 2001, None));
    assert!(events(&ns)[1].after::<Article>().unwrap().is_some());
    assert_eq!(defects(&ns), Vec::<String>::new());
}

#[test]
fn what_would_not_be_a_row_of_the_type_is_refused() {
    let (ns, store) = articles();
    let rows: VectorStore = VectorStore::open(&ns, "articles").unwrap();
    store.insert(&article("a")).wait().unwrap();
    let other = rows.merge_metadata("a", &json!({"theId": "b"}));
    refused(other.wait(), ErrorKind::InvalidInput, &["\"theId\"", "ids stay"]);
    let twice = rows.merge_metadata("a", &json!({"body": "b"}));
    refused(twice.wait(), ErrorKind::InvalidInput, &["\"body\"", "beside the metadata"]);
    rows.set_metadata("a", &json!({"tags": []})).wait().unwrap();
    refused(store.get("a").wait(), ErrorKind::InvalidInput, &["\"a\"", "printedIn"]);
}

#[test]
fn a_type_that_does_not_fit_the_store_is_refused_at_the_opening() {
    let (ns, _store) = articles();
    let renamed = VectorStore::<Renamed>::open_default(&ns).map(drop);
    refused(renamed, ErrorKind::InvalidInput, &["\"articles\"", "body", "theId"]);
    VectorStore::<Row>::create(&ns, "rows", VectorOptions::new(2)).unwrap();
    let other = VectorStore::<Article>::open(&ns, "rows").map(drop);
    refused(other, ErrorKind::InvalidInput, &["metric is cosine, and dot"]);
}
