//! Tables of codes: slots that are set, cleared and set again, and what a scan may find.

use headwater_primitives::ErrorKind;
use headwater_vector::quantize::{CodeTable, Codec, Int8};
use headwater_vector::{Compression, Metric, quantize::Codes};
use proptest::prelude::*;

use super::data::{Set, slots};

fn table(vectors: &[[f32; 2]]) -> CodeTable<Int8> {
    let mut table = CodeTable::new(Int8::train(Metric::L2, 2, vectors.as_flattened()).unwrap());
    for (slot, vector) in vectors.iter().enumerate() {
        table.set(slot as u32, vector).unwrap();
    }
    table
}

#[test]
fn a_cleared_slot_is_never_found_and_a_set_one_is_found_where_it_is_now() {
    let mut table = table(&[[0.0, 0.0], [5.0, 5.0], [9.0, 9.0]]);
    table.clear(0);
    table.clear(77);
    assert_eq!(slots(&table.scan(&[0.0, 0.0], 3, |_| true).unwrap()), [1, 2]);
    table.set(2, &[1.0, 0.0]).unwrap();
    assert_eq!(slots(&table.scan(&[0.0, 0.0], 3, |_| true).unwrap()), [2, 1]);
    table.set(0, &[0.0, 0.0]).unwrap();
    assert_eq!(slots(&table.scan(&[0.0, 0.0], 1, |_| true).unwrap()), [0]);
}

#[test]
fn slots_that_were_skipped_are_empty() {
    let mut table = table(&[[0.0, 1.0]]);
    table.set(1000, &[1.0, 0.0]).unwrap();
    assert_eq!(table.slots(), 1001);
    assert!(table.contains(0) && table.contains(1000));
    assert!(!table.contains(1) && !table.contains(999) && !table.contains(1001));
    assert_eq!(slots(&table.scan(&[1.0, 0.0], 10, |_| true).unwrap()), [1000, 0]);
}

#[test]
fn a_vector_of_other_dimensions_is_refused() {
    let mut table = table(&[[0.0, 1.0]]);
    let error = table.set(0, &[1.0]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert_eq!(error.to_string(), "a vector has 1 dimensions where the codes are of 2");
    assert!(table.scan(&[1.0, 2.0, 3.0], 1, |_| true).is_err());
}

#[test]
fn a_compression_says_what_it_cannot_do() {
    let train = |compression, dimensions, sample: &[f32]| {
        Codes::train(compression, Metric::L2, dimensions, sample, 1)
    };
    assert!(train(Compression::None, 3, &[]).unwrap().is_none());
    assert!(train(Compression::Int8, 3, &[]).unwrap().is_some());
    for (compression, dimensions, sample) in [
        (Compression::Int8, 0, &[][..]),
        (Compression::Binary, 65_537, &[]),
        (Compression::Int8, 3, &[0.0; 4]),
        (Compression::Product { bytes: 1 }, 3, &[0.0; 6]),
    ] {
        let error = train(compression, dimensions, sample).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{compression:?}");
    }
    assert!(Compression::Product { bytes: 4 }.check(3).is_err());
    assert!(Compression::Product { bytes: 3 }.check(3).is_ok());
    let choice = Compression::Product { bytes: 16 };
    let text = serde_json::to_string(&choice).unwrap();
    assert_eq!(text, r#"{"product":{"bytes":16}}"#);
    assert_eq!(serde_json::from_str::<Compression>(&text).unwrap(), choice);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    /// A scan is a sort of the codec's own estimates, of the slots that are there and accepted.
    #[test]
    fn a_scan_is_the_sorted_estimates(
        changes in proptest::collection::vec((0u32..700, any::<bool>()), 1..400),
        keep in 0usize..40,
        modulus in 1u32..5,
    ) {
        let set = Set::fading(Metric::Cosine, 24, 700);
        let mut table = CodeTable::new(Int8::train(set.metric, 24, &set.vectors).unwrap());
        let mut there = std::collections::BTreeSet::new();
        for (slot, stays) in changes {
            if stays {
                table.set(slot, &set.vectors[slot as usize * 24..][..24]).unwrap();
                there.insert(slot);
            } else {
                table.clear(slot);
                there.remove(&slot);
            }
        }
        let query = &set.queries[..24];
        let mut estimates = Vec::new();
        table.codec().distances(&table.codec().query(query), table.codes(), &mut estimates);
        let accepted = there.into_iter().filter(|slot| slot % modulus == 0);
        let mut expected: Vec<u32> = accepted.collect();
        expected.sort_by(|a, b| estimates[*a as usize].total_cmp(&estimates[*b as usize]));
        expected.truncate(keep);
        let found = table.scan(query, keep, |slot| slot % modulus == 0).unwrap();
        prop_assert_eq!(slots(&found), expected);
    }
}
