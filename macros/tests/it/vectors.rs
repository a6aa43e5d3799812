//! Types of the vector store: what their attributes come to.

use headwater::Store;
use headwater::vector::{Embedded, Metric, RecordId, RowFields, VectorOptions};
use serde::{Deserialize, Serialize};

#[derive(Store, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[store(vector, dim = 384, metric = "l2", name = "papers", language = "fr", prefixes = [64, 128])]
struct Article {
    #[store(id)]
    article_id: u64,
    #[store(embedding)]
    full_meaning: Option<Vec<f32>>,
    #[store(text)]
    full_text: Option<String>,
    #[store(filter)]
    printed_in: u16,
    #[serde(rename = "by")]
    #[store(filter)]
    authors: Vec<String>,
}

#[derive(Store, Serialize, Deserialize)]
#[store(vector, dim = 2, language = "none", crate = headwater_vector)]
struct Point {
    #[store(id)]
    id: String,
    #[store(embedding)]
    at: [f32; 2],
}

#[test]
fn all_options_are_taken_under_json_names() {
    let expected = VectorOptions::new(384)
        .metric(Metric::L2)
        .language(Some("fr"))
        .prefixes([64, 128])
        .filters(["printedIn", "by"]);
    assert_eq!(Article::options(), Some(expected));
    assert_eq!(Article::store_name(), "papers");
    let fields = RowFields {
        id: "articleId",
        embedding: Some("fullMeaning"),
        text: Some("fullText"),
        metadata: None,
    };
    assert_eq!(Article::fields(), fields);
}

#[test]
fn what_is_not_said_has_its_default() {
    assert_eq!(Point::options(), Some(VectorOptions::new(2).language(None)));
    assert_eq!(Point::store_name(), "points");
    assert_eq!((Point::fields().embedding, Point::fields().text), (Some("at"), None));
}

#[test]
fn the_parts_of_a_row_are_the_fields_values() {
    let point = Point { id: "a".into(), at: [0.5, 1.0] };
    assert_eq!(point.record_id().unwrap(), Some(RecordId::from("a")));
    assert_eq!((point.embedding(), point.text()), (Some(&[0.5, 1.0][..]), None));
    let article = Article {
        article_id: 7,
        full_meaning: None,
        full_text: Some("words".into()),
        printed_in: 1998,
        authors: Vec::new(),
    };
    assert_eq!(article.record_id().unwrap(), Some(RecordId::Integer(7)));
    assert_eq!((article.embedding(), article.text()), (None, Some("words")));
}
