//! Random operations against a scan of a `BTreeMap`, with the index's files lost, damaged and old.

use std::collections::BTreeMap;
use std::path::Path;

use headwater_vector::primitives::filter::{Filter, field};
use headwater_vector::primitives::{Error, ErrorKind, Result};
use headwater_vector::{Metric, RecordId, Row, SearchHit, VectorStore};
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::support::{copy_folder, distance, files_below, ids, opened, settle, with_word};
use crate::support::defects;

const IDS: i64 = 24;
const GROUPS: i64 = 3;
const WORDS: [&str; 5] = ["quartz", "basalt", "marble", "gneiss", "flint"];
/// Rows of a large load, beyond the ids of single writes.
const MANY: i64 = 600;

#[derive(Clone, Debug)]
enum Write {
    Put(Row),
    Text(i64, Option<String>),
    Embedding(i64, Option<Vec<f32>>),
    Group(i64, Value),
    Delete(i64),
}

/// What happens to the index's files while the namespace is closed.
#[derive(Clone, Debug)]
enum Files {
    Stay,
    Go,
    OneGoes(prop::sample::Index),
    OneByteFlips(prop::sample::Index, prop::sample::Index),
    OneIsCut(prop::sample::Index, prop::sample::Index),
    AreKept,
    /// Those kept before come back.
    AreOld,
    GraphIsOld,
}

#[derive(Clone, Debug)]
enum Step {
    One(Write),
    Load(Vec<Row>),
    /// Many rows that follow from a number.
    LoadMany(u64),
    Transaction(Vec<Write>, bool),
    Search(Vec<f32>),
    Settle,
    Reopen(Files),
}

fn arb_embedding() -> impl Strategy<Value = Vec<f32>> {
    // Few values, so that vectors are alike; never all zeros.
    let number = prop_oneof![Just(0.0_f32), Just(0.5), Just(-0.5), -1.0..1.0_f32];
    (vec(number, 3), prop_oneof![Just(1.0_f32), Just(-1.0)]).prop_map(|(mut numbers, last)| {
        numbers.push(last);
        numbers
    })
}

fn arb_text() -> impl Strategy<Value = Option<String>> {
    proptest::option::weighted(
        0.8,
        vec(prop::sample::select(&WORDS), 0..5).prop_map(|words| words.join(" ")),
    )
}

fn arb_group() -> impl Strategy<Value = Value> {
    prop_oneof![
        4 => (0..GROUPS).prop_map(|group| json!({"group": group, "other": group})),
        1 => Just(json!({})),
        1 => Just(json!({"group": [0, 1], "other": "1"})),
    ]
}

fn arb_row() -> impl Strategy<Value = Row> {
    (0..IDS, proptest::option::weighted(0.8, arb_embedding()), arb_text(), arb_group()).prop_map(
        |(id, embedding, text, group)| Row {
            id: Some(id.into()),
            embedding,
            text,
            metadata: group.as_object().cloned().unwrap(),
        },
    )
}

fn arb_write() -> impl Strategy<Value = Write> {
    prop_oneof![
        5 => arb_row().prop_map(Write::Put),
        2 => (0..IDS, arb_text()).prop_map(|(id, text)| Write::Text(id, text)),
        2 => (0..IDS, proptest::option::weighted(0.8, arb_embedding()))
            .prop_map(|(id, embedding)| Write::Embedding(id, embedding)),
        2 => (0..IDS, arb_group()).prop_map(|(id, group)| Write::Group(id, group)),
        3 => (0..IDS).prop_map(Write::Delete),
    ]
}

fn arb_files() -> impl Strategy<Value = Files> {
    use prop::sample::Index;
    prop_oneof![
        3 => Just(Files::Stay),
        1 => Just(Files::Go),
        2 => any::<Index>().prop_map(Files::OneGoes),
        2 => any::<(Index, Index)>().prop_map(|(file, at)| Files::OneByteFlips(file, at)),
        1 => any::<(Index, Index)>().prop_map(|(file, at)| Files::OneIsCut(file, at)),
        2 => Just(Files::AreKept),
        1 => Just(Files::AreOld),
        1 => Just(Files::GraphIsOld),
    ]
}

