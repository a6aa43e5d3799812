//! A stream of rows into a store, whichever store it is.

use std::sync::Arc;

use headwater::document::{self, DocumentStore};
use headwater::vector::{self, Row, VectorStore};
use headwater::{Commit, Error, Headwater, Result, Transaction, WriteOptions};
use indicatif::ProgressBar;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::failure::{Failure, Outcome};
use crate::input::{Input, Line};
use crate::output::Output;
use crate::progress::{self, Unit};

/// A store that takes rows one by one, each over the one with the same id.
pub(crate) trait Target: Clone + Send + 'static {
    /// What a line of the input is.
    type Row: DeserializeOwned + Send + Sync + 'static;
    /// What is printed of a write.
    type Written: Serialize + Send + 'static;

    fn name(&self) -> &str;
    fn put(&self, row: &Self::Row) -> Commit<Self::Written>;
    fn put_within(&self, tx: &Transaction<'_>, row: &Self::Row) -> Result<()>;
}

impl Target for DocumentStore {
    type Row = Value;
    type Written = document::Written;

    fn name(&self) -> &str {
        self.name()
    }

    fn put(&self, document: &Value) -> Commit<Self::Written> {
        self.put(document)
    }

    fn put_within(&self, tx: &Transaction<'_>, document: &Value) -> Result<()> {
        self.within(tx).put(document).map(drop)
    }
}

impl Target for VectorStore {
    type Row = Row;
    type Written = vector::Written;

    fn name(&self) -> &str {
        self.name()
    }

    fn put(&self, row: &Row) -> Commit<Self::Written> {
        self.put(row)
    }

    fn put_within(&self, tx: &Transaction<'_>, row: &Row) -> Result<()> {
        self.within(tx).put(row).map(drop)
    }
}

/// Puts every line of `input` into `store`. With `ack` one line tells of each write.
pub(crate) fn run<S: Target>(db: &Headwater, store: &S, input: Input, ack: bool) -> Outcome {
    let unit = if input.size.is_some() { Unit::Bytes } else { Unit::Pieces };
    let bar = progress::of(store.name(), unit, input.size);
    let advance = |lines: &[Line<S::Row>]| {
        bar.inc(match unit {
            Unit::Bytes => lines.iter().map(|line| line.bytes).sum(),
            Unit::Pieces => lines.len() as u64,
        });
    };
    let written = match ack {
        true => acknowledged(store, input, advance),
        false => in_bulk(db, store, input, advance),
    };
    end(&bar, written)
}

fn end(bar: &ProgressBar, written: Outcome) -> Outcome {
    match written {
        Ok(()) => bar.finish(),
        Err(_) => bar.abandon(),
    }
    written
}

/// Each row in a commit of its own, a batch of them in flight at a time. One line tells of each
/// write once it is durable, in the order of the input: also of those that were on their way when
/// another failed.
fn acknowledged<S: Target>(store: &S, input: Input, advance: impl Fn(&[Line<S::Row>])) -> Outcome {
    let mut output = Output::stdout();
    for batch in input.batches() {
        let batch = batch?;
        let mut refused = Ok(());
        let mut pending = Vec::with_capacity(batch.len());
        for line in &batch {
            match store.put(&line.value).submit().wait() {
                Ok(write) => pending.push((line.number, write)),
                Err(error) => {
                    refused = Err(Failure::at_line(error, line.number));
                    break;
                }
            }
        }
        let mut failed = Ok(());
        for (number, write) in pending {
            match write.wait() {
                Ok(written) => {
                    output.json(&written)?;
                    output.flush()?;
                }
                Err(error) => failed = failed.and(Err(Failure::at_line(error, number))),
            }
        }
        // Whatever was submitted stands before the line that was not.
        failed.and(refused)?;
        advance(&batch);
    }
    output.finish()
}

/// A batch of rows in one commit. When a line is refused, all before it are written, and
/// nothing from it on.
fn in_bulk<S: Target>(
    db: &Headwater,
    store: &S,
    input: Input,
    advance: impl Fn(&[Line<S::Row>]),
) -> Outcome {
    for batch in input.batches() {
        let batch: Arc<[Line<S::Row>]> = batch?.into();
        if let Err(Refused { index, error }) = put_all(db, store, &batch, batch.len()) {
            let Some(index) = index else { return Err(error.into()) };
            // The refusal undid the whole batch: write its beginning again.
            put_all(db, store, &batch, index).map_err(|refused| refused.error)?;
            return Err(Failure::at_line(error, batch[index].number));
        }
        advance(&batch);
    }
    Ok(())
}

/// Why a batch was not written, and which of its lines is to blame, if any.
struct Refused {
    index: Option<usize>,
    error: Error,
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Refused { index: None, error }
    }
}

fn put_all<S: Target>(
    db: &Headwater,
    store: &S,
    batch: &Arc<[Line<S::Row>]>,
    count: usize,
) -> Result<(), Refused> {
    let (store, batch) = (store.clone(), batch.clone());
    db.transaction_with(WriteOptions::default(), move |tx| {
        for (index, line) in batch[..count].iter().enumerate() {
            let refused = |error| Refused { index: Some(index), error };
            store.put_within(tx, &line.value).map_err(refused)?;
        }
        Ok(())
    })
    .wait()
}
