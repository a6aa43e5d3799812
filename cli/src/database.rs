//! Opening the database: to read beside whoever owns it, or to write.

use std::path::Path;

use headwater::document::{DocumentStore, collections};
use headwater::{Error, ErrorKind, Headwater};

use crate::failure::{Failure, Outcome};

/// Opens for reading. Works while another process owns the database, and creates nothing.
pub(crate) fn read(path: &Path) -> Outcome<Headwater> {
    check_there(path)?;
    Ok(Headwater::builder(path).read_only().open()?)
}

/// Opens for writing a database that must be there.
pub(crate) fn write(path: &Path) -> Outcome<Headwater> {
    check_there(path)?;
    Ok(Headwater::open(path)?)
}

/// Opens for writing; makes the database when it is not there.
pub(crate) fn write_or_create(path: &Path) -> Outcome<Headwater> {
    Ok(Headwater::open(path)?)
}

/// The collection `name`, which must be there.
pub(crate) fn collection(db: &Headwater, name: &str) -> Outcome<DocumentStore> {
    let known = collections(db.namespace())?;
    if known.iter().all(|collection| collection.name != name) {
        return Err(Failure::new(no_collection(name, &known).to_string()));
    }
    Ok(db.collection(name)?)
}

fn no_collection(name: &str, known: &[headwater::document::CollectionInfo]) -> Error {
    let names: Vec<String> =
        known.iter().take(10).map(|collection| format!("{:?}", collection.name)).collect();
    let hint = match names.is_empty() {
        true => "there is none yet; `document put` makes it".to_owned(),
        false => format!("there is {}", names.join(", ")),
    };
    Error::new(ErrorKind::NotFound, format!("no collection {name:?}: {hint}"))
}

fn check_there(path: &Path) -> Outcome {
    if path.join("hot.db").exists() {
        return Ok(());
    }
    Err(Failure::new(format!(
        "no database in {}: name the folder of one with --db, or make it with `document put`",
        path.display()
    )))
}
