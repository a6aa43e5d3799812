//! Random operations against a plain `BTreeMap`, with the namespace opened again in between.

use std::collections::BTreeMap;
use std::path::Path;

use headwater_document::cdc::EventKey;
use headwater_document::primitives::filter::field;
use headwater_document::primitives::{Durability, Error, ErrorKind, Namespace, Result, Sequence};
use headwater_document::{DocumentStore, DocumentTransaction, PutOptions, Uniqueness};
use headwater_testkit::arb_value;
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::support::{cases, defects, events, folded, opened, stored};

/// One write.
#[derive(Clone, Debug)]
enum Write {
    Insert(Value),
    Put(Value),
    Replace(Value),
    /// A put that expects the current version, or one that is stale.
    Expect(Value, bool),
    Update(u8, Value),
    MergePatch(u8, Value),
    JsonPatch(u8, Vec<Value>),
    Delete(u8),
}

#[derive(Clone, Debug)]
enum Step {
    One(Write),
    Bulk(Vec<Value>),
    /// Several writes in one transaction, which fails at its end or does not.
    Transaction(Vec<Write>, bool),
    CreateIndex(&'static str, bool),
    DropIndex(&'static str),
    MergeSegments,
    Reopen,
}

fn arb_fields() -> impl Strategy<Value = Value> {
    let unique = prop_oneof![3 => (0_i64..12).prop_map(|n| json!(n)), 1 => Just(Value::Null)];
    (proptest::option::of(unique), proptest::option::of(arb_value())).prop_map(|(unique, value)| {
        let mut fields = Map::new();
        fields.extend(unique.map(|unique| ("u".to_owned(), unique)));
        fields.extend(value.map(|value| ("v".to_owned(), value)));
        Value::Object(fields)
    })
}

fn arb_document() -> impl Strategy<Value = Value> {
    (0_u8..8, arb_fields()).prop_map(|(id, mut fields)| {
        fields["id"] = json!(name(id));
        fields
    })
}

fn name(id: u8) -> String {
    format!("d{id}")
}

fn arb_write() -> impl Strategy<Value = Write> {
    let operation = prop_oneof![
        arb_value().prop_map(|value| json!({"op": "add", "path": "/v", "value": value})),
        (0_i64..12).prop_map(|value| json!({"op": "replace", "path": "/u", "value": value})),
        Just(json!({"op": "remove", "path": "/u"})),
    ];
    prop_oneof![
        4 => arb_document().prop_map(Write::Insert),
        3 => arb_document().prop_map(Write::Put),
        1 => arb_document().prop_map(Write::Replace),
        2 => (arb_document(), any::<bool>()).prop_map(|(d, stale)| Write::Expect(d, stale)),
        2 => (0_u8..8, arb_value()).prop_map(|(id, value)| Write::Update(id, value)),
        2 => (0_u8..8, arb_fields()).prop_map(|(id, patch)| Write::MergePatch(id, patch)),
        2 => (0_u8..8, vec(operation, 0..3)).prop_map(|(id, patch)| Write::JsonPatch(id, patch)),
        2 => (0_u8..8).prop_map(Write::Delete),
    ]
}

fn arb_step() -> impl Strategy<Value = Step> {
    let path = proptest::sample::select(vec!["u", "v", "v.a"]);
    prop_oneof![
        12 => arb_write().prop_map(Step::One),
        2 => vec(arb_document(), 0..4).prop_map(Step::Bulk),
        4 => (vec(arb_write(), 0..5), any::<bool>()).prop_map(|(w, fail)| Step::Transaction(w, fail)),
        1 => (path.clone(), any::<bool>()).prop_map(|(path, unique)| Step::CreateIndex(path, unique)),
        1 => path.prop_map(Step::DropIndex),
        1 => Just(Step::MergeSegments),
        1 => Just(Step::Reopen),
    ]
}

/// What there should be.
#[derive(Clone, Default)]
struct Model {
    documents: BTreeMap<String, Value>,
    unique: bool,
}

impl Model {
    fn write(&mut self, write: &Write) -> Result<(), ErrorKind> {
        let there = |id: &str| self.documents.contains_key(id);
        match write {
            Write::Insert(document) if there(id_of(document)) => Err(ErrorKind::AlreadyExists),
            Write::Replace(document) if !there(id_of(document)) => Err(ErrorKind::NotFound),
            Write::Expect(document, stale) if *stale || !there(id_of(document)) => {
                Err(ErrorKind::Conflict)
            }
            Write::Insert(document)
            | Write::Put(document)
            | Write::Replace(document)
            | Write::Expect(document, _) => self.set(document.clone()),
            Write::Update(id, value) => self.change(*id, |document| {
                document["v"] = value.clone();
                Ok(())
            }),
            Write::MergePatch(id, patch) => self.change(*id, |document| {
                merge(document, patch);
                Ok(())
            }),
            Write::JsonPatch(id, patch) => self.change(*id, |document| {
                patch.iter().try_for_each(|operation| apply(document, operation))
            }),
            Write::Delete(id) => {
                self.documents.remove(&name(*id));
                Ok(())
            }
        }
    }

    fn change(
        &mut self,
        id: u8,
        change: impl FnOnce(&mut Value) -> Result<(), ErrorKind>,
    ) -> Result<(), ErrorKind> {
        let mut document = self.documents.get(&name(id)).cloned().ok_or(ErrorKind::NotFound)?;
        change(&mut document)?;
        self.set(document)
    }

    fn set(&mut self, document: Value) -> Result<(), ErrorKind> {
        let id = id_of(&document).to_owned();
        let value = document.get("u").filter(|value| !value.is_null());
        let taken = |(other, there): (&String, &Value)| *other != id && there.get("u") == value;
        if self.unique && value.is_some() && self.documents.iter().any(taken) {
            return Err(ErrorKind::AlreadyExists);
        }
        self.documents.insert(id, document);
        Ok(())
    }

    fn has_duplicates(&self) -> bool {
        let mut values: Vec<_> = self.documents.values().filter_map(|d| d["u"].as_i64()).collect();
        let all = values.len();
        values.sort_unstable();
        values.dedup();
        values.len() < all
    }
}

fn id_of(document: &Value) -> &str {
    document["id"].as_str().unwrap()
}

/// RFC 7396, section 2.
fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = json!({});
    }
    let target = target.as_object_mut().unwrap();
    for (name, value) in patch {
        if value.is_null() {
            target.remove(name);
        } else {
            merge(target.entry(name.clone()).or_insert(Value::Null), value);
        }
    }
}

