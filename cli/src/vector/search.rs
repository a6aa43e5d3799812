//! `vector search`: one search, or a stream of them.

use std::path::Path;

use headwater::vector::{RecordId, SearchHit, VectorStore};
use headwater::{Error, Result};
use serde::{Deserialize, Serialize};

use super::hits;
use super::query::{Manner, vector};
use crate::arguments::SearchQuery;
use crate::database;
use crate::failure::{Failure, Outcome};
use crate::input::Input;
use crate::output::Output;

pub(super) fn run(db: &Path, asked: &SearchQuery) -> Outcome {
    let manner = Manner::of(asked)?;
    let vector = asked.vector.as_deref().map(vector).transpose()?;
    let queries = asked.queries.as_deref().map(|file| Input::open(Some(file))).transpose()?;
    if asked.text.is_none() && vector.is_none() && queries.is_none() {
        return Err(Failure::new("a search needs --text, --vector or both, or --queries"));
    }
    let db = database::search(db)?;
    let store = database::vector_store(&db, &asked.name)?;
    match queries {
        Some(queries) => many(&store, &manner, queries)?,
        None => {
            let search = manner.search(&store, asked.text.as_deref(), vector.as_deref());
            hits::print(search.fetch().wait()?, asked)?;
        }
    }
    Ok(db.close()?)
}

/// A line of the queries.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Query {
    text: Option<String>,
    vector: Option<Vec<f32>>,
}

/// What is printed for it.
#[derive(Serialize)]
struct Answer<'a> {
    hits: Vec<Scored<'a>>,
}

#[derive(Serialize)]
struct Scored<'a> {
    id: &'a RecordId,
    score: f32,
}

/// Answers each query before the next ones have to be there.
fn many(store: &VectorStore, manner: &Manner<'_>, queries: Input) -> Outcome {
    let mut output = Output::stdout();
    for batch in queries.batches::<Query>() {
        for line in batch? {
            let hits = answer(store, manner, &line.value)
                .map_err(|error| Failure::at_line(error, line.number))?;
            let hits = hits.iter().map(|hit| Scored { id: &hit.id, score: hit.score }).collect();
            output.json(&Answer { hits })?;
        }
        output.flush()?;
    }
    output.finish()
}

fn answer(store: &VectorStore, manner: &Manner<'_>, query: &Query) -> Result<Vec<SearchHit>> {
    let Query { text, vector } = query;
    if text.is_none() && vector.is_none() {
        return Err(Error::invalid("a query needs \"text\", \"vector\" or both"));
    }
    manner.search(store, text.as_deref(), vector.as_deref()).run().wait()
}
