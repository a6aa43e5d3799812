//! Multipart uploads.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::try_join_all;
use object_store::ObjectStoreExt;

use super::{Case, Place, case, is_not_found};

pub(super) fn cases() -> Vec<Case> {
    vec![case!(an_upload_is_there_once_it_is_complete), case!(an_aborted_upload_leaves_nothing)]
}

/// Services want all parts but the last to be at least this large.
const PART: usize = 5 << 20;

fn parts() -> Vec<Bytes> {
    let bytes = |seed: usize, size| (0..size).map(|at| ((at / 7 + seed) % 251) as u8).collect();
    vec![bytes(1, PART), bytes(2, PART + 3), bytes(3, 1000)]
}

async fn an_upload_is_there_once_it_is_complete(place: Arc<Place>) {
    place.put("u/big", "old").await;
    let mut upload = place.store.put_multipart(&place.key("u/big")).await.unwrap();
    let running: Vec<_> = parts().into_iter().map(|part| upload.put_part(part.into())).collect();
    try_join_all(running).await.unwrap();
    assert_eq!(place.content("u/big").await, "old");
    assert_eq!(place.names().await, ["u/big"]);
    let completed = upload.complete().await.unwrap();
    let got = place.store.get(&place.key("u/big")).await.unwrap();
    assert_eq!(got.meta.e_tag, completed.e_tag);
    assert!(got.bytes().await.unwrap() == parts().concat(), "the content differs");
}

async fn an_aborted_upload_leaves_nothing(place: Arc<Place>) {
    let mut upload = place.store.put_multipart(&place.key("u/none")).await.unwrap();
    upload.put_part(parts().remove(2).into()).await.unwrap();
    upload.abort().await.unwrap();
    assert!(is_not_found(place.store.get(&place.key("u/none")).await));
    assert!(place.names().await.is_empty());
}
