//! Conditional writes: one winner, and no update is lost.

use std::sync::Arc;

use futures_util::future::join_all;
use object_store::{Error, ObjectStore, PutMode, PutPayload, PutResult, Result, UpdateVersion};

use super::{Case, Place, case};

pub(super) fn cases() -> Vec<Case> {
    vec![
        case!(a_create_never_overwrites),
        case!(an_update_needs_the_version_that_is_there),
        case!(one_of_many_creates_wins),
        case!(concurrent_updates_lose_nothing),
    ]
}

const WRITERS: u32 = 6;

impl Place {
    async fn create(&self, name: &str, content: impl Into<PutPayload>) -> Result<PutResult> {
        self.store.put_opts(&self.key(name), content.into(), PutMode::Create.into()).await
    }

    async fn update(&self, name: &str, content: String, seen: UpdateVersion) -> Result<PutResult> {
        let mode = PutMode::Update(seen);
        self.store.put_opts(&self.key(name), content.into(), mode.into()).await
    }
}

async fn a_create_never_overwrites(place: Arc<Place>) {
    let created = place.create("a", "first").await.unwrap();
    let again = place.create("a", "second").await;
    assert!(matches!(again, Err(Error::AlreadyExists { .. })), "{again:?}");
    assert_eq!(place.content("a").await, "first");
    let head = object_store::ObjectStoreExt::head(&place.store, &place.key("a")).await.unwrap();
    assert_eq!(head.e_tag, created.e_tag);
}

async fn an_update_needs_the_version_that_is_there(place: Arc<Place>) {
    let first: UpdateVersion = place.put("a", "first").await.into();
    let second = place.update("a", "second".into(), first.clone()).await.unwrap();
    let stale = place.update("a", "stale".into(), first.clone()).await;
    assert!(matches!(stale, Err(Error::Precondition { .. })), "{stale:?}");
    assert_eq!(place.content("a").await, "second");
    place.update("a", "third".into(), second.into()).await.unwrap();
    let missing = place.update("missing", "x".into(), first).await;
    assert!(matches!(missing, Err(Error::Precondition { .. })), "{missing:?}");
    assert_eq!(place.names().await, ["a"]);
}

async fn one_of_many_creates_wins(place: Arc<Place>) {
    for round in 0..4 {
        let name = format!("r{round}");
        let create = |writer: u32| {
            let (place, name) = (Arc::clone(&place), name.clone());
            tokio::spawn(async move { place.create(&name, format!("writer {writer}")).await })
        };
        let results = join_all((0..WRITERS).map(create)).await;
        let mut winners = Vec::new();
        for (writer, result) in results.into_iter().enumerate() {
            match result.unwrap() {
                Ok(_) => winners.push(writer),
                Err(error) => assert!(matches!(error, Error::AlreadyExists { .. }), "{error}"),
            }
        }
        let [winner] = winners[..] else { panic!("{winners:?} won") };
        assert_eq!(place.content(&name).await, format!("writer {winner}"));
    }
}

async fn concurrent_updates_lose_nothing(place: Arc<Place>) {
    const EACH: u32 = 8;
    place.put("count", "0").await;
    let count = |place: Arc<Place>| async move {
        let mut done = 0;
        while done < EACH {
            let key = place.key("count");
            let got = object_store::ObjectStoreExt::get(&place.store, &key).await.unwrap();
            let seen =
                UpdateVersion { e_tag: got.meta.e_tag.clone(), version: got.meta.version.clone() };
            let text = String::from_utf8(got.bytes().await.unwrap().to_vec()).unwrap();
            let next = text.parse::<u32>().unwrap() + 1;
            match place.update("count", next.to_string(), seen).await {
                Ok(_) => done += 1,
                Err(error) => assert!(matches!(error, Error::Precondition { .. }), "{error}"),
            }
        }
    };
    let writers = (0..WRITERS).map(|_| tokio::spawn(count(Arc::clone(&place))));
    for writer in join_all(writers).await {
        writer.unwrap();
    }
    assert_eq!(place.content("count").await, (WRITERS * EACH).to_string());
}
