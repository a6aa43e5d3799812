//! Events as rows of an archive, and back.
//!
//! A row is a JSONB object; its names are those of the archive's columns. Sequence and timestamp are
//! beside it.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;
use headwater_primitives::jsonb::{ObjectWriter, View};
use headwater_primitives::{Attributes, Error, Result, Sequence, Timestamp};

use super::decode::{Key, store_of};
use super::{Body, EventTransaction, UnifiedEvent};
use crate::change::{KeyRef, Op};

impl UnifiedEvent {
    /// The event as a row of an archive: a JSONB object with the fields `epoch`, `event_id`, `type`,
    /// `op`, `store`, `table_name`, `key`, `row_number`, `before`, `after`, `data`, `transaction_first`,
    /// `transaction_index`, `transaction_total`, `correlation_id`, `causation_id`, `actor` and `source`,
    /// in this order, without those that the event does not have.
    ///
    /// # Errors
    /// `InvalidInput` for a row of a snapshot, which is in no log.
    pub fn to_archive(&self) -> Result<Vec<u8>> {
        let transaction = self.transaction.ok_or_else(|| {
            Error::invalid("a row of a snapshot is no event of the log: it cannot be archived")
        })?;
        let mut out = Vec::new();
        let mut row = ObjectWriter::new(&mut out);
        row.field("epoch", &self.epoch)?;
        row.field("event_id", &self.id())?;
        row.field("type", self.event_type())?;
        match &self.body {
            Body::Change { op, store, key, row: number, before, after, .. } => {
                row.field("op", op)?;
                row.field("store", store)?;
                row.field("table_name", self.table().unwrap_or_default())?;
                match key.as_ref() {
                    KeyRef::Json(key) => row.encoded("key", key),
                    key => row.field("key", &key)?,
                }
                if let Some(number) = number {
                    row.field("row_number", number)?;
                }
                for (name, image) in [("before", before), ("after", after)] {
                    if let Some(image) = image {
                        row.encoded(name, image);
                    }
                }
            }
            Body::Published { data, .. } => row.encoded("data", data),
        }
        row.field("transaction_first", &transaction.first)?;
        row.field("transaction_index", &transaction.index)?;
        row.field("transaction_total", &transaction.total)?;
        let attributes = [
            ("correlation_id", self.correlation_id()),
            ("causation_id", self.causation_id()),
            ("actor", self.actor()),
            ("source", self.source()),
        ];
        for (name, value) in attributes {
            if let Some(value) = value {
                row.field(name, value)?;
            }
        }
        row.finish();
        Ok(out)
    }

    /// The event that [`to_archive`](Self::to_archive) made `row` of.
    ///
    /// # Errors
    /// `Corrupt` where the row is none of an event.
    pub fn from_archive(
        ns: &Arc<str>,
        sequence: Sequence,
        timestamp: Timestamp,
        row: &Bytes,
    ) -> Result<UnifiedEvent> {
        Row { row, view: View::parse(row)? }
            .event(ns, sequence, timestamp)
            .map_err(|error| error.context(format!("archived event {sequence}")))
    }
}

struct Row<'a> {
    row: &'a Bytes,
    view: View<'a>,
}

impl<'a> Row<'a> {
    fn event(
        &self,
        ns: &Arc<str>,
        sequence: Sequence,
        timestamp: Timestamp,
    ) -> Result<UnifiedEvent> {
        let epoch = self.number("epoch")?;
        let small = |name| {
            u32::try_from(self.number(name)?).map_err(|_| Error::corrupt(format!("{name:?}")))
        };
        let transaction = EventTransaction {
            epoch,
            first: Sequence(self.number("transaction_first")?),
            index: small("transaction_index")?,
            total: small("transaction_total")?,
        };
        let body = match self.text("store") {
            None => Body::Published {
                kind: self.required("type")?.into_owned().into(),
                data: self.share("data").ok_or_else(|| Error::corrupt("an event without data"))?,
            },
            Some(store) => self.change(&store)?,
        };
        Ok(UnifiedEvent {
            namespace: ns.clone(),
            epoch,
            sequence,
            timestamp,
            transaction: Some(transaction),
            attributes: self.attributes(),
            id: None,
            body,
        })
    }

