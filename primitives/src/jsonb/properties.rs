//! Random values against serde_json and against SQLite's own JSONB.

use proptest::prelude::*;
use rusqlite::Connection;
use serde_json::{Map, Number, Value};

use super::*;

fn number() -> impl Strategy<Value = Number> {
    let finite = any::<f64>().prop_filter_map("finite", Number::from_f64);
    prop_oneof![
        any::<i64>().prop_map(Number::from),
        (-100i64..100).prop_map(Number::from),
        any::<u64>().prop_map(Number::from),
        finite,
        (-1e6..1e6f64).prop_filter_map("finite", Number::from_f64),
    ]
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z ]{0,20}", "\\PC{0,8}", any::<String>(), "[a-z\"\\\\\n]{250,270}"]
}

/// JSON values, some of them past each of the limits at which headers grow.
pub(crate) fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        number().prop_map(Value::Number),
        text().prop_map(Value::String),
    ];
    leaf.prop_recursive(6, 64, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Value::Array),
            prop::collection::vec((text(), inner), 0..8)
                .prop_map(|fields| Value::Object(fields.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// Bytes that are almost JSONB: a value with some of its bytes replaced, or no value at all.
pub(crate) fn damaged() -> impl Strategy<Value = Vec<u8>> {
    let edits = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4);
    let edited = (json(), edits).prop_map(|(value, edits)| {
        let mut bytes = to_vec(&value).unwrap();
        for (at, byte) in edits {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        bytes
    });
    prop_oneof![edited, prop::collection::vec(any::<u8>(), 0..64)]
}

fn sqlite() -> Connection {
    Connection::open_in_memory().unwrap()
}

fn ask<T: rusqlite::types::FromSql>(sqlite: &Connection, sql: &str, bytes: &[u8]) -> T {
    sqlite.query_row(sql, [bytes], |row| row.get(0)).unwrap()
}

fn walk(view: View<'_>, levels: usize) {
    let _ = (view.as_bool(), view.as_i64(), view.as_u64(), view.as_f64(), view.as_str());
    let _ = (view.kind(), view.len(), view.get("a"), view.index(1));
    if levels > 0 {
        view.elements().for_each(|element| walk(element, levels - 1));
        view.entries().for_each(|(_, value)| walk(value, levels - 1));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn values_read_back(value in json()) {
        let bytes = to_vec(&value).unwrap();
        validate(&bytes).unwrap();
        prop_assert_eq!(&from_slice::<Value>(&bytes).unwrap(), &value);
        prop_assert_eq!(to_json(&bytes).unwrap(), value.to_string());
    }

    #[test]
    fn text_and_types_give_the_same_bytes(value in json()) {
        // Reading a float from text may be off by one bit in serde_json; what it read is the truth.
        let text = value.to_string();
        let read: Value = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(from_json_str(&text).unwrap(), to_vec(&read).unwrap());
    }

    #[test]
    fn sqlite_reads_what_we_write(value in json()) {
        let bytes = to_vec(&value).unwrap();
        let sqlite = sqlite();
        prop_assert!(ask::<bool>(&sqlite, "SELECT json_valid(?1, 8)", &bytes));
        let text: String = ask(&sqlite, "SELECT json(?1)", &bytes);
        prop_assert_eq!(text, to_json(&bytes).unwrap());
    }

    #[test]
    fn we_read_what_sqlite_writes(value in json()) {
        let sqlite = sqlite();
        let theirs: Vec<u8> = sqlite
            .query_row("SELECT jsonb(?1)", [value.to_string()], |row| row.get(0))
            .unwrap();
        validate(&theirs).unwrap();
        prop_assert_eq!(from_slice::<Value>(&theirs).unwrap(), value.clone());
        prop_assert_eq!(to_json(&theirs).unwrap(), value.to_string());
        if !value.to_string().contains('\\') {
            prop_assert_eq!(theirs, to_vec(&value).unwrap());
        }
    }

    #[test]
    fn damage_is_an_error_and_never_a_panic(bytes in damaged()) {
        let valid = validate(&bytes);
        let value = from_slice::<Value>(&bytes);
        let json = to_json(&bytes);
        if let Ok(view) = View::parse(&bytes) {
            walk(view, 130);
            let mut key = Vec::new();
            let _ = crate::key::append_jsonb(&mut key, view);
        }
        if valid.is_ok() {
            prop_assert!(value.is_ok() && json.is_ok());
        }
        if let Ok(json) = json {
            serde_json::from_str::<Value>(&json).map(drop).or_else(|error| {
                // A damaged exponent may leave a number that no float can hold.
                if error.to_string().contains("out of range") { Ok(()) } else { Err(error) }
            }).unwrap();
        }
    }

    #[test]
    fn what_validate_accepts_sqlite_accepts(bytes in damaged()) {
        if validate(&bytes).is_ok() {
            prop_assert!(ask::<bool>(&sqlite(), "SELECT json_valid(?1, 8)", &bytes));
        }
    }
}
