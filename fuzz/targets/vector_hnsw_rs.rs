//! Arbitrary bytes as an index of hnsw_rs: refused, or searched without a panic.
#![no_main]

use headwater_vector::ann::{AnnIndex, HnswRs};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok((index, _)) = HnswRs::load(&mut &bytes[..]) {
        let query = vec![0.5; index.dimensions()];
        let _ = index.search(&query, 5, 20, None);
        let _ = index.insert(u64::MAX, &query);
        let _ = index.delete(0);
    }
});
