//! Embeddings that were fetched ahead, for transactions, which cannot wait for them.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, PoisonError};

use headwater_primitives::{Answer, Error, ErrorKind, Read, RecordId, Result, ToId};

use super::super::{Generation, Held};
use super::Tier;
use crate::record::Embedded;
use crate::rows::StoredRow;
use crate::store::{Inner, VectorStore};

/// Bytes of embeddings that are kept; those fetched first go first.
const BYTES: usize = 16 << 20;

/// What was fetched ahead.
#[derive(Default)]
pub(super) struct Prefetched {
    vectors: HashMap<(i64, Generation), Arc<[f32]>>,
    order: VecDeque<(i64, Generation)>,
    bytes: usize,
}

impl Prefetched {
    fn insert(&mut self, row: i64, generation: Generation, vector: &[f32]) {
        if self.vectors.insert((row, generation), vector.into()).is_some() {
            return;
        }
        self.order.push_back((row, generation));
        self.bytes += size_of_val(vector);
        while self.bytes > BYTES
            && self.order.len() > 1
            && let Some(first) = self.order.pop_front()
        {
            let gone = self.vectors.remove(&first);
            self.bytes -= gone.map_or(0, |vector| size_of_val(&*vector));
        }
    }
}

impl<T: Embedded> VectorStore<T> {
    /// Fetches the embeddings that the rows under `ids` have in the warm tier, so that transactions
    /// can read and update these rows: those cannot wait for the warm tier, and fail with the
    /// retryable `NotFetched`. The last 16 MiB are kept.
    pub fn prefetch<I: ToId>(&self, ids: impl IntoIterator<Item = I>) -> Read<()> {
        let ids: Result<Vec<RecordId>> = ids.into_iter().map(|id| id.to_id()).collect();
        let inner = self.inner.clone();
        Read::answered(move || match (ids, inner.warm_pointer()) {
            (Err(error), _) | (_, Err(error)) => Answer::Now(Err(error)),
            (Ok(_), Ok(None)) => Answer::Now(Ok(())),
            (Ok(ids), Ok(Some(_))) => inner.later(move |inner| {
                for row in inner.find_whole(&ids)?.into_iter().flatten() {
                    inner.warm.tier.keep_fetched(&row);
                }
                Ok(())
            }),
        })
    }
}

impl Tier {
    /// Gives `row` its embedding, if it was fetched ahead. If it was not it is from now on, for the next
    /// attempt.
    pub(crate) fn fetched(&self, inner: &Arc<Inner>, row: &mut StoredRow) {
        let Held::Warm(generation) = row.embedding else { return };
        let known = {
            let prefetched = self.prefetched.lock().unwrap_or_else(PoisonError::into_inner);
            prefetched.vectors.get(&(row.row, generation)).cloned()
        };
        if let Some(vector) = known {
            row.embedding = Held::Fetched(vector.to_vec(), generation);
            return;
        }
        let id = row.id.clone();
        // Begun here, and left to itself.
        drop(inner.later(move |inner| {
            for row in inner.find_whole(&[id])?.into_iter().flatten() {
                inner.warm.tier.keep_fetched(&row);
            }
            Ok(())
        }));
    }

    fn keep_fetched(&self, row: &StoredRow) {
        if let Held::Fetched(vector, generation) = &row.embedding {
            let mut prefetched = self.prefetched.lock().unwrap_or_else(PoisonError::into_inner);
            prefetched.insert(row.row, *generation, vector);
        }
    }
}

/// What a transaction fails with that needs an embedding which was not fetched.
pub(crate) fn not_fetched(id: &RecordId) -> Error {
    Error::new(
        ErrorKind::NotFetched,
        format!(
            "the embedding of row {id} is in the warm tier, for which a transaction cannot wait: \
             `prefetch` it, and try again"
        ),
    )
}
