//! Arbitrary text as a JSONPath: refused, or one that can be asked.
#![no_main]

use headwater_document::JsonPath;
use libfuzzer_sys::fuzz_target;
use serde_json::json;

fuzz_target!(|text: &str| {
    if let Ok(path) = JsonPath::parse(text) {
        let _ = path.query(&json!({"a": [1, {"b": null}], "c": "x"}));
    }
});
