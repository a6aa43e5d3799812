//! What the crash and power-cut tests write, and what must be there afterwards.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use headwater_document::DocumentStore;
use headwater_document::cdc::EventKey;
use headwater_document::primitives::filter::field;
use headwater_document::primitives::{Namespace, Result};
use headwater_testkit::Rng;
use serde_json::{Value, json};

use crate::support::{defects, events, folded, stored};

/// One writer's steps: each has ids of its own, so the number of its steps that were made decides
/// what there is.
#[derive(Clone)]
pub(crate) struct Writer {
    name: String,
    rng: Rng,
    documents: BTreeMap<String, Value>,
    steps: u64,
}

enum Step {
    Put(String, Value),
    Pair([(String, Value); 2]),
    Delete(String),
}

impl Writer {
    pub(crate) fn new(name: String, seed: u64) -> Self {
        Writer { name, rng: Rng::new(seed), documents: BTreeMap::new(), steps: 0 }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Makes the next step, durably as the namespace has it.
    pub(crate) fn step(&mut self, store: &DocumentStore) -> Result<()> {
        match self.next() {
            Step::Put(_, document) => store.put(&document).wait().map(drop),
            Step::Delete(id) => store.delete(id).wait().map(drop),
            Step::Pair([(_, first), (_, second)]) => {
                let inside = store.clone();
                let work = move |tx: &headwater_document::primitives::Transaction<'_>| {
                    inside.within(tx).put(&first)?;
                    inside.within(tx).put(&second).map(drop)
                };
                store.namespace().transaction(work).wait()
            }
        }
    }

    fn next(&mut self) -> Step {
        self.steps += 1;
        let step = self.choose();
        match &step {
            Step::Put(id, document) => drop(self.documents.insert(id.clone(), document.clone())),
            Step::Pair(pair) => self.documents.extend(pair.iter().cloned()),
            Step::Delete(id) => drop(self.documents.remove(id)),
        }
        step
    }

    /// Whether these are the writer's documents after so many steps.
    fn reaches(&mut self, found: &BTreeMap<String, Value>, steps: RangeInclusive<u64>) -> bool {
        while self.steps < *steps.start() {
            self.next();
        }
        while self.documents != *found && self.steps < *steps.end() {
            self.next();
        }
        self.documents == *found
    }

    fn choose(&mut self) -> Step {
        let choice = self.rng.below(10);
        let (first, second) = (self.document(), self.document());
        match choice {
            0..6 => Step::Put(first.0, first.1),
            6..8 => Step::Pair([first, second]),
            _ => Step::Delete(first.0),
        }
    }

    fn document(&mut self) -> (String, Value) {
        let id = format!("{}-{}", self.name, self.rng.below(40));
        let filling = "x".repeat(self.rng.index(400));
        let document = json!({"id": id, "writer": self.name, "step": self.steps, "text": filling});
        (id, document)
    }
}

/// Every writer's documents are those of its acknowledged steps, or of one more, which was under way
/// when the end came. Every row has its event, no sequence is missing, and all checks are content.
pub(crate) fn check(store: &DocumentStore, writers: &[(Writer, u64)], ns: &Namespace) {
    check_between(store, writers.iter().map(|(writer, steps)| (writer, *steps..=*steps + 1)), ns);
}

/// As [`check`], where each writer may have made any number of steps in its range.
pub(crate) fn check_between<'a>(
    store: &DocumentStore,
    writers: impl IntoIterator<Item = (&'a Writer, RangeInclusive<u64>)>,
    ns: &Namespace,
) {
    let documents = stored(store);
    assert_eq!(folded(&events(ns), store.name()), documents, "rows and events differ");
    assert_eq!(defects(ns), Vec::<String>::new());
    for (writer, steps) in writers {
        let prefix = format!("{}-", writer.name);
        let found: BTreeMap<String, Value> = documents
            .iter()
            .filter_map(|(key, (document, _))| match key {
                EventKey::Text(id) if id.starts_with(&prefix) => {
                    Some((id.to_string(), document.clone()))
                }
                _ => None,
            })
            .collect();
        assert!(
            writer.clone().reaches(&found, steps.clone()),
            "writer {} has after {steps:?} steps: {found:#?}",
            writer.name
        );
        let by_index = store.count_where(field("writer").eq(writer.name.as_str())).wait().unwrap();
        assert_eq!(by_index, found.len() as u64, "the index says something else");
    }
}
