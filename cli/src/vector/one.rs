//! `vector get` and `delete`: one row, by its id.

use std::path::Path;

use serde_json::Value;

use crate::arguments::One;
use crate::database;
use crate::failure::{Failure, Outcome};
use crate::output::{Output, table};

pub(super) fn get(db: &Path, one: &One) -> Outcome {
    let db = database::read(db)?;
    let store = database::vector_store(&db, &one.name)?;
    let id = store.parse_id(&one.id)?;
    let row = store.get(&id).wait()?.ok_or_else(|| missing(one))?;
    let mut output = Output::stdout();
    if output.is_terminal() {
        let row: Value =
            serde_json::to_value(&row).map_err(|error| Failure::new(error.to_string()))?;
        output.text(&table::document(&row))?;
    } else {
        output.json(&row)?;
    }
    output.finish()
}

pub(super) fn delete(db: &Path, one: &One, ack: bool) -> Outcome {
    let db = database::write(db)?;
    let store = database::vector_store(&db, &one.name)?;
    let id = store.parse_id(&one.id)?;
    let deleted = store.delete(&id).wait()?.ok_or_else(|| missing(one))?;
    let mut output = Output::stdout();
    if ack {
        output.json(&deleted)?;
    }
    output.finish()?;
    Ok(db.close()?)
}

fn missing(one: &One) -> Failure {
    Failure::new(format!("vector store {:?} has no row {:?}", one.name, one.id))
}