fn apply(document: &mut Value, operation: &Value) -> Result<(), ErrorKind> {
    let fields = document.as_object_mut().unwrap();
    let name = &operation["path"].as_str().unwrap()[1..];
    if operation["op"] != "add" && !fields.contains_key(name) {
        return Err(ErrorKind::InvalidInput);
    }
    match operation.get("value") {
        Some(value) => drop(fields.insert(name.to_owned(), value.clone())),
        None => drop(fields.remove(name)),
    }
    Ok(())
}

/// A collection to write to, from outside or inside of a transaction.
enum Target<'a> {
    Store(&'a DocumentStore),
    Inside(DocumentTransaction<'a, Value>),
}

impl Target<'_> {
    fn write(&self, write: &Write) -> Result<(), ErrorKind> {
        self.try_write(write).map_err(|error| error.kind())
    }

    fn try_write(&self, write: &Write) -> Result<()> {
        let written = match (self, write) {
            (Target::Store(store), Write::Insert(document)) => store.insert(document).wait(),
            (Target::Inside(inside), Write::Insert(document)) => inside.insert(document),
            (Target::Store(store), Write::Put(document)) => store.put(document).wait(),
            (Target::Inside(inside), Write::Put(document)) => inside.put(document),
            (Target::Store(store), Write::Replace(document)) => store.replace(document).wait(),
            (Target::Inside(inside), Write::Replace(document)) => inside.replace(document),
            (Target::Store(store), Write::Expect(document, stale)) => {
                let found = store.get_versioned(id_of(document)).wait()?;
                let options = expecting(found.map(|found| found.version), *stale);
                store.put_with(document, options).wait()
            }
            (Target::Inside(inside), Write::Expect(document, stale)) => {
                let found = inside.get_versioned(id_of(document))?;
                inside.put_with(document, expecting(found.map(|found| found.version), *stale))
            }
            (Target::Store(store), Write::Update(id, value)) => {
                let value = value.clone();
                store.update(name(*id), move |document| document["v"] = value).wait()
            }
            (Target::Inside(inside), Write::Update(id, value)) => {
                inside.update(name(*id), |document| document["v"] = value.clone())
            }
            (Target::Store(store), Write::MergePatch(id, patch)) => {
                store.merge_patch(name(*id), patch).wait()
            }
            (Target::Inside(inside), Write::MergePatch(id, patch)) => {
                inside.merge_patch(name(*id), patch)
            }
            (Target::Store(store), Write::JsonPatch(id, patch)) => {
                store.json_patch(name(*id), &json!(patch)).wait()
            }
            (Target::Inside(inside), Write::JsonPatch(id, patch)) => {
                inside.json_patch(name(*id), &json!(patch))
            }
            (Target::Store(store), Write::Delete(id)) => {
                return store.delete(name(*id)).wait().map(drop);
            }
            (Target::Inside(inside), Write::Delete(id)) => {
                return inside.delete(name(*id)).map(drop);
            }
        };
        let written = written?;
        assert_eq!(written.sequence, written.version);
        Ok(())
    }
}

