//! Pruned answers equal unpruned ones, on random documents and filters.

use std::sync::Arc;

use futures_util::TryStreamExt;
use headwater_primitives::filter::Filter;
use headwater_primitives::jsonb::View;
use headwater_primitives::{IdKind, RecordId, Sequence, Timestamp, jsonb};
use iceberg::spec::Datum;
use object_store::memory::InMemory;
use object_store::path::Path;
use proptest::prelude::*;
use serde_json::{Value, json};
use uuid::Uuid;

use super::*;
use crate::schema::{Column, LakeSchema, WholeNumbers};

fn schema() -> LakeSchema {
    let field = |name: &str, ty: &str| Column::field(name, ty.parse().unwrap()).unwrap();
    LakeSchema::builder(IdKind::Integer)
        .id_field("id")
        .column(field("n", "long"))
        .column(field("x", "double").whole_numbers(WholeNumbers::Integers))
        .column(field("s", "string"))
        .column(field("b", "bool"))
        .column(field("p", "decimal(20,2)"))
        .column(field("d", "date"))
        .column(field("t", "timestamptz"))
        .column(field("j", "json"))
        .column(Column::path("copy", "j.k", "long".parse().unwrap()).unwrap())
        .build()
        .unwrap()
}

const PATHS: [&str; 11] = ["id", "n", "x", "s", "b", "p", "d", "t", "j", "j.k", "other"];

/// A value that fits the field's column, near the others, so that bounds decide.
fn fitting(path: &str, n: i64) -> Value {
    match path {
        "id" | "n" | "other" | "j.k" => json!(n),
        "x" => json!(n as f64 + 0.5),
        "s" => json!(format!("{}{n}", "a long common start of all ".repeat((n % 3) as usize))),
        "b" => json!(n % 2 == 0),
        "p" => json!(n as f64 / 4.0),
        "d" => json!(format!("2026-01-{:02}", n % 28 + 1)),
        "t" => json!(format!("2026-01-01T00:00:0{}{}Z", n % 10, [".5", "", ".25"][n as usize % 3])),
        _ => json!({"k": n, "l": [n]}),
    }
}

/// A value that a column may have to leave to `_rest`.
fn odd() -> impl Strategy<Value = Value> {
    prop::sample::select(vec![
        Value::Null,
        json!("1"),
        json!(3),
        json!(3.0),
        json!(-0.0),
        json!([3, "a"]),
        json!({"k": [4]}),
        json!([{"k": 5}]),
        json!(true),
        json!(9_007_199_254_740_993i64),
    ])
}

fn value(path: &'static str) -> impl Strategy<Value = Value> {
    prop_oneof![12 => (0i64..30).prop_map(move |n| fitting(path, n)), 1 => odd()]
}

/// Documents whose odd values are rare, so that many row groups have none.
fn documents() -> impl Strategy<Value = Vec<Value>> {
    let fields = prop::collection::vec(prop::sample::select(&PATHS[1..]), 0..6);
    let field = |path: &'static str| value(path).prop_map(move |value| (path, value));
    let document = fields
        .prop_flat_map(move |paths| paths.into_iter().map(field).collect::<Vec<_>>())
        .prop_map(|fields| {
            let fields = fields.into_iter().filter(|(path, _)| !path.contains('.'));
            Value::Object(fields.map(|(path, value)| (path.to_owned(), value)).collect())
        });
    prop::collection::vec(document, 1..40)
}

fn condition() -> impl Strategy<Value = Value> {
    let path = prop::sample::select(&PATHS[..]);
    let operator = prop::sample::select(vec![
        "$eq", "$ne", "$gt", "$gte", "$lt", "$lte", "$in", "$nin", "$exists", "$type", "$size",
    ]);
    (path, operator).prop_flat_map(|(path, operator)| {
        value(path).prop_map(move |value| match operator {
            "$in" | "$nin" => json!({path: {operator: [value, 2]}}),
            "$exists" => json!({path: {operator: value.is_null()}}),
            "$type" => json!({path: {operator: "number"}}),
            "$size" => json!({path: {operator: 2}}),
            _ => json!({path: {operator: value}}),
        })
    })
}

fn filter() -> impl Strategy<Value = Value> {
    condition().prop_recursive(2, 6, 3, |inner| {
        let several = prop::collection::vec(inner, 1..3);
        (prop::sample::select(vec!["$and", "$or", "$nor"]), several)
            .prop_map(|(operator, several)| json!({operator: several}))
    })
}

