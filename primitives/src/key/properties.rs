//! Random keys against a model of the order.

use std::cmp::Ordering;

use proptest::prelude::*;

use super::*;
use crate::jsonb;

fn number() -> impl Strategy<Value = Value> {
    let edges = [0, 1, 1 << 24, 1 << 53, 1 << 62, i64::MAX, i64::MIN, -1, -(1 << 53)];
    let edge = (prop::sample::select(edges.to_vec()), -3..3i64);
    prop_oneof![
        any::<i64>().prop_map(Value::Int),
        (-20i64..20).prop_map(Value::Int),
        edge.clone().prop_map(|(edge, offset)| Value::Int(edge.wrapping_add(offset))),
        edge.prop_map(|(edge, offset)| Value::Float(edge as f64 + offset as f64 / 2.0)),
        (i64::MAX as u64 + 1..=u64::MAX).prop_map(Value::Unsigned),
        any::<f64>().prop_map(Value::Float),
        (-20..20i32).prop_map(|value| Value::Float(f64::from(value) / 4.0)),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        number(),
        number(),
        prop::collection::vec(prop::sample::select(vec![0, 1, 2, 0xfe, 0xff]), 0..4)
            .prop_map(Value::Bytes),
        "[\0\u{1}aé\u{ffff}😀]{0,3}".prop_map(Value::Text),
        any::<i64>().prop_map(Value::Timestamp),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Tuple),
            prop::collection::btree_map("[\0a]{0,2}", inner, 0..3)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

fn key() -> impl Strategy<Value = Vec<Value>> {
    prop::collection::vec(value(), 0..4)
}

fn rank(value: &Value) -> u8 {
    match value {
        Value::Null => 0,
        Value::Bool(_) => 1,
        Value::Int(_) | Value::Unsigned(_) | Value::Float(_) => 2,
        Value::Bytes(_) => 3,
        Value::Text(_) => 4,
        Value::Timestamp(_) => 5,
        Value::Tuple(_) => 6,
        Value::Object(_) => 7,
    }
}

fn compare_keys(a: &[Value], b: &[Value]) -> Ordering {
    let differing = a.iter().zip(b).map(|(a, b)| compare(a, b)).find(|order| order.is_ne());
    differing.unwrap_or(a.len().cmp(&b.len()))
}

fn compare(a: &Value, b: &Value) -> Ordering {
    match (a, b) {
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        (Value::Bytes(a), Value::Bytes(b)) => a.cmp(b),
        (Value::Text(a), Value::Text(b)) => a.cmp(b),
        (Value::Timestamp(a), Value::Timestamp(b)) => a.cmp(b),
        (Value::Tuple(a), Value::Tuple(b)) => compare_keys(a, b),
        (Value::Object(a), Value::Object(b)) => {
            let flat = |fields: &[(String, Value)]| -> Vec<Value> {
                fields
                    .iter()
                    .flat_map(|(name, value)| [name.clone().into(), value.clone()])
                    .collect()
            };
            compare_keys(&flat(a), &flat(b))
        }
        _ if rank(a) == 2 && rank(b) == 2 => compare_numbers(a, b),
        _ => rank(a).cmp(&rank(b)),
    }
}

fn integer(value: &Value) -> Option<i128> {
    match value {
        Value::Int(value) => Some(i128::from(*value)),
        Value::Unsigned(value) => Some(i128::from(*value)),
        _ => None,
    }
}

fn compare_numbers(a: &Value, b: &Value) -> Ordering {
    match (a, b, integer(a), integer(b)) {
        (_, _, Some(a), Some(b)) => a.cmp(&b),
        (Value::Float(a), Value::Float(b), ..) => {
            a.partial_cmp(b).unwrap_or_else(|| a.is_nan().cmp(&b.is_nan()))
        }
        (_, Value::Float(b), Some(a), _) => compare_exactly(a, *b),
        (Value::Float(a), _, _, Some(b)) => compare_exactly(b, *a).reverse(),
        _ => unreachable!(),
    }
}

/// The integers here fit 65 bits, so a float beyond 2^100 is beyond them all.
fn compare_exactly(integer: i128, float: f64) -> Ordering {
    if float.is_nan() {
        return Ordering::Less;
    }
    let floor = float.clamp(-1e30, 1e30).floor();
    let fraction = if float > floor { Ordering::Less } else { Ordering::Equal };
    integer.cmp(&(floor as i128)).then(fraction)
}

/// What decoding makes of a value: whole numbers as integers.
fn canonical(value: &Value) -> Value {
    match value {
        Value::Float(float) => {
            let whole = float.trunc() == *float && float.abs() < 1e20;
            let integer = if whole { *float as i128 } else { i128::MAX };
            match (i64::try_from(integer), u64::try_from(integer)) {
                (Ok(value), _) => Value::Int(value),
                (_, Ok(value)) => Value::Unsigned(value),
                _ => value.clone(),
            }
        }
        Value::Unsigned(value) => Value::from(*value),
        Value::Tuple(parts) => Value::Tuple(parts.iter().map(canonical).collect()),
        Value::Object(fields) => Value::Object(
            fields.iter().map(|(name, value)| (name.clone(), canonical(value))).collect(),
        ),
        other => other.clone(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn keys_sort_as_their_values(a in key(), b in key()) {
        prop_assert_eq!(encode(&a).cmp(&encode(&b)), compare_keys(&a, &b));
    }

    #[test]
    fn numbers_sort_exactly(numbers in prop::collection::vec(number(), 2..20)) {
        for pair in numbers.windows(2) {
            let (a, b) = (encode(&pair[..1]), encode(&pair[1..]));
            prop_assert_eq!(a.cmp(&b), compare(&pair[0], &pair[1]));
        }
    }

    #[test]
    fn keys_read_back(key in key()) {
        let bytes = encode(&key);
        let expected: Vec<_> = key.iter().map(canonical).collect();
        let decoded = decode(&bytes).unwrap();
        // NaN equals nothing, so values are compared as they print.
        prop_assert_eq!(format!("{decoded:?}"), format!("{expected:?}"));
        prop_assert_eq!(encode(&decoded), bytes);
    }

    #[test]
    fn a_key_is_a_prefix_exactly_of_the_keys_that_continue_it(a in key(), b in key()) {
        let whole: Vec<_> = a.iter().chain(&b).cloned().collect();
        let (first, second, whole) = (encode(&a), encode(&b), encode(&whole));
        prop_assert!(whole.starts_with(&first));
        let end = prefix_end(&first);
        prop_assert!(end.as_ref().is_none_or(|end| whole < *end));
        prop_assert_eq!(end.is_none(), a.is_empty());
        let continues = a.len() <= b.len() && compare_keys(&a, &b[..a.len()]).is_eq();
        prop_assert_eq!(second.starts_with(&first), continues);
    }

    #[test]
    fn what_decodes_encodes_to_the_same_bytes(bytes in prop::collection::vec(
        prop_oneof![any::<u8>(), prop::sample::select(vec![0, 1, 8, 0x20, 0x22, 0x38, 0x50, 0x58])],
        0..24,
    )) {
        if let Ok(key) = decode(&bytes) {
            prop_assert_eq!(encode(&key), bytes);
        }
    }

    #[test]
    fn jsonb_and_json_give_the_same_key(a in jsonb::any_json(), b in jsonb::any_json()) {
        let [a, b] = [a, b].map(|value| {
            let bytes = jsonb::to_vec(&value).unwrap();
            let (mut from_jsonb, mut from_json) = (Vec::new(), Vec::new());
            append_jsonb(&mut from_jsonb, jsonb::View::parse(&bytes).unwrap()).unwrap();
            append_json(&mut from_json, &value);
            assert_eq!(from_jsonb, from_json);
            assert_eq!(encode(&decode(&from_json).unwrap()), from_json);
            (from_json, decode(&bytes_of(&value)).unwrap())
        });
        prop_assert_eq!(a.0.cmp(&b.0), compare_keys(&a.1, &b.1));
    }
}

fn bytes_of(value: &serde_json::Value) -> Vec<u8> {
    let mut out = Vec::new();
    append_json(&mut out, value);
    out
}
