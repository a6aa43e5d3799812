//! JSON text to JSONB and back: nothing is lost.
#![no_main]

use headwater_document::primitives::jsonb;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|text: &str| {
    if let Ok(bytes) = jsonb::from_json_str(text) {
        jsonb::validate(&bytes).expect("what we write is valid");
        let back: Value = serde_json::from_str(&jsonb::to_json(&bytes).unwrap()).unwrap();
        assert_eq!(back, serde_json::from_str::<Value>(text).unwrap());
    }
});
