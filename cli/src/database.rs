//! Opening the database: to read beside whoever owns it, or to write.

use std::path::Path;

use headwater::document::{DocumentStore, collections};
use headwater::vector::{VectorStore, stores};
use headwater::{ErrorKind, Headwater};

use crate::failure::{Failure, Outcome};

/// Opens for reading. Works while another process owns the database, and creates nothing.
pub(crate) fn read(path: &Path) -> Outcome<Headwater> {
    check_there(path)?;
    Ok(Headwater::builder(path).read_only().open()?)
}

/// Opens for a search. Whoever owns the database has its search indexes kept up and saved; beside
/// another owner they are read, and what is missing is built in a temporary folder.
pub(crate) fn search(path: &Path) -> Outcome<Headwater> {
    check_there(path)?;
    match Headwater::open(path) {
        Err(error) if matches!(error.kind(), ErrorKind::Locked | ErrorKind::ReadOnly) => read(path),
        opened => Ok(opened?),
    }
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
        let names = known.into_iter().map(|collection| collection.name);
        return Err(missing("collection", name, names, "document put"));
    }
    Ok(db.collection(name)?)
}

/// The vector store `name`, which must be there.
pub(crate) fn vector_store(db: &Headwater, name: &str) -> Outcome<VectorStore> {
    let known = stores(db.namespace())?;
    if known.iter().all(|store| store.name != name) {
        let names = known.into_iter().map(|store| store.name);
        return Err(missing("vector store", name, names, "vector create"));
    }
    Ok(db.vector_store(name)?)
}

/// There is no such thing: says which there are, or what makes one.
fn missing(what: &str, name: &str, known: impl Iterator<Item = String>, maker: &str) -> Failure {
    let known: Vec<String> = known.take(10).map(|name| format!("{name:?}")).collect();
    let hint = match known.is_empty() {
        true => format!("there is none yet; `{maker}` makes it"),
        false => format!("there is {}", known.join(", ")),
    };
    Failure::new(format!("no {what} {name:?}: {hint}"))
}

fn check_there(path: &Path) -> Outcome {
    if path.join("hot.db").exists() {
        return Ok(());
    }
    Err(Failure::new(format!(
        "no database in {}: name the folder of one with --db, or make it with `document put` or \
         `vector create`",
        path.display()
    )))
}
