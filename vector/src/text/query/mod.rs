//! What people search text with.

mod compile;
mod excluded;
mod fuzzy;
mod lexer;
mod parser;
mod variants;

use std::ops::Range;

use headwater_primitives::{Error, ErrorKind, Result};

pub(crate) use compile::compile;
pub(crate) use fuzzy::{Spelling, automatic_distance};

/// The most bytes that a query may have.
const MAX_BYTES: usize = 32_768;
/// The most words and phrases that a query may have.
const MAX_CLAUSES: usize = 1_024;
/// The most pieces that its words and phrases may fall into.
const MAX_PIECES: usize = 4_096;

/// A parsed full-text query.
///
/// ```text
/// query    = { clause | "OR" }             what stands beside each other is joined by OR
/// clause   = operand { "AND" operand }     AND binds tighter than OR
/// operand  = { "+" | "-" | "NOT" } ( word | phrase | "(" query ")" )
/// word     = text [ "*" | "~" [ "0" | "1" | "2" ] ]
/// phrase   = '"' text '"' [ "~" slop ]
/// ```
///
/// - Of words beside each other any may match; the more and the rarer, the better (BM25). Where one of
///   them is required, the others only rank.
/// - `+a` and both sides of `AND` must match; `-a` and `NOT a` must not. A query that only excludes
///   finds nothing. Operators are in capitals.
/// - `"a b"` are words in this order and next to each other; with `~n`, moved by at most n places.
/// - `a*` is any word that begins so, `a~1` any that is at most one edit away (a letter inserted,
///   left out or replaced, or two swapped), `a~` one edit away up to five letters and two beyond,
///   `a~0` the word as it is written.
///
/// Words are compared by their stems, in lower case and without accents: `running` finds "Runs".
/// Prefixes and misspelt words are compared with words as they were written: `runni*` finds
/// "running" and not "runs". A word that punctuation cuts in pieces (`high-speed`) is its pieces, each
/// optional, unless it is required or excluded: then it is a phrase. Words that say nothing (`the`)
/// count only when they are required, in a phrase, or all that there is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextQuery {
    pub(crate) clauses: Vec<Clause>,
}

/// One part of a query, and what it is to the whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Clause {
    pub(crate) occur: Occur,
    pub(crate) node: Node,
}

/// What a clause is to the query around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Occur {
    Optional,
    Required,
    Excluded,
}

/// What a clause looks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Node {
    Word(String),
    Prefix(String),
    /// With the most edits; `None`: by length.
    Fuzzy(String, Option<u8>),
    Phrase(String, u32),
    Group(Vec<Clause>),
}

/// Whether what is wrong with a query is made the best of, or refused.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Lenient,
    Strict,
}

impl TextQuery {
    /// Reads what people type. Nothing in it is wrong: a quote or a bracket without its other half is
    /// ignored, an operator that joins nothing is a plain word.
    ///
    /// # Errors
    /// `TooLarge` for more than 32 KiB or 1,024 words.
    pub fn parse(text: &str) -> Result<TextQuery> {
        parse(text, Mode::Lenient)
    }

    /// Reads a query that is meant to follow the grammar.
    ///
    /// # Errors
    /// `InvalidInput` with the place of the first thing that is wrong; `TooLarge` as for
    /// [`parse`](Self::parse).
    pub fn parse_strict(text: &str) -> Result<TextQuery> {
        parse(text, Mode::Strict)
    }
}

fn parse(text: &str, mode: Mode) -> Result<TextQuery> {
    if text.len() > MAX_BYTES {
        return Err(Error::new(
            ErrorKind::TooLarge,
            format!("the text query has {} bytes, at most {MAX_BYTES} are possible", text.len()),
        ));
    }
    let lexemes = lexer::lex(text, mode)?;
    Ok(TextQuery { clauses: parser::parse(text, lexemes, mode)? })
}

fn too_many(what: &str, most: usize) -> Error {
    Error::new(ErrorKind::TooLarge, format!("the text query has more than {most} {what}"))
}

/// The refusal of what stands at `at`.
fn wrong(text: &str, at: &Range<usize>, what: &str) -> Error {
    let found = &text[at.clone()];
    Error::invalid(format!("text query, byte {}: {what}, at {found:?}", at.start))
}
