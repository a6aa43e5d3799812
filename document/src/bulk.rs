//! Many documents in one transaction.

use std::panic::resume_unwind;
use std::sync::Arc;

use headwater_primitives::rusqlite::types::{ToSqlOutput, ValueRef};
use headwater_primitives::{Commit, Error, Result, Sequence, WriteOptions, jsonb};

use crate::catalog::Table;
use crate::cold::{OnArchived, Thaw};
use crate::document::Document;
use crate::encoded::check_body;
use crate::id::{DocumentId, IdKind};
use crate::store::Collection;
use crate::write::Writing;
use crate::written::{BulkWritten, PutOptions};

/// Fewer documents than this are not worth a thread.
const WORTH_A_THREAD: usize = 4096;

/// Documents encoded into one buffer.
#[derive(Default)]
struct Batch {
    first: usize,
    ids: Vec<Option<DocumentId>>,
    ends: Vec<usize>,
    bodies: Vec<u8>,
}

impl Batch {
    fn push<T: Document>(&mut self, document: &T) -> Result<()> {
        let start = self.bodies.len();
        self.ids.push(document.document_id()?);
        jsonb::append(&mut self.bodies, document)?;
        check_body(&self.bodies[start..])?;
        self.ends.push(self.bodies.len());
        Ok(())
    }

    /// Each document's position in the call, id and body.
    fn documents(&self) -> impl Iterator<Item = (usize, &Option<DocumentId>, &[u8])> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        let bodies = starts.zip(&self.ends).map(|(start, end)| &self.bodies[start..*end]);
        let numbered = self.ids.iter().zip(bodies).enumerate();
        numbered.map(|(offset, (id, body))| (self.first + offset, id, body))
    }
}

pub(crate) fn insert<'a, T: Document>(
    collection: &Arc<Collection>,
    documents: impl IntoIterator<Item = &'a T>,
) -> Commit<BulkWritten> {
    let batches = match encode(collection, documents) {
        Ok(batches) => batches,
        Err(error) => return Commit::refused(error),
    };
    let table = match collection.table() {
        Ok(table) => table.cloned(),
        Err(error) => return Commit::refused(error),
    };
    let collection = collection.clone();
    collection.namespace.clone().transaction_with(WriteOptions::default(), move |tx| {
        if batches.is_empty() {
            let first = collection.changes.next_sequence(tx);
            return Ok(BulkWritten { count: 0, first, last: Sequence(first.0 - 1) });
        }
        let made;
        let table = match &table {
            Some(table) => table.as_ref(),
            None => {
                let first = batches.iter().flat_map(|batch| &batch.ids).flatten().next();
                let kind = first.map_or(IdKind::Text, DocumentId::kind);
                made = Table::load_or_create(tx, &collection.name, kind)?;
                &made
            }
        };
        let writing = Writing {
            tx,
            table,
            changes: &collection.changes,
            id_field: collection.id_field,
            thaw: Thaw {
                namespace: &collection.namespace,
                ahead: None,
                otherwise: OnArchived::Refuse,
            },
        };
        write(&writing, &batches)
    })
}

/// Encodes the documents, on all cores when there are many.
fn encode<'a, T: Document>(
    collection: &Collection,
    documents: impl IntoIterator<Item = &'a T>,
) -> Result<Vec<Batch>> {
    let documents: Vec<&T> = documents.into_iter().collect();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let share = documents.len().div_ceil(cores.min(8)).max(WORTH_A_THREAD);
    let encode = |(position, share): (usize, &[&T])| {
        let mut batch = Batch { first: position, ..Batch::default() };
        for (offset, document) in share.iter().enumerate() {
            batch.push(*document).map_err(|error| {
                let position = position + offset;
                error.context(format!("collection {:?}, document {position}", collection.name))
            })?;
        }
        Ok(batch)
    };
    let shares = documents.chunks(share).enumerate().map(|(nth, part)| (nth * share, part));
    if documents.len() <= WORTH_A_THREAD {
        return shares.map(encode).collect();
    }
    std::thread::scope(|scope| {
        let threads: Vec<_> = shares.map(|share| scope.spawn(move || encode(share))).collect();
        let joined = threads.into_iter().map(|thread| thread.join());
        joined.map(|batch| batch.unwrap_or_else(|panic| resume_unwind(panic))).collect()
    })
}

fn write(writing: &Writing<'_>, batches: &[Batch]) -> Result<BulkWritten> {
    let first = writing.changes.next_sequence(writing.tx);
    let options = PutOptions::default();
    let fast = writing.table.indexes().is_empty();
    let mut insert = writing.tx.sql().prepare_cached(&writing.table.sql.insert)?;
    for (position, id, body) in batches.iter().flat_map(Batch::documents) {
        let place = |error: Error| error.context(format!("document {position} of the bulk insert"));
        let Some(id) = id.as_ref().filter(|_| fast) else {
            writing.insert(id.clone(), body, &options).map_err(place)?;
            continue;
        };
        writing.check_kind(id).map_err(place)?;
        let version = writing.changes.next_sequence(writing.tx);
        let body_value = ToSqlOutput::Borrowed(ValueRef::Blob(body));
        let inserted = insert.execute((id, version.0 as i64, None::<i64>, body_value));
        match inserted {
            Ok(_) => writing.emit_created(id, body).map_err(place)?,
            // The slow path knows documents past their end, and words the refusal.
            Err(_) => drop(writing.insert(Some(id.clone()), body, &options).map_err(place)?),
        }
    }
    let last = Sequence(writing.changes.next_sequence(writing.tx).0 - 1);
    let count = batches.iter().map(|batch| batch.ids.len() as u64).sum();
    Ok(BulkWritten { count, first, last })
}
