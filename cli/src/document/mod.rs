//! `headwater document …`.

mod find;
mod index;
mod one;

use std::path::Path;

use crate::arguments::DocumentVerb;
use crate::failure::Outcome;
use crate::input::Input;
use crate::{database, put};

pub(crate) fn run(db: &Path, verb: DocumentVerb) -> Outcome {
    match verb {
        DocumentVerb::Put { name, file, ack } => put_all(db, &name, file.as_deref(), ack),
        DocumentVerb::Get(one) => one::get(db, &one),
        DocumentVerb::Delete { one, ack } => one::delete(db, &one, ack),
        DocumentVerb::Patch { one, patch, ack } => one::patch(db, &one, &patch, ack),
        DocumentVerb::Find(query) => find::run(db, &query),
        DocumentVerb::Index { name, path, unique } => index::run(db, &name, &path, unique),
    }
}

fn put_all(db: &Path, name: &str, file: Option<&Path>, ack: bool) -> Outcome {
    let input = Input::open(file)?;
    let db = database::write_or_create(db)?;
    put::run(&db, &db.collection(name)?, input, ack)?;
    Ok(db.close()?)
}
