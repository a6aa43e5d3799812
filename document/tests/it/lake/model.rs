//! Random writes, hand-offs, reopenings and looks into the past against a plain map.

use std::collections::BTreeMap;

use headwater_document::primitives::filter::{Filter, field};
use headwater_document::primitives::{Error, ErrorKind, Namespace, Sequence};
use headwater_document::{DocumentStore, Order, Uniqueness};
use headwater_tiering::Policy;
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::hand_off;
use crate::support::{cases, defects, events, folded, opened, stored};

#[derive(Clone, Debug)]
enum Step {
    Put(u8, Value),
    Insert(u8, Value),
    Patch(u8, Value),
    Delete(u8),
    Transaction(Vec<(u8, Value)>),
    HandOff(u8),
    Index(bool),
    Reopen,
}

fn step() -> impl Strategy<Value = Step> {
    let id = 0..12_u8;
    let value = prop_oneof![
        any::<i8>().prop_map(|n| json!(n)),
        (0..40_i8).prop_map(|n| json!(f64::from(n) / 4.0)),
        "[a-c]{0,2}".prop_map(|text| json!(text)),
        Just(Value::Null),
        vec(0..3_u8, 0..3).prop_map(|list| json!({"list": list})),
    ];
    prop_oneof![
        4 => (id.clone(), value.clone()).prop_map(|(id, value)| Step::Put(id, value)),
        2 => (id.clone(), value.clone()).prop_map(|(id, value)| Step::Insert(id, value)),
        3 => (id.clone(), value.clone()).prop_map(|(id, value)| Step::Patch(id, value)),
        2 => id.clone().prop_map(Step::Delete),
        1 => vec((id, value), 1..4).prop_map(Step::Transaction),
        3 => (0..8_u8).prop_map(Step::HandOff),
        1 => any::<bool>().prop_map(Step::Index),
        1 => Just(Step::Reopen),
    ]
}

type Model = BTreeMap<String, Value>;

/// The store under test, with what it has to hold, now and after each sequence.
struct Run {
    folder: tempfile::TempDir,
    ns: Option<Namespace>,
    store: DocumentStore,
    model: Model,
    past: Vec<(Sequence, Model)>,
}

