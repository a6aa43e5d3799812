//! Documents as they were: today's rows, and for each one that was written since, the state before its
//! first later write.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use headwater_cdc::{EventFilter, Moment, Start, Store};
use headwater_primitives::filter::Filter;
use headwater_primitives::rusqlite::Connection;
use headwater_primitives::{Answer, Error, ErrorKind, Read, Result, Sequence};

use crate::cold;
use crate::document::Document;
use crate::find::Find;
use crate::id::{DocumentId, ToId};
use crate::read::{decode, select};
use crate::store::{Collection, DocumentStore};
use crate::verify::id_of;
use crate::write::check_kind;

/// Past this many bytes of changes a past state is not put together in memory.
const MAX_BYTES: usize = 256 << 20;

/// A collection as it was at a moment: reads only. Made by [`DocumentStore::as_of`].
pub struct DocumentsAsOf<T> {
    store: DocumentStore<T>,
    moment: Moment,
}

impl<T: Document> DocumentStore<T> {
    /// The collection as it was at a time, or after a sequence: today's documents, and for each one
    /// that was written since, what it was before its first later write.
    ///
    /// How far back that reaches is up to the change log's retention, or with the feature `tiering` to its
    /// archive in the lake; what is older is refused with `PastHorizon`. Cost of each read: that of the same read now, and a pass over the log since then.
    ///
    /// ```
    /// use headwater_document::DocumentStore;
    /// use headwater_primitives::{Namespace, Result};
    /// use serde_json::json;
    ///
    /// # fn main() -> Result<()> {
    /// let ns = Namespace::in_memory()?;
    /// let prices: DocumentStore = DocumentStore::open(&ns, "prices")?;
    /// let first = prices.put(&json!({"id": "tea", "price": 3})).wait()?;
    /// prices.put(&json!({"id": "tea", "price": 4})).wait()?;
    /// let then = prices.as_of(first.sequence).get("tea").wait()?;
    /// assert_eq!(then, Some(json!({"id": "tea", "price": 3})));
    /// # Ok(())
    /// # }
    /// ```
    pub fn as_of(&self, moment: impl Into<Moment>) -> DocumentsAsOf<T> {
        DocumentsAsOf { store: self.clone(), moment: moment.into() }
    }
}

impl<T: Document> DocumentsAsOf<T> {
    /// The document that was under `id`.
    pub fn get(&self, id: impl ToId) -> Read<Option<T>> {
        let id = match id.to_id() {
            Ok(id) => id,
            Err(error) => return Read::ready(Err(error)),
        };
        let (collection, moment) = (self.store.collection.clone(), self.moment);
        Read::answered(move || get(&collection, id, moment)).and_then(|body| {
            let decode = |body: Bytes| decode(&body);
            body.map(decode).transpose()
        })
    }

    /// Describes a query for the documents that `filter` matched.
    pub fn find(&self, filter: Filter) -> Find<T> {
        self.store.find(filter).as_of(self.moment)
    }

    /// How many documents there were.
    pub fn count(&self) -> Read<u64> {
        self.find(Filter::all()).count()
    }
}

