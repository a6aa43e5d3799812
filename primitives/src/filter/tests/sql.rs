//! The SQL that filters compile to.

use rusqlite::types::Value as SqlValue;

use super::{Database, matches};
use crate::filter::Filter;

fn is_native(filter: &str) -> bool {
    !Filter::parse(filter).unwrap().to_sql("body").text.contains("hw_match")
}

#[test]
fn comparisons_of_plain_values_are_native() {
    for filter in [
        "{}",
        r#"{"a": 1}"#,
        r#"{"a": null, "b": true, "c": "x"}"#,
        r#"{"a": {"$ne": 1.5}}"#,
        r#"{"a": {"$gt": 1, "$lte": "x"}}"#,
        r#"{"a": {"$in": [1, "x", null, true]}}"#,
        r#"{"a": {"$nin": ["x"]}}"#,
        r#"{"a": {"$exists": false}}"#,
        r#"{"a": {"$type": ["int", "array"]}}"#,
        r#"{"a": {"$size": 3}}"#,
        r#"{"a": {"$regex": "x"}}"#,
        r#"{"a": {"$all": [1, 2]}}"#,
        r#"{"a": {"$not": {"$gt": 5}}}"#,
        r#"{"a": {"$elemMatch": {"$gt": 5, "$ne": 7}}}"#,
        r#"{"$or": [{"a": 1}, {"$nor": [{"b": 1}, {"c": 2}]}]}"#,
    ] {
        assert!(is_native(filter), "{filter}");
    }
    for filter in [
        r#"{"a": [1]}"#,
        r#"{"a": {"b": 1}}"#,
        r#"{"a.0": 1}"#,
        r#"{"a\"b": 1}"#,
        r#"{"a": {"$elemMatch": {"b": 1}}}"#,
        r#"{"a": {"$in": [1, [2]]}}"#,
    ] {
        assert!(!is_native(filter), "{filter}");
    }
}

#[test]
fn a_dotted_path_calls_back_only_for_an_array_on_the_way() {
    let database = Database::new();
    let filter = Filter::parse(r#"{"a.b": {"$gte": 1}}"#).unwrap();
    let sql = filter.to_sql("body");
    assert!(
        sql.text.contains("WHEN 'array' IN (json_type(body, '$.\"a\"')) THEN hw_match(?, body)")
    );
    let documents = [serde_json::json!({"a": [{"b": 1}]}), serde_json::json!({"a": {"b": 1}})];
    assert_eq!(database.answers(&filter, &documents), [true, true]);
}

#[test]
fn values_are_bound_and_never_spliced() {
    let filter = Filter::parse(r#"{"it's": "x' OR 1=1 --", "b": {"$in": [1, 2.5]}}"#).unwrap();
    let sql = filter.to_sql("body");
    assert!(!sql.text.contains("OR 1=1"));
    assert!(sql.text.contains("'$.\"it''s\"'"));
    assert_eq!(sql.text.matches('?').count(), sql.params.len());
    assert!(sql.params.contains(&SqlValue::Text("x' OR 1=1 --".to_owned())));
    assert!(sql.params.contains(&SqlValue::Real(2.5)));
}

#[test]
fn a_huge_filter_is_handed_over_whole() {
    let database = Database::new();
    let members: Vec<String> = (0..3_000).map(|n| format!(r#"{{"a{n}": {n}}}"#)).collect();
    let filter = Filter::parse(&format!(r#"{{"$or": [{}]}}"#, members.join(","))).unwrap();
    let sql = filter.to_sql("body");
    assert_eq!((sql.text.as_str(), sql.params.len()), ("hw_match(?, body)", 1));
    let documents = [serde_json::json!({"a2999": 2999}), serde_json::json!({"a2999": 1})];
    assert_eq!(database.answers(&filter, &documents), [true, false]);
}

#[test]
fn the_deepest_and_the_widest_native_filters_run() {
    let database = Database::new();
    let deep = format!(
        "{}{{\"a\": 1}}{}",
        r#"{"$nor": [{"b": {"$all": [1, 2]}}, "#.repeat(30),
        "]}".repeat(30)
    );
    let path = ["p"; 60].join(".");
    let wide: Vec<String> = (0..190).map(|n| format!(r#"{{"a{n}.x": {n}}}"#)).collect();
    let wide = format!(r#"{{"$or": [{}]}}"#, wide.join(","));
    for text in [deep, wide, format!(r#"{{"{path}": null}}"#)] {
        let filter = Filter::parse(&text).unwrap();
        let document = serde_json::json!({"a": 1, "a5": [{"x": 5}]});
        let expected = matches(&filter, &document);
        assert_eq!(database.answers(&filter, &[document]), [expected]);
    }
}

#[test]
fn hw_key_sorts_and_tells_missing() {
    let database = Database::new();
    let connection = database.connection();
    let order = |path: &str| {
        let sql = "SELECT group_concat(id, '') FROM (SELECT value ->> 'id' AS id FROM \
                   (SELECT jsonb(value) AS body, value FROM json_each(?1)) \
                   ORDER BY hw_key(body, ?2), id)";
        let documents = r#"[{"id":"a","v":"x"},{"id":"b","v":2},{"id":"c"},{"id":"d","v":null},
            {"id":"e","v":[1]},{"id":"f","v":10.5},{"id":"g","v":true},{"id":"h","v":{"w":1}}]"#;
        connection.query_row(sql, [documents, path], |row| row.get::<_, String>(0)).unwrap()
    };
    assert_eq!(order("v"), "cdgbfaeh");
    let missing: Option<Vec<u8>> =
        connection.query_row("SELECT hw_key(jsonb('{}'), 'a')", [], |row| row.get(0)).unwrap();
    assert_eq!(missing, None);
}

#[test]
fn sql_functions_refuse_what_they_cannot_read() {
    let database = Database::new();
    for (sql, reason) in [
        ("SELECT hw_key(jsonb('{}'), 'a..b')", "empty component"),
        ("SELECT hw_key('{}', 'a')", "JSONB document"),
        ("SELECT hw_regexp('(', 'a')", "unclosed group"),
        ("SELECT hw_match('{\"a\": {\"$x\": 1}}', jsonb('{}'))", "unknown operator"),
        ("SELECT hw_match('{}', x'ff')", "JSONB"),
    ] {
        let error = database.connection().query_row(sql, [], |_| Ok(())).unwrap_err();
        assert!(error.to_string().contains(reason), "{sql}: {error}");
    }
    let sql = "SELECT hw_regexp('a', NULL) + hw_regexp('1', 1) + hw_regexp('a', 'bab')";
    let sum: i64 = database.connection().query_row(sql, [], |row| row.get(0)).unwrap();
    assert_eq!(sum, 1);
}

#[test]
fn sql_functions_cannot_enter_the_schema() {
    let database = Database::new();
    let connection = database.connection();
    connection
        .execute_batch("CREATE VIEW v AS SELECT hw_match('{}', body) FROM documents")
        .unwrap();
    assert!(connection.query_row("SELECT * FROM v", [], |_| Ok(())).is_err());
}
