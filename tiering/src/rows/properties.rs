//! Random documents under random schemas come back byte for byte.

use std::sync::Arc;

use headwater_primitives::{IdKind, RecordId, Sequence, Timestamp, jsonb};
use proptest::prelude::*;
use serde_json::{Map, Number, Value, json};

use super::*;
use crate::schema::{Column, Inference, LakeSchema, WholeNumbers};

/// Few names, so that fields meet columns; some that no column can have.
const NAMES: [&str; 16] = [
    "id",
    "a",
    "A",
    "b",
    "c",
    "d",
    "e",
    "f",
    "",
    "_rest",
    "_layout",
    "_version",
    "x.y",
    "é",
    "\"\n",
    "_written_day",
];

const TYPES: [&str; 13] = [
    "bool",
    "int",
    "long",
    "float",
    "double",
    "decimal(4,1)",
    "decimal(38,10)",
    "decimal(18,0)",
    "date",
    "timestamptz",
    "timestamptz(3)",
    "string",
    "json",
];

fn number() -> impl Strategy<Value = Value> {
    let float = any::<f64>().prop_filter_map("finite", Number::from_f64);
    prop_oneof![
        any::<i64>().prop_map(Value::from),
        (-3i64..3).prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        float.prop_map(Value::Number),
        (-20i32..20).prop_map(|n| Value::from(f64::from(n))),
        (-2000i32..2000).prop_map(|n| Value::from(f64::from(n) / 10.0)),
        any::<f32>().prop_filter("finite", |n| n.is_finite()).prop_map(|n| json!(f64::from(n))),
        prop::sample::select(vec![
            json!(-0.0),
            json!(1e300),
            json!(9_007_199_254_740_993i64),
            json!(9_007_199_254_740_992.0),
            json!(1e16),
            json!(i64::MIN),
            json!(u64::MAX),
            json!(5e-324),
        ]),
    ]
}

