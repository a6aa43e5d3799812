//! Saving, loading, and files that are not what they should be.

use headwater_vector::Metric;
use headwater_vector::cdc::Position;
use headwater_vector::primitives::{ErrorKind, Sequence};

use super::Implementation;
use super::data::{labels, random, recall};

const APPLIED: Position = Position { epoch: 3, sequence: Sequence(77) };

fn saved<I: Implementation>(index: &I) -> Vec<u8> {
    let mut bytes = Vec::new();
    index.save(&mut bytes, APPLIED).unwrap();
    bytes
}

pub(crate) fn a_loaded_index_gives_the_same_answers<I: Implementation>() {
    let (vectors, queries) = (random(21, 800, 12), random(22, 15, 12));
    for metric in Metric::ALL {
        let index = I::filled(metric, &vectors);
        let bytes = saved(&index);
        let (loaded, applied) = I::load(&mut &bytes[..]).unwrap();
        assert_eq!((loaded.len(), loaded.metric(), applied), (800, metric, APPLIED));
        for query in &queries {
            let before = index.search(query, 10, 60, None).unwrap();
            assert_eq!(loaded.search(query, 10, 60, None).unwrap(), before, "{metric}");
        }
        // And goes on from there, without what was deleted.
        (0..800).step_by(10).for_each(|label| assert!(loaded.delete(label).unwrap()));
        let (again, _) = I::load(&mut &saved(&loaded)[..]).unwrap();
        assert_eq!(again.len(), 720);
        let all = again.search(&queries[0], 800, 800, None).unwrap();
        assert!(all.len() == 720 && labels(&all).iter().all(|label| label % 10 != 0));
        let left = (0..800).filter(|label| label % 10 != 0).collect();
        assert!(recall(&again, &vectors, &queries, 80, Some(&left)) > 0.95);
        again.insert(0, &vectors[0]).unwrap();
        assert_eq!(again.search(&vectors[1], 800, 800, None).unwrap().len(), 721);
    }
}

pub(crate) fn an_empty_index_is_saved_and_loaded<I: Implementation>() {
    let bytes = saved(&I::empty(5, Metric::Dot));
    let (loaded, applied) = I::load(&mut &bytes[..]).unwrap();
    assert_eq!((loaded.len(), loaded.dimensions(), applied), (0, 5, APPLIED));
    loaded.insert(1, &[1.0; 5]).unwrap();
    assert_eq!(loaded.search(&[1.0; 5], 2, 10, None).unwrap().len(), 1);
}

pub(crate) fn a_damaged_file_is_refused<I: Implementation>() {
    let bytes = saved(&I::filled(Metric::Cosine, &random(23, 60, 4)));
    let refused = |bytes: &[u8], what: &str| {
        let error = I::load(&mut &*bytes).err().unwrap_or_else(|| panic!("{what} was taken"));
        assert!(matches!(error.kind(), ErrorKind::Corrupt | ErrorKind::NewerVersion), "{error}");
    };
    for length in (0..bytes.len()).step_by(11).chain([bytes.len() - 1]) {
        refused(&bytes[..length], &format!("a file of {length} bytes"));
    }
    for place in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[place] ^= 1 << (place % 8);
        refused(&damaged, &format!("another byte at {place}"));
    }
}

pub(crate) fn a_file_of_another_kind_is_refused<I: Implementation>() {
    let text = b"not an index, but long enough to look like one at a first glance".repeat(9);
    for bytes in [&text[..], &[0; 4096], &[0xff; 4096], b""] {
        assert_eq!(I::load(&mut &*bytes).err().unwrap().kind(), ErrorKind::Corrupt);
    }
}
