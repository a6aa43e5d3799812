//! Random writes, hand-offs, compactions and looks into the past against a plain map.

use std::collections::BTreeMap;

use headwater_document::DocumentStore;
use headwater_primitives::{Namespace, Sequence};
use headwater_sql::{Sql, SqlOptions};
use headwater_tiering::{Policy, Tier};
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::support::run;

#[derive(Clone, Debug)]
enum Step {
    Put(u8, Map<String, Value>),
    Patch(u8, Map<String, Value>),
    Delete(u8),
    HandOff(u8),
    Compact,
    Reopen,
    Look,
}

/// Fields that are of one type, and one that is of any.
fn fields() -> impl Strategy<Value = Map<String, Value>> {
    let field = prop_oneof![
        any::<i32>().prop_map(|n| ("n", json!(n))),
        (0..40_i8).prop_map(|n| ("x", json!(f64::from(n) / 4.0 + 0.125))),
        "[a-c]{0,3}".prop_map(|text| ("s", json!(text))),
        any::<bool>().prop_map(|b| ("b", json!(b))),
        vec(0..3_u8, 0..3).prop_map(|list| ("list", json!(list))),
        prop_oneof![Just("n"), Just("x"), Just("s"), Just("b")]
            .prop_map(|name| (name, Value::Null)),
        prop_oneof![
            Just(json!("five")),
            (0..9_i8).prop_map(|n| json!(n)),
            Just(json!({"a": 1})),
            Just(json!(true)),
        ]
        .prop_map(|value| ("mixed", value)),
        // It comes late or never, so that it is a column of some files only.
        (0..3_u8).prop_map(|n| ("rare", json!(n))),
    ];
    vec(field, 0..5).prop_map(|fields| {
        fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    })
}

fn step() -> impl Strategy<Value = Step> {
    let id = 0..14_u8;
    prop_oneof![
        6 => (id.clone(), fields()).prop_map(|(id, fields)| Step::Put(id, fields)),
        2 => (id.clone(), fields()).prop_map(|(id, fields)| Step::Patch(id, fields)),
        2 => id.prop_map(Step::Delete),
        3 => (0..8_u8).prop_map(Step::HandOff),
        1 => Just(Step::Compact),
        1 => Just(Step::Reopen),
        2 => Just(Step::Look),
    ]
}

type Model = BTreeMap<String, Value>;

/// What is under test, with what it has to hold, now and after each sequence.
struct Run {
    folder: tempfile::TempDir,
    opened: Option<(Namespace, DocumentStore, Sql)>,
    model: Model,
    past: Vec<(Sequence, Model)>,
}

fn open(folder: &std::path::Path) -> (Namespace, DocumentStore, Sql) {
    let builder = Namespace::builder(folder);
    let ns = builder.durability(headwater_primitives::Durability::Os).open().unwrap();
    let store = DocumentStore::open(&ns, "rows").unwrap();
    // Small, so that pages and batches have ends.
    let sql = Sql::open_with(&ns, SqlOptions::new().batch_rows(3).partitions(2)).unwrap();
    (ns, store, sql)
}

impl Run {
    fn new() -> Run {
        let folder = tempfile::tempdir().unwrap();
        let opened = Some(open(folder.path()));
        let mut run = Run { folder, opened, model: Model::new(), past: Vec::new() };
        // The collection has to be there.
        run.step(&Step::Put(0, Map::new()));
        run
    }

    fn parts(&self) -> &(Namespace, DocumentStore, Sql) {
        self.opened.as_ref().unwrap()
    }

