//! Where a row lives changes neither whether it is found nor its score.

use std::collections::BTreeMap;
use std::path::Path;

use proptest::prelude::*;

use super::{indexed, open, search};
use crate::text::draft::Draft;
use crate::text::search::TextHit;
use crate::text::{Snapshot, Tail, TextIndex};

/// How often tantivy counts a phrase with slop in a row depends on which of its words is rarer in the
/// row's segment, so only the rows are the same.
const SLOPPY: &str = "\"a c\"~2";

const QUERIES: [&str; 12] = [
    "a",
    "a b",
    "b c d e",
    "+a b -c",
    "\"a b\"",
    SLOPPY,
    "b*",
    "bb~1",
    "a AND (c OR bb*)",
    "-a",
    "abc~ d",
    "ab-c",
];

/// What can happen to a store.
#[derive(Clone, Debug)]
enum Step {
    Upsert(i64, String),
    Delete(i64),
    /// The index takes in all that is in the tail.
    Commit,
    /// The index takes in the older half of the tail.
    CommitHalf,
    /// The tail is about to be written into the index: the next commit is of what it has now.
    Seal,
    /// Somebody begins to index the tail, and merges chunks or not.
    Draft(bool),
    /// They are done.
    Install,
    Rest,
    Reopen,
}

fn text() -> impl Strategy<Value = String> {
    let word = proptest::sample::select(vec!["a", "b", "c", "d", "e", "bb", "bc", "abc", "abd"]);
    proptest::collection::vec(word, 0..9).prop_map(|words| words.join(" "))
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => (0i64..12, text()).prop_map(|(row, text)| Step::Upsert(row, text)),
        4 => (0i64..12).prop_map(Step::Delete),
        1 => Just(Step::Commit),
        1 => Just(Step::CommitHalf),
        1 => Just(Step::Seal),
        3 => any::<bool>().prop_map(Step::Draft),
        3 => Just(Step::Install),
        1 => Just(Step::Rest),
        1 => Just(Step::Reopen),
    ]
}

/// A store: the log of changes, an index that follows it, and the tail.
struct Store<'a> {
    folder: &'a Path,
    index: TextIndex,
    tail: Tail,
    sealed: Option<usize>,
    draft: Option<Draft>,
    log: Vec<(i64, Option<String>)>,
}

impl Store<'_> {
    fn open(folder: &Path, log: Vec<(i64, Option<String>)>) -> Store<'_> {
        let (index, _) = open(folder, None);
        let tail = Tail::new(&index);
        let mut store = Store { folder, tail, index, sealed: None, draft: None, log };
        for sequence in store.applied()..store.log.len() {
            store.note(sequence);
        }
        store
    }

    fn applied(&self) -> usize {
        self.index.position().map_or(0, |(_, sequence)| sequence as usize)
    }

    /// Puts change number `sequence` (from 0) into the tail.
    fn note(&mut self, sequence: usize) {
        let (row, text) = &self.log[sequence];
        match text {
            Some(text) => self.tail.upsert(sequence as u64 + 1, *row, text),
            None => self.tail.delete(sequence as u64 + 1, *row),
        }
    }

    fn change(&mut self, row: i64, text: Option<String>) {
        self.log.push((row, text));
        self.note(self.log.len() - 1);
    }

    fn commit(&mut self, until: usize) {
        for (row, text) in &self.log[self.applied()..until] {
            match text {
                Some(text) => self.index.apply([(*row, text.as_str())].into_iter(), &[]).unwrap(),
                None => self.index.apply(std::iter::empty(), &[*row]).unwrap(),
            }
        }
        self.index.commit((1, until as u64)).unwrap();
        self.tail.forget(until as u64);
    }

    fn take(self, step: &Step) -> Self {
        let mut store = self;
        match step {
            Step::Upsert(row, text) => store.change(*row, Some(text.clone())),
            Step::Delete(row) => store.change(*row, None),
            Step::Commit => {
                let until = store.sealed.take().unwrap_or(store.log.len());
                store.commit(until);
            }
            Step::CommitHalf => {
                store.sealed = None;
                store.commit((store.applied() + store.log.len()).div_ceil(2));
            }
            Step::Seal => {
                let rows = store.tail.seal();
                assert_eq!(rows.len(), store.tail.rows());
                store.sealed = Some(store.log.len());
            }
            Step::Draft(merge) => store.draft = store.tail.draft(*merge),
            Step::Install => {
                if let Some(draft) = store.draft.take() {
                    store.tail.install(draft.finish().unwrap());
                }
            }
            Step::Rest => store.index.rest().unwrap(),
            Step::Reopen => {
                let Store { folder, index, log, draft, .. } = store;
                drop(index);
                // Of another tail.
                return Store { draft, ..Store::open(folder, log) };
            }
        }
        store
    }

    /// An index made now of the rows there are.
    fn fresh(&self) -> (tempfile::TempDir, TextIndex) {
        let mut rows: BTreeMap<i64, &str> = BTreeMap::new();
        for (row, text) in &self.log {
            match text {
                Some(text) => rows.insert(*row, text),
                None => rows.remove(row),
            };
        }
        let (folder, index) = indexed(None, &[]);
        index.apply(rows.into_iter(), &[]).unwrap();
        index.commit((1, 1)).unwrap();
        (folder, index)
    }
}

