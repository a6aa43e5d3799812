//! Arbitrary bytes as a transaction's attributes: refused or read.
#![no_main]

use headwater_document::primitives::Attributes;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = Attributes::decode(bytes);
});
