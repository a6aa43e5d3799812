//! Debezium's change event envelope, without its schema part.

use serde::Serialize;
use serde::ser::{SerializeStruct, Serializer};

use crate::change::{KeyRef, Op};
use crate::event::UnifiedEvent;
use crate::json::Json;

/// An event as Debezium's JSON converter writes the payload of a change event (schemas disabled):
/// `before`, `after`, `source`, `op`, `ts_ms` and its finer sisters, `transaction`.
///
/// - `source.connector` is `headwater`, `source.db` the namespace, `source.schema` the store,
///   `source.lsn` the sequence, `source.txId` the transaction's id. `source.key` is the row's key, since
///   a message has no key of its own here.
/// - `ts_ms` is the commit's time, as `source.ts_ms` is.
/// - `transaction.total_order` counts from 1, as Debezium does. There is no `data_collection_order`.
/// - What an application published has `op` `m`, as logical decoding messages have, and
///   `message.prefix` and `message.content` with its type and data.
///
/// ```
/// # use headwater_cdc::{ChangeLog, Debezium, EventFilter, Start};
/// # use headwater_primitives::{Namespace, Result};
/// # fn main() -> Result<()> {
/// # let changes = ChangeLog::open(&Namespace::in_memory()?)?;
/// for batch in changes.subscribe(Start::Beginning, EventFilter::all())?.try_next_batch()? {
///     for event in batch.events() {
///         println!("{}", serde_json::to_string(&Debezium(&event?)).unwrap());
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Debezium<'a>(pub &'a UnifiedEvent);

#[derive(Serialize)]
struct Source<'a> {
    version: &'static str,
    connector: &'static str,
    name: &'a str,
    ts_ms: i64,
    snapshot: &'static str,
    db: &'a str,
    schema: Option<&'static str>,
    table: Option<&'a str>,
    key: Option<KeyRef<'a>>,
    #[serde(rename = "txId")]
    transaction: Option<String>,
    lsn: u64,
    ts_us: i64,
    ts_ns: i64,
}

#[derive(Serialize)]
struct Transaction {
    id: String,
    total_order: u64,
}

#[derive(Serialize)]
struct Message<'a> {
    prefix: &'a str,
    content: Option<Json<'a>>,
}

impl Serialize for Debezium<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let event = self.0;
        let micros = event.timestamp().0;
        let mut out = serializer.serialize_struct("Envelope", 8)?;
        match event.op() {
            Some(_) => {
                out.serialize_field("before", &event.before_bytes().map(|bytes| Json(bytes)))?;
                out.serialize_field("after", &event.after_bytes().map(|bytes| Json(bytes)))?;
            }
            None => {
                let content = event.data_bytes().map(|bytes| Json(bytes));
                let message = Message { prefix: event.event_type(), content };
                out.serialize_field("message", &message)?;
            }
        }
        out.serialize_field("source", &source(event))?;
        out.serialize_field("op", event.op().map_or("m", Op::letter))?;
        out.serialize_field("ts_ms", &event.timestamp().as_millis())?;
        out.serialize_field("ts_us", &micros)?;
        out.serialize_field("ts_ns", &micros.saturating_mul(1000))?;
        let transaction = event.transaction().map(|transaction| Transaction {
            id: transaction.id(),
            total_order: u64::from(transaction.index) + 1,
        });
        out.serialize_field("transaction", &transaction)?;
        out.end()
    }
}

fn source(event: &UnifiedEvent) -> Source<'_> {
    let micros = event.timestamp().0;
    Source {
        version: env!("CARGO_PKG_VERSION"),
        connector: "headwater",
        name: event.ns(),
        ts_ms: event.timestamp().as_millis(),
        snapshot: if event.op() == Some(Op::Read) { "true" } else { "false" },
        db: event.ns(),
        schema: event.store().map(|store| store.name()),
        table: event.table(),
        key: event.key(),
        transaction: event.transaction().map(|transaction| transaction.id()),
        lsn: event.sequence().0,
        ts_us: micros,
        ts_ns: micros.saturating_mul(1000),
    }
}
