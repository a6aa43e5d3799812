//! Turns a parsed query into one of tantivy's.

use std::collections::BTreeMap;
use std::sync::Arc;

use headwater_primitives::Result;
use tantivy::Term;
use tantivy::query::{
    BooleanQuery, BoostQuery, EmptyQuery, Occur as Join, PhraseQuery, Query, TermQuery,
};
use tantivy::schema::IndexRecordOption;
use tantivy::tokenizer::Token;

use super::excluded::ExcludedQuery;
use super::fuzzy::{Spelling, automatic_distance};
use super::variants::VariantsQuery;
use super::{Clause, MAX_PIECES, Node, Occur, TextQuery, too_many};
use crate::text::error::failed;
use crate::text::snapshot::Snapshot;

/// The query that finds in `snapshot` what `query` asks for; `None` when it asks for nothing.
///
/// # Errors
/// `TooLarge` when words fall into too many pieces; those of reading the index.
pub(crate) fn compile(query: &TextQuery, snapshot: &Snapshot) -> Result<Option<Box<dyn Query>>> {
    Compiler { snapshot, pieces: 0 }.group(&query.clauses)
}

struct Compiler<'a> {
    snapshot: &'a Snapshot,
    /// Terms and variants so far.
    pieces: usize,
}

/// The parts of a query in the making.
#[derive(Default)]
struct Parts {
    /// Optional words, and how often each was given.
    words: BTreeMap<Term, u32>,
    queries: Vec<(Join, Box<dyn Query>)>,
}

type Compiled = Result<Option<Box<dyn Query>>>;

impl Compiler<'_> {
    fn group(&mut self, clauses: &[Clause]) -> Compiled {
        let clauses = hoisted(clauses);
        let meaningful = clauses
            .iter()
            .any(|(occur, node)| *occur != Occur::Excluded && !self.says_nothing(node));
        let mut parts = Parts::default();
        for (occur, node) in clauses {
            match occur {
                Occur::Optional if meaningful && self.says_nothing(node) => {}
                Occur::Optional => self.optional(node, &mut parts)?,
                Occur::Required => parts.queries.extend(self.whole(node)?.map(|q| (Join::Must, q))),
                Occur::Excluded => {
                    let excluded = self.whole(node)?.map(ExcludedQuery);
                    parts.queries.extend(excluded.map(|q| (Join::MustNot, Box::new(q) as _)));
                }
            }
        }
        Ok(parts.join())
    }

    /// Whether the node is a stop word, or no word at all.
    fn says_nothing(&self, node: &Node) -> bool {
        let Node::Word(word) = node else { return false };
        let analyzers = &self.snapshot.setup.analyzers;
        analyzers.is_stop_word(word) || analyzers.whole(word).is_empty()
    }

    /// Adds a node of which any part may match.
    fn optional(&mut self, node: &Node, parts: &mut Parts) -> Result<()> {
        match node {
            Node::Word(word) => {
                let tokens = self.snapshot.setup.analyzers.stems(word);
                self.optional_words(&tokens, parts)
            }
            Node::Prefix(word) | Node::Fuzzy(word, _) => {
                let mut tokens = self.snapshot.setup.analyzers.stems(word);
                tokens.pop();
                self.optional_words(&tokens, parts)?;
                parts.should(self.variants(node)?);
                Ok(())
            }
            Node::Phrase(..) | Node::Group(_) => {
                parts.should(self.whole(node)?);
                Ok(())
            }
        }
    }

    /// Adds the pieces of a word. Pieces with nothing between them are of a script without spaces:
    /// there each two neighbours are looked for together, since one character says too little.
    fn optional_words(&mut self, tokens: &[Token], parts: &mut Parts) -> Result<()> {
        for run in tokens.chunk_by(|a, b| a.offset_to == b.offset_from) {
            if let [single] = run {
                let word = Term::from_field_text(self.snapshot.setup.stems, &single.text);
                *parts.words.entry(word).or_default() += 1;
                self.count(1)?;
                continue;
            }
            for pair in run.windows(2) {
                parts.should(self.phrase(pair, 0)?);
            }
        }
        Ok(())
    }

    /// The query that matches what the whole node matches.
    fn whole(&mut self, node: &Node) -> Compiled {
        let analyzers = &self.snapshot.setup.analyzers;
        match node {
            Node::Word(word) => self.phrase(&analyzers.stems(word), 0),
            Node::Phrase(phrase, slop) => self.phrase(&analyzers.stems(phrase), *slop),
            Node::Group(clauses) => self.group(clauses),
            Node::Prefix(word) | Node::Fuzzy(word, _) => {
                let mut tokens = analyzers.stems(word);
                tokens.pop();
                let before = self.phrase(&tokens, 0)?;
                let mut parts = Parts::default();
                parts.queries.extend(before.map(|query| (Join::Must, query)));
                parts.queries.extend(self.variants(node)?.map(|query| (Join::Must, query)));
                Ok(parts.join())
            }
        }
    }

    fn phrase(&mut self, tokens: &[Token], slop: u32) -> Compiled {
        self.count(tokens.len())?;
        let stems = self.snapshot.setup.stems;
        let terms = tokens.iter().map(|token| {
            (token.position - tokens[0].position, Term::from_field_text(stems, &token.text))
        });
        let terms: Vec<(usize, Term)> = terms.collect();
        Ok(match terms.as_slice() {
            [] => None,
            [(_, word)] => Some(word_query(word.clone())),
            _ => Some(Box::new(PhraseQuery::new_with_offset_and_slop(terms, slop))),
        })
    }

    /// The words of the index that the last piece of a prefix or a misspelt word stands for.
    fn variants(&mut self, node: &Node) -> Compiled {
        self.count(1)?;
        let setup = &self.snapshot.setup;
        let (Node::Prefix(word) | Node::Fuzzy(word, _)) = node else { return Ok(None) };
        let Some(last) = setup.analyzers.whole(word).pop() else { return Ok(None) };
        let edits = match node {
            Node::Fuzzy(_, edits) => {
                Some(edits.unwrap_or_else(|| automatic_distance(last.text.chars().count())))
            }
            _ => None,
        };
        let mut found: BTreeMap<Vec<u8>, u8> = BTreeMap::new();
        for segment in &self.snapshot.segments {
            let inverted = segment.reader().inverted_index(setup.whole);
            let inverted = inverted.map_err(failed("cannot read the text index"))?;
            match edits {
                None => beginning_with(&last.text, inverted.terms(), &mut found)?,
                Some(edits) => near(&last.text, edits, inverted.terms(), &mut found)?,
            }
        }
        if found.is_empty() {
            return Ok(Some(Box::new(EmptyQuery)));
        }
        let variants = found.into_iter().filter_map(|(word, edits)| {
            Some((Term::from_field_text(setup.whole, std::str::from_utf8(&word).ok()?), edits))
        });
        let variants = Arc::new(variants.collect());
        Ok(Some(Box::new(VariantsQuery { lengths: setup.stems, variants })))
    }

    fn count(&mut self, pieces: usize) -> Result<()> {
        self.pieces += pieces;
        match self.pieces > MAX_PIECES {
            true => Err(too_many("pieces of words and phrases", MAX_PIECES)),
            false => Ok(()),
        }
    }
}

