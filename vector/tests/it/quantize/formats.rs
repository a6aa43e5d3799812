//! Tables of codes as bytes: of every released format version, damaged, and of a newer one.

use headwater_primitives::ErrorKind;
use headwater_vector::quantize::{Codes, rescore};
use headwater_vector::{Compression, Metric};
use proptest::prelude::*;

const FIXTURES: [(&str, Compression, &[u8]); 3] = [
    ("int8", Compression::Int8, include_bytes!("../../fixtures/codes-int8-1.bin")),
    ("binary", Compression::Binary, include_bytes!("../../fixtures/codes-binary-1.bin")),
    (
        "product",
        Compression::Product { bytes: 2 },
        include_bytes!("../../fixtures/codes-product-1.bin"),
    ),
];

/// Vectors of three dimensions whose values no rounding touches.
fn vectors() -> Vec<f32> {
    (0..300)
        .flat_map(|place| [place % 16, place / 16 % 16, place / 256])
        .map(|x| x as f32)
        .collect()
}

/// What the fixture was made from: `BLESS=1` makes it anew, for a new version beside the old one.
fn written_today(compression: Compression) -> Codes {
    let vectors = vectors();
    let codes = Codes::train(compression, Metric::L2, 3, &vectors, 7).unwrap();
    let mut codes = codes.unwrap();
    for slot in (0..20).filter(|slot| slot % 3 != 1) {
        codes.set(slot, &vectors[3 * slot as usize..][..3]).unwrap();
    }
    codes
}

#[test]
fn tables_of_version_1_are_read() {
    if std::env::var_os("BLESS").is_some() {
        let folder = std::env::var("CARGO_MANIFEST_DIR").unwrap();
        for (name, compression, _) in FIXTURES {
            let path = format!("{folder}/tests/fixtures/codes-{name}-1.bin");
            std::fs::write(path, written_today(compression).save()).unwrap();
        }
    }
    for (name, compression, bytes) in FIXTURES {
        let codes = Codes::load(bytes).unwrap();
        assert_eq!(codes.slots(), 19, "{name}");
        assert_eq!(codes.bytes_per_vector(), compression.bytes_per_vector(3), "{name}");
        assert!(codes.contains(0) && !codes.contains(1) && codes.contains(2), "{name}");
        let query = [6.0, 0.0, 0.0];
        let candidates = codes.scan(&query, 9, |_| true).unwrap();
        let nearest = rescore(&vectors(), &query, Metric::L2, &candidates, 1).unwrap();
        assert_eq!((nearest[0].slot, nearest[0].distance), (6, 0.0), "{name}");
    }
}

#[test]
fn today_s_tables_have_the_bytes_of_the_fixtures() {
    for (name, compression, bytes) in FIXTURES {
        let codes = written_today(compression);
        assert!(codes.save() == bytes, "{name}: the format has changed: give it a new version");
        assert_eq!(Codes::load(bytes).unwrap(), codes, "{name}");
    }
}

#[test]
fn a_table_can_be_changed_after_it_was_loaded() {
    for (name, compression, bytes) in FIXTURES {
        let mut codes = Codes::load(bytes).unwrap();
        codes.set(1, &vectors()[3..6]).unwrap();
        codes.clear(0);
        let again = Codes::load(&codes.save()).unwrap();
        assert_eq!(again, codes, "{name}");
        assert!(again.contains(1) && !again.contains(0), "{name}");
        let empty = Codes::train(compression, Metric::L2, 3, &vectors(), 7).unwrap().unwrap();
        assert_eq!(Codes::load(&empty.save()).unwrap(), empty, "{name}");
    }
}

#[test]
fn a_changed_byte_and_a_lost_tail_are_damage() {
    for (name, _, bytes) in FIXTURES {
        for at in 0..bytes.len() {
            let mut damaged = bytes.to_vec();
            damaged[at] ^= 0x10;
            assert_eq!(
                Codes::load(&damaged).unwrap_err().kind(),
                ErrorKind::Corrupt,
                "{name} {at}"
            );
        }
        for len in (0..bytes.len()).step_by(7) {
            assert_eq!(
                Codes::load(&bytes[..len]).unwrap_err().kind(),
                ErrorKind::Corrupt,
                "{name}"
            );
        }
    }
}

/// `bytes` with some of them changed, and a checksum that says so.
fn resealed(bytes: &[u8], changes: &[(usize, u8)]) -> Vec<u8> {
    let mut changed = bytes.to_vec();
    changes.iter().for_each(|(at, byte)| changed[*at] = *byte);
    let crc = crc32c::crc32c_append(crc32c::crc32c(&changed[..20]), &changed[24..]);
    changed[20..24].copy_from_slice(&crc.to_le_bytes());
    changed
}

#[test]
fn a_newer_version_is_said_to_be_newer() {
    let newer = resealed(FIXTURES[0].2, &[(4, 2)]);
    let error = Codes::load(&newer).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NewerVersion);
    assert_eq!(error.to_string(), "vector codes of format 2 are newer than this code's 1");
}

#[test]
fn fields_that_contradict_each_other_are_damage() {
    for (name, _, bytes) in FIXTURES {
        let changes: [&[(usize, u8)]; 9] = [
            &[(4, 0)],
            &[(5, 0)],
            &[(5, 4)],
            &[(6, 3)],
            &[(8, 0)],
            &[(8, 255), (9, 255), (10, 255), (11, 255)],
            &[(12, 255), (13, 255), (14, 255), (15, 255)],
            &[(12, 18)],
            // The last byte of the first learnt number: with the one before it makes an infinity.
            &[(26, 0x80), (27, 0x7f)],
        ];
        for change in changes {
            let error = Codes::load(&resealed(bytes, change)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Corrupt, "{name} {change:?}");
        }
    }
    for (place, setting) in [(1, 2), (2, 0), (2, 4)] {
        let error = Codes::load(&resealed(FIXTURES[place].2, &[(16, setting)])).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn damage_with_a_right_checksum_is_refused_or_can_be_scanned(
        fixture in 0..FIXTURES.len(),
        changes in proptest::collection::vec((5usize..300, any::<u8>()), 1..6),
        len in 24usize..4000,
    ) {
        let bytes = FIXTURES[fixture].2;
        let changes: Vec<_> = changes.into_iter().filter(|(at, _)| *at < bytes.len()).collect();
        let changed = resealed(bytes, &changes);
        for data in [changed.clone(), resealed(&changed[..len.min(changed.len())], &[])] {
            let Ok(codes) = Codes::load(&data) else { continue };
            let found = codes.scan(&vec![1.0; codes.dimensions()], 10, |_| true).unwrap();
            prop_assert!(found.iter().all(|candidate| codes.contains(candidate.slot)));
            prop_assert_eq!(Codes::load(&codes.save()).unwrap().save(), codes.save());
        }
    }
}
