//! All 22 queries of TPC-H on its reference answers, with the rows hot, cold, and half and half.

use std::fs::File;
use std::path::Path;

use arrow_array::cast::AsArray;
use arrow_array::types::{Date32Type, Decimal128Type, Int32Type, Int64Type};
use arrow_array::{Array, RecordBatch};
use arrow_cast::display::{ArrayFormatter, FormatOptions};
use arrow_schema::DataType;
use headwater_document::DocumentStore;
use headwater_primitives::{Namespace, Result, Sequence};
use headwater_sql::Sql;
use headwater_testkit::dataset;
use headwater_tiering::schema::Column;
use headwater_tiering::{Policy, Tier};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::{Map, Value, json};

const TABLES: [&str; 8] =
    ["customer", "lineitem", "nation", "orders", "part", "partsupp", "region", "supplier"];

/// The namespace with all tables, and the last sequence of the first half of each.
struct Loaded {
    ns: Namespace,
    sql: Sql,
    tables: Vec<(DocumentStore, Vec<Column>, Sequence)>,
}

fn load(data: &Path) -> Loaded {
    let ns = Namespace::in_memory().unwrap();
    let tables = TABLES.iter().map(|name| table(&ns, data, name)).collect();
    let sql = Sql::open(&ns).unwrap();
    Loaded { ns, sql, tables }
}

fn table(ns: &Namespace, data: &Path, name: &str) -> (DocumentStore, Vec<Column>, Sequence) {
    let file = File::open(data.join(format!("sf0.01/{name}.parquet"))).unwrap();
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
    let fields = reader.schema().fields().clone();
    let columns = fields.iter().filter_map(|field| {
        let ty = match field.data_type() {
            DataType::Decimal128(precision, scale) => format!("decimal({precision},{scale})"),
            DataType::Date32 => "date".to_owned(),
            _ => return None,
        };
        Some(Column::field(field.name(), ty.parse().unwrap()).unwrap())
    });
    let columns = columns.collect();
    let batches = reader.build().unwrap().map(std::result::Result::unwrap);
    let documents: Vec<Value> = batches.flat_map(|batch| documents(&batch)).collect();
    let documents: Vec<Value> =
        (1..).zip(documents).map(|(id, document)| with_id(id, document)).collect();
    let store: DocumentStore = DocumentStore::open(ns, name).unwrap();
    let (first, second) = documents.split_at(documents.len() / 2);
    let half = store.bulk_insert(first).wait().unwrap().last;
    store.bulk_insert(second).wait().unwrap();
    (store, columns, half)
}

fn with_id(id: i64, document: Value) -> Value {
    let mut object = Map::from_iter([("id".to_owned(), json!(id))]);
    object.extend(document.as_object().unwrap().clone());
    Value::Object(object)
}

fn documents(batch: &RecordBatch) -> Vec<Value> {
    let schema = batch.schema();
    let row = |row: usize| {
        let fields = schema.fields().iter().zip(batch.columns());
        let fields = fields.map(|(field, column)| (field.name().clone(), value(column, row)));
        Value::Object(fields.collect())
    };
    (0..batch.num_rows()).map(row).collect()
}

fn value(column: &dyn Array, row: usize) -> Value {
    match column.data_type() {
        DataType::Int32 => json!(column.as_primitive::<Int32Type>().value(row)),
        DataType::Int64 => json!(column.as_primitive::<Int64Type>().value(row)),
        DataType::Decimal128(_, _) => {
            let text = column.as_primitive::<Decimal128Type>().value_as_string(row);
            json!(text.parse::<f64>().unwrap())
        }
        DataType::Date32 => {
            let day = column.as_primitive::<Date32Type>().value_as_date(row).unwrap();
            json!(day.to_string())
        }
        DataType::Utf8 => json!(column.as_string::<i32>().value(row)),
        other => panic!("a column of {other}"),
    }
}

#[test]
fn all_queries_give_the_reference_answers_hot_half_and_half_and_cold() {
    let Some(data) = dataset("columnar-tpch") else { return };
    let loaded = load(&data);
    check(&loaded.sql, &data, "hot");
    let tier = Tier::of(&loaded.ns).unwrap();
    let hand_off = |policy: &dyn Fn(Sequence) -> Policy| {
        for (store, columns, half) in &loaded.tables {
            let moving = tier.hand_off(store, policy(*half));
            let moving =
                columns.iter().fold(moving, |moving, column| moving.column(column.clone()));
            moving.wait().unwrap();
        }
    };
    hand_off(&Policy::UpTo);
    check(&loaded.sql, &data, "half and half");
    hand_off(&|_| Policy::All);
    check(&loaded.sql, &data, "cold");
}

fn check(sql: &Sql, data: &Path, tier: &str) {
    for number in 1..=22 {
        let query =
            std::fs::read_to_string(data.join(format!("queries/q{number:02}.sql"))).unwrap();
        let answer = data.join(format!("answers-sf0.01/q{number:02}.csv"));
        let expected = std::fs::read_to_string(answer).unwrap();
        let expected: Vec<Vec<&str>> =
            expected.lines().skip(1).map(|line| line.split('|').collect()).collect();
        let found =
            answers(sql, &query).unwrap_or_else(|error| panic!("query {number}, {tier}: {error}"));
        assert_eq!(found.len(), expected.len(), "query {number}, {tier}: rows");
        for (found, expected) in found.iter().zip(&expected) {
            let same = found.len() == expected.len()
                && found.iter().zip(expected).all(|(one, other)| is_same(one, other));
            assert!(same, "query {number}, {tier}: {found:?} is not {expected:?}");
        }
    }
}

fn answers(sql: &Sql, query: &str) -> Result<Vec<Vec<String>>> {
    let mut rows = sql.query(query).run().wait()?;
    let mut found = Vec::new();
    for batch in rows.blocking() {
        let batch = batch?;
        let options = FormatOptions::default();
        let columns: Vec<ArrayFormatter<'_>> = batch
            .columns()
            .iter()
            .map(|column| ArrayFormatter::try_new(column, &options).unwrap())
            .collect();
        for row in 0..batch.num_rows() {
            found.push(columns.iter().map(|column| column.value(row).to_string()).collect());
        }
    }
    Ok(found)
}

fn is_same(found: &str, expected: &str) -> bool {
    match (found.parse::<f64>(), expected.parse::<f64>()) {
        // An average of decimals(15,2) has six places.
        (Ok(found), Ok(expected)) => {
            (found - expected).abs() <= 1e-6 * (1.0 + expected.abs().max(found.abs()))
        }
        _ => found == expected,
    }
}
