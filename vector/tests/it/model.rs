//! Random operations against a plain `BTreeMap`, with the namespace opened again in between.

use std::collections::BTreeMap;

use headwater_vector::cdc::Op;
use headwater_vector::primitives::filter::field;
use headwater_vector::primitives::{Error, ErrorKind, Namespace, Result};
use headwater_vector::{RecordId, Row, VectorStore};
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::support::{defects, events, options};

#[derive(Clone, Debug)]
enum Write {
    Insert(Row),
    Put(Row),
    Replace(Row),
    Text(i64, Option<String>),
    Embedding(i64, Option<Vec<f32>>),
    Merge(i64, Value),
    Update(i64, Option<String>),
    Delete(i64),
}

#[derive(Clone, Debug)]
enum Step {
    One(Write),
    Bulk(Vec<Row>),
    Load(Vec<Row>),
    /// Several writes in one transaction, which fails at its end or does not.
    Transaction(Vec<Write>, bool),
    Reopen,
}

fn arb_text() -> impl Strategy<Value = Option<String>> {
    proptest::option::of(".{0,12}")
}

fn arb_embedding() -> impl Strategy<Value = Option<Vec<f32>>> {
    proptest::option::of(vec(prop_oneof![Just(0.0_f32), -1.0..1.0_f32], 3))
}

fn arb_metadata() -> impl Strategy<Value = Value> {
    let year = prop_oneof![Just(Value::Null), (0_i64..4).prop_map(Value::from)];
    let tags = vec(0_i64..3, 0..3).prop_map(Value::from);
    (year, proptest::option::of(tags)).prop_map(|(year, tags)| match tags {
        Some(tags) => json!({"year": year, "tags": tags}),
        None => json!({"year": year}),
    })
}

fn arb_row() -> impl Strategy<Value = Row> {
    (0_i64..8, arb_embedding(), arb_text(), arb_metadata()).prop_map(
        |(id, embedding, text, metadata)| Row {
            id: Some(RecordId::Integer(id)),
            embedding,
            text,
            metadata: metadata.as_object().cloned().unwrap_or_default(),
        },
    )
}

fn arb_write() -> impl Strategy<Value = Write> {
    prop_oneof![
        3 => arb_row().prop_map(Write::Insert),
        3 => arb_row().prop_map(Write::Put),
        1 => arb_row().prop_map(Write::Replace),
        1 => (0_i64..8, arb_text()).prop_map(|(id, text)| Write::Text(id, text)),
        1 => (0_i64..8, arb_embedding()).prop_map(|(id, to)| Write::Embedding(id, to)),
        1 => (0_i64..8, arb_metadata()).prop_map(|(id, patch)| Write::Merge(id, patch)),
        1 => (0_i64..8, arb_text()).prop_map(|(id, text)| Write::Update(id, text)),
        3 => (0_i64..8).prop_map(Write::Delete),
    ]
}

fn arb_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        10 => arb_write().prop_map(Step::One),
        1 => vec(arb_row(), 0..4).prop_map(Step::Bulk),
        1 => vec(arb_row(), 0..4).prop_map(Step::Load),
        3 => (vec(arb_write(), 0..5), any::<bool>()).prop_map(|(w, f)| Step::Transaction(w, f)),
        1 => Just(Step::Reopen),
    ]
}

/// What there should be.
type Model = BTreeMap<i64, Row>;

fn id_of(row: &Row) -> i64 {
    match row.id {
        Some(RecordId::Integer(id)) => id,
        _ => panic!("the model has integer ids"),
    }
}

fn expected(model: &mut Model, write: &Write) -> Result<(), ErrorKind> {
    let mut change = |id: &i64, change: &dyn Fn(&mut Row)| {
        model.get_mut(id).map(change).ok_or(ErrorKind::NotFound)
    };
    match write {
        Write::Text(id, text) | Write::Update(id, text) => {
            return change(id, &|row| row.text = text.clone());
        }
        Write::Embedding(id, to) => return change(id, &|row| row.embedding = to.clone()),
        Write::Merge(id, patch) => return change(id, &|row| merge(&mut row.metadata, patch)),
        Write::Insert(row) if model.contains_key(&id_of(row)) => {
            return Err(ErrorKind::AlreadyExists);
        }
        Write::Replace(row) if !model.contains_key(&id_of(row)) => return Err(ErrorKind::NotFound),
        Write::Insert(row) | Write::Put(row) | Write::Replace(row) => {
            model.insert(id_of(row), row.clone());
        }
        Write::Delete(id) => drop(model.remove(id)),
    }
    Ok(())
}

/// A merge patch one level deep, which is all that `arb_metadata` has.
fn merge(metadata: &mut Map<String, Value>, patch: &Value) {
    for (name, value) in patch.as_object().unwrap() {
        match value.is_null() {
            true => drop(metadata.remove(name)),
            false => drop(metadata.insert(name.clone(), value.clone())),
        }
    }
}