impl Run {
    fn new() -> Run {
        let folder = tempfile::tempdir().unwrap();
        let ns = opened(Namespace::builder(folder.path()));
        let store = DocumentStore::open(&ns, "rows").unwrap();
        Run { folder, ns: Some(ns), store, model: Model::new(), past: Vec::new() }
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Put(id, value) => {
                let document = document(*id, value);
                let written = self.store.put(&document).wait().unwrap();
                self.wrote(written.sequence, |model| drop(model.insert(name(*id), document)));
            }
            Step::Insert(id, value) => match self.store.insert(&document(*id, value)).wait() {
                Ok(written) => self.wrote(written.sequence, |model| {
                    assert_eq!(model.insert(name(*id), document(*id, value)), None);
                }),
                Err(error) => self.is_refused(*id, &error, ErrorKind::AlreadyExists),
            },
            Step::Patch(id, value) => {
                let patched = self.store.merge_patch(name(*id), &json!({"more": value})).wait();
                match patched {
                    Ok(written) => self.wrote(written.sequence, |model| {
                        let document = model.get_mut(&name(*id)).unwrap().as_object_mut().unwrap();
                        match value {
                            Value::Null => drop(document.remove("more")),
                            Value::Object(_) => {
                                // Merged into what is there; removed first, so that it is as given.
                                let there = document.entry("more").or_insert_with(|| json!({}));
                                *there = value.clone();
                            }
                            other => drop(document.insert("more".into(), other.clone())),
                        }
                    }),
                    Err(error) => {
                        assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
                        assert!(!self.model.contains_key(&name(*id)));
                    }
                }
            }
            Step::Delete(id) => {
                if let Some(written) = self.store.delete(name(*id)).wait().unwrap() {
                    self.wrote(written.sequence, |model| {
                        assert!(model.remove(&name(*id)).is_some());
                    });
                } else {
                    assert!(!self.model.contains_key(&name(*id)));
                }
            }
            Step::Transaction(writes) => self.transaction(writes),
            Step::HandOff(keep) => {
                hand_off(&self.store, Policy::KeepRows(u64::from(*keep))).unwrap();
            }
            Step::Index(there) => match there {
                true => self.store.create_index("v", Uniqueness::Many).map_or_else(
                    |error| assert_eq!(error.kind(), ErrorKind::NotFound, "{error}"),
                    |build| build.wait().unwrap(),
                ),
                false => drop(self.store.drop_index("v").unwrap()),
            },
            Step::Reopen => self.reopen(),
        }
    }

    fn transaction(&mut self, writes: &[(u8, Value)]) {
        // What a transaction needs from the lake is fetched before it.
        let ids = writes.iter().map(|(id, _)| name(*id));
        for id in ids {
            self.store.get(id).wait().unwrap();
        }
        let (store, todo) = (self.store.clone(), writes.to_vec());
        let last = self.ns.as_ref().unwrap().transaction(move |tx| {
            let mut last = Sequence(0);
            for (id, value) in &todo {
                last = store.within(tx).put(&document(*id, value))?.sequence;
            }
            Ok::<_, Error>(last)
        });
        let last = last.wait().unwrap();
        self.wrote(last, |model| {
            for (id, value) in writes {
                model.insert(name(*id), document(*id, value));
            }
        });
    }

    fn reopen(&mut self) {
        self.ns.take().unwrap().close().unwrap();
        let ns = opened(Namespace::builder(self.folder.path()));
        self.store = DocumentStore::open(&ns, "rows").unwrap();
        self.ns = Some(ns);
    }

    fn wrote(&mut self, at: Sequence, change: impl FnOnce(&mut Model)) {
        change(&mut self.model);
        self.past.push((at, self.model.clone()));
    }

    fn is_refused(&self, id: u8, error: &Error, kind: ErrorKind) {
        assert_eq!(error.kind(), kind, "{error}");
        assert!(self.model.contains_key(&name(id)));
    }

    fn check(&self) {
        let found = self.store.find(Filter::all()).limit(100).run().wait().unwrap();
        let found: Vec<Value> = found.documents.into_iter().map(|found| found.document).collect();
        assert_eq!(found, self.model.values().cloned().collect::<Vec<_>>());
        for id in 0..12 {
            let found = self.store.get(name(id)).wait().unwrap();
            assert_eq!(found.as_ref(), self.model.get(&name(id)));
        }
        let small = field("v").lt(5);
        let found =
            self.store.find(small.clone()).sort("v", Order::Ascending).run().wait().unwrap();
        let mut expected: Vec<f64> =
            self.model.values().filter_map(|row| row["v"].as_f64()).filter(|v| *v < 5.0).collect();
        expected.sort_by(f64::total_cmp);
        let found: Vec<f64> =
            found.documents.iter().map(|found| found.document["v"].as_f64().unwrap()).collect();
        assert_eq!(found, expected);
        let count = self.store.count_where(small).wait().unwrap();
        assert_eq!(count, expected.len() as u64);
    }

    fn check_past(&self) {
        for (at, model) in &self.past {
            let then = self.store.as_of(*at).find(Filter::all()).limit(100).run().wait().unwrap();
            let then: Vec<Value> = then.documents.into_iter().map(|found| found.document).collect();
            assert_eq!(then, model.values().cloned().collect::<Vec<_>>(), "as of {at}");
        }
    }
}

fn name(id: u8) -> String {
    format!("k{id:02}")
}

fn document(id: u8, value: &Value) -> Value {
    json!({"id": name(id), "v": value})
}

proptest! {
    #![proptest_config(cases(24))]

    #[test]
    fn documents_are_the_same_wherever_they_are(steps in vec(step(), 1..40)) {
        let mut run = Run::new();
        for step in &steps {
            run.step(step);
        }
        run.check();
        run.check_past();
        run.reopen();
        run.check();
        let ns = run.ns.as_ref().unwrap();
        prop_assert_eq!(folded(&events(ns), "rows"), stored(&run.store));
        prop_assert_eq!(defects(ns), Vec::<String>::new());
    }
}