    fn step(&mut self, step: &Step) {
        let (ns, store, _) = self.parts();
        match step {
            Step::Put(id, fields) => {
                let document = document(*id, fields);
                let written = store.put(&document).wait().unwrap().sequence;
                self.model.insert(name(*id), document);
                self.past.push((written, self.model.clone()));
            }
            Step::Patch(id, fields) => {
                let patch = Value::Object(fields.clone());
                let Ok(written) = store.merge_patch(name(*id), &patch).wait() else {
                    assert!(!self.model.contains_key(&name(*id)));
                    return;
                };
                let document = self.model.get_mut(&name(*id)).unwrap().as_object_mut().unwrap();
                for (field, value) in fields {
                    match (value, document.get_mut(field)) {
                        (Value::Null, _) => drop(document.remove(field)),
                        (Value::Object(new), Some(Value::Object(old))) => old.extend(new.clone()),
                        _ => drop(document.insert(field.clone(), value.clone())),
                    }
                }
                self.past.push((written.sequence, self.model.clone()));
            }
            Step::Delete(id) => {
                if let Some(written) = store.delete(name(*id)).wait().unwrap() {
                    self.model.remove(&name(*id));
                    self.past.push((written.sequence, self.model.clone()));
                }
            }
            Step::HandOff(keep) => {
                let policy = Policy::KeepRows((*keep).into());
                Tier::of(ns).unwrap().hand_off(store, policy).wait().unwrap();
            }
            Step::Compact => drop(Tier::of(ns).unwrap().compact(store).wait().unwrap()),
            Step::Reopen => {
                let (ns, ..) = self.opened.take().unwrap();
                ns.close().unwrap();
                self.opened = Some(open(self.folder.path()));
            }
            Step::Look => self.look(),
        }
    }

    fn look(&self) {
        let (.., sql) = self.parts();
        let found = run(sql, "SELECT * FROM rows", None).unwrap();
        check(&found, &self.model);
        let count = run(sql, "SELECT count(*) AS n FROM rows", None).unwrap();
        assert_eq!(count[0]["n"], self.model.len());
        let positive =
            run(sql, "SELECT id FROM rows WHERE id >= 'row-05' ORDER BY id", None).unwrap();
        let expected = self.model.keys().filter(|id| id.as_str() >= "row-05");
        let expected: Vec<Value> = expected.map(|id| json!({"id": id})).collect();
        assert_eq!(positive, expected);
        for (sequence, model) in self.past.iter().rev().step_by(3).take(4) {
            let found = run(sql, "SELECT * FROM rows", Some((*sequence).into())).unwrap();
            check(&found, model);
            let some = run(sql, "SELECT id FROM rows LIMIT 2", Some((*sequence).into())).unwrap();
            assert_eq!(some.len(), model.len().min(2), "at {sequence}");
        }
    }
}

fn name(id: u8) -> String {
    format!("row-{id:02}")
}

fn document(id: u8, fields: &Map<String, Value>) -> Value {
    let mut document = fields.clone();
    document.insert("id".to_owned(), json!(name(id)));
    Value::Object(document)
}

/// Checks that the rows are the model's documents, each once.
#[track_caller]
fn check(rows: &[Value], model: &Model) {
    let mut found = Model::new();
    for row in rows {
        let id = row["id"].as_str().unwrap().to_owned();
        assert!(found.insert(id, row.clone()).is_none(), "{row} comes twice");
    }
    assert_eq!(found.keys().collect::<Vec<_>>(), model.keys().collect::<Vec<_>>());
    for (row, document) in found.values().zip(model.values()) {
        let rest: Value = match &row["_rest"] {
            Value::String(rest) => serde_json::from_str(rest).unwrap(),
            _ => json!({}),
        };
        for field in ["n", "x", "s", "b", "list", "mixed", "rare"] {
            let expected = document.get(field).unwrap_or(&Value::Null);
            let column = rest.get(field).or_else(|| row.get(field)).unwrap_or(&Value::Null);
            // A column of JSON text holds the value as such.
            let parsed = column.as_str().and_then(|text| serde_json::from_str(text).ok());
            assert!(
                column == expected || parsed.as_ref() == Some(expected),
                "{field} of {document} is {column} in {row}"
            );
        }
    }
}

fn cases() -> ProptestConfig {
    let mut config = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = 24;
    }
    config
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn sql_gives_the_rows_of_the_model_now_and_then(steps in vec(step(), 1..40)) {
        let mut run = Run::new();
        for step in &steps {
            run.step(step);
        }
        run.look();
    }
}
