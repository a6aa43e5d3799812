//! Rows to Arrow and back, by cases.

use std::sync::Arc;

use arrow_array::Array;
use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type};
use headwater_primitives::{ErrorKind, IdKind, RecordId, Sequence, Timestamp, jsonb};

use super::*;
use crate::schema::{Column, ColumnType, LakeSchema, WholeNumbers};

fn schema(columns: &[(&str, &str)]) -> Arc<LakeSchema> {
    let builder = LakeSchema::builder(IdKind::Integer).id_field("id");
    let columns =
        columns.iter().map(|(name, ty)| Column::field(name, ty.parse().unwrap()).unwrap());
    Arc::new(columns.fold(builder, |builder, column| builder.column(column)).build().unwrap())
}

fn encode(schema: &Arc<LakeSchema>, bodies: &[&[u8]]) -> arrow_array::RecordBatch {
    let mut encoder = RowEncoder::new(schema.clone()).unwrap();
    for (id, body) in (1..).zip(bodies) {
        encoder.push(&RecordId::Integer(id), Sequence(id as u64), Timestamp(id), body).unwrap();
    }
    encoder.finish().unwrap()
}

/// Encodes one document as row 1; gives its `_rest` and `_layout`, and checks that it comes back.
#[track_caller]
fn split(schema: &Arc<LakeSchema>, body: &[u8]) -> (Option<String>, Option<String>) {
    let batch = encode(schema, &[body]);
    let rows = RowDecoder::new(schema.clone()).rows(&batch).unwrap();
    assert_eq!(rows.row(0).unwrap().body, body);
    let text = |name: &str| {
        let array = batch.column_by_name(name).unwrap().as_string::<i32>();
        array.is_valid(0).then(|| array.value(0).to_owned())
    };
    (text("_rest"), text("_layout"))
}

#[track_caller]
fn check(schema: &Arc<LakeSchema>, json: &str, rest: Option<&str>, layout: Option<&str>) {
    let (found_rest, found_layout) = split(schema, &jsonb::from_json_str(json).unwrap());
    assert_eq!((found_rest.as_deref(), found_layout.as_deref()), (rest, layout), "{json}");
}

#[test]
fn a_plain_document_is_in_its_columns_alone() {
    let schema = schema(&[
        ("n", "long"),
        ("x", "double"),
        ("s", "string"),
        ("b", "bool"),
        ("j", "json"),
        ("p", "decimal(15,2)"),
        ("d", "date"),
        ("t", "timestamptz"),
    ]);
    for json in [
        r#"{"id":1}"#,
        r#"{"id":1,"n":-5,"x":1.5,"s":"é\n","b":false,"j":[{"a":null}],"p":33078.94}"#,
        r#"{"id":1,"x":-0.0,"p":5.0,"d":"2026-01-31","t":"2026-01-31T12:00:00.5Z"}"#,
        r#"{"id":1,"x":1e300,"j":"text"}"#,
    ] {
        check(&schema, json, None, None);
    }
}

