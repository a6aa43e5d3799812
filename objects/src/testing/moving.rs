//! Copies and renames.

use std::sync::Arc;

use object_store::{Error, ObjectStoreExt};

use super::{Case, Place, case, is_not_found, is_offered};

pub(super) fn cases() -> Vec<Case> {
    vec![
        case!(a_copy_is_an_object_of_its_own),
        case!(a_rename_leaves_nothing_behind),
        case!(moving_can_refuse_to_overwrite),
        case!(what_is_missing_cannot_be_moved),
    ]
}

async fn a_copy_is_an_object_of_its_own(place: Arc<Place>) {
    place.put("a", "content").await;
    place.put("b", "old").await;
    place.store.copy(&place.key("a"), &place.key("b")).await.unwrap();
    place.store.copy(&place.key("a"), &place.key("new/c")).await.unwrap();
    place.put("a", "changed").await;
    assert_eq!(place.content("b").await, "content");
    assert_eq!(place.content("new/c").await, "content");
}

async fn a_rename_leaves_nothing_behind(place: Arc<Place>) {
    place.put("a", "content").await;
    place.put("b", "old").await;
    place.store.rename(&place.key("a"), &place.key("b")).await.unwrap();
    place.store.rename(&place.key("b"), &place.key("new/c")).await.unwrap();
    assert_eq!(place.names().await, ["new/c"]);
    assert_eq!(place.content("new/c").await, "content");
}

async fn moving_can_refuse_to_overwrite(place: Arc<Place>) {
    place.put("a", "a").await;
    place.put("b", "b").await;
    let (a, b, c) = (place.key("a"), place.key("b"), place.key("c"));
    let copied = place.store.copy_if_not_exists(&a, &b).await;
    if !is_offered(&copied) {
        return;
    }
    assert!(matches!(copied, Err(Error::AlreadyExists { .. })), "{copied:?}");
    let renamed = place.store.rename_if_not_exists(&a, &b).await;
    assert!(matches!(renamed, Err(Error::AlreadyExists { .. })), "{renamed:?}");
    assert_eq!(place.content("b").await, "b");
    place.store.copy_if_not_exists(&a, &c).await.unwrap();
    assert_eq!(place.content("c").await, "a");
    place.store.rename_if_not_exists(&c, &place.key("d")).await.unwrap();
    assert_eq!(place.names().await, ["a", "b", "d"]);
}

async fn what_is_missing_cannot_be_moved(place: Arc<Place>) {
    place.put("there", "content").await;
    let (missing, there) = (place.key("missing"), place.key("there"));
    assert!(is_not_found(place.store.copy(&missing, &there).await));
    assert!(is_not_found(place.store.rename(&missing, &there).await));
    assert_eq!(place.content("there").await, "content");
}
