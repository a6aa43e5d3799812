//! Arbitrary text as a page token: refused, or one with a text of its own.
#![no_main]

use headwater_document::PageToken;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(token) = text.parse::<PageToken>() {
        assert_eq!(token.to_string().parse::<PageToken>().unwrap(), token);
    }
});
