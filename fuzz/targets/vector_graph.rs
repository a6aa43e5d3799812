//! Arbitrary bytes as a vector graph: refused, or searched without a panic.
#![no_main]

use headwater_vector::graph::Graph;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok((graph, _)) = Graph::load(&mut &bytes[..]) {
        let query = vec![0.5; graph.options().dimensions];
        let _ = graph.search(&query, 5, 20, None);
        let _ = graph.insert(u64::MAX, &query);
        graph.repair();
    }
});
