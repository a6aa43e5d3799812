//! Full text: an index of rows on disk, the rows changed since in memory, and searches over both.
//!
//! A row is a label and a text; the change log's position up to which an index holds the rows is an
//! epoch and a sequence. What a row is otherwise, and where it is kept, is not known here.
//!
//! - [`TextIndex`] is the index on disk (tantivy). [`TextIndex::apply`] takes changes in,
//!   [`TextIndex::commit`] makes them durable and searchable together with their position.
//! - [`Tail`] has what changed after that position. [`Tail::snapshot`] puts both together.
//! - [`Snapshot::search`] finds the best rows for a [`TextQuery`], [`TextIndex::highlight`] the
//!   passages of a text.
//!
//! # Which words and which scores
//!
//! Stop words are indexed, so that phrases with them are found, and left out of a query that says
//! anything else. nDCG@10 on Cranfield, English: 0.369 with them in the query, 0.375 without, 0.375
//! when they are not even indexed. k1 and b are tantivy's constants, 1.2 and 0.75.

mod analyzer;
mod checked;
mod draft;
mod error;
mod index;
mod inspect;
mod language;
mod marker;
mod marks;
mod query;
mod schema;
mod search;
mod segment;
mod snapshot;
mod snippet;
mod stems;
mod stop_words;
mod tail;
#[cfg(test)]
mod tests;
mod words;

pub(crate) use index::{Opening, TextIndex, TextIndexOptions};
pub(crate) use inspect::position_of;
pub use query::TextQuery;
pub(crate) use snapshot::Snapshot;
pub use snippet::{Snippet, SnippetOptions};
pub(crate) use tail::Tail;