#[test]
fn what_a_column_would_change_is_in_rest() {
    let schema = schema(&[
        ("n", "long"),
        ("x", "double"),
        ("s", "string"),
        ("p", "decimal(5,2)"),
        ("t", "timestamptz"),
    ]);
    for (field, rest) in [
        (r#""n":"5""#, r#"{"n":"5"}"#),
        (r#""n":5.0"#, r#"{"n":5.0}"#),
        (r#""n":18446744073709551615"#, r#"{"n":18446744073709551615}"#),
        (r#""x":5"#, r#"{"x":5}"#),
        (r#""s":[1]"#, r#"{"s":[1]}"#),
        (r#""p":5"#, r#"{"p":5}"#),
        (r#""p":-0.0"#, r#"{"p":-0.0}"#),
        (r#""p":0.125"#, r#"{"p":0.125}"#),
        (r#""p":12345.5"#, r#"{"p":12345.5}"#),
        (r#""t":"2026-01-31T12:00:00+01:00""#, r#"{"t":"2026-01-31T12:00:00+01:00"}"#),
        (r#""t":"soon""#, r#"{"t":"soon"}"#),
    ] {
        check(&schema, &format!(r#"{{"id":1,{field}}}"#), Some(rest), None);
    }
}

#[test]
fn a_value_that_means_the_same_is_in_the_column_too() {
    let schema = schema(&[("x", "double"), ("t", "timestamptz")]);
    let body = jsonb::from_json_str(r#"{"id":1,"x":5,"t":"1970-01-01T01:00:00+01:00"}"#).unwrap();
    let batch = encode(&schema, &[&body]);
    assert_eq!(batch.column_by_name("x").unwrap().as_primitive::<Float64Type>().value(0), 5.0);
    assert_eq!(batch.column_by_name("t").unwrap().null_count(), 0);
}

#[test]
fn another_order_and_nulls_are_in_layout() {
    let schema = schema(&[("a", "long"), ("b", "long")]);
    check(&schema, r#"{"id":1,"b":1,"a":2}"#, None, Some("[1,7,6]"));
    check(&schema, r#"{"a":1,"id":1}"#, None, Some("[6,1]"));
    check(&schema, r#"{"id":1,"a":null}"#, None, Some("[1,6]"));
    check(&schema, r#"{"id":1,"c":null,"a":1}"#, None, Some(r#"[1,"c",6]"#));
    check(&schema, r#"{"id":1,"c\"":3}"#, Some(r#"{"c\"":3}"#), Some(r#"[1,"c\""]"#));
    check(&schema, r#"{"a":1}"#, None, Some("[6]"));
    check(&schema, "{}", None, Some("[]"));
}

#[test]
fn an_id_in_the_document_that_is_not_the_rows_is_kept() {
    let schema = schema(&[]);
    check(&schema, r#"{"id":2}"#, Some(r#"{"id":2}"#), None);
    check(&schema, r#"{"id":1.0}"#, Some(r#"{"id":1.0}"#), None);
    check(&schema, r#"{"id":null}"#, Some(r#"{"id":null}"#), None);
}

#[test]
fn whole_numbers_come_back_as_the_column_has_them() {
    let column = Column::field("x", ColumnType::Double).unwrap();
    let column = column.whole_numbers(WholeNumbers::Integers);
    let price = Column::field("p", "decimal(20,2)".parse().unwrap()).unwrap();
    let schema = LakeSchema::builder(IdKind::Integer)
        .id_field("id")
        .column(column)
        .column(price.whole_numbers(WholeNumbers::Integers))
        .build();
    let schema = Arc::new(schema.unwrap());
    for fitting in [r#""x":5"#, r#""x":5.5"#, r#""x":-0.0"#, r#""x":1e300"#, r#""p":7"#] {
        check(&schema, &format!(r#"{{"id":1,{fitting}}}"#), None, None);
    }
    for other in [r#""x":5.0"#, r#""x":9007199254740993"#, r#""p":7.0"#] {
        check(&schema, &format!(r#"{{"id":1,{other}}}"#), Some(&format!("{{{other}}}")), None);
    }
}

#[test]
fn bytes_that_are_not_canonical_are_kept_verbatim() {
    let schema = schema(&[("a", "long"), ("b", "double")]);
    let object = |fields: &[u8]| [&[fields.len() as u8 * 16 + 12], fields].concat();
    for body in [
        object(b"\x17a\x23-0"),
        object(b"\x17b\x451.50"),
        object(b"\x17a\x131\x17a\x132"),
        object(b"\x17a\x931"),
        jsonb::from_json_str("[1]").unwrap(),
        vec![0xff],
    ] {
        let (rest, layout) = split(&schema, &body);
        assert!(rest.is_some(), "{body:?}");
        assert!(layout.unwrap().starts_with('"'), "{body:?}");
    }
    let (rest, _) = split(&schema, &object(b"\x17x\x01\x131\x01\x17y\x01"));
    assert_eq!(rest.unwrap(), r#"{"x":true}"#, "a name that is a number ends a document");
    let mut deep = jsonb::to_vec(&1).unwrap();
    for _ in 0..128 {
        deep = jsonb::to_vec(&std::collections::BTreeMap::from([(
            "a",
            jsonb::from_slice::<serde_json::Value>(&deep).unwrap(),
        )]))
        .unwrap();
    }
    split(&schema, &deep);
}

#[test]
fn the_copy_of_a_path_has_exact_values_only() {
    let city = Column::path("city", "address.city", ColumnType::Long).unwrap();
    let schema = LakeSchema::builder(IdKind::Integer).id_field("id").column(city).build();
    let schema = Arc::new(schema.unwrap());
    let bodies: Vec<Vec<u8>> = [
        r#"{"id":1,"address":{"city":7}}"#,
        r#"{"id":2,"address":{"city":7.0}}"#,
        r#"{"id":3,"address":[{"city":7}]}"#,
        r#"{"id":4,"city":8}"#,
    ]
    .map(|json| jsonb::from_json_str(json).unwrap())
    .into();
    let bodies: Vec<&[u8]> = bodies.iter().map(Vec::as_slice).collect();
    let batch = encode(&schema, &bodies);
    let city = batch.column_by_name("city").unwrap().as_primitive::<Int64Type>();
    assert_eq!(city.iter().collect::<Vec<_>>(), [Some(7), None, None, None]);
    let rows = RowDecoder::new(schema).rows(&batch).unwrap();
    for (index, body) in bodies.iter().enumerate() {
        assert_eq!(rows.row(index).unwrap().body, *body);
    }
}

#[test]
fn rows_of_an_older_schema_come_back_under_a_newer_one() {
    let old = schema(&[("a", "int"), ("d", "decimal(5,2)")]);
    let json = [
        r#"{"id":1,"z":"z","a":1,"new":2}"#,
        r#"{"id":2,"a":3,"d":0.5}"#,
        r#"{"id":3,"a":3000000000,"new":null}"#,
    ];
    let bodies = json.map(|json| jsonb::from_json_str(json).unwrap());
    let slices: Vec<&[u8]> = bodies.iter().map(Vec::as_slice).collect();
    let batch = encode(&old, &slices);
    let mut inference = crate::schema::Inference::new(Some("id"));
    slices.iter().for_each(|body| inference.observe(body).unwrap());
    let new = inference.evolve(&old, 7).unwrap();
    assert_eq!((new.added.len(), new.widened.len()), (2, 1));
    let rows = RowDecoder::new(Arc::new(new.schema)).rows(&batch).unwrap();
    for (index, body) in slices.iter().enumerate() {
        assert_eq!(rows.row(index).unwrap().body, *body);
    }
}

#[test]
fn a_row_that_cannot_be_is_refused_and_adds_nothing() {
    let mut encoder = RowEncoder::new(schema(&[("a", "long")])).unwrap();
    let body = jsonb::from_json_str(r#"{"id":1}"#).unwrap();
    let mut push = |key: RecordId, version: u64, body: &[u8]| {
        let error = encoder.push(&key, Sequence(version), Timestamp(0), body).unwrap_err();
        assert_eq!(encoder.rows(), 0);
        error
    };
    assert_eq!(push("text".into(), 1, &body).kind(), ErrorKind::InvalidInput);
    assert!(push(1.into(), 1, b"").to_string().contains("in the lake already"));
    assert_eq!(push(1.into(), u64::MAX, &body).kind(), ErrorKind::InvalidInput);
    assert_eq!(encoder.finish().unwrap().num_rows(), 0);
}

#[test]
fn a_batch_of_something_else_is_refused() {
    let (text, long) = (schema(&[("a", "string")]), schema(&[("a", "long")]));
    let body = jsonb::from_json_str(r#"{"id":1,"a":"x"}"#).unwrap();
    let batch = encode(&text, &[&body]);
    let error = RowDecoder::new(long.clone()).rows(&batch).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt);
    let without_version = batch.project(&[0, 2, 3, 4, 5]).unwrap();
    let error = RowDecoder::new(text).rows(&without_version).unwrap_err();
    assert!(error.to_string().contains("_version"), "{error}");
}

#[test]
fn a_projected_batch_has_the_same_columns_as_a_whole_one() {
    let schema = schema(&[("n", "long"), ("s", "string"), ("j", "json")]);
    let bodies: Vec<_> = [
        r#"{"id":1,"n":4,"s":"a","j":[1],"more":true}"#,
        r#"{"id":2,"n":"no number","j":{"a":null}}"#,
        r#"{"s":5,"id":3,"n":null}"#,
    ]
    .map(|json| jsonb::from_json_str(json).unwrap())
    .into();
    let bodies: Vec<&[u8]> = bodies.iter().map(Vec::as_slice).collect();
    let whole = encode(&schema, &bodies);
    for places in [&[][..], &[5], &[7, 0], &[3], &[3, 6], &[4, 2], &[0, 1, 2, 3, 4, 5, 6, 7]] {
        let mut encoder = RowEncoder::projected(schema.clone(), places).unwrap();
        // Twice, since a batch must leave nothing behind for the next one.
        for _ in 0..2 {
            for (id, body) in (1..).zip(&bodies) {
                let id: i64 = id;
                let (key, version) = (RecordId::Integer(id), Sequence(id as u64));
                encoder.push(&key, version, Timestamp(id), body).unwrap();
            }
            assert_eq!(encoder.finish().unwrap(), whole.project(places).unwrap(), "{places:?}");
        }
    }
    let error = RowEncoder::projected(schema, &[8]).err().unwrap();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
}
