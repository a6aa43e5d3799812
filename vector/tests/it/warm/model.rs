//! Random operations on two stores, of which one moves its embeddings about: their answers are the same.

use std::ops::ControlFlow;
use std::path::Path;

use headwater_vector::primitives::Namespace;
use headwater_vector::primitives::filter::{Filter, field};
use headwater_vector::{Demote, Row, SearchHit, VectorStore};
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::json;

use super::support::{DIMENSIONS, opened, options, row};
use crate::support::defects;

const IDS: i64 = 40;

#[derive(Clone, Debug)]
enum Write {
    Put(i64, Option<Vec<f32>>),
    Text(i64, Option<String>),
    Embedding(i64, Option<Vec<f32>>),
    Group(i64, i64),
    Update(i64, i64),
    Delete(i64),
}

#[derive(Clone, Debug)]
enum Step {
    Write(Write),
    /// Rows beside those that are written one by one.
    Load,
    Demote {
        keep: u64,
        calls: usize,
    },
    Search(Vec<f32>),
    Reopen {
        without_index: bool,
    },
}

fn arb_embedding() -> impl Strategy<Value = Vec<f32>> {
    vec(-50.0..50.0_f32, DIMENSIONS)
}

fn arb_write() -> impl Strategy<Value = Write> {
    let some = || proptest::option::weighted(0.85, arb_embedding());
    prop_oneof![
        4 => (0..IDS, some()).prop_map(|(id, embedding)| Write::Put(id, embedding)),
        2 => (0..IDS, any::<bool>())
            .prop_map(|(id, some)| Write::Text(id, some.then(|| format!("moss {id}")))),
        2 => (0..IDS, some()).prop_map(|(id, embedding)| Write::Embedding(id, embedding)),
        2 => (0..IDS, 0..3i64).prop_map(|(id, group)| Write::Group(id, group)),
        2 => (0..IDS, 0..3i64).prop_map(|(id, group)| Write::Update(id, group)),
        2 => (0..IDS).prop_map(Write::Delete),
    ]
}

fn arb_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        20 => arb_write().prop_map(Step::Write),
        1 => Just(Step::Load),
        3 => (0..60u64, prop_oneof![3 => Just(usize::MAX), 1 => 1..4usize])
            .prop_map(|(keep, calls)| Step::Demote { keep, calls }),
        4 => arb_embedding().prop_map(Step::Search),
        2 => any::<bool>().prop_map(|without_index| Step::Reopen { without_index }),
    ]
}

/// Whether there was such a row.
fn write(store: &VectorStore, write: &Write) -> bool {
    let done = match write {
        Write::Put(id, embedding) => {
            let row = Row { embedding: embedding.clone(), ..row(*id) };
            store.put(&row).wait().map(drop)
        }
        Write::Text(id, text) => store.set_text(*id, text.as_deref()).wait().map(drop),
        Write::Embedding(id, to) => store.set_embedding(*id, to.as_deref()).wait().map(drop),
        Write::Group(id, group) => {
            store.set_metadata(*id, &json!({"group": group})).wait().map(drop)
        }
        Write::Update(id, group) => {
            let group = *group;
            let change = move |row: &mut Row| {
                row.metadata.insert("group".to_owned(), json!(group));
            };
            store.update(*id, change).wait().map(drop)
        }
        Write::Delete(id) => return store.delete(*id).wait().unwrap().is_some(),
    };
    done.is_ok()
}

fn same(ours: &[SearchHit], theirs: &[SearchHit]) {
    let close = |a: f32, b: f32| (a - b).abs() <= 1e-4 * (1.0 + b.abs());
    assert_eq!(ours.len(), theirs.len());
    for (ours, theirs) in ours.iter().zip(theirs) {
        let (a, b) = (ours.distance.unwrap(), theirs.distance.unwrap());
        assert!(close(a, b), "{ours:?}, {theirs:?}");
        // Distances as good as equal may be in another order.
        assert!(ours.id == theirs.id || close(a, b));
    }
}

fn compare(tiered: &VectorStore, hot: &VectorStore, query: &[f32]) {
    let filters: [Option<Filter>; 2] = [None, Some(field("group").eq(1))];
    for filter in filters {
        let search = |store: &VectorStore| {
            let search = store.search().vector(query);
            match &filter {
                Some(filter) => search.filter(filter.clone()),
                None => search,
            }
        };
        for limit in [1, 10, 2_000] {
            let exact =
                |store: &VectorStore| search(store).limit(limit).exact().run().wait().unwrap();
            same(&exact(tiered), &exact(hot));
        }
        let all = |store: &VectorStore| search(store).limit(2_000).run().wait().unwrap();
        same(&all(tiered), &all(hot));
        let both = search(tiered).query("moss").limit(2_000).run().wait().unwrap();
        assert_eq!(both.len(), search(hot).query("moss").limit(2_000).run().wait().unwrap().len());
    }
    let ids = || 0..IDS;
    assert_eq!(tiered.get_many(ids()).wait().unwrap(), hot.get_many(ids()).wait().unwrap());
}

fn follow(path: &Path, steps: Vec<Step>) {
    let (mut ns, mut tiered) = opened(path);
    let memory = Namespace::in_memory().unwrap();
    let hot: VectorStore = VectorStore::create(&memory, "rows", options()).unwrap();
    for step in steps {
        match step {
            Step::Write(one) => assert_eq!(write(&tiered, &one), write(&hot, &one), "{one:?}"),
            Step::Load => {
                for store in [&tiered, &hot] {
                    store.load((IDS..IDS + 400).map(|id| Ok(row(id))), |_| ()).unwrap();
                }
            }
            Step::Demote { keep, mut calls } => {
                let count = |_| {
                    calls -= 1;
                    if calls == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
                };
                tiered.demote(Demote::keep(keep), count).unwrap();
            }
            Step::Search(query) => compare(&tiered, &hot, &query),
            Step::Reopen { without_index } => {
                drop(tiered);
                ns.close().unwrap();
                if without_index {
                    let _ = std::fs::remove_dir_all(path.join("index"));
                }
                (ns, tiered) = opened(path);
            }
        }
    }
    compare(&tiered, &hot, &[1.0; DIMENSIONS]);
    assert_eq!(defects(&ns), Vec::<String>::new());
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 6, failure_persistence: None, max_shrink_iters: 60, ..ProptestConfig::default()
    })]

    #[test]
    fn answers_do_not_tell_where_embeddings_are(steps in vec(arb_step(), 20..80)) {
        let folder = tempfile::tempdir().unwrap();
        follow(&folder.path().join("app.hw"), steps);
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 200, failure_persistence: None, ..ProptestConfig::default()
    })]

    #[test]
    #[ignore = "200 long runs"]
    fn soak_answers_do_not_tell_where_embeddings_are(steps in vec(arb_step(), 20..200)) {
        let folder = tempfile::tempdir().unwrap();
        follow(&folder.path().join("app.hw"), steps);
    }
}
