//! Arbitrary bytes as a key: refused, or decoded into a tuple that encodes to an equal key.
#![no_main]

use headwater_document::primitives::key;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(parts) = key::decode(bytes) {
        let again = key::encode(&parts);
        assert_eq!(key::encode(&key::decode(&again).unwrap()), again);
    }
});
