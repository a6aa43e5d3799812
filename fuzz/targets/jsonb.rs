//! Arbitrary bytes as JSONB: refused or read, and what validates can be read in every way.
#![no_main]

use headwater_document::primitives::jsonb::{self, View};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|bytes: &[u8]| {
    let valid = jsonb::validate(bytes).is_ok();
    let text = jsonb::to_json(bytes);
    let value = jsonb::from_slice::<Value>(bytes);
    if let Ok(view) = View::parse(bytes) {
        view.entries().for_each(drop);
        view.elements().for_each(drop);
    }
    if valid {
        let text = text.expect("valid JSONB has a text");
        serde_json::from_str::<Value>(&text).expect("the text is JSON");
        let _ = value;
    }
});
