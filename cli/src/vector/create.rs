//! `vector create`.

use std::path::Path;

use headwater::vector::{VectorOptions, VectorStore};

use crate::arguments::CreateOptions;
use crate::database;
use crate::failure::Outcome;

pub(super) fn run(db: &Path, asked: &CreateOptions) -> Outcome {
    let language = (asked.language != "none").then_some(asked.language.as_str());
    let options = VectorOptions::new(asked.dim)
        .metric(asked.metric)
        .prefixes(asked.matryoshka.iter().copied())
        .language(language)
        .filters(asked.filter.iter().cloned());
    let db = database::write_or_create(db)?;
    let _: VectorStore = VectorStore::create(db.namespace(), &asked.name, options)?;
    Ok(db.close()?)
}