fn arb_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        30 => arb_write().prop_map(Step::One),
        3 => vec(arb_row(), 0..20).prop_map(Step::Load),
        1 => any::<u64>().prop_map(Step::LoadMany),
        5 => (vec(arb_write(), 0..5), any::<bool>()).prop_map(|(w, f)| Step::Transaction(w, f)),
        10 => arb_embedding().prop_map(Step::Search),
        2 => Just(Step::Settle),
        4 => arb_files().prop_map(Step::Reopen),
    ]
}

/// What a filter means.
type Matches = fn(&Row) -> bool;

/// What there should be, and what its ids look like in the store.
#[derive(Clone)]
struct Model {
    rows: BTreeMap<i64, Row>,
    metric: Metric,
    text_ids: bool,
}

impl Model {
    fn id(&self, id: i64) -> RecordId {
        if self.text_ids { format!("row {id:04}").into() } else { id.into() }
    }

    fn stored(&self, row: &Row) -> Row {
        Row { id: row.id.as_ref().map(|id| self.id(number(id))), ..row.clone() }
    }

    fn write(&mut self, write: &Write) -> Result<(), ErrorKind> {
        let id = match write {
            Write::Put(row) => {
                self.rows.insert(number(row.id.as_ref().unwrap()), row.clone());
                return Ok(());
            }
            Write::Delete(id) => {
                self.rows.remove(id);
                return Ok(());
            }
            Write::Text(id, _) | Write::Embedding(id, _) | Write::Group(id, _) => id,
        };
        let row = self.rows.get_mut(id).ok_or(ErrorKind::NotFound)?;
        match write {
            Write::Text(_, text) => row.text.clone_from(text),
            Write::Embedding(_, embedding) => row.embedding.clone_from(embedding),
            Write::Group(_, group) => row.metadata = group.as_object().cloned().unwrap(),
            Write::Put(_) | Write::Delete(_) => {}
        }
        Ok(())
    }

    /// The distances of the rows that `wanted` lets through, ascending.
    fn scan(&self, query: &[f32], wanted: impl Fn(&Row) -> bool) -> BTreeMap<RecordId, f64> {
        let rows = self.rows.iter().filter(|(_, row)| wanted(row));
        let distance = |(id, row): (&i64, &Row)| {
            Some((self.id(*id), distance(self.metric, query, row.embedding.as_ref()?)))
        };
        rows.filter_map(distance).collect()
    }
}

fn number(id: &RecordId) -> i64 {
    match id {
        RecordId::Integer(id) => *id,
        RecordId::Text(_) => panic!("the model has integers"),
    }
}

fn many(seed: u64) -> Vec<Row> {
    let row = |id: i64| {
        let mut embedding = super::support::direction(seed ^ id as u64, 4);
        embedding[3] += 1.5;
        let word = WORDS[id as usize % WORDS.len()];
        super::support::full(id, &embedding, word, id % GROUPS)
    };
    (IDS..IDS + MANY).map(row).collect()
}

fn one(store: &VectorStore, model: &Model, write: Write) -> Result<()> {
    match write {
        Write::Put(row) => store.put(&model.stored(&row)).wait().map(drop),
        Write::Text(id, text) => store.set_text(model.id(id), text.as_deref()).wait().map(drop),
        Write::Embedding(id, embedding) => {
            store.set_embedding(model.id(id), embedding.as_deref()).wait().map(drop)
        }
        Write::Group(id, group) => store.set_metadata(model.id(id), &group).wait().map(drop),
        Write::Delete(id) => store.delete(model.id(id)).wait().map(drop),
    }
}

fn several(store: &VectorStore, model: &Model, writes: Vec<Write>, fails: bool) -> Result<()> {
    let (within, model) = (store.clone(), model.clone());
    let work = move |tx: &headwater_vector::primitives::Transaction<'_>| {
        let rows = within.within(tx);
        for write in writes {
            match write {
                Write::Put(row) => drop(rows.put(&model.stored(&row))?),
                Write::Text(id, text) => drop(rows.set_text(model.id(id), text.as_deref())?),
                Write::Embedding(id, to) => drop(rows.set_embedding(model.id(id), to.as_deref())?),
                Write::Group(id, group) => drop(rows.set_metadata(model.id(id), &group)?),
                Write::Delete(id) => drop(rows.delete(model.id(id))?),
            }
        }
        if fails { Err(Error::new(ErrorKind::Unsupported, "as asked")) } else { Ok(()) }
    };
    store.namespace().transaction(work).wait()
}

