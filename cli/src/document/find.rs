//! `document find`: every document that a query finds, page by page.

use std::path::Path;

use headwater::document::{DocumentStore, Find, Page};
use headwater::filter::Filter;
use serde_json::Value;

use crate::arguments::FindQuery;
use crate::database;
use crate::failure::Outcome;
use crate::output::{Output, table};

/// The first page's documents, while nobody knows how large they are.
const FIRST_PAGE: usize = 1000;
/// What the other pages should have in bytes.
const PAGE_BYTES: usize = 16 << 20;
/// And at most in documents.
const LARGEST_PAGE: usize = 50_000;
/// The documents that share a table on a terminal.
const TABLE_ROWS: usize = 200;

pub(super) fn run(db: &Path, query: &FindQuery) -> Outcome {
    let filter = match &query.filter {
        Some(filter) => Filter::parse(filter)?,
        None => Filter::all(),
    };
    let db = database::read(db)?;
    let store = database::collection(&db, &query.name)?;
    let mut output = Output::stdout();
    let (mut left, mut size, mut after) = (query.limit.unwrap_or(usize::MAX), FIRST_PAGE, None);
    loop {
        let mut find = describe(&store, &filter, query).limit(left.min(size));
        if let Some(token) = after {
            find = find.after(token);
        }
        let Page { documents, next } = find.run().wait()?;
        let found = documents.len();
        let documents = documents.into_iter().map(|found| found.document).collect();
        let bytes = print(&mut output, documents)?;
        left -= found;
        after = next;
        if left == 0 || after.is_none() {
            return output.finish();
        }
        let average = (bytes / found.max(1)).max(1);
        size = (PAGE_BYTES / average).clamp(1, LARGEST_PAGE);
    }
}

fn describe(store: &DocumentStore, filter: &Filter, query: &FindQuery) -> Find {
    let mut find = store.find(filter.clone());
    if let Some(path) = &query.path {
        find = find.matching_path(path);
    }
    for sort in &query.sort {
        find = find.sort(&sort.path, sort.order);
    }
    find
}

/// Prints a page; returns about how many bytes it had.
fn print(output: &mut Output, documents: Vec<Value>) -> Outcome<usize> {
    if output.is_terminal() {
        for rows in documents.chunks(TABLE_ROWS) {
            output.text(&table::documents(rows))?;
        }
        return Ok(documents.len() * 1000);
    }
    let mut bytes = 0;
    for document in documents {
        let line = document.to_string();
        bytes += line.len();
        output.text(&line)?;
    }
    Ok(bytes)
}
