//! `headwater vector …`.

mod create;
#[cfg(feature = "lance")]
mod demote;
mod hits;
mod one;
mod query;
mod search;

use std::path::Path;

use crate::arguments::VectorVerb;
use crate::failure::Outcome;
use crate::input::Input;
use crate::{database, put};

pub(crate) fn run(db: &Path, verb: VectorVerb) -> Outcome {
    match verb {
        VectorVerb::Create(options) => create::run(db, &options),
        VectorVerb::Put { name, file, ack } => put_all(db, &name, file.as_deref(), ack),
        VectorVerb::Get(one) => one::get(db, &one),
        VectorVerb::Delete { one, ack } => one::delete(db, &one, ack),
        VectorVerb::Search(query) => search::run(db, &query),
        #[cfg(feature = "lance")]
        VectorVerb::Demote(options) => demote::run(db, &options),
    }
}

fn put_all(db: &Path, name: &str, file: Option<&Path>, ack: bool) -> Outcome {
    let input = Input::open(file)?;
    let db = database::write(db)?;
    put::run(&db, &database::vector_store(&db, name)?, input, ack)?;
    Ok(db.close()?)
}