impl Parts {
    fn should(&mut self, query: Option<Box<dyn Query>>) {
        self.queries.extend(query.map(|query| (Join::Should, query)));
    }

    /// `None` when nothing is left that could match.
    fn join(mut self) -> Option<Box<dyn Query>> {
        for (word, times) in self.words {
            let query = word_query(word);
            let query = match times {
                1 => query,
                _ => Box::new(BoostQuery::new(query, times as f32)),
            };
            self.queries.push((Join::Should, query));
        }
        if self.queries.iter().all(|(join, _)| *join == Join::MustNot) {
            return None;
        }
        if self.queries.len() == 1 {
            return self.queries.pop().map(|(_, query)| query);
        }
        Some(Box::new(BooleanQuery::new(self.queries)))
    }
}

fn word_query(word: Term) -> Box<dyn Query> {
    Box::new(TermQuery::new(word, IndexRecordOption::WithFreqs))
}

/// The clauses, with those of groups that only exclude taken out of their brackets: alone, such a
/// group would match nothing.
fn hoisted(clauses: &[Clause]) -> Vec<(Occur, &Node)> {
    let mut hoisted = Vec::with_capacity(clauses.len());
    for Clause { occur, node } in clauses {
        let inner = match node {
            Node::Group(inner) if !inner.is_empty() => hoisted_inner(inner),
            _ => None,
        };
        match (inner, occur) {
            (None, _) => hoisted.push((*occur, node)),
            (Some(inner), Occur::Excluded) => {
                hoisted.extend(inner.into_iter().map(|node| (Occur::Optional, node)));
            }
            (Some(inner), _) => {
                hoisted.extend(inner.into_iter().map(|node| (Occur::Excluded, node)));
            }
        }
    }
    hoisted
}

/// What a group excludes, when it does nothing else.
fn hoisted_inner(clauses: &[Clause]) -> Option<Vec<&Node>> {
    let clauses = hoisted(clauses);
    let nodes = clauses.into_iter().map(|(occur, node)| (occur == Occur::Excluded).then_some(node));
    nodes.collect()
}

fn beginning_with(
    prefix: &str,
    words: &tantivy::termdict::TermDictionary,
    found: &mut BTreeMap<Vec<u8>, u8>,
) -> Result<()> {
    let mut stream = words.range().ge(prefix).into_stream()?;
    while stream.advance() && stream.key().starts_with(prefix.as_bytes()) {
        found.insert(stream.key().to_vec(), 0);
    }
    Ok(())
}

/// Cost: O(words of the index).
fn near(
    wanted: &str,
    edits: u8,
    words: &tantivy::termdict::TermDictionary,
    found: &mut BTreeMap<Vec<u8>, u8>,
) -> Result<()> {
    let mut spelling = Spelling::new(wanted, edits);
    let mut stream = words.stream()?;
    while stream.advance() {
        let Ok(word) = std::str::from_utf8(stream.key()) else { continue };
        if let Some(edits) = spelling.distance(word) {
            found.insert(word.as_bytes().to_vec(), edits);
        }
    }
    Ok(())
}
