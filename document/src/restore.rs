//! Documents from a lake whose namespace is gone.

use std::sync::Arc;

use bytes::Bytes;
use headwater_cdc::{EventFilter, Op, Store, UnifiedEvent};
use headwater_primitives::{Namespace, Result, Sequence};
use headwater_tiering::LostLake;
use serde_json::Value;

use crate::cold::{OnArchived, Thaw};
use crate::id::DocumentId;
use crate::store::{Collection, DocumentStore};
use crate::verify::id_of;
use crate::write::{Existing, Writing};
use crate::written::PutOptions;

/// What was brought back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Restored {
    /// Rows that were taken from the lake's tables.
    pub rows: u64,
    /// Events of documents that were applied.
    pub events: u64,
    /// The last event that the lake has: what was written later and not handed off is lost. Zero where it
    /// has no events.
    pub until: Sequence,
}

/// A document as it was written, or its end.
type Change = (DocumentId, Option<Bytes>);

/// Brings the documents of `lake` into `namespace`, which is to have none of its collections: those whose
/// events the lake has as they were after the last one, the others as they were handed off. What was
/// handed off after the last event counts too. `progress` is called after each batch.
///
/// Documents get new versions; indexes and ends of life are not in a lake. Call it again after a failure
/// only with a new namespace. Blocks.
///
/// # Errors
/// What the lake or SQLite fails with; `Corrupt` for an event or a row that is none of a document.
pub fn restore(
    namespace: &Namespace,
    lake: &LostLake,
    mut progress: impl FnMut(Restored),
) -> Result<Restored> {
    let mut done = Restored::default();
    let events = lake.events()?;
    let (first, last) =
        events.map_or((None, Sequence::ZERO), |range| (Some(*range.start()), *range.end()));
    // The events have all that was written between the first and the last of them.
    let older = |version: Sequence| first.is_some_and(|first| version < first);
    let younger = |version: Sequence| version > last;
    take_rows(namespace, lake, &mut done, &mut progress, older)?;
    let filter = EventFilter::all().store(Store::Document);
    for events in lake.read_events()? {
        apply(namespace, events?.iter().filter(|event| filter.passes(event)), &mut done)?;
        progress(done);
    }
    take_rows(namespace, lake, &mut done, &mut progress, younger)?;
    done.until = last;
    Ok(done)
}

/// Writes the rows of all tables whose versions are wanted.
fn take_rows(
    namespace: &Namespace,
    lake: &LostLake,
    done: &mut Restored,
    progress: &mut impl FnMut(Restored),
    wanted: impl Fn(Sequence) -> bool,
) -> Result<()> {
    for name in lake.tables(Store::Document) {
        let collection = collection(namespace, &name)?;
        for page in lake.rows(Store::Document, &name)? {
            let page = page?.into_iter().filter(|(_, version, _)| wanted(*version));
            let changes: Vec<Change> = page.map(|(id, _, body)| (id, Some(body))).collect();
            done.rows += changes.len() as u64;
            write(&collection, changes)?;
            progress(*done);
        }
    }
    Ok(())
}

/// Does again what the events tell of, those of one collection after the other at a time.
fn apply<'a>(
    namespace: &Namespace,
    events: impl Iterator<Item = &'a UnifiedEvent>,
    done: &mut Restored,
) -> Result<()> {
    let mut pending: Option<(&str, Vec<Change>)> = None;
    for event in events {
        let (Some(table), Some(id)) = (event.table(), event.key().and_then(id_of)) else {
            continue;
        };
        let body = match event.op() {
            Some(Op::Delete) => None,
            _ => event.after_bytes().cloned(),
        };
        done.events += 1;
        match &mut pending {
            Some((of, changes)) if *of == table => changes.push((id, body)),
            _ => {
                if let Some((of, changes)) = pending.replace((table, vec![(id, body)])) {
                    write(&collection(namespace, of)?, changes)?;
                }
            }
        }
    }
    match pending {
        Some((of, changes)) => write(&collection(namespace, of)?, changes),
        None => Ok(()),
    }
}

fn collection(namespace: &Namespace, name: &str) -> Result<Arc<Collection>> {
    Ok(DocumentStore::<Value>::open(namespace, name)?.collection)
}

/// Makes the changes in one transaction.
fn write(collection: &Arc<Collection>, changes: Vec<Change>) -> Result<()> {
    let Some(kind) = changes.first().map(|(id, _)| id.kind()) else { return Ok(()) };
    let collection = collection.clone();
    collection
        .namespace
        .clone()
        .transaction(move |tx| {
            let table = collection.table_in(tx, Some(kind), Existing::MayBe)?;
            let writing = Writing {
                tx,
                table: &table,
                changes: &collection.changes,
                id_field: collection.id_field,
                thaw: Thaw {
                    namespace: &collection.namespace,
                    ahead: None,
                    otherwise: OnArchived::Refuse,
                },
            };
            for (id, body) in changes {
                match body {
                    Some(body) => {
                        writing.put(Some(id), &body, &PutOptions::default(), Existing::MayBe)?;
                    }
                    None => drop(writing.delete(id, None)?),
                }
            }
            Ok(())
        })
        .wait()
}
