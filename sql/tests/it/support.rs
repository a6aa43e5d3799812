//! What the tests have in common.

use arrow_array::RecordBatch;
use headwater_cdc::Moment;
use headwater_document::DocumentStore;
use headwater_primitives::{Error, Namespace, Result};
use headwater_sql::{Rows, Sql};
use headwater_tiering::{HandedOff, Policy, Tier};
use serde_json::{Map, Value};

/// A namespace with one collection, and SQL over it.
pub(crate) struct Fixture {
    pub(crate) ns: Namespace,
    pub(crate) store: DocumentStore,
    pub(crate) sql: Sql,
}

impl Fixture {
    /// With the documents in a collection `name`.
    pub(crate) fn of(name: &str, documents: &[Value]) -> Fixture {
        let ns = Namespace::in_memory().unwrap();
        let store = DocumentStore::open(&ns, name).unwrap();
        store.bulk_insert(documents).wait().unwrap();
        let sql = Sql::open(&ns).unwrap();
        Fixture { ns, store, sql }
    }

    pub(crate) fn hand_off(&self, policy: Policy) -> HandedOff {
        Tier::of(&self.ns).unwrap().hand_off(&self.store, policy).wait().unwrap()
    }

    /// The rows of a statement.
    #[track_caller]
    pub(crate) fn rows(&self, text: &str) -> Vec<Value> {
        rows(&self.sql, text)
    }

    /// What a statement is refused with.
    #[track_caller]
    pub(crate) fn refused(&self, text: &str) -> Error {
        match run(&self.sql, text, None) {
            Ok(rows) => panic!("{text}: {rows:?}"),
            Err(error) => error,
        }
    }
}

/// The rows of a statement that has to succeed.
#[track_caller]
pub(crate) fn rows(sql: &Sql, text: &str) -> Vec<Value> {
    run(sql, text, None).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// Runs a statement to its end.
pub(crate) fn run(sql: &Sql, text: &str, moment: Option<Moment>) -> Result<Vec<Value>> {
    let query = sql.query(text);
    let query = match moment {
        Some(moment) => query.as_of(moment),
        None => query,
    };
    objects(query.run().wait()?)
}

pub(crate) fn objects(mut rows: Rows) -> Result<Vec<Value>> {
    let batches: Vec<RecordBatch> = rows.blocking().collect::<Result<_>>()?;
    Ok(batches.iter().flat_map(batch_objects).collect())
}

/// The rows of a batch as objects; what is null is there, as null.
pub(crate) fn batch_objects(batch: &RecordBatch) -> Vec<Value> {
    let mut text = Vec::new();
    let mut writer = arrow_json::WriterBuilder::new()
        .with_explicit_nulls(true)
        .build::<_, arrow_json::writer::JsonArray>(&mut text);
    writer.write(batch).unwrap();
    writer.finish().unwrap();
    serde_json::from_slice(&text).unwrap()
}

/// The rows sorted by their text, for results without an order.
pub(crate) fn sorted(mut rows: Vec<Value>) -> Vec<Value> {
    rows.sort_by_key(Value::to_string);
    rows
}

/// One column of all rows.
#[track_caller]
pub(crate) fn column(rows: &[Value], name: &str) -> Vec<Value> {
    rows.iter().map(|row| object(row)[name].clone()).collect()
}

#[track_caller]
fn object(row: &Value) -> &Map<String, Value> {
    row.as_object().unwrap()
}