fn one(store: &VectorStore, write: Write) -> Result<()> {
    match write {
        Write::Insert(row) => store.insert(&row).wait().map(drop),
        Write::Put(row) => store.put(&row).wait().map(drop),
        Write::Replace(row) => store.replace(&row).wait().map(drop),
        Write::Text(id, text) => store.set_text(id, text.as_deref()).wait().map(drop),
        Write::Embedding(id, to) => store.set_embedding(id, to.as_deref()).wait().map(drop),
        Write::Merge(id, patch) => store.merge_metadata(id, &patch).wait().map(drop),
        Write::Update(id, text) => store.update(id, |row| row.text = text).wait().map(drop),
        Write::Delete(id) => store.delete(id).wait().map(drop),
    }
}

fn several(store: &VectorStore, writes: Vec<Write>, fails: bool) -> Result<()> {
    let within = store.clone();
    let work = move |tx: &headwater_vector::primitives::Transaction<'_>| {
        let rows = within.within(tx);
        for write in writes {
            match write {
                Write::Insert(row) => drop(rows.insert(&row)?),
                Write::Put(row) => drop(rows.put(&row)?),
                Write::Replace(row) => drop(rows.replace(&row)?),
                Write::Text(id, text) => drop(rows.set_text(id, text.as_deref())?),
                Write::Embedding(id, to) => drop(rows.set_embedding(id, to.as_deref())?),
                Write::Merge(id, patch) => drop(rows.merge_metadata(id, &patch)?),
                Write::Update(id, text) => drop(rows.update(id, |row| row.text = text)?),
                Write::Delete(id) => drop(rows.delete(id)?),
            }
        }
        if fails { Err(Error::new(ErrorKind::Unsupported, "as asked")) } else { Ok(()) }
    };
    store.namespace().transaction(work).wait()
}

/// All of `writes` or, when one is refused, none.
fn expected_together(model: &mut Model, writes: &[Write], fails: bool) -> Result<(), ErrorKind> {
    let mut after = model.clone();
    writes.iter().try_for_each(|write| expected(&mut after, write))?;
    if fails {
        return Err(ErrorKind::Unsupported);
    }
    *model = after;
    Ok(())
}

fn check(ns: &Namespace, store: &VectorStore, model: &Model) {
    let found = store.get_many(0_i64..8).wait().unwrap();
    assert_eq!(found, (0..8).map(|id| model.get(&id).cloned()).collect::<Vec<_>>());
    assert_eq!(store.count().wait().unwrap(), model.len() as u64);
    for year in 0..4 {
        let matching = model.values().filter(|row| row.metadata.get("year") == Some(&json!(year)));
        let counted = store.count_where(field("year").eq(year)).wait().unwrap();
        assert_eq!(counted, matching.count() as u64);
    }
    let mut folded = Model::new();
    for event in events(ns) {
        match (event.op(), event.after::<Row>().unwrap(), event.before::<Row>().unwrap()) {
            (Some(Op::Delete), None, Some(row)) => drop(folded.remove(&id_of(&row))),
            (_, Some(row), before) => {
                assert_eq!(folded.insert(id_of(&row), row), before);
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(&folded, model, "the log alone says the same");
    assert_eq!(defects(ns), Vec::<String>::new());
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 12, failure_persistence: None, ..ProptestConfig::default()
    })]

    #[test]
    fn the_store_equals_a_map(steps in vec(arb_step(), 1..40)) {
        let folder = tempfile::tempdir().unwrap();
        let mut ns = Namespace::open(folder.path()).unwrap();
        let mut store: VectorStore = VectorStore::create(&ns, "rows", options()).unwrap();
        let mut model = Model::new();
        for step in steps {
            let (done, expected) = match step {
                Step::One(write) => {
                    let expected = expected(&mut model, &write);
                    (one(&store, write), expected)
                }
                Step::Transaction(writes, fails) => {
                    let expected = expected_together(&mut model, &writes, fails);
                    (several(&store, writes, fails), expected)
                }
                Step::Bulk(rows) => {
                    let writes: Vec<_> = rows.iter().cloned().map(Write::Insert).collect();
                    let expected = expected_together(&mut model, &writes, false);
                    (store.bulk_insert(&rows).wait().map(drop), expected)
                }
                Step::Load(rows) => {
                    let writes: Vec<_> = rows.iter().cloned().map(Write::Put).collect();
                    let expected = expected_together(&mut model, &writes, false);
                    (store.load(rows.into_iter().map(Ok), |_| ()).map(drop), expected)
                }
                Step::Reopen => {
                    drop(store);
                    ns.close().unwrap();
                    ns = Namespace::open(folder.path()).unwrap();
                    store = VectorStore::open(&ns, "rows").unwrap();
                    (Ok(()), Ok(()))
                }
            };
            assert_eq!(done.map_err(|error| error.kind()), expected);
        }
        check(&ns, &store, &model);
    }
}
