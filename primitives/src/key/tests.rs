//! The bytes of each element, the edges of the order, and what is refused.

use super::*;
use crate::error::ErrorKind;
use crate::jsonb;

#[test]
fn the_format_is_as_documented() {
    let cases: [(Value, &[u8]); 14] = [
        (Value::Null, &[0x08]),
        (Value::Bool(false), &[0x10]),
        (Value::Bool(true), &[0x11]),
        (Value::Int(0), &[0x21]),
        (Value::Float(-0.0), &[0x21]),
        (Value::Int(1), &[0x22, 0x43, 0x98]),
        (Value::Float(1.0), &[0x22, 0x43, 0x98]),
        (Value::Int(-1), &[0x20, 0xbc, 0x67]),
        (Value::Float(f64::NAN), &[0x23]),
        (Value::Bytes(vec![1, 0, 2]), &[0x30, 1, 0, 0xff, 2, 0, 1]),
        (Value::Text("a".into()), &[0x38, b'a', 0, 1]),
        (Value::Timestamp(1), &[0x40, 0x80, 0, 0, 0, 0, 0, 0, 1]),
        (Value::Tuple(vec![Value::Null]), &[0x50, 0x08, 0]),
        (Value::Object(vec![("a".into(), Value::Null)]), &[0x58, 0x38, b'a', 0, 1, 0x08, 0]),
    ];
    for (value, bytes) in cases {
        assert_eq!(encode(std::slice::from_ref(&value)), bytes, "{value:?}");
    }
}

#[test]
fn only_whole_elements_are_prefixes() {
    let text = |text: &str| encode(&[text.into()]);
    assert!(!text("a\0b").starts_with(&text("a")));
    assert!(!text("ab").starts_with(&text("a")));
    let end = prefix_end(&text("a")).unwrap();
    assert!(encode(&["a".into(), vec![0xff_u8; 9].into()]) < end);
    assert!(text("a\0") > end);
}

#[test]
fn prefix_end_carries_over_full_bytes() {
    assert_eq!(prefix_end(&[1, 2]), Some(vec![1, 3]));
    assert_eq!(prefix_end(&[1, 0xff, 0xff]), Some(vec![2]));
    assert_eq!(prefix_end(&[0xff]), None);
    assert_eq!(prefix_end(&[]), None);
}

#[test]
fn objects_are_equal_whatever_the_order_of_their_fields() {
    let key = |text: &str| {
        let bytes = jsonb::from_json_str(text).unwrap();
        let mut out = Vec::new();
        append_jsonb(&mut out, jsonb::View::parse(&bytes).unwrap()).unwrap();
        out
    };
    assert_eq!(key(r#"{"a":1,"b":[2.0]}"#), key(r#"{"b":[2],"a":1.0}"#));
    assert!(key(r#"{"a":1}"#) < key(r#"{"a":1,"b":0}"#));
    assert!(key(r#"{"a":1,"b":0}"#) < key(r#"{"a":2}"#));
    assert!(key("[{}]") < key("{}"));
    assert!(key("18446744073709551615") > key("18446744073709551614"));
}

#[test]
fn damaged_keys_name_the_byte() {
    for (key, message) in [
        (&[0xff][..], "an unknown tag of the element at byte 0 is not valid"),
        (&[0x08, 0x22], "a number of the element at byte 1 is not valid"),
        (&[0x22, 0x43, 0x31, 0x00], "a number of the element at byte 0 is not valid"),
        (&[0x38, b'a'], "the end of the element at byte 0 is not valid"),
        (&[0x38, b'a', 0, 7], "an escape of the element at byte 0 is not valid"),
        (&[0x38, 0xff, 0, 1], "a text of the element at byte 0 is not valid"),
        (&[0x40, 1], "a timestamp of the element at byte 0 is not valid"),
        (&[0x50, 0x08], "the end of the element at byte 0 is not valid"),
        (&[0x58, 0x08, 0], "a field name of the element at byte 1 is not valid"),
        (&[0x50; 500], "the depth of the element at byte 129 is not valid"),
    ] {
        let error = decode(key).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Corrupt);
        assert_eq!(error.to_string(), format!("damaged key: {message}"));
    }
}
