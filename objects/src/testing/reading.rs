//! Puts, gets, ranges and deletions.

use std::sync::Arc;

use object_store::{Error, GetOptions, GetRange, ObjectStore, ObjectStoreExt};

use super::{Case, Place, case, delete_all, is_not_found, read};

pub(super) fn cases() -> Vec<Case> {
    vec![
        case!(a_put_is_read_back_and_replaced),
        case!(an_empty_object_is_real),
        case!(ranges_are_cut_from_the_content),
        case!(a_missing_object_is_not_found),
        case!(a_get_can_depend_on_the_version),
        case!(keys_may_have_odd_characters),
        case!(deleted_objects_are_gone),
    ]
}

async fn a_put_is_read_back_and_replaced(place: Arc<Place>) {
    let key = place.key("a/b");
    let first = place.put("a/b", "first").await;
    let meta = place.store.head(&key).await.unwrap();
    assert_eq!((meta.location, meta.size), (key.clone(), 5));
    assert_eq!(meta.e_tag, first.e_tag);
    assert_eq!(place.content("a/b").await, "first");
    let second = place.put("a/b", "the second").await;
    assert_ne!(first.e_tag, second.e_tag);
    let got = place.store.get(&key).await.unwrap();
    assert_eq!((got.meta.size, got.range.clone()), (10, 0..10));
    assert_eq!(got.meta.e_tag, second.e_tag);
    assert_eq!(got.bytes().await.unwrap(), "the second");
}

async fn an_empty_object_is_real(place: Arc<Place>) {
    place.put("empty", "").await;
    assert_eq!(place.store.head(&place.key("empty")).await.unwrap().size, 0);
    assert_eq!(place.content("empty").await, "");
    assert_eq!(place.names().await, ["empty"]);
}

async fn ranges_are_cut_from_the_content(place: Arc<Place>) {
    place.put("r", "0123456789").await;
    let key = place.key("r");
    let cases = [
        (GetRange::Bounded(2..5), "234"),
        (GetRange::Bounded(7..99), "789"),
        (GetRange::Offset(8), "89"),
        (GetRange::Suffix(3), "789"),
    ];
    for (range, expected) in cases {
        let options = GetOptions { range: Some(range.clone()), ..GetOptions::default() };
        let got = place.store.get_opts(&key, options).await.unwrap();
        assert_eq!(got.meta.size, 10, "{range}");
        assert_eq!(got.bytes().await.unwrap(), expected, "{range}");
    }
    let ranges = place.store.get_ranges(&key, &[8..10, 0..1, 0..3]).await.unwrap();
    assert_eq!(ranges, ["89", "0", "012"]);
    assert!(place.store.get_range(&key, 10..12).await.is_err(), "a range past the end");
}

async fn a_missing_object_is_not_found(place: Arc<Place>) {
    let (store, key) = (&place.store, place.key("missing"));
    assert!(is_not_found(store.get(&key).await));
    assert!(is_not_found(store.head(&key).await));
    assert!(is_not_found(store.get_range(&key, 0..1).await));
    place.put("folder/x", "x").await;
    assert!(is_not_found(store.get(&place.key("folder")).await), "a prefix is no object");
    assert!(is_not_found(store.get(&place.key("folder/x/y")).await), "an object is no prefix");
}

async fn a_get_can_depend_on_the_version(place: Arc<Place>) {
    let e_tag = place.put("v", "one").await.e_tag;
    let key = place.key("v");
    let same = GetOptions { if_match: e_tag.clone(), ..GetOptions::default() };
    let other = GetOptions { if_none_match: e_tag, ..GetOptions::default() };
    assert!(place.store.get_opts(&key, same.clone()).await.is_ok());
    let unchanged = place.store.get_opts(&key, other.clone()).await;
    assert!(matches!(unchanged, Err(Error::NotModified { .. })), "{unchanged:?}");
    place.put("v", "another").await;
    let changed = place.store.get_opts(&key, same).await;
    assert!(matches!(changed, Err(Error::Precondition { .. })), "{changed:?}");
    assert!(place.store.get_opts(&key, other).await.is_ok());
}

async fn keys_may_have_odd_characters(place: Arc<Place>) {
    let mut names = ["day=2026-01-02", "a b", "100%25", "ä/ß", "x#1", "q&a+b", "~.-_!"];
    for name in names {
        place.put(name, name).await;
    }
    for name in names {
        assert_eq!(place.content(name).await, name);
    }
    names.sort_unstable();
    assert_eq!(place.names().await, names);
}

async fn deleted_objects_are_gone(place: Arc<Place>) {
    for name in ["a", "b/c", "b/d", "e"] {
        place.put(name, name).await;
    }
    place.store.delete(&place.key("a")).await.unwrap();
    assert!(is_not_found(read(&place.store, &place.key("a")).await));
    let results = delete_all(&place, &["b/d", "e"]).await;
    assert_eq!(place.within(results.into_iter().map(Result::unwrap)), ["b/d", "e"]);
    assert_eq!(place.names().await, ["b/c"]);
    // Services do not tell whether it was there.
    let again = place.store.delete(&place.key("a")).await;
    assert!(again.is_ok() || is_not_found(again));
}
