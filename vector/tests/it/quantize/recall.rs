//! What each compression finds of the ten nearest, after rescoring, and in how many bytes.

use headwater_vector::Compression;
use headwater_vector::quantize::{Binary, CodeTable, Codec, Codes, QueryBits, rescore};

use super::data::Set;

/// The recall@10 of a scan that keeps `oversampling` candidates per answer.
fn recall(set: &Set, codes: &Codes, oversampling: usize) -> f64 {
    set.recall(|query| {
        let candidates = codes.scan(query, 10 * oversampling, |_| true).unwrap();
        rescore(&set.vectors, query, set.metric, &candidates, 10).unwrap()
    })
}

fn fill(set: &Set, codes: &mut Codes) {
    for (slot, vector) in set.vectors.chunks_exact(set.dimensions).enumerate() {
        codes.set(slot as u32, vector).unwrap();
    }
}

/// Trains on `sample` and holds bytes per vector and, per oversampling, the least recall; prints what
/// there is.
fn hold(
    name: &str,
    set: &Set,
    sample: &[f32],
    compression: Compression,
    bytes: usize,
    least: &[(usize, f64)],
) {
    let codes = Codes::train(compression, set.metric, set.dimensions, sample, 1).unwrap();
    let mut codes = codes.unwrap();
    assert_eq!(codes.bytes_per_vector(), bytes);
    assert_eq!(compression.bytes_per_vector(set.dimensions), bytes);
    fill(set, &mut codes);
    for (oversampling, least) in least {
        let recall = recall(set, &codes, *oversampling);
        println!("{name} {compression:?}: {bytes} bytes, recall@10 {recall:.4} at {oversampling}x");
        assert!(recall >= *least, "{name} {compression:?}: {recall} at {oversampling}x");
    }
}

#[test]
fn int8_finds_nearly_all_even_without_oversampling() {
    let Some((sift, minilm)) = Set::sift().zip(Set::minilm()) else { return };
    let least = [(1, 0.985), (2, 0.999), (4, 0.999)];
    hold("sift", &sift, &sift.vectors, Compression::Int8, 136, &least);
    hold("minilm", &minilm, &minilm.vectors, Compression::Int8, 392, &least);
}

#[test]
fn binary_codes_find_nearly_all_at_10_times_oversampling() {
    let Some((sift, minilm)) = Set::sift().zip(Set::minilm()) else { return };
    let least = [(1, 0.5), (4, 0.9), (10, 0.98), (20, 0.99)];
    hold("sift", &sift, &sift.vectors, Compression::Binary, 24, &least);
    let least = [(1, 0.74), (4, 0.98), (10, 0.99), (20, 0.99)];
    hold("minilm", &minilm, &minilm.vectors, Compression::Binary, 56, &least);
}

#[test]
fn product_codes_find_nearly_all_at_10_times_oversampling() {
    let Some((sift, minilm)) = Set::sift().zip(Set::minilm()) else { return };
    // Trained on a part, so that most codes are of vectors that the codebooks have not seen.
    let least = [(1, 0.5), (4, 0.9), (10, 0.98)];
    let compression = Compression::Product { bytes: 16 };
    hold("sift", &sift, &sift.part(4), compression, 16, &least);
    let least = [(1, 0.5), (4, 0.9), (10, 0.95)];
    let compression = Compression::Product { bytes: 48 };
    hold("minilm", &minilm, &minilm.part(2), compression, 48, &least);
}

#[test]
fn queries_of_one_bit_find_less_than_queries_of_four() {
    let Some(sift) = Set::sift() else { return };
    let mut found = Vec::new();
    for bits in [QueryBits::One, QueryBits::Four] {
        let binary = Binary::train(sift.metric, sift.dimensions, &sift.vectors, 1).unwrap();
        let mut table = CodeTable::new(binary.with_query_bits(bits));
        assert_eq!(table.codec().bytes_per_vector(), 24);
        for (slot, vector) in sift.vectors.chunks_exact(sift.dimensions).enumerate() {
            table.set(slot as u32, vector).unwrap();
        }
        let codes = Codes::Binary(table);
        let recalls = [4, 10, 20].map(|oversampling| recall(&sift, &codes, oversampling));
        println!("sift {bits:?} query bits: recall@10 {recalls:.3?} at 4x, 10x, 20x");
        found.push(recalls[1]);
    }
    assert!(found[0] >= 0.8 && found[0] < found[1], "{found:?}");
}

#[test]
fn int8_finds_vectors_that_lie_far_from_its_sample_as_well() {
    let Some(sift) = Set::sift() else { return };
    let sample = &sift.vectors[..100 * sift.dimensions];
    let elsewhere: Vec<f32> = sample.iter().map(|x| 3.0 * x + 100.0).collect();
    hold("sift, trained elsewhere,", &sift, &elsewhere, Compression::Int8, 136, &[(4, 0.99)]);
    hold("sift, untrained,", &sift, &[], Compression::Int8, 136, &[(4, 0.99)]);
}

#[test]
fn a_hundred_vectors_are_sample_enough_for_binary_codes() {
    let Some(sift) = Set::sift() else { return };
    let sample = &sift.vectors[..100 * sift.dimensions];
    hold("sift, of a hundred,", &sift, sample, Compression::Binary, 24, &[(10, 0.98)]);
}