/// The same rows with the same scores; among (nearly) equal scores the order is free, since sums of
/// floating-point numbers depend on theirs.
fn assert_same(snapshot: &Snapshot, fresh: &Snapshot, query: &str, k: usize) {
    let by_row = |hits: &[TextHit]| -> BTreeMap<i64, f32> {
        hits.iter().map(|hit| (hit.row, hit.score)).collect()
    };
    let expected = by_row(&search(fresh, query, usize::MAX));
    let all = by_row(&search(snapshot, query, usize::MAX));
    assert_eq!(all.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>(), "{query}");
    if query == SLOPPY {
        return;
    }
    for (row, score) in &all {
        assert!((score - expected[row]).abs() < 1e-4, "{query}: row {row}");
    }
    let best = search(snapshot, query, k);
    let mut scores: Vec<f32> = expected.values().copied().collect();
    scores.sort_by(|a, b| b.total_cmp(a));
    assert_eq!(best.len(), k.min(scores.len()), "{query}");
    for (hit, score) in best.iter().zip(scores) {
        assert!((hit.score - score).abs() < 1e-4, "{query}: {hit:?} instead of {score}");
        assert!((hit.score - expected[&hit.row]).abs() < 1e-4, "{query}: {hit:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]
    #[test]
    fn index_and_tail_answer_as_one_fresh_index(steps in proptest::collection::vec(step(), 1..50)) {
        let folder = tempfile::tempdir().unwrap();
        let mut store = Store::open(folder.path(), Vec::new());
        for (done, step) in steps.iter().enumerate() {
            store = store.take(step);
            let snapshot = store.tail.snapshot(&store.index).unwrap();
            if done % 16 == 7 || done + 1 == steps.len() {
                let (_folder, fresh) = store.fresh();
                prop_assert_eq!(snapshot.rows(), fresh.snapshot().rows());
                for query in QUERIES {
                    assert_same(&snapshot, &fresh.snapshot(), query, 3);
                }
            }
        }
    }
}

/// Long postings, where whole blocks are passed over.
#[test]
fn large_segments_answer_as_one_fresh_index() {
    let words = ["a", "b", "c", "d", "e", "bb", "bc", "abc", "abd", "f", "g"];
    let mut state = 7u64;
    let mut random = |below: u64| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let mut text = |most: u64| {
        let count = 1 + random(most);
        let words = (0..count).map(|_| {
            // Skewed, so that there are frequent and rare words.
            let rank = random(11);
            words[random(1 + rank) as usize]
        });
        words.collect::<Vec<_>>().join(" ")
    };
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(folder.path(), Vec::new());
    // The average length changes from one segment to the next.
    for (rows, most) in [(0..2_000, 8), (2_000..3_000, 60), (500..1_500, 25), (2_900..3_400, 90)] {
        for row in rows {
            store.change(row, Some(text(most)));
        }
        if store.log.len() < 4_500 && store.applied() < 4_000 {
            store.commit(store.log.len());
        }
    }
    for row in 0..300 {
        store.change(row * 7, None);
    }
    assert!(store.tail.rows() > 700 && store.index.snapshot().rows() > 2_000);
    let snapshot = store.tail.snapshot(&store.index).unwrap();
    let (_folder, fresh) = store.fresh();
    for query in QUERIES {
        for k in [1, 10, 100] {
            assert_same(&snapshot, &fresh.snapshot(), query, k);
        }
    }
}
