//! Single keys: getting, putting, deleting, and the limits.

use headwater_primitives::ErrorKind;
use headwater_primitives::kv::{Batch, KvRead, KvReadExt, KvWrite, OrderedKv};

use super::{Backend, Case, case, contents, entries, fill, refused};

pub(super) fn cases<B: Backend>() -> Vec<Case<B>> {
    vec![
        case("a_missing_key_is_none", a_missing_key_is_none),
        case("a_put_is_read_back_and_replaced", a_put_is_read_back_and_replaced),
        case("empty_keys_and_values_are_real", empty_keys_and_values_are_real),
        case("a_delete_removes_one_key", a_delete_removes_one_key),
        case("deleting_a_missing_key_is_not_an_error", deleting_a_missing_key_is_not_an_error),
        case("large_values_come_back_whole", large_values_come_back_whole),
        case("the_limits_are_what_the_capabilities_say", the_limits_are_what_the_capabilities_say),
        case("two_stores_do_not_share_entries", two_stores_do_not_share_entries),
    ]
}

fn a_missing_key_is_none<B: Backend>(backend: &B) {
    let kv = backend.open();
    assert_eq!(kv.get(b"nothing").unwrap(), None);
    assert_eq!(kv.get(b"").unwrap(), None);
    assert!(!kv.contains(b"nothing").unwrap());
    assert_eq!(contents(&kv), []);
}

fn a_put_is_read_back_and_replaced<B: Backend>(backend: &B) {
    let kv = backend.open();
    kv.put(b"k", b"first").unwrap();
    assert_eq!(kv.get(b"k").unwrap().as_deref(), Some(&b"first"[..]));
    kv.put(b"k", b"second").unwrap();
    assert_eq!(kv.get(b"k").unwrap().as_deref(), Some(&b"second"[..]));
    assert!(kv.contains(b"k").unwrap());
    assert_eq!(contents(&kv), [(b"k".to_vec(), b"second".to_vec())]);
}

fn empty_keys_and_values_are_real<B: Backend>(backend: &B) {
    let kv = backend.open();
    kv.put(b"", b"under the empty key").unwrap();
    kv.put(b"k", b"").unwrap();
    assert_eq!(kv.get(b"").unwrap().as_deref(), Some(&b"under the empty key"[..]));
    assert_eq!(kv.get(b"k").unwrap().as_deref(), Some(&b""[..]));
    let expected = [(vec![], b"under the empty key".to_vec()), (b"k".to_vec(), vec![])];
    assert_eq!(contents(&kv), expected);
    kv.delete(b"").unwrap();
    assert_eq!(contents(&kv), expected[1..]);
}

fn a_delete_removes_one_key<B: Backend>(backend: &B) {
    let kv = backend.open();
    fill(&kv, ["a", "a\0", "aa"]);
    kv.delete(b"a").unwrap();
    assert_eq!(kv.get(b"a").unwrap(), None);
    assert_eq!(contents(&kv), entries(["a\0", "aa"]));
    kv.put(b"a", b"a").unwrap();
    assert_eq!(contents(&kv), entries(["a", "a\0", "aa"]));
}

fn deleting_a_missing_key_is_not_an_error<B: Backend>(backend: &B) {
    let kv = backend.open();
    kv.delete(b"nothing").unwrap();
    fill(&kv, ["b"]);
    kv.delete(b"a").unwrap();
    kv.delete(b"c").unwrap();
    assert_eq!(contents(&kv), entries(["b"]));
}

fn large_values_come_back_whole<B: Backend>(backend: &B) {
    let kv = backend.open();
    let size = kv.capabilities().max_value_bytes().min(3 << 20);
    let value = |seed: u8| -> Vec<u8> { (0..size).map(|i| (i % 251) as u8 ^ seed).collect() };
    for seed in 0..4 {
        kv.put(&[seed], &value(seed)).unwrap();
    }
    for seed in 0..4 {
        assert!(kv.get(&[seed]).unwrap() == Some(value(seed)), "value {seed} differs");
    }
    let all = contents(&kv);
    assert!(all == (0..4).map(|seed| (vec![seed], value(seed))).collect::<Vec<_>>());
}

fn the_limits_are_what_the_capabilities_say<B: Backend>(backend: &B) {
    let kv = backend.open();
    let longest = vec![b'k'; kv.capabilities().max_key_bytes()];
    let too_long = vec![b'k'; longest.len() + 1];
    kv.put(&longest, b"fits").unwrap();
    assert_eq!(kv.get(&longest).unwrap().as_deref(), Some(&b"fits"[..]));
    assert_eq!(contents(&kv), [(longest.clone(), b"fits".to_vec())]);

    refused(kv.put(&too_long, b""), ErrorKind::TooLarge);
    refused(kv.delete(&too_long), ErrorKind::TooLarge);
    assert_eq!(kv.get(&too_long).unwrap(), None);
    let too_large = vec![0; kv.capabilities().max_value_bytes() + 1];
    refused(kv.put(b"k", &too_large), ErrorKind::TooLarge);

    let mut batch = Batch::new();
    batch.put(b"a", b"1").put(too_long, b"2");
    refused(kv.write_batch(batch), ErrorKind::TooLarge);
    assert_eq!(contents(&kv), [(longest, b"fits".to_vec())]);
}

fn two_stores_do_not_share_entries<B: Backend>(backend: &B) {
    let (left, right) = (backend.open(), backend.open());
    fill(&left, ["left"]);
    fill(&right, ["right"]);
    assert_eq!(contents(&left), entries(["left"]));
    assert_eq!(contents(&right), entries(["right"]));
}