async fn check(documents: Vec<Value>, filter: Value) {
    let Ok(parsed) = Filter::from_value(&filter) else {
        return;
    };
    let schema = Arc::new(schema());
    let store = Arc::new(InMemory::new());
    let names = FileNames::new(Path::default(), "", Sequence(0), Sequence(1), Uuid::nil());
    let options = FileOptions { row_group_rows: 5, batch_rows: 5, ..FileOptions::default() };
    let mut writer =
        FileWriter::new(store.clone(), names, schema.clone(), (0, 0), options).unwrap();
    for (id, mut document) in (1i64..).zip(documents) {
        document["id"] = json!(id);
        let body = jsonb::to_vec(&document).unwrap();
        writer.write(&RecordId::Integer(id), Sequence(1), Timestamp(0), &body).await.unwrap();
    }
    let files = writer.finish().await.unwrap();
    let cache = FooterCache::new(0);
    let reader =
        FileReader::open(store, files[0].place.clone(), files[0].bytes, schema.clone(), &cache);
    let reader = reader.await.unwrap();
    let pruner = Pruner::new(&parsed, &schema);
    let all = matches(&reader, &parsed, None).await;
    let pruned = matches(&reader, &parsed, Some(pruner.clone())).await;
    assert_eq!(pruned, all, "{filter}");
    let whole_file = pruner.can_match(&Extent::of_data_file(&files[0].data_file));
    assert!(whole_file || all.is_empty(), "{filter}");
}

async fn matches(reader: &FileReader, filter: &Filter, pruner: Option<Pruner>) -> Vec<RecordId> {
    let scan = Scan { pruner, ..Scan::default() };
    let mut found = Vec::new();
    let mut batches = reader.scan(&scan).unwrap();
    while let Some(batch) = batches.try_next().await.unwrap() {
        let rows = reader.decoder().rows(&batch.rows).unwrap();
        for index in 0..rows.len() {
            let row = rows.row(index).unwrap();
            if filter.matches(View::parse(&row.body).unwrap()) {
                found.push(row.key);
            }
        }
    }
    found
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn pruning_loses_no_match(documents in documents(), filter in filter()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(check(documents, filter));
    }
}

#[track_caller]
fn check_extent(filter: &str, column: &str, lower: Datum, upper: Datum, can_match: bool) {
    let schema = schema();
    let pruner = Pruner::new(&Filter::parse(filter).unwrap(), &schema);
    let id = schema.columns().iter().find(|it| it.name() == column).unwrap().field_id();
    let column = ColumnExtent { nulls: Some(0), lower: Some(lower), upper: Some(upper) };
    let rest = ColumnExtent { nulls: Some(9), ..ColumnExtent::default() };
    let mut extent = Extent { rows: 9, ..Extent::default() };
    extent.columns.insert(id, column.clone());
    assert!(pruner.can_match(&extent), "{filter}: nothing is known of _rest");
    extent.columns.insert(schema.system().rest, rest);
    assert_eq!(pruner.can_match(&extent), can_match, "{filter}");
}

#[test]
fn bounds_that_do_not_meet_the_filter_prune() {
    let long = |value: i64| Datum::long(value);
    let text = |value: &str| Datum::string(value);
    check_extent(r#"{"n": 5}"#, "n", long(6), long(9), false);
    check_extent(r#"{"n": 6}"#, "n", long(6), long(9), true);
    check_extent(r#"{"n": {"$gt": 9}}"#, "n", long(6), long(9), false);
    check_extent(r#"{"n": {"$gte": 9}}"#, "n", long(6), long(9), true);
    check_extent(r#"{"n": {"$gt": 1, "$lt": 5}}"#, "n", long(6), long(9), false);
    check_extent(r#"{"n": "7"}"#, "n", long(6), long(9), false);
    check_extent(r#"{"n": null}"#, "n", long(6), long(9), true);
    check_extent(r#"{"n": {"$ne": 5}}"#, "n", long(6), long(9), true);
    check_extent(r#"{"s": {"$regex": "^b"}}"#, "s", text("c"), text("d"), false);
    check_extent(r#"{"$or": [{"s": "a"}, {"n": 1}]}"#, "s", text("c"), text("d"), true);
    check_extent(r#"{"d": {"$lt": "1970-01-02"}}"#, "d", Datum::date(2), Datum::date(3), false);
    let second = Datum::timestamptz_micros(1_500_000);
    check_extent(r#"{"t": "1970-01-01T00:00:01Z"}"#, "t", second.clone(), second.clone(), true);
    check_extent(r#"{"t": {"$gt": "1970-01-01T00:00:02"}}"#, "t", second.clone(), second, false);
}
