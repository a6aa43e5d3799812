//! `headwater rebuild`.

use std::path::Path;

use headwater::vector;

use crate::database;
use crate::failure::Outcome;
use crate::progress::{self, Unit};

pub(crate) fn run(path: &Path) -> Outcome {
    let db = database::write(path)?;
    let bar = progress::of("rebuilding", Unit::Pieces, Some(0));
    let built = vector::rebuild(db.namespace(), |progress| {
        bar.set_message(progress.store.to_owned());
        bar.set_length(progress.total);
        bar.set_position(progress.done);
    });
    match &built {
        Ok(()) => bar.finish(),
        Err(_) => bar.abandon(),
    }
    built?;
    Ok(db.close()?)
}
