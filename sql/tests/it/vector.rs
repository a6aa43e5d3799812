//! Vector stores as tables.

use headwater_primitives::ErrorKind;
use headwater_vector::{Row, VectorOptions, VectorStore};
use serde_json::json;

use crate::support::{Fixture, run};

#[test]
fn a_vector_store_is_a_table_that_joins_documents() {
    let fixture = Fixture::of("authors", &[json!({"id": "ada", "born": 1815})]);
    let notes: VectorStore =
        VectorStore::create(&fixture.ns, "notes", VectorOptions::new(2)).unwrap();
    let note = |id: &str, by: &str| -> Row {
        let text = format!("{id} of {by}");
        let row = json!({"id": id, "embedding": [1.0, 0.0], "text": text, "metadata": {"by": by}});
        serde_json::from_value(row).unwrap()
    };
    let rows = [note("one", "ada"), note("two", "bob"), note("three", "ada")];
    notes.bulk_insert(&rows).wait().unwrap();
    let found = fixture.rows(
        "SELECT n.id, n.text, a.born FROM vector.notes n JOIN authors a ON a.id = n.metadata ->> 'by' \
         ORDER BY n.id",
    );
    let expected = [
        json!({"id": "one", "text": "one of ada", "born": 1815}),
        json!({"id": "three", "text": "three of ada", "born": 1815}),
    ];
    assert_eq!(found, expected);
    assert_eq!(fixture.rows("SELECT count(*) AS n FROM vector.notes"), [json!({"n": 3})]);
    assert_eq!(fixture.rows("SELECT id FROM vector.notes LIMIT 2").len(), 2);
    let found = fixture.rows("SELECT id FROM vector.notes WHERE text LIKE 'two%' AND _version > 0");
    assert_eq!(found, [json!({"id": "two"})]);
    let error = fixture.refused("SELECT * FROM nots");
    assert!(error.to_string().contains("there is vector.notes"), "{error}");
    let moment = headwater_primitives::Sequence(1).into();
    let error = run(&fixture.sql, "SELECT * FROM vector.notes", Some(moment)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
}
