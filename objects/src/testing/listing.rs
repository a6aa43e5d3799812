//! Listings.

use std::sync::Arc;

use futures_util::TryStreamExt;
use object_store::ObjectStore;

use super::{Case, Place, case, delete_all};

pub(super) fn cases() -> Vec<Case> {
    vec![
        case!(a_prefix_ends_at_a_slash),
        case!(a_delimiter_folds_deeper_keys),
        case!(a_prefix_without_objects_is_none),
        case!(an_offset_hides_the_keys_up_to_it),
    ]
}

const NAMES: [&str; 6] = ["a/1", "a/b/2", "a/b/c/3", "ab/4", "b", "a.5"];

async fn fill(place: &Place) {
    for name in NAMES {
        place.put(name, name).await;
    }
}

async fn listed(place: &Place, prefix: &str) -> Vec<String> {
    let prefix = place.key(prefix);
    let all: Vec<_> = place.store.list(Some(&prefix)).try_collect().await.unwrap();
    for meta in &all {
        assert_eq!(meta.size, place.within([meta.location.clone()])[0].len() as u64);
        assert!(meta.e_tag.is_some());
    }
    place.within(all.into_iter().map(|meta| meta.location))
}

async fn a_prefix_ends_at_a_slash(place: Arc<Place>) {
    fill(&place).await;
    assert_eq!(listed(&place, "a").await, ["a/1", "a/b/2", "a/b/c/3"]);
    assert_eq!(listed(&place, "a/b").await, ["a/b/2", "a/b/c/3"]);
    assert!(listed(&place, "b").await.is_empty(), "an object is not below itself");
    assert!(listed(&place, "missing").await.is_empty());
}

async fn a_delimiter_folds_deeper_keys(place: Arc<Place>) {
    fill(&place).await;
    for (prefix, objects, prefixes) in [
        (place.prefix.clone(), &["a.5", "b"][..], &["a", "ab"][..]),
        (place.key("a"), &["a/1"], &["a/b"]),
        (place.key("a/b/c"), &["a/b/c/3"], &[]),
        (place.key("missing"), &[], &[]),
    ] {
        let list = place.store.list_with_delimiter(Some(&prefix)).await.unwrap();
        let found = list.objects.into_iter().map(|meta| meta.location);
        assert_eq!(place.within(found), objects, "{prefix}");
        assert_eq!(place.within(list.common_prefixes), prefixes, "{prefix}");
    }
}

async fn a_prefix_without_objects_is_none(place: Arc<Place>) {
    fill(&place).await;
    for result in delete_all(&place, &["a/1", "a/b/2", "a/b/c/3"]).await {
        result.unwrap();
    }
    let list = place.store.list_with_delimiter(Some(&place.prefix)).await.unwrap();
    assert_eq!(place.within(list.common_prefixes), ["ab"]);
}

async fn an_offset_hides_the_keys_up_to_it(place: Arc<Place>) {
    fill(&place).await;
    let offset = place.key("a/b/2");
    let rest = place.store.list_with_offset(Some(&place.prefix), &offset);
    let rest: Vec<_> = rest.map_ok(|meta| meta.location).try_collect().await.unwrap();
    let mut expected: Vec<_> = NAMES.into_iter().filter(|name| *name > "a/b/2").collect();
    expected.sort_unstable();
    assert_eq!(place.within(rest), expected);
}

/// Services list in pages of 1,000.
pub(super) async fn a_listing_may_be_longer_than_a_page(place: &Place) {
    let names: Vec<_> = (0..1030).map(|number| format!("n{number:04}")).collect();
    for chunk in names.chunks(16) {
        futures_util::future::join_all(chunk.iter().map(|name| place.put(name, "x"))).await;
    }
    assert_eq!(place.names().await, names);
}