fn get(collection: &Arc<Collection>, id: DocumentId, moment: Moment) -> Answer<Option<Bytes>> {
    let begun = collection.namespace.snapshot(|snapshot| -> Result<_> {
        let Some(table) = collection.table()? else { return Ok((None, None)) };
        check_kind(table, &id)?;
        let after = sequence_at(collection, snapshot.sql(), moment)?;
        let now = || collection.namespace.clock().now();
        let row = select(snapshot.sql(), table, &id, now)?;
        let archived = row.as_ref().filter(|row| cold::is_archived(&row.body));
        let view = archived.map(|row| {
            let view = cold::View::of(&collection.namespace, snapshot.sql(), &table.name)?;
            Ok::<_, Error>((view, row.version, table.name.clone()))
        });
        let view = view.transpose()?;
        Ok((row.map(|row| Bytes::copy_from_slice(&row.body)), Some((after, view))))
    });
    let (row, after, view) = match begun {
        Ok((row, Some((after, view)))) => (row, after, view),
        Ok((_, None)) => return Answer::Now(Ok(None)),
        Err(error) => return Answer::Now(Err(error)),
    };
    // Read after the snapshot: what was written in between has the snapshot's state before it.
    let past = Past::since(collection, after, Some(&id));
    match (past, view) {
        (Err(error), _) => Answer::Now(Err(error)),
        (Ok(mut past), _) if past.knows(&id) => Answer::Now(Ok(past.take(&id))),
        (Ok(_), None) => Answer::Now(Ok(row)),
        (Ok(_), Some((view, version, name))) => Answer::Later(Box::pin(async move {
            let mut bodies = view.fetch(vec![(id.clone(), version)]).await?;
            let body = bodies.pop().flatten();
            body.map(Some).ok_or_else(|| cold::nowhere(&name, &id, version))
        })),
    }
}

/// The last sequence that is part of the state at `moment`, with all events after it that `sql` has seen
/// within reach.
pub(crate) fn sequence_at(
    collection: &Collection,
    sql: &Connection,
    moment: Moment,
) -> Result<Sequence> {
    collection.changes.reach(sql)?;
    match collection.changes.sequence_at(sql, moment) {
        Err(error) if error.kind() == ErrorKind::PastHorizon => {
            cold::reach_back(&collection.namespace, sql)?;
            collection.changes.sequence_at(sql, moment)
        }
        found => found,
    }
}

/// What documents were before the first write after a sequence: `None` for those that were not there.
pub(crate) struct Past(HashMap<DocumentId, Option<Bytes>>);

impl Past {
    /// Of all documents that were written after `after`, or of `only` one.
    pub(crate) fn since(
        collection: &Collection,
        after: Sequence,
        only: Option<&DocumentId>,
    ) -> Result<Past> {
        let filter = EventFilter::all().store(Store::Document).table(&*collection.name);
        let mut events = collection.changes.subscribe(Start::At(after.next()), filter)?;
        let (mut past, mut bytes) = (HashMap::new(), 0);
        while let Some(batch) = events.try_next_batch()? {
            for event in batch.events() {
                let event = event?;
                let Some(id) = event.key().and_then(id_of) else { continue };
                if only.is_some_and(|only| *only != id) || past.contains_key(&id) {
                    continue;
                }
                let before = event.before_bytes().map(|body| Bytes::copy_from_slice(body));
                bytes += before.as_ref().map_or(0, Bytes::len) + size_of::<(DocumentId, Bytes)>();
                past.insert(id, before);
                if bytes > MAX_BYTES {
                    return Err(too_much(collection, after));
                }
                if only.is_some() {
                    return Ok(Past(past));
                }
            }
        }
        Ok(Past(past))
    }

    /// Whether the document was written since.
    pub(crate) fn knows(&self, id: &DocumentId) -> bool {
        self.0.contains_key(id)
    }

    fn take(&mut self, id: &DocumentId) -> Option<Bytes> {
        self.0.remove(id).flatten()
    }

    /// The documents that were written since.
    pub(crate) fn ids(&self) -> impl Iterator<Item = &DocumentId> {
        self.0.keys()
    }

    /// How many documents were written since.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// The documents that were there, as they were.
    pub(crate) fn documents(&self) -> impl Iterator<Item = (&DocumentId, &Bytes)> {
        self.0.iter().filter_map(|(id, body)| Some((id, body.as_ref()?)))
    }
}

fn too_much(collection: &Collection, after: Sequence) -> Error {
    Error::new(
        ErrorKind::TooLarge,
        format!(
            "collection {:?}: the changes since sequence {after} are more than {} MiB: ask for a later \
             state, or for single documents",
            collection.name,
            MAX_BYTES >> 20
        ),
    )
}