fn expecting(version: Option<Sequence>, stale: bool) -> PutOptions {
    let version = version.unwrap_or(Sequence(1));
    PutOptions::expecting(if stale { Sequence(version.0 + 1_000_000) } else { version })
}

fn open(folder: &Path) -> (Namespace, DocumentStore) {
    let ns = opened(Namespace::builder(folder).durability(Durability::Os));
    let store = DocumentStore::open(&ns, "model").unwrap();
    (ns, store)
}

fn transact(
    ns: &Namespace,
    store: &DocumentStore,
    model: &mut Model,
    writes: &[Write],
    fails: bool,
) {
    let (mut inside_model, inside, writes) = (model.clone(), store.clone(), writes.to_vec());
    let result = ns.transaction(move |tx| -> Result<Model> {
        for write in &writes {
            let target = Target::Inside(inside.within(tx));
            assert_eq!(target.write(write), inside_model.write(write), "inside: {write:?}");
        }
        for id in 0..8 {
            let found = inside.within(tx).get(name(id))?;
            assert_eq!(found.as_ref(), inside_model.documents.get(&name(id)));
        }
        if fails { Err(Error::invalid("as asked")) } else { Ok(inside_model) }
    });
    match result.wait() {
        Ok(after) => *model = after,
        Err(error) => assert!(fails && error.kind() == ErrorKind::InvalidInput, "{error}"),
    }
}

fn create_index(store: &DocumentStore, model: &mut Model, path: &str, unique: bool) {
    let unique = unique && path == "u";
    let uniqueness = if unique { Uniqueness::Unique } else { Uniqueness::Many };
    let Ok(build) = store.create_index(path, uniqueness) else {
        return assert!(model.documents.is_empty(), "only a collection to be has no indexes");
    };
    let known = store.indexes().unwrap().into_iter().find(|index| index.path == path);
    let expected = match known {
        Some(known) if known.uniqueness != uniqueness => Err(ErrorKind::AlreadyExists),
        None if unique && model.has_duplicates() => Err(ErrorKind::AlreadyExists),
        _ => Ok(()),
    };
    assert_eq!(build.wait().map_err(|error| error.kind()), expected);
    model.unique |= unique && expected.is_ok();
}

/// The store, its indexes and its events say what the model says.
fn check(ns: &Namespace, store: &DocumentStore, model: &Model) {
    let documents = stored(store);
    let plain: BTreeMap<EventKey, Value> = model
        .documents
        .iter()
        .map(|(id, document)| (EventKey::Text(id.as_str().into()), document.clone()))
        .collect();
    let found = documents.iter().map(|(key, (document, _))| (key.clone(), document.clone()));
    assert_eq!(found.collect::<BTreeMap<_, _>>(), plain);
    assert_eq!(store.count().wait().unwrap(), plain.len() as u64);
    assert_eq!(
        folded(&events(ns), "model"),
        documents,
        "the events say the same, versions included"
    );
    for value in 0..12 {
        let found = store.find(field("u").eq(value)).run().wait().unwrap();
        let expected = model.documents.values().filter(|document| document["u"] == value).count();
        assert_eq!(found.documents.len(), expected, "u = {value}");
    }
    for id in 0..8 {
        let found = store.get(name(id)).wait().unwrap();
        assert_eq!(found.as_ref(), model.documents.get(&name(id)));
    }
    assert_eq!(defects(ns), Vec::<String>::new());
}

proptest! {
    #![proptest_config(cases(48))]

    #[test]
    fn the_store_does_what_a_map_does(steps in vec(arb_step(), 1..40)) {
        let folder = tempfile::tempdir().unwrap();
        let (mut ns, mut store) = open(folder.path());
        let mut model = Model::default();
        for step in &steps {
            match step {
                Step::One(write) => {
                    let expected = model.write(write);
                    prop_assert_eq!(Target::Store(&store).write(write), expected, "{:?}", write);
                }
                Step::Bulk(documents) => {
                    let mut after = model.clone();
                    let mut writes = documents.iter().map(|document| Write::Insert(document.clone()));
                    let expected = writes.try_for_each(|write| after.write(&write));
                    let done = store.bulk_insert(documents).wait().map_err(|error| error.kind());
                    prop_assert_eq!(done.map(drop), expected);
                    if expected.is_ok() {
                        model = after;
                    }
                }
                Step::Transaction(writes, fails) => transact(&ns, &store, &mut model, writes, *fails),
                Step::CreateIndex(path, unique) => create_index(&store, &mut model, path, *unique),
                Step::DropIndex(path) => {
                    store.drop_index(path).unwrap();
                    model.unique &= *path != "u";
                }
                Step::MergeSegments => drop(ns.merge_segments().unwrap()),
                Step::Reopen => {
                    check(&ns, &store, &model);
                    ns.close().unwrap();
                    (ns, store) = open(folder.path());
                }
            }
        }
        check(&ns, &store, &model);
    }
}
