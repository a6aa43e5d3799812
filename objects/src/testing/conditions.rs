//! Conditional writes: one winner, and no update is lost.

use std::sync::Arc;

use futures_util::future::join_all;
use object_store::{
    Error, ObjectStore, ObjectStoreExt, PutMode, PutPayload, PutResult, Result, UpdateVersion,
};

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
    let head = place.store.head(&place.key("a")).await.unwrap();
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

/// Each writer appends its marks to one object. A mark is appended once: a writer whose update was
/// refused looks first whether it is there after all, as is right where answers can be lost.
async fn concurrent_updates_lose_nothing(place: Arc<Place>) {
    const EACH: u32 = 8;
    place.put("marks", "").await;
    let append = |place: Arc<Place>, writer: u32| async move {
        for number in 0..EACH {
            let mark = format!("{writer}-{number};");
            while !place.appended("marks", &mark).await {}
        }
    };
    let writers = (0..WRITERS).map(|writer| tokio::spawn(append(Arc::clone(&place), writer)));
    for writer in join_all(writers).await {
        writer.unwrap();
    }
    let content = place.content("marks").await;
    let mut marks: Vec<_> = std::str::from_utf8(&content).unwrap().split_terminator(';').collect();
    marks.sort_unstable();
    let expected = (0..WRITERS).flat_map(|writer| (0..EACH).map(move |n| format!("{writer}-{n}")));
    assert_eq!(marks, expected.collect::<Vec<_>>());
}

impl Place {
    /// Tries once to append `mark`; whether it is there.
    async fn appended(&self, name: &str, mark: &str) -> bool {
        let got = self.store.get(&self.key(name)).await.unwrap();
        let seen =
            UpdateVersion { e_tag: got.meta.e_tag.clone(), version: got.meta.version.clone() };
        let content = match got.bytes().await {
            Ok(content) => String::from_utf8(content.to_vec()).unwrap(),
            // The body broke off, and could not go on since the version is gone.
            Err(Error::Precondition { .. }) => return false,
            Err(error) => panic!("{error}"),
        };
        if content.contains(mark) {
            return true;
        }
        match self.update(name, content + mark, seen).await {
            Ok(_) => true,
            Err(Error::Precondition { .. }) => false,
            Err(error) => panic!("{error}"),
        }
    }
}
