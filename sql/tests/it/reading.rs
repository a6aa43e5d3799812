//! Tables, their columns, and rows of both tiers.

use futures_lite::StreamExt;
use futures_lite::future::block_on;
use headwater_document::DocumentStore;
use headwater_document::primitives::Namespace;
use headwater_sql::Sql;
use headwater_tiering::schema::{Column, ColumnType};
use headwater_tiering::{Policy, Tier};
use serde_json::{Value, json};

use crate::support::{Fixture, column, rows, run, sorted};

fn cities() -> Fixture {
    Fixture::of(
        "cities",
        &[
            json!({"id": "bern", "people": 137_000, "height": 540.5, "tags": ["old", "green"]}),
            json!({"id": "zug", "people": 31_000, "height": 425.0, "isLakeside": true}),
            json!({"id": "chur", "people": 39_000, "height": 593.25, "isLakeside": false}),
        ],
    )
}

#[test]
fn a_collection_is_a_table_with_the_fields_as_columns() {
    let cities = cities();
    let found = cities.rows("SELECT * FROM cities ORDER BY id");
    let names: Vec<&String> = found[0].as_object().unwrap().keys().collect();
    let expected =
        ["_rest", "_version", "_written", "height", "id", "isLakeside", "people", "tags"];
    assert_eq!(sorted_names(names), expected);
    assert_eq!(found[0]["tags"], r#"["old","green"]"#);
    assert_eq!(found[2]["isLakeside"], true);
    assert_eq!(found[0]["isLakeside"], Value::Null);
    let schema = cities.rows("DESCRIBE cities");
    assert_eq!(schema[0]["column_name"], "id");
    assert_eq!(schema[0]["is_nullable"], "NO");
}

fn sorted_names(mut names: Vec<&String>) -> Vec<&String> {
    names.sort();
    names
}

#[test]
fn names_are_taken_as_they_are_written() {
    let cities = cities();
    let found = cities.rows("SELECT id FROM headwater.document.cities WHERE isLakeside");
    assert_eq!(found, [json!({"id": "zug"})]);
}

#[test]
fn rows_of_both_tiers_are_one_table() {
    let cities = cities();
    let whole = cities.rows("SELECT * FROM cities ORDER BY id");
    let first = cities.hand_off(Policy::KeepRows(1));
    assert_eq!(first.rows, 2);
    assert_eq!(cities.rows("SELECT * FROM cities ORDER BY id"), whole);
    cities.hand_off(Policy::All);
    assert_eq!(cities.rows("SELECT * FROM cities ORDER BY id"), whole);
    assert_eq!(cities.rows("SELECT count(*) AS n FROM cities"), [json!({"n": 3})]);
}

#[test]
fn what_was_written_over_or_deleted_in_the_lake_is_seen_once_or_not_at_all() {
    let cities = cities();
    cities.hand_off(Policy::All);
    cities.store.merge_patch("zug", &json!({"people": 32_000})).wait().unwrap();
    cities.store.delete("chur").wait().unwrap();
    let people = "SELECT id, people FROM cities ORDER BY id";
    let expected =
        [json!({"id": "bern", "people": 137_000}), json!({"id": "zug", "people": 32_000})];
    assert_eq!(cities.rows(people), expected);
    assert_eq!(cities.rows("SELECT count(*) AS n FROM cities"), [json!({"n": 2})]);
    // The next hand-off makes position deletes of the tombstones, and compaction leaves no trace.
    cities.hand_off(Policy::All);
    assert_eq!(cities.rows(people), expected);
    Tier::of(&cities.ns).unwrap().compact(&cities.store).wait().unwrap();
    assert_eq!(cities.rows(people), expected);
}

#[test]
fn a_table_made_later_is_there_and_joins_others() {
    let cities = cities();
    let visits: DocumentStore = DocumentStore::open(&cities.ns, "visits").unwrap();
    visits
        .bulk_insert(&[json!({"id": 1, "city": "zug"}), json!({"id": 2, "city": "zug"})])
        .wait()
        .unwrap();
    let found = cities.rows(
        "SELECT c.id, count(v.id) AS visits FROM cities c LEFT JOIN visits v ON v.city = c.id \
         GROUP BY c.id ORDER BY visits DESC, c.id LIMIT 2",
    );
    let expected = [json!({"id": "zug", "visits": 2}), json!({"id": "bern", "visits": 0})];
    assert_eq!(found, expected);
    let tables = cities.rows("SHOW TABLES");
    let names = column(&tables, "table_name");
    assert!(names.contains(&json!("visits")) && names.contains(&json!("cities")), "{names:?}");
}

#[test]
fn new_fields_are_columns_for_the_next_statement() {
    let cities = cities();
    cities.rows("SELECT id FROM cities");
    cities.hand_off(Policy::All);
    cities.store.put(&json!({"id": "biel", "mayor": "E. F."})).wait().unwrap();
    let found = cities.rows("SELECT id FROM cities WHERE mayor IS NOT NULL");
    assert_eq!(found, [json!({"id": "biel"})]);
    let found = cities.rows("SELECT count(*) AS n FROM cities WHERE mayor IS NULL");
    assert_eq!(found, [json!({"n": 3})]);
}

#[test]
fn declared_columns_give_hot_rows_their_types_too() {
    let fixture = Fixture::of("prices", &[json!({"id": 1, "price": 1.10, "day": "2026-01-31"})]);
    let tier = Tier::of(&fixture.ns).unwrap();
    let price = Column::field("price", "decimal(10,2)".parse().unwrap()).unwrap();
    let day = Column::field("day", ColumnType::Date).unwrap();
    let moved = tier.hand_off(&fixture.store, Policy::All).column(price).column(day).wait();
    assert_eq!(moved.unwrap().rows, 1);
    fixture.store.put(&json!({"id": 2, "price": 2.20, "day": "2026-02-01"})).wait().unwrap();
    let found = fixture.rows(
        "SELECT sum(price) AS total, max(day) AS last, arrow_typeof(sum(price)) AS type FROM prices",
    );
    let expected = json!({"total": "3.30", "last": "2026-02-01", "type": "Decimal128(20, 2)"});
    assert_eq!(numbers_as_text(&found[0]), numbers_as_text(&expected));
    // A value that the column cannot hold is in the rest.
    fixture.store.put(&json!({"id": 3, "price": "none"})).wait().unwrap();
    let found = fixture.rows("SELECT price, _rest FROM prices WHERE id = 3");
    assert_eq!(found, [json!({"price": null, "_rest": r#"{"price":"none"}"#})]);
}

/// Decimals come as numbers or as text, as the writer of JSON likes it.
fn numbers_as_text(row: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| {
        value.as_str().map_or_else(|| format!("{:.2}", value.as_f64().unwrap()), str::to_owned)
    };
    row.as_object().unwrap().iter().map(|(name, value)| (name.clone(), text(value))).collect()
}

#[test]
fn the_past_is_what_was_acknowledged_then() {
    let cities = cities();
    let everything = "SELECT id, people, tags FROM cities";
    let before = sorted(cities.rows(everything));
    let head = cities.store.put(&json!({"id": "biel", "people": 55_000})).wait().unwrap().sequence;
    let then = sorted(cities.rows(everything));
    cities.hand_off(Policy::All);
    cities.store.merge_patch("bern", &json!({"people": 0})).wait().unwrap();
    cities.store.delete("zug").wait().unwrap();
    cities.hand_off(Policy::All);
    let at = |sequence: u64| {
        let moment = headwater_document::primitives::Sequence(sequence);
        sorted(run(&cities.sql, everything, Some(moment.into())).unwrap())
    };
    assert_eq!(at(head.0), then);
    assert_eq!(at(head.0 - 1), before);
    assert_eq!(at(0), [] as [Value; 0]);
    let now = cities.ns.clock().now();
    let today = run(&cities.sql, everything, Some(now.into())).unwrap();
    assert_eq!(sorted(today), sorted(cities.rows(everything)));
}

#[test]
fn versions_and_times_are_those_of_the_last_write_in_both_tiers() {
    let cities = cities();
    let hot = cities.rows("SELECT id, _version, _written FROM cities ORDER BY id");
    cities.hand_off(Policy::All);
    let cold = cities.rows("SELECT id, _version, _written FROM cities ORDER BY id");
    assert_eq!(hot, cold);
    assert_ne!(hot[0]["_written"], Value::Null);
    let last = cities.store.merge_patch("zug", &json!({"people": 1})).wait().unwrap();
    let found = cities.rows("SELECT _version FROM cities WHERE id = 'zug'");
    assert_eq!(found, [json!({"_version": last.sequence.0})]);
    let old =
        cities.rows("SELECT id FROM cities WHERE _written < TIMESTAMP '2000-01-01T00:00:00Z'");
    assert_eq!(old, [] as [Value; 0]);
}

#[test]
fn an_id_in_a_field_of_another_name_is_a_column_of_both_names() {
    #[derive(serde::Serialize, serde::Deserialize)]
    struct Part {
        sku: String,
        size: i64,
    }

    impl headwater_document::Document for Part {
        fn collection() -> &'static str {
            "parts"
        }

        fn id_field() -> &'static str {
            "sku"
        }

        fn id_kind() -> Option<headwater_document::IdKind> {
            Some(headwater_document::IdKind::Text)
        }

        fn document_id(
            &self,
        ) -> headwater_document::primitives::Result<Option<headwater_document::DocumentId>>
        {
            Ok(Some(headwater_document::DocumentId::Text(self.sku.as_str().into())))
        }
    }

    let ns = Namespace::in_memory().unwrap();
    let parts: DocumentStore<Part> = DocumentStore::open(&ns, "parts").unwrap();
    parts.insert(&Part { sku: "a".into(), size: 3 }).wait().unwrap();
    let sql = Sql::open(&ns).unwrap();
    let query = "SELECT id, sku, size FROM parts WHERE sku = 'a' AND id = 'a'";
    let expected = [json!({"id": "a", "sku": "a", "size": 3})];
    assert_eq!(rows(&sql, query), expected);
    Tier::of(&ns).unwrap().hand_off(&parts, Policy::All).wait().unwrap();
    assert_eq!(rows(&sql, query), expected);
    parts.insert(&Part { sku: "b".into(), size: 4 }).wait().unwrap();
    assert_eq!(
        rows(&sql, "SELECT sku FROM parts ORDER BY sku"),
        [json!({"sku": "a"}), json!({"sku": "b"})]
    );
}

#[test]
fn rows_come_as_a_stream_too() {
    let cities = cities();
    let count = block_on(async {
        let mut rows = cities.sql.query("SELECT id FROM cities").run().await.unwrap();
        assert_eq!(rows.schema().field(0).name(), "id");
        let mut count = 0;
        while let Some(batch) = rows.next().await {
            count += batch.unwrap().num_rows();
        }
        count
    });
    assert_eq!(count, 3);
}
