//! `document index`.

use std::path::Path;

use headwater::document::Uniqueness;

use crate::database;
use crate::failure::Outcome;
use crate::progress::{self, Unit};

pub(super) fn run(db: &Path, name: &str, path: &str, unique: bool) -> Outcome {
    let uniqueness = if unique { Uniqueness::Unique } else { Uniqueness::Many };
    let db = database::write(db)?;
    let store = database::collection(&db, name)?;
    let bar = progress::of(&format!("indexing {name}.{path}"), Unit::Pieces, Some(0));
    let shown = bar.clone();
    let build = store.create_index(path, uniqueness)?.on_progress(move |progress| {
        shown.set_length(progress.total);
        shown.set_position(progress.done);
    });
    let built = build.wait();
    match &built {
        Ok(()) => bar.finish(),
        Err(_) => bar.abandon(),
    }
    built?;
    Ok(db.close()?)
}
