//! Arbitrary text as a filter: refused, or one that comes back from its own text and can be used.
#![no_main]

use headwater_document::primitives::filter::Filter;
use headwater_document::primitives::jsonb::{self, View};
use libfuzzer_sys::fuzz_target;
use serde_json::json;

fuzz_target!(|text: &str| {
    if let Ok(filter) = Filter::parse(text) {
        let again = Filter::parse(&filter.to_string()).expect("its own text parses");
        assert_eq!(again, filter);
        let document = jsonb::to_vec(&json!({"a": [1, {"b": null}], "c": "x"})).unwrap();
        let _ = filter.matches(View::parse(&document).unwrap());
        let _ = filter.to_sql("body");
        let _ = filter.bounds("a");
    }
});
