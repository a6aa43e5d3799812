//! `headwater document …`.

mod find;
mod index;
mod one;
mod put;

use std::path::Path;

use crate::arguments::DocumentVerb;
use crate::failure::Outcome;

pub(crate) fn run(db: &Path, verb: DocumentVerb) -> Outcome {
    match verb {
        DocumentVerb::Put { name, file, ack } => put::run(db, &name, file.as_deref(), ack),
        DocumentVerb::Get(one) => one::get(db, &one),
        DocumentVerb::Delete { one, ack } => one::delete(db, &one, ack),
        DocumentVerb::Patch { one, patch, ack } => one::patch(db, &one, &patch, ack),
        DocumentVerb::Find(query) => find::run(db, &query),
        DocumentVerb::Index { name, path, unique } => index::run(db, &name, &path, unique),
    }
}
