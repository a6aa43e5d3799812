//! What typed values become, what is refused, and what the errors say.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use serde::{Deserialize, Serialize};

use super::*;
use crate::error::ErrorKind;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Everything {
    unit: (),
    flag: bool,
    small: i8,
    large: u64,
    wide: i128,
    single: f32,
    double: f64,
    letter: char,
    text: String,
    escaped: String,
    bytes: [u8; 3],
    some: Option<u8>,
    none: Option<u8>,
    newtype: Newtype,
    pair: Pair,
    variants: Vec<Variant>,
    by_number: BTreeMap<i32, String>,
    by_flag: BTreeMap<bool, u8>,
    by_variant: BTreeMap<Plain, u8>,
    address: Ipv4Addr,
    #[serde(flatten)]
    flat: BTreeMap<String, u8>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Newtype(u16);

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Pair(u8, String);

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
enum Plain {
    One,
    Two,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum Variant {
    Unit,
    Newtype(Vec<u8>),
    Tuple(u8, u8),
    Struct { field: Option<bool> },
}

fn everything() -> Everything {
    Everything {
        unit: (),
        flag: true,
        small: -128,
        large: u64::MAX,
        wide: -5,
        single: 0.1,
        double: 1e300,
        letter: 'é',
        text: "plain text".repeat(30),
        escaped: "\"\\\n\0".into(),
        bytes: [0, 127, 255],
        some: Some(1),
        none: None,
        newtype: Newtype(7),
        pair: Pair(1, "two".into()),
        variants: vec![
            Variant::Unit,
            Variant::Newtype(vec![1, 2]),
            Variant::Tuple(3, 4),
            Variant::Struct { field: Some(false) },
        ],
        by_number: [(-1, "minus one".into()), (10, "ten".into())].into(),
        by_flag: [(true, 1)].into(),
        by_variant: [(Plain::One, 1), (Plain::Two, 2)].into(),
        address: Ipv4Addr::LOCALHOST,
        flat: [("extra".into(), 9)].into(),
    }
}

#[test]
fn every_kind_of_type_reads_back() {
    let value = everything();
    let bytes = to_vec(&value).unwrap();
    validate(&bytes).unwrap();
    assert_eq!(from_slice::<Everything>(&bytes).unwrap(), value);
}

#[test]
fn types_become_the_json_that_serde_json_makes_of_them() {
    let value = everything();
    let bytes = to_vec(&value).unwrap();
    assert_eq!(to_json(&bytes).unwrap(), serde_json::to_string(&value).unwrap());
}

#[test]
fn text_is_borrowed() {
    let bytes = to_vec(&["plain", "needs \"escapes\""]).unwrap();
    let texts: Vec<&str> = from_slice(&bytes).unwrap();
    assert_eq!(texts, ["plain", "needs \"escapes\""]);
}

#[test]
fn append_leaves_the_buffer_alone_when_it_fails() {
    let mut out = b"before".to_vec();
    append(&mut out, &1).unwrap();
    append(&mut out, &("text", f64::NAN)).unwrap_err();
    assert_eq!(out, b"before\x131");
}

#[track_caller]
fn refuses<T: Serialize>(value: T, message: &str) {
    let error = to_vec(&value).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert_eq!(error.to_string(), message);
}

#[test]
fn what_json_cannot_hold_is_refused_by_path() {
    let nan = BTreeMap::from([("list", vec![Some(1.0), Some(f64::NAN)])]);
    refuses(&nan, "list[1]: NaN is not a number that JSON can hold");
    refuses(BTreeMap::from([("a", nan)]), "a.list[1]: NaN is not a number that JSON can hold");
    refuses(f32::INFINITY, "inf is not a number that JSON can hold");
    refuses([u128::MAX], "[0]: 340282366920938463463374607431768211455 does not fit 64 bits");
    refuses(
        BTreeMap::from([(vec![1], 1)]),
        "a map key is an array, where text, a number, a boolean or a unit variant must stand",
    );
}

fn nested(levels: usize) -> Vec<u8> {
    let mut value = serde_json::Value::Null;
    for _ in 0..levels {
        value = serde_json::Value::Array(vec![value]);
    }
    let bytes = to_vec(&value);
    bytes.unwrap()
}

/// Arrays in arrays, as a writer without our limit makes them.
fn deeper(levels: usize) -> Vec<u8> {
    let mut bytes = vec![element::tag::NULL];
    for _ in 0..levels {
        let mut outer = Vec::new();
        element::push(&mut outer, element::tag::ARRAY, &bytes);
        bytes = outer;
    }
    bytes
}

#[test]
fn nesting_ends_at_128_levels() {
    let deepest = nested(128);
    assert_eq!(deepest, deeper(128));
    validate(&deepest).unwrap();
    to_json(&deepest).unwrap();
    from_slice::<serde_json::Value>(&deepest).unwrap();

    for levels in [129, 20_000] {
        let bytes = deeper(levels);
        assert_eq!(validate(&bytes).unwrap_err().kind(), ErrorKind::Corrupt);
        assert_eq!(to_json(&bytes).unwrap_err().kind(), ErrorKind::Corrupt);
        let error = from_slice::<serde_json::Value>(&bytes).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Corrupt);
        from_slice::<serde::de::IgnoredAny>(&bytes).unwrap();
    }

    let mut value = serde_json::Value::Null;
    for _ in 0..129 {
        value = serde_json::Value::Array(vec![value]);
    }
    assert!(to_vec(&value).unwrap_err().to_string().ends_with("more than 128 levels deep"));
    assert!(from_json_str(&"[".repeat(100_000)).is_err());
}

#[test]
fn a_value_that_does_not_fit_names_the_field() {
    let bytes = from_json_str(r#"{"pairs":[[1,"a"],[2,3]]}"#).unwrap();
    let error = from_slice::<BTreeMap<String, Vec<Pair>>>(&bytes).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert_eq!(error.to_string(), "pairs[1][1]: invalid type: integer `3`, expected a string");

    let bytes = to_vec(&(1, 2, 3)).unwrap();
    let error = from_slice::<(u8, u8)>(&bytes).unwrap_err();
    assert_eq!(error.to_string(), "more than the expected 2 elements");

    let bytes = from_json_str(r#"{"Struct":{"field":1}}"#).unwrap();
    let error = from_slice::<Variant>(&bytes).unwrap_err();
    assert_eq!(error.to_string(), "Struct.field: invalid type: integer `1`, expected a boolean");
}

#[test]
fn bad_json_text_is_refused_with_line_and_column() {
    for (text, message) in [
        ("", "EOF while parsing a value at line 1 column 0"),
        ("{\"a\":\n 01}", "invalid number at line 2 column 3"),
        ("[1] 2", "trailing characters at line 1 column 5"),
        ("{\"a\":1,\"b\":{\"b\":1},\"a\":2}", "the field \"a\" occurs twice at line 1 column 22"),
    ] {
        let error = from_json_str(text).unwrap_err();
        assert_eq!((error.kind(), &*error.to_string()), (ErrorKind::InvalidInput, message));
    }
}

#[test]
fn a_name_that_occurs_twice_is_found_among_many() {
    for (count, twice) in [(1, 0), (15, 14), (16, 0), (17, 16), (100, 3), (100, 99)] {
        let fields: Vec<_> =
            (0..count).map(|name| format!("\"n{name}\\n\":{{\"n1\":0}}")).collect();
        let good = format!("{{{}}}", fields.join(","));
        from_json_str(&good).unwrap();
        let bad = format!("{{{},\"n{twice}\\n\":0}}", fields.join(","));
        assert!(from_json_str(&bad).unwrap_err().to_string().contains("occurs twice"));
    }
}

#[test]
fn a_view_walks_without_decoding() {
    let bytes =
        from_json_str(r#"{"a":[1,-2.5,"x\n",null,true],"b":{"c":18446744073709551615}}"#).unwrap();
    let view = View::parse(&bytes).unwrap();
    assert_eq!((view.kind(), view.len()), (Kind::Object, 2));
    let a = view.get("a").unwrap();
    assert_eq!((a.kind(), a.len()), (Kind::Array, 5));
    assert_eq!(a.index(0).unwrap().as_i64(), Some(1));
    assert_eq!(a.index(0).unwrap().as_f64(), Some(1.0));
    assert_eq!(a.index(1).unwrap().as_f64(), Some(-2.5));
    assert_eq!(a.index(1).unwrap().as_i64(), None);
    assert_eq!(a.index(2).unwrap().as_str().unwrap(), "x\n");
    assert!(a.index(3).unwrap().is_null());
    assert_eq!(a.index(4).unwrap().as_bool(), Some(true));
    assert!(a.index(5).is_none() && a.get("a").is_none() && view.get("c").is_none());
    let c = view.get("b").and_then(|b| b.get("c")).unwrap();
    assert_eq!((c.as_i64(), c.as_u64()), (None, Some(u64::MAX)));
    assert_eq!(c.to::<u64>().unwrap(), u64::MAX);
    let names: Vec<_> = view.entries().map(|(name, _)| name).collect();
    assert_eq!(names, ["a", "b"]);
    assert_eq!(format!("{a:?}"), r#"[1,-2.5,"x\n",null,true]"#);
}

#[test]
fn validate_names_the_byte_that_is_wrong() {
    for (bytes, message) in [
        (&b""[..], "an element runs past the end of its container (at byte 0)"),
        (b"\x131\x00", "bytes after the value (at byte 2)"),
        (b"\x2b\x131\x00", "bytes after the value (at byte 3)"),
        (b"\x3b\x131\x10", "an element runs past the end of its container (at byte 3)"),
        (b"\x3b\x131\x0f", "an element has a reserved type (at byte 3)"),
        (b"\x2c\x17a", "a field has no value (at byte 0)"),
        (b"\x4c\x131\x132", "a field name is not text (at byte 1)"),
        (b"\x2b\x17\xff", "a text is not UTF-8 or has a broken escape (at byte 1)"),
        (b"\x17\"", "a character of a text needs an escape (at byte 0)"),
        (b"\x27\x5cx", "a character of a text needs an escape (at byte 0)"),
        (b"\x28\x5cx", "a text is not UTF-8 or has a broken escape (at byte 0)"),
        (b"\x3b\x2301", "a number is misspelt (at byte 1)"),
        (b"\x10\x00", "null, true or false with a payload (at byte 0)"),
    ] {
        let error = validate(bytes).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Corrupt);
        assert_eq!(error.to_string(), format!("damaged JSONB: {message}"), "{bytes:?}");
    }
}

#[test]
fn json5_elements_of_other_writers_are_read() {
    let bytes = b"\xcb\x14\x440x1f\x26.5\x48\x5cn\x5c/\x29\x5cv\x3c\x18b\x00";
    let value: serde_json::Value = from_slice(bytes).unwrap();
    assert_eq!(value, serde_json::json!([31, 0.5, "\n/", "\u{b}", {"b": null}]));
    assert_eq!(to_json(bytes).unwrap(), r#"[31,0.5,"\n/","\u000b",{"b":null}]"#);
}
