//! `document get`, `delete` and `patch`: one document, by its id.

use std::path::Path;

use headwater::document::Written;
use serde_json::Value;

use crate::arguments::One;
use crate::database;
use crate::failure::{Failure, Outcome};
use crate::input;
use crate::output::{Output, table};

pub(super) fn get(db: &Path, one: &One) -> Outcome {
    let db = database::read(db)?;
    let store = database::collection(&db, &one.name)?;
    let id = store.parse_id(&one.id)?;
    let mut output = Output::stdout();
    if output.is_terminal() {
        let document = store.get(&id).wait()?.ok_or_else(|| missing(one))?;
        output.text(&table::document(&document))?;
    } else {
        let document = store.get_json(&id).wait()?.ok_or_else(|| missing(one))?;
        output.text(&document)?;
    }
    output.finish()
}

pub(super) fn delete(db: &Path, one: &One, ack: bool) -> Outcome {
    let db = database::write(db)?;
    let store = database::collection(&db, &one.name)?;
    let id = store.parse_id(&one.id)?;
    let deleted = store.delete(&id).wait()?.ok_or_else(|| missing(one))?;
    acknowledge(&deleted, ack)?;
    Ok(db.close()?)
}

pub(super) fn patch(db: &Path, one: &One, patch: &str, ack: bool) -> Outcome {
    let patch = input::parse::<Value>(patch.as_bytes()).map_err(|why| {
        Failure::new(format!("patch: {why}; write an object of fields to change"))
    })?;
    let db = database::write(db)?;
    let store = database::collection(&db, &one.name)?;
    let id = store.parse_id(&one.id)?;
    let written = store.merge_patch(&id, &patch).wait()?;
    acknowledge(&written, ack)?;
    Ok(db.close()?)
}

fn acknowledge(written: &Written, ack: bool) -> Outcome {
    let mut output = Output::stdout();
    if ack {
        output.json(written)?;
    }
    output.finish()
}

fn missing(one: &One) -> Failure {
    Failure::new(format!("collection {:?} has no document {:?}", one.name, one.id))
}