fn text() -> impl Strategy<Value = String> {
    let time = (0i64..4_000_000_000_000_000).prop_map(|micros| Timestamp(micros).to_string());
    let second = (0i64..4_000_000_000)
        .prop_map(|second| Timestamp(second * 1_000_000).to_string().replace(".000000", ""));
    prop_oneof![
        "[a-z]{0,5}",
        any::<String>(),
        "[a-z\"\\\\\n]{250,270}",
        time,
        second,
        "20[0-9]{2}-[01][0-9]-[0-3][0-9]",
        "20[0-9]{2}-0[1-9]-[12][0-9]T1[0-9]:00:00(\\.[0-9]{3})?Z",
    ]
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        1 => Just(Value::Null),
        1 => any::<bool>().prop_map(Value::Bool),
        3 => number(),
        2 => text().prop_map(Value::String),
    ];
    leaf.prop_recursive(5, 24, 5, |inner| {
        let fields = prop::collection::vec((name(), inner.clone()), 0..5);
        prop_oneof![
            prop::collection::vec(inner, 0..5).prop_map(Value::Array),
            fields.prop_map(|fields| Value::Object(fields.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        9 => prop::sample::select(&NAMES[..]).prop_map(str::to_owned),
        1 => any::<String>(),
    ]
}

/// The fields in any order, none twice.
fn document() -> impl Strategy<Value = Vec<u8>> {
    let fields = prop::collection::vec((name(), value()), 0..9);
    (fields, any::<bool>()).prop_map(|(fields, has_id)| {
        let mut out = Vec::new();
        let mut object = jsonb::ObjectWriter::new(&mut out);
        let mut seen = std::collections::HashSet::new();
        if has_id && seen.insert("id".to_owned()) {
            object.field("id", &1).unwrap();
        }
        for (name, value) in fields {
            if seen.insert(name.clone()) {
                object.field(&name, &value).unwrap();
            }
        }
        object.finish();
        out
    })
}

/// A document of our encoder that JSON text may not keep: `f32`, names twice, or damaged bytes.
fn odd_document() -> impl Strategy<Value = Vec<u8>> {
    let single = any::<f32>().prop_filter("finite", |single| single.is_finite());
    let of_singles = prop::collection::btree_map("[a-d]", single, 0..4)
        .prop_map(|fields| jsonb::to_vec(&fields).unwrap());
    let edited =
        (document(), prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4))
            .prop_map(|(mut bytes, edits)| {
                for (at, byte) in edits {
                    let at = at.index(bytes.len());
                    bytes[at] = byte;
                }
                bytes
            });
    prop_oneof![of_singles, edited]
}

fn declared() -> impl Strategy<Value = LakeSchema> {
    let whole = prop_oneof![Just(WholeNumbers::Floats), Just(WholeNumbers::Integers)];
    let column = (prop::sample::select(&NAMES[..]), prop::sample::select(&TYPES[..]), whole);
    let has_id = any::<bool>();
    (prop::collection::vec(column, 0..8), has_id, 0usize..4, any::<bool>()).prop_map(
        |(columns, has_id, place, has_copy)| {
            let mut builder = LakeSchema::builder(IdKind::Integer).id_place(place);
            if has_id {
                builder = builder.id_field("id");
            }
            let mut seen = std::collections::HashSet::new();
            for (name, ty, whole) in columns {
                let column = Column::field(name, ty.parse().unwrap());
                if let Ok(column) = column
                    && seen.insert(name.to_lowercase())
                {
                    builder = builder.column(column.whole_numbers(whole));
                }
            }
            if has_copy {
                builder =
                    builder.column(Column::path("copy", "a.b", "long".parse().unwrap()).unwrap());
            }
            builder.build().unwrap()
        },
    )
}

fn check(schema: LakeSchema, bodies: &[Vec<u8>]) -> Result<(), TestCaseError> {
    let schema = Arc::new(schema);
    let mut encoder = RowEncoder::new(schema.clone()).unwrap();
    for (id, body) in (1i64..).zip(bodies) {
        encoder.push(&RecordId::Integer(id), Sequence(9), Timestamp(id), body).unwrap();
    }
    let batch = encoder.finish().unwrap();
    let rows = RowDecoder::new(schema).rows(&batch).unwrap();
    for (index, body) in bodies.iter().enumerate() {
        let row = rows.row(index).unwrap();
        prop_assert_eq!(&row.body, body);
        prop_assert_eq!(row.key, RecordId::Integer(index as i64 + 1));
        prop_assert_eq!(row.written, Timestamp(index as i64 + 1));
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn documents_come_back_under_any_declared_schema(
        schema in declared(),
        bodies in prop::collection::vec(document(), 1..5),
    ) {
        check(schema, &bodies)?;
    }

    #[test]
    fn documents_come_back_under_the_schema_inferred_from_them(
        bodies in prop::collection::vec(document(), 1..8),
        has_id in any::<bool>(),
        max in 0usize..6,
    ) {
        let mut inference = Inference::new(has_id.then_some("id")).max_columns(max);
        bodies.iter().for_each(|body| inference.observe(body).unwrap());
        check(inference.schema(IdKind::Integer).unwrap(), &bodies)?;
    }

    #[test]
    fn documents_come_back_under_a_schema_that_evolved(
        old in declared(),
        bodies in prop::collection::vec(document(), 1..5),
    ) {
        let old = Arc::new(old);
        let mut encoder = RowEncoder::new(old.clone()).unwrap();
        let mut inference = Inference::new(old.id_field().map(|_| "id"));
        for body in &bodies {
            encoder.push(&RecordId::Integer(1), Sequence(1), Timestamp(0), body).unwrap();
            inference.observe(body).unwrap();
        }
        let batch = encoder.finish().unwrap();
        let new = inference.evolve(&old, 100).unwrap().schema;
        let rows = RowDecoder::new(Arc::new(new)).rows(&batch).unwrap();
        for (index, body) in bodies.iter().enumerate() {
            prop_assert_eq!(&rows.row(index).unwrap().body, body);
        }
    }

    #[test]
    fn bodies_of_other_writers_come_back_too(
        schema in declared(),
        bodies in prop::collection::vec(odd_document(), 1..5),
    ) {
        let bodies: Vec<_> = bodies.into_iter().filter(|body| !body.is_empty()).collect();
        check(schema, &bodies)?;
    }
}
