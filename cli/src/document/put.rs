//! `document put`: a stream of documents into a collection.

use std::path::Path;
use std::sync::Arc;

use headwater::document::DocumentStore;
use headwater::{Error, Headwater, WriteOptions};
use indicatif::ProgressBar;

use crate::database;
use crate::failure::{Failure, Outcome};
use crate::input::{Input, Line};
use crate::output::Output;
use crate::progress::{self, Unit};

pub(super) fn run(db: &Path, name: &str, file: Option<&Path>, ack: bool) -> Outcome {
    let input = Input::open(file)?;
    let db = database::write_or_create(db)?;
    let store = db.collection(name)?;
    let unit = if input.size.is_some() { Unit::Bytes } else { Unit::Documents };
    let bar = progress::of(name, unit, input.size);
    let advance = |lines: &[Line]| {
        bar.inc(match unit {
            Unit::Bytes => lines.iter().map(|line| line.bytes).sum(),
            Unit::Documents => lines.len() as u64,
        });
    };
    let written = match ack {
        true => acknowledged(&store, input, advance),
        false => in_bulk(&db, &store, input, advance),
    };
    end(&bar, written)?;
    Ok(db.close()?)
}

fn end(bar: &ProgressBar, written: Outcome) -> Outcome {
    match written {
        Ok(()) => bar.finish(),
        Err(_) => bar.abandon(),
    }
    written
}

/// Each document in a commit of its own, a batch of them in flight at a time. One line tells of each
/// write once it is durable, in the order of the input: also of those that were on their way when
/// another failed.
fn acknowledged(store: &DocumentStore, input: Input, advance: impl Fn(&[Line])) -> Outcome {
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

/// A batch of documents in one commit. When a line is refused, all before it are written, and
/// nothing from it on.
fn in_bulk(
    db: &Headwater,
    store: &DocumentStore,
    input: Input,
    advance: impl Fn(&[Line]),
) -> Outcome {
    for batch in input.batches() {
        let batch: Arc<[Line]> = batch?.into();
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

fn put_all(
    db: &Headwater,
    store: &DocumentStore,
    batch: &Arc<[Line]>,
    count: usize,
) -> Result<(), Refused> {
    let (store, batch) = (store.clone(), batch.clone());
    db.transaction_with(WriteOptions::default(), move |tx| {
        let documents = store.within(tx);
        for (index, line) in batch[..count].iter().enumerate() {
            let refused = |error| Refused { index: Some(index), error };
            documents.put(&line.value).map_err(refused)?;
        }
        Ok(())
    })
    .wait()
}
