//! How fast codes are scanned, beside the vectors themselves.

use std::hint::black_box;
use std::time::Instant;

use headwater_testkit::Rng;
use headwater_vector::quantize::{Binary, CodeTable, Codec, Int8, Product, QueryBits, funnel};
use headwater_vector::{Compression, Metric};

/// The best of five runs, in nanoseconds per vector.
fn time(count: usize, mut run: impl FnMut()) -> f64 {
    let timed = |_| {
        let start = Instant::now();
        run();
        start.elapsed().as_nanos() as f64 / count as f64
    };
    (0..5).map(timed).fold(f64::INFINITY, f64::min)
}

/// Fills a table, and prints what encoding and scanning cost.
fn measure<C: Codec>(name: &str, codec: C, vectors: &[f32], floats: f64) {
    let dimensions = codec.dimensions();
    let count = vectors.len() / dimensions;
    let mut table = CodeTable::new(codec);
    let start = Instant::now();
    for (slot, vector) in vectors.chunks_exact(dimensions).enumerate() {
        table.set(slot as u32, vector).unwrap();
    }
    let encoding = start.elapsed().as_nanos() as f64 / count as f64;
    let query = &vectors[..dimensions];
    let scan = time(count, || drop(black_box(table.scan(query, 100, |_| true).unwrap())));
    let bytes = table.codec().bytes_per_vector();
    println!(
        "{dimensions} dimensions, {name}: {bytes} bytes, {scan:.2} ns a vector ({:.1} times floats), \
         encoded in {encoding:.0} ns",
        floats / scan
    );
}

#[test]
#[ignore = "measures; run it in release with --nocapture"]
fn scans_of_codes_beside_a_scan_of_floats() {
    const COUNT: usize = 100_000;
    for dimensions in [128, 384] {
        let mut rng = Rng::new(1);
        let vectors: Vec<f32> =
            (0..COUNT * dimensions).map(|_| rng.below(2001) as f32 / 1000.0 - 1.0).collect();
        let query = &vectors[..dimensions];
        let floats = time(COUNT, || {
            drop(black_box(funnel(&vectors, query, Metric::L2, &[], 100, |_| true).unwrap()));
        });
        let bytes = Compression::None.bytes_per_vector(dimensions);
        println!("{dimensions} dimensions, floats: {bytes} bytes, {floats:.2} ns a vector");
        let sample = &vectors[..10_000 * dimensions];
        measure("int8", Int8::train(Metric::L2, dimensions, sample).unwrap(), &vectors, floats);
        let binary = Binary::train(Metric::L2, dimensions, sample, 1).unwrap();
        measure("binary", binary.clone(), &vectors, floats);
        let hamming = binary.with_query_bits(QueryBits::One);
        measure("binary, one query bit", hamming, &vectors, floats);
        let start = Instant::now();
        let product = Product::train(Metric::L2, dimensions, dimensions / 8, sample, 1).unwrap();
        println!("{dimensions} dimensions: codebooks of 10,000 vectors in {:.1?}", start.elapsed());
        measure("product", product, &vectors, floats);
    }
}
