//! Which words of a text a query is about.

use std::ops::Range;

use super::analyzer::Analyzers;
use super::query::{Clause, Node, Occur, Spelling, TextQuery, automatic_distance};

/// A word of a text.
pub(super) struct Token {
    pub(super) bytes: Range<usize>,
    pub(super) chars: Range<usize>,
    position: usize,
    stem: String,
    whole: String,
}

/// A word that is to be marked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    /// Its place among the tokens.
    pub(super) token: usize,
    /// Which word of the query it stands for.
    pub(super) word: usize,
}

/// The words of `text`.
pub(super) fn tokens(analyzers: &Analyzers, text: &str) -> Vec<Token> {
    let stems = analyzers.stems(text);
    let whole = analyzers.whole(text);
    let (mut bytes, mut chars) = (0, 0);
    // Offsets only grow, so characters are counted once.
    let mut chars_until = |end: usize| {
        chars += text[bytes..end].chars().count();
        bytes = end;
        chars
    };
    let tokens = stems.into_iter().zip(whole).map(|(stem, whole)| Token {
        bytes: stem.offset_from..stem.offset_to,
        chars: chars_until(stem.offset_from)..chars_until(stem.offset_to),
        position: stem.position,
        stem: stem.text,
        whole: whole.text,
    });
    tokens.collect()
}

/// The tokens that `query` is about, in their order, each once.
pub(super) fn marks(analyzers: &Analyzers, query: &TextQuery, tokens: &[Token]) -> Vec<Mark> {
    let mut wanted = Vec::new();
    collect(analyzers, &query.clauses, &mut wanted);
    let mut marks = Vec::new();
    for (word, wanted) in wanted.iter_mut().enumerate() {
        let mut mark = |token| marks.push(Mark { token, word });
        match wanted {
            Wanted::Phrase { stems, slop } => mark_phrases(stems, *slop, tokens, &mut mark),
            Wanted::Prefix(prefix) => {
                let found = |(_, token): &(usize, &Token)| token.whole.starts_with(prefix.as_str());
                tokens.iter().enumerate().filter(found).for_each(|(place, _)| mark(place));
            }
            Wanted::Near(spelling) => {
                for (place, token) in tokens.iter().enumerate() {
                    if spelling.distance(&token.whole).is_some() {
                        mark(place);
                    }
                }
            }
        }
    }
    marks.sort_unstable_by_key(|mark: &Mark| (mark.token, mark.word));
    marks.dedup_by_key(|mark| mark.token);
    marks
}

/// Something to be marked.
enum Wanted {
    /// Stems with their positions; a word is a phrase of one.
    Phrase {
        stems: Vec<(usize, String)>,
        slop: usize,
    },
    Prefix(String),
    Near(Spelling),
}

/// What the clauses want. Stop words are marked only when there is nothing else, as in a search.
fn collect(analyzers: &Analyzers, clauses: &[Clause], wanted: &mut Vec<Wanted>) {
    let positive = || clauses.iter().filter(|clause| clause.occur != Occur::Excluded);
    let is_stop = |clause: &Clause| match &clause.node {
        Node::Word(word) => clause.occur == Occur::Optional && analyzers.is_stop_word(word),
        _ => false,
    };
    let meaningful = positive().any(|clause| !is_stop(clause));
    for clause in positive().filter(|clause| !(meaningful && is_stop(clause))) {
        match &clause.node {
            Node::Group(clauses) => collect(analyzers, clauses, wanted),
            Node::Word(word) => wanted.extend(single_words(analyzers, word)),
            Node::Phrase(phrase, slop) => {
                let stems = analyzers.stems(phrase);
                let stems = stems.into_iter().map(|token| (token.position, token.text));
                wanted.push(Wanted::Phrase { stems: stems.collect(), slop: *slop as usize });
            }
            Node::Prefix(word) | Node::Fuzzy(word, _) => {
                let Some(last) = analyzers.whole(word).pop() else { continue };
                let mut before: Vec<Wanted> = single_words(analyzers, word).collect();
                before.pop();
                wanted.extend(before);
                wanted.push(match &clause.node {
                    Node::Fuzzy(_, edits) => {
                        let characters = last.text.chars().count();
                        let edits = edits.unwrap_or_else(|| automatic_distance(characters));
                        Wanted::Near(Spelling::new(&last.text, edits))
                    }
                    _ => Wanted::Prefix(last.text),
                });
            }
        }
    }
}

fn single_words(analyzers: &Analyzers, word: &str) -> impl Iterator<Item = Wanted> {
    let stems = analyzers.stems(word).into_iter();
    stems.map(|token| Wanted::Phrase { stems: vec![(0, token.text)], slop: 0 })
}

/// Marks each place where the stems stand in their order, at most `slop` words further apart than in
/// the query. (A search also finds swapped words; those are not marked.)
fn mark_phrases(
    stems: &[(usize, String)],
    slop: usize,
    tokens: &[Token],
    mark: &mut impl FnMut(usize),
) {
    let Some(((first_position, first), rest)) = stems.split_first() else { return };
    for (start, token) in tokens.iter().enumerate().filter(|(_, token)| token.stem == *first) {
        let mut places = vec![start];
        let mut spare = slop;
        let mut expected = token.position;
        let mut former = *first_position;
        for (position, stem) in rest {
            expected += position - former;
            former = *position;
            let after = tokens.iter().enumerate().skip(places[places.len() - 1] + 1);
            let mut reachable =
                after.take_while(|(_, token)| token.position <= expected.saturating_add(spare));
            let found =
                reachable.find(|(_, token)| token.position >= expected && token.stem == *stem);
            let Some((place, token)) = found else { break };
            spare -= token.position - expected;
            expected = token.position;
            places.push(place);
        }
        if places.len() == stems.len() {
            places.into_iter().for_each(&mut *mark);
        }
    }
}