    fn change(&self, store: &str) -> Result<Body> {
        let tag: Arc<str> = format!("{store}/{}", self.required("table_name")?).into();
        let key = self.view.get("key").ok_or_else(|| Error::corrupt("a change without a key"))?;
        let key = match (key.as_i64(), key.as_str()) {
            (Some(key), _) => Key::Integer(key),
            (None, Some(key)) => Key::Text(key.into_owned().into()),
            (None, None) => Key::Json(self.row.slice_ref(key.bytes())),
        };
        Ok(Body::Change {
            op: self.required("op")?.parse::<Op>()?,
            store: store_of(&tag)?,
            tag,
            key,
            row: self.view.get("row_number").and_then(View::as_i64),
            before: self.share("before"),
            after: self.share("after"),
        })
    }

    fn attributes(&self) -> Option<Arc<Attributes>> {
        let text = |name| self.text(name).map(Arc::from);
        let attributes = Attributes {
            correlation_id: text("correlation_id"),
            causation_id: text("causation_id"),
            actor: text("actor"),
            source: text("source"),
        };
        (attributes != Attributes::default()).then(|| Arc::new(attributes))
    }

    fn number(&self, name: &str) -> Result<u64> {
        let number = self.view.get(name).and_then(View::as_u64);
        number.ok_or_else(|| Error::corrupt(format!("no number {name:?}")))
    }

    fn text(&self, name: &str) -> Option<Cow<'a, str>> {
        self.view.get(name)?.as_str()
    }

    fn required(&self, name: &str) -> Result<Cow<'a, str>> {
        self.text(name).ok_or_else(|| Error::corrupt(format!("no text {name:?}")))
    }

    fn share(&self, name: &str) -> Option<Bytes> {
        Some(self.row.slice_ref(self.view.get(name)?.bytes()))
    }
}

#[cfg(test)]
mod tests {
    use headwater_primitives::{Namespace, WriteOptions, jsonb};

    use super::*;
    use crate::{Change, ChangeLog, EventFilter, Start, Store};

    #[test]
    fn an_event_comes_back_from_its_row_as_it_was() {
        let ns = Namespace::in_memory().unwrap();
        let log = ChangeLog::open(&ns).unwrap();
        let body = jsonb::from_json_str(r#"{"a":[1,{"b":null}],"c":1.50}"#).unwrap();
        let key = jsonb::from_json_str(r#"[1,"x"]"#).unwrap();
        let options = WriteOptions {
            attributes: Attributes { actor: Some("ada".into()), ..Attributes::default() },
            ..WriteOptions::default()
        };
        let (written, changes) = (body.clone(), log.clone());
        ns.transaction_with(options, move |tx| -> Result<()> {
            let keys = [KeyRef::Integer(-7), KeyRef::Text("7"), KeyRef::Json(&key)];
            for (key, (before, after)) in keys.into_iter().zip([(0, 1), (1, 1), (1, 0)]) {
                let image = |there| (there == 1).then_some(&written[..]);
                let op = [Op::Create, Op::Update, Op::Delete][before + 1 - after];
                let op = if before == 1 && after == 1 { Op::Update } else { op };
                let change = Change {
                    op,
                    store: Store::Document,
                    table: "a/b",
                    key,
                    row: (after == 1).then_some(-3),
                    before: image(before),
                    after: image(after),
                };
                changes.record(tx, &change)?;
            }
            changes.publish(tx, "Order.paid", &["x"]).map(drop)
        })
        .wait()
        .unwrap();
        let mut events = log.subscribe(Start::Beginning, EventFilter::all()).unwrap();
        let batch = events.try_next_batch().unwrap().unwrap();
        let ns: Arc<str> = ns.name().into();
        let mut count = 0;
        for event in batch.events() {
            let event = event.unwrap();
            let row = Bytes::from(event.to_archive().unwrap());
            assert!(jsonb::is_canonical(&row));
            let back =
                UnifiedEvent::from_archive(&ns, event.sequence, event.timestamp, &row).unwrap();
            assert_eq!(back.to_json().unwrap(), event.to_json().unwrap());
            assert_eq!((back.row(), back.key()), (event.row(), event.key()));
            assert_eq!(back.before_bytes(), event.before_bytes());
            count += 1;
        }
        assert_eq!(count, 4);
        let damaged = Bytes::from(jsonb::from_json_str(r#"{"epoch":1}"#).unwrap());
        assert!(UnifiedEvent::from_archive(&ns, Sequence(1), Timestamp(0), &damaged).is_err());
    }
}