/// `hits` must be `limit` of `expected`, or all, each at its distance; the nearest ones when `nearest`.
fn check_hits(hits: &[SearchHit], expected: &BTreeMap<RecordId, f64>, limit: usize, nearest: bool) {
    assert_eq!(hits.len(), limit.min(expected.len()), "{hits:?}");
    let close = |a: f64, b: f64| (a - b).abs() < 1e-5 * (1.0 + a.abs());
    let mut distinct = ids(hits);
    distinct.sort();
    distinct.dedup();
    assert_eq!(distinct.len(), hits.len(), "a row is there twice: {hits:?}");
    for hit in hits {
        let expected = expected.get(&hit.id).unwrap_or_else(|| panic!("{hit:?} is not there"));
        assert!(close(*expected, hit.distance.unwrap().into()), "{expected}, {hit:?}");
    }
    // Equal distances may differ in their last bit.
    let in_order = |a: &SearchHit, b: &SearchHit| {
        let (a, b) = (f64::from(a.distance.unwrap()), f64::from(b.distance.unwrap()));
        a <= b || close(a, b)
    };
    assert!(hits.is_sorted_by(in_order), "{hits:?}");
    assert!(hits.is_sorted_by(|a, b| a.score >= b.score), "{hits:?}");
    if nearest {
        let mut best: Vec<f64> = expected.values().copied().collect();
        best.sort_by(f64::total_cmp);
        let found = hits.iter().zip(best);
        found.for_each(|(hit, best)| assert!(close(best, hit.distance.unwrap().into())));
    }
}

fn check(store: &VectorStore, model: &Model, query: &[f32]) {
    let none: Option<(Filter, Matches)> = None;
    let group = |row: &Row| {
        let group = row.metadata.get("group");
        group == Some(&json!(1)) || group == Some(&json!([0, 1]))
    };
    let other = |row: &Row| row.metadata.get("other") == Some(&json!(2));
    for filter in [none, Some((field("group").eq(1), group)), Some((field("other").eq(2), other))] {
        let wanted = |row: &Row| filter.as_ref().is_none_or(|(_, wanted)| wanted(row));
        let search = || match &filter {
            Some((filter, _)) => store.search().filter(filter.clone()),
            None => store.search(),
        };
        let expected = model.scan(query, wanted);
        for limit in [1, 7, 1_000] {
            let hits = search().vector(query).limit(limit).exact().run().wait().unwrap();
            check_hits(&hits, &expected, limit, true);
            for candidates in [1, 128] {
                let search = search().vector(query).limit(limit).candidates(candidates);
                check_hits(&search.run().wait().unwrap(), &expected, limit, false);
            }
            let hits = search().vector(query).limit(limit).dim(3).run().wait().unwrap();
            check_hits(&hits, &expected, limit, false);
        }
        for word in WORDS {
            let found = search().query(word).limit(10_000).run().wait().unwrap();
            let mut found = ids(&found);
            found.sort();
            let has_word = |row: &Row| row.text.as_ref().is_some_and(|text| text.contains(word));
            let rows = model.rows.iter().filter(|(_, row)| wanted(row) && has_word(row));
            let expected: Vec<RecordId> = rows.map(|(id, _)| model.id(*id)).collect();
            assert_eq!(found, expected, "{word}");
        }
        let both = search().query(WORDS[0]).vector(query).limit(1_000).run().wait().unwrap();
        let rows: Vec<RecordId> =
            model.rows.iter().filter(|(_, row)| wanted(row)).map(|(id, _)| model.id(*id)).collect();
        assert!(both.iter().all(|hit| rows.contains(&hit.id)));
        assert!(both.len() >= expected.len());
    }
}

