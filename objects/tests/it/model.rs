//! Random operations on a local store do what they do on a map.

use std::collections::BTreeMap;

use futures_util::{StreamExt, TryStreamExt};
use headwater_objects::object_store::path::Path;
use headwater_objects::object_store::{
    Error, ObjectStore, ObjectStoreExt, PutMode, Result, UpdateVersion,
};
use headwater_objects::{DurableLocal, Sync};
use proptest::prelude::*;

use crate::support::{block_on, key};

/// Keys that are objects; none is the beginning of another.
const KEYS: [&str; 7] = ["a", "b/1", "b/2", "b/c/1", "b/c/2", "bc/1", "d/e/f/g"];
const PREFIXES: [&str; 6] = ["", "b", "b/c", "bc", "d/e", "missing"];

#[derive(Debug, Clone)]
enum Step {
    Put(&'static str, Vec<u8>),
    Create(&'static str, Vec<u8>),
    /// With the version of that many writes ago.
    Update(&'static str, Vec<u8>, usize),
    Upload(&'static str, Vec<u8>, usize),
    Abandon(&'static str),
    Delete(Vec<&'static str>),
    Copy(&'static str, &'static str, Moving),
    Rename(&'static str, &'static str, Moving),
    Range(&'static str, u64, u64),
    List(&'static str),
    Children(&'static str),
    Offset(&'static str, &'static str),
}

#[derive(Debug, Clone, Copy)]
enum Moving {
    Over,
    IfAbsent,
}

fn a_key() -> impl Strategy<Value = &'static str> {
    prop::sample::select(&KEYS[..])
}

fn a_step() -> impl Strategy<Value = Step> {
    let content = || prop::collection::vec(any::<u8>(), 0..6);
    let prefix = || prop::sample::select(&PREFIXES[..]);
    let moving = || prop::sample::select(vec![Moving::Over, Moving::IfAbsent]);
    prop_oneof![
        4 => (a_key(), content()).prop_map(|(key, content)| Step::Put(key, content)),
        3 => (a_key(), content()).prop_map(|(key, content)| Step::Create(key, content)),
        6 => (a_key(), content(), 0..3_usize)
            .prop_map(|(key, content, ago)| Step::Update(key, content, ago)),
        2 => (a_key(), content(), 0..6_usize)
            .prop_map(|(key, content, cut)| Step::Upload(key, content, cut)),
        1 => a_key().prop_map(Step::Abandon),
        3 => prop::collection::vec(a_key(), 1..4).prop_map(Step::Delete),
        2 => (a_key(), a_key(), moving()).prop_map(|(a, b, moving)| Step::Copy(a, b, moving)),
        3 => (a_key(), a_key(), moving()).prop_map(|(a, b, moving)| Step::Rename(a, b, moving)),
        2 => (a_key(), 0..7_u64, 1..7_u64).prop_map(|(key, at, len)| Step::Range(key, at, len)),
        2 => prefix().prop_map(Step::List),
        2 => prefix().prop_map(Step::Children),
        1 => (prefix(), a_key()).prop_map(|(prefix, key)| Step::Offset(prefix, key)),
    ]
}

/// What the store should hold, and the e-tags that each key ever had.
#[derive(Default)]
struct Model {
    objects: BTreeMap<&'static str, (Vec<u8>, String)>,
    e_tags: BTreeMap<&'static str, Vec<String>>,
}

impl Model {
    fn wrote(&mut self, key: &'static str, content: Vec<u8>, e_tag: Option<String>) {
        let e_tag = e_tag.unwrap();
        let known = self.e_tags.entry(key).or_default();
        assert!(!known.contains(&e_tag), "{key} has the e-tag {e_tag} again: {known:?}");
        known.push(e_tag.clone());
        self.objects.insert(key, (content, e_tag));
    }

    fn below(&self, prefix: &str) -> Vec<String> {
        let within = |key: &&&str| prefix.is_empty() || key.starts_with(&format!("{prefix}/"));
        self.objects.keys().filter(within).map(|key| (*key).to_owned()).collect()
    }
}

fn kind<T>(result: &Result<T>) -> &'static str {
    match result {
        Ok(_) => "done",
        Err(Error::NotFound { .. }) => "not found",
        Err(Error::AlreadyExists { .. }) => "already exists",
        Err(Error::Precondition { .. }) => "precondition",
        Err(_) => "another error",
    }
}

async fn step(store: &DurableLocal, model: &mut Model, step: Step) {
    match step {
        Step::Put(at, content) => {
            let put = store.put(&key(at), content.clone().into()).await.unwrap();
            model.wrote(at, content, put.e_tag);
        }
        Step::Create(at, content) => {
            let put =
                store.put_opts(&key(at), content.clone().into(), PutMode::Create.into()).await;
            let there = model.objects.contains_key(at);
            assert_eq!(kind(&put), if there { "already exists" } else { "done" });
            if let Ok(put) = put {
                model.wrote(at, content, put.e_tag);
            }
        }
        Step::Update(at, content, ago) => {
            let known = model.e_tags.get(at).map(Vec::as_slice).unwrap_or_default();
            let e_tag = known.iter().rev().nth(ago).cloned().unwrap_or("0-0-0".into());
            let fits = model.objects.get(at).is_some_and(|(_, now)| *now == e_tag);
            let mode = PutMode::Update(UpdateVersion { e_tag: Some(e_tag), version: None });
            let put = store.put_opts(&key(at), content.clone().into(), mode.into()).await;
            assert_eq!(kind(&put), if fits { "done" } else { "precondition" });
            if let Ok(put) = put {
                model.wrote(at, content, put.e_tag);
            }
        }
        Step::Upload(at, content, cut) => {
            let (left, right) = content.split_at(cut.min(content.len()));
            let mut upload = store.put_multipart(&key(at)).await.unwrap();
            let (left, right) = (left.to_vec().into(), right.to_vec().into());
            let (left, right) = (upload.put_part(left), upload.put_part(right));
            right.await.unwrap();
            left.await.unwrap();
            let e_tag = upload.complete().await.unwrap().e_tag;
            model.wrote(at, content, e_tag);
        }
        Step::Abandon(at) => {
            let mut upload = store.put_multipart(&key(at)).await.unwrap();
            upload.put_part("lost".into()).await.unwrap();
        }
        Step::Delete(keys) => {
            let locations = futures_util::stream::iter(keys.clone()).map(|at| Ok(key(at)));
            let results: Vec<_> = store.delete_stream(locations.boxed()).collect().await;
            assert_eq!(results.len(), keys.len());
            for (at, result) in keys.into_iter().zip(results) {
                let there = model.objects.remove(at).is_some();
                assert_eq!(kind(&result), if there { "done" } else { "not found" }, "{at}");
            }
        }
        Step::Copy(from, to, moving) => {
            let (source, target) = (key(from), key(to));
            let result = match moving {
                Moving::Over => store.copy(&source, &target).await,
                Moving::IfAbsent => store.copy_if_not_exists(&source, &target).await,
            };
            assert_eq!(kind(&result), moved(model, from, to, moving));
            if result.is_ok() {
                let content = model.objects[from].0.clone();
                let e_tag = store.head(&target).await.unwrap().e_tag;
                model.wrote(to, content, e_tag);
            }
        }
        Step::Rename(from, to, moving) => {
            let (source, target) = (key(from), key(to));
            let result = match moving {
                Moving::Over => store.rename(&source, &target).await,
                Moving::IfAbsent => store.rename_if_not_exists(&source, &target).await,
            };
            assert_eq!(kind(&result), moved(model, from, to, moving));
            if result.is_ok() && from != to {
                let (content, _) = model.objects.remove(from).unwrap();
                let e_tag = store.head(&target).await.unwrap().e_tag;
                model.wrote(to, content, e_tag);
            }
        }
        Step::Range(at, start, length) => {
            let got = store.get_range(&key(at), start..start + length).await.ok();
            let content = model.objects.get(at).map(|(content, _)| content.as_slice());
            let expected = content.and_then(|content| {
                let end = content.len().min((start + length) as usize);
                content.get(start as usize..end).filter(|cut| !cut.is_empty())
            });
            assert_eq!(got.as_deref(), expected);
        }
        Step::List(prefix) => {
            let all: Vec<_> = store.list(Some(&key(prefix))).try_collect().await.unwrap();
            assert_eq!(sorted(all.into_iter().map(|meta| meta.location)), model.below(prefix));
        }
        Step::Children(prefix) => {
            let list = store.list_with_delimiter(Some(&key(prefix))).await.unwrap();
            let depth = if prefix.is_empty() { 0 } else { key(prefix).parts_count() };
            let (mut objects, mut prefixes) = (Vec::new(), Vec::new());
            for name in model.below(prefix) {
                let parts: Vec<_> = name.split('/').collect();
                if parts.len() == depth + 1 {
                    objects.push(name);
                } else {
                    prefixes.push(parts[..=depth].join("/"));
                }
            }
            prefixes.dedup();
            assert_eq!(sorted(list.objects.into_iter().map(|meta| meta.location)), objects);
            assert_eq!(sorted(list.common_prefixes), prefixes);
        }
        Step::Offset(prefix, offset) => {
            let listing = store.list_with_offset(Some(&key(prefix)), &key(offset));
            let all: Vec<_> = listing.try_collect().await.unwrap();
            let mut expected = model.below(prefix);
            expected.retain(|name| key(name) > key(offset));
            assert_eq!(sorted(all.into_iter().map(|meta| meta.location)), expected);
        }
    }
}

/// How a copy or rename must end.
fn moved(model: &Model, from: &str, to: &str, moving: Moving) -> &'static str {
    match moving {
        _ if !model.objects.contains_key(from) => "not found",
        Moving::IfAbsent if model.objects.contains_key(to) => "already exists",
        _ => "done",
    }
}

fn sorted(keys: impl IntoIterator<Item = Path>) -> Vec<String> {
    let mut names: Vec<_> = keys.into_iter().map(String::from).collect();
    names.sort_unstable();
    names
}

async fn check(store: &DurableLocal, model: &Model) {
    for at in KEYS {
        let got = store.get(&key(at)).await;
        match model.objects.get(at) {
            Some((content, e_tag)) => {
                let got = got.unwrap();
                assert_eq!(got.meta.e_tag.as_ref(), Some(e_tag));
                assert_eq!(got.bytes().await.unwrap(), content);
            }
            None => assert_eq!(kind(&got), "not found"),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn a_local_store_is_a_map(steps in prop::collection::vec(a_step(), 1..40)) {
        let folder = tempfile::tempdir().unwrap();
        block_on(async {
            let mut model = Model::default();
            let store = DurableLocal::open_with(folder.path(), Sync::Off).unwrap();
            for one in steps {
                step(&store, &mut model, one).await;
            }
            check(&store, &model).await;
            check(&DurableLocal::open(folder.path()).unwrap(), &model).await;
        });
    }
}
