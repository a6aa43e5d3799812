//! What `vector search` is asked, read before the database is opened.

use std::fs::File;
use std::io::{self, Read};

use headwater::filter::Filter;
use headwater::vector::{Search, SnippetOptions, VectorStore};

use crate::arguments::SearchQuery;
use crate::failure::{Failure, Outcome};
use crate::input;

/// The largest file of a vector: many times what one of the most dimensions takes.
const MAX_FILE: u64 = 16 << 20;

/// How to search, whatever is searched for.
pub(super) struct Manner<'a> {
    asked: &'a SearchQuery,
    filter: Filter,
    /// Of the words and of the vector.
    weights: Option<(f32, f32)>,
}

impl<'a> Manner<'a> {
    pub(super) fn of(asked: &'a SearchQuery) -> Outcome<Self> {
        let filter = match &asked.filter {
            Some(filter) => Filter::parse(filter)?,
            None => Filter::all(),
        };
        let weights = weights(asked.text_weight, asked.vector_weight)?;
        Ok(Manner { asked, filter, weights })
    }

    /// Describes the search for `text` and `vector`.
    pub(super) fn search(
        &self,
        store: &VectorStore,
        text: Option<&str>,
        vector: Option<&[f32]>,
    ) -> Search {
        let asked = self.asked;
        let mut search = store.search().limit(asked.k).dims(&asked.dim).filter(self.filter.clone());
        search = search.feedback(asked.feedback);
        if let Some(text) = text {
            search = search.query(text);
        }
        if let Some(vector) = vector {
            search = search.vector(vector);
        }
        if let Some((text, vector)) = self.weights {
            search = search.weights(text, vector);
        }
        if let Some(candidates) = asked.candidates {
            search = search.candidates(candidates);
        }
        if asked.exact {
            search = search.exact();
        }
        if asked.explain {
            search = search.explain();
        }
        if asked.highlight {
            search = search.highlight(SnippetOptions::default());
        }
        search
    }
}

/// Both weights, where there is one.
fn weights(text: Option<f32>, vector: Option<f32>) -> Outcome<Option<(f32, f32)>> {
    let rest = |name: &str, other: &str, weight: f32| match (0.0..=1.0).contains(&weight) {
        true => Ok(1.0 - weight),
        false => Err(Failure::new(format!(
            "{name} is {weight}, and {other} would be 1 minus it: give both, or one from 0 to 1"
        ))),
    };
    Ok(match (text, vector) {
        (None, None) => None,
        (Some(text), None) => Some((text, rest("--text-weight", "--vector-weight", text)?)),
        (None, Some(vector)) => Some((rest("--vector-weight", "--text-weight", vector)?, vector)),
        (Some(text), Some(vector)) => Some((text, vector)),
    })
}

/// The vector that an argument gives: itself, or after an @ the file that has it.
pub(super) fn vector(argument: &str) -> Outcome<Vec<f32>> {
    let (place, json) = match argument.strip_prefix('@') {
        Some(path) => (path, read(path)?),
        None => ("--vector", argument.as_bytes().to_vec()),
    };
    input::parse(&json).map_err(|why| {
        Failure::new(format!("{place}: {why}; write an array of numbers, such as [0.5,1.0]"))
    })
}

fn read(path: &str) -> Outcome<Vec<u8>> {
    let refused = |error: io::Error| Failure::new(format!("cannot read {path}: {error}"));
    let mut json = Vec::new();
    let file = File::open(path).map_err(refused)?;
    file.take(MAX_FILE + 1).read_to_end(&mut json).map_err(refused)?;
    if json.len() as u64 > MAX_FILE {
        return Err(Failure::new(format!(
            "cannot read {path}: it has more than {MAX_FILE} bytes, and one array of numbers is \
             needed"
        )));
    }
    Ok(json)
}
