//! A store in miniature: one table of JSONB rows whose changes go to the change log.

use bytes::Bytes;
use headwater_cdc::{
    Batch, Change, ChangeLog, EventKey, KeyRef, Op, PageLimit, SnapshotRow, SnapshotRows, Store,
    Subscription, UnifiedEvent,
};
use headwater_primitives::rusqlite::OptionalExtension;
use headwater_primitives::{Namespace, Part, Result, Sequence, Snapshot, Transaction, jsonb};
use serde_json::Value;

const PART: Part = Part {
    name: "items",
    migrations: &["CREATE TABLE items(key TEXT PRIMARY KEY, body BLOB NOT NULL) WITHOUT ROWID;"],
};

#[derive(Clone)]
pub(crate) struct Items {
    pub(crate) ns: Namespace,
    pub(crate) changes: ChangeLog,
}

impl Items {
    pub(crate) fn in_memory() -> Items {
        Items::open(&Namespace::in_memory().unwrap())
    }

    pub(crate) fn open(ns: &Namespace) -> Items {
        ns.install(&PART).unwrap();
        Items { ns: ns.clone(), changes: ChangeLog::open(ns).unwrap() }
    }

    pub(crate) fn put_in(
        &self,
        tx: &Transaction<'_>,
        key: &str,
        value: &Value,
    ) -> Result<Sequence> {
        let before = body(tx, key)?;
        let after = jsonb::to_vec(value)?;
        tx.sql()
            .prepare_cached("INSERT OR REPLACE INTO items(key, body) VALUES (?, ?)")?
            .execute((key, &after))?;
        let op = if before.is_some() { Op::Update } else { Op::Create };
        self.record(tx, op, key, before.as_deref(), Some(&after))
    }

    pub(crate) fn delete_in(&self, tx: &Transaction<'_>, key: &str) -> Result<bool> {
        let Some(before) = body(tx, key)? else { return Ok(false) };
        tx.sql().prepare_cached("DELETE FROM items WHERE key = ?")?.execute([key])?;
        self.record(tx, Op::Delete, key, Some(&before), None)?;
        Ok(true)
    }

    pub(crate) fn put(&self, key: &str, value: Value) -> Sequence {
        let (items, key) = (self.clone(), key.to_owned());
        self.ns.transaction(move |tx| items.put_in(tx, &key, &value)).wait().unwrap()
    }

    pub(crate) fn delete(&self, key: &str) -> bool {
        let (items, key) = (self.clone(), key.to_owned());
        self.ns.transaction(move |tx| items.delete_in(tx, &key)).wait().unwrap()
    }

    /// Writes `count` rows in as many transactions.
    pub(crate) fn put_many(&self, count: u64) {
        for number in 0..count {
            self.put(&format!("key-{number}"), serde_json::json!({ "number": number }));
        }
    }

    fn record(
        &self,
        tx: &Transaction<'_>,
        op: Op,
        key: &str,
        before: Option<&[u8]>,
        after: Option<&[u8]>,
    ) -> Result<Sequence> {
        let (store, table, key) = (Store::Document, "items", KeyRef::Text(key));
        self.changes.record(tx, &Change { op, store, table, key, row: None, before, after })
    }
}

fn body(tx: &Transaction<'_>, key: &str) -> Result<Option<Vec<u8>>> {
    Ok(tx
        .sql()
        .prepare_cached("SELECT body FROM items WHERE key = ?")?
        .query_row([key], |row| row.get(0))
        .optional()?)
}

impl SnapshotRows for Items {
    fn store(&self) -> Store {
        Store::Document
    }

    fn table(&self) -> &str {
        "items"
    }

    fn page(
        &self,
        snapshot: &Snapshot<'_>,
        after: Option<&EventKey>,
        limit: PageLimit,
    ) -> Result<Vec<SnapshotRow>> {
        let after = match after {
            Some(EventKey::Text(key)) => &**key,
            _ => "",
        };
        let mut statement = snapshot
            .sql()
            .prepare_cached("SELECT key, body FROM items WHERE key > ? ORDER BY key LIMIT ?")?;
        // Small pages, so that the tests see several.
        let rows = statement.query_map((after, limit.rows.min(16) as i64), |row| {
            let key = EventKey::Text(row.get::<_, String>(0)?.into());
            Ok(SnapshotRow { key, row: Bytes::from(row.get::<_, Vec<u8>>(1)?) })
        })?;
        Ok(rows.collect::<std::result::Result<_, _>>()?)
    }
}

/// All events that there are now.
pub(crate) fn drain(subscription: &mut Subscription) -> Vec<UnifiedEvent> {
    let mut events = Vec::new();
    while let Some(batch) = subscription.try_next_batch().unwrap() {
        events.extend(events_of(&batch));
    }
    events
}

pub(crate) fn events_of(batch: &Batch) -> Vec<UnifiedEvent> {
    batch.events().collect::<Result<_>>().unwrap()
}

pub(crate) fn sequences(events: &[UnifiedEvent]) -> Vec<u64> {
    events.iter().map(|event| event.sequence().0).collect()
}