fn change_files(files: &Files, index: &Path, kept: &Path) {
    let all = files_below(index);
    match files {
        Files::Stay => {}
        Files::Go => drop(std::fs::remove_dir_all(index)),
        Files::AreKept => copy_folder(index, kept),
        Files::AreOld if kept.exists() => copy_folder(kept, index),
        Files::GraphIsOld => {
            for graph in files_below(kept).iter().filter(|path| path.ends_with("graph")) {
                let _ = std::fs::copy(graph, index.join(graph.strip_prefix(kept).unwrap()));
            }
        }
        _ if all.is_empty() => {}
        Files::OneGoes(file) => std::fs::remove_file(file.get(&all)).unwrap(),
        Files::OneByteFlips(file, at) => {
            let mut bytes = std::fs::read(file.get(&all)).unwrap();
            if !bytes.is_empty() {
                let at = at.index(bytes.len());
                bytes[at] ^= 0x41;
            }
            std::fs::write(file.get(&all), bytes).unwrap();
        }
        Files::OneIsCut(file, at) => {
            let bytes = std::fs::read(file.get(&all)).unwrap();
            std::fs::write(file.get(&all), &bytes[..at.index(bytes.len() + 1)]).unwrap();
        }
        Files::AreOld => {}
    }
}

/// Does all `steps`, and compares after each search.
fn follow(steps: Vec<Step>, metric: Metric, text_ids: bool) {
    let folder = tempfile::tempdir().unwrap();
    let (path, kept) = (folder.path().join("app.hw"), folder.path().join("kept"));
    let (mut ns, mut store) = opened(&path, metric);
    let mut model = Model { rows: BTreeMap::new(), metric, text_ids };
    for step in steps {
        let (done, expected) = match step {
            Step::One(write) => {
                let expected = model.write(&write);
                (one(&store, &model, write), expected)
            }
            Step::Transaction(writes, fails) => {
                let mut after = model.clone();
                let mut expected = writes.iter().try_for_each(|write| after.write(write));
                if expected.is_ok() && fails {
                    expected = Err(ErrorKind::Unsupported);
                }
                let done = several(&store, &model, writes, fails);
                if expected.is_ok() {
                    model = after;
                }
                (done, expected)
            }
            Step::Load(rows) => (load(&store, &mut model, rows), Ok(())),
            Step::LoadMany(seed) => (load(&store, &mut model, many(seed)), Ok(())),
            Step::Search(query) => {
                check(&store, &model, &query);
                (Ok(()), Ok(()))
            }
            Step::Settle => {
                settle(&store);
                (Ok(()), Ok(()))
            }
            Step::Reopen(files) => {
                drop(store);
                ns.close().unwrap();
                change_files(&files, &path.join("index"), &kept);
                (ns, store) = opened(&path, metric);
                (Ok(()), Ok(()))
            }
        };
        assert_eq!(done.map_err(|error| error.kind()), expected);
    }
    check(&store, &model, &[0.1, 0.2, 0.3, 1.0]);
    assert_eq!(with_word(&store, "obsidian"), []);
    assert_eq!(defects(&ns), Vec::<String>::new());
}

fn load(store: &VectorStore, model: &mut Model, rows: Vec<Row>) -> Result<()> {
    for row in &rows {
        let _ = model.write(&Write::Put(row.clone()));
    }
    store.load(rows.iter().map(|row| Ok(model.stored(row))), |_| ()).map(drop)
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 10, failure_persistence: None, max_shrink_iters: 200, ..ProptestConfig::default()
    })]

    #[test]
    fn searches_equal_a_scan_of_a_map(
        steps in vec(arb_step(), 20..160),
        metric in prop::sample::select(&[Metric::Cosine, Metric::L2, Metric::Dot]),
        text_ids in any::<bool>(),
    ) {
        follow(steps, metric, text_ids);
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 400, failure_persistence: None, ..ProptestConfig::default()
    })]

    #[test]
    #[ignore = "400 long runs"]
    fn soak_searches_equal_a_scan_of_a_map(
        steps in vec(arb_step(), 20..300),
        metric in prop::sample::select(&[Metric::Cosine, Metric::L2, Metric::Dot]),
        text_ids in any::<bool>(),
    ) {
        follow(steps, metric, text_ids);
    }
}
