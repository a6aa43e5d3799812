//! The passages of a text that a query is about.

use std::ops::Range;

use super::analyzer::Analyzers;
use super::marks::{Mark, Token, marks, tokens};
use super::query::TextQuery;

/// How snippets are cut.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SnippetOptions {
    /// The most characters of one snippet, which has at least one word.
    pub max_chars: usize,
    /// The most snippets of one text.
    pub max_snippets: usize,
}

impl Default for SnippetOptions {
    /// One snippet of 160 characters.
    fn default() -> Self {
        SnippetOptions { max_chars: 160, max_snippets: 1 }
    }
}

impl SnippetOptions {
    /// The same with another length.
    #[must_use]
    pub fn max_chars(mut self, characters: usize) -> Self {
        self.max_chars = characters;
        self
    }

    /// The same with another number.
    #[must_use]
    pub fn max_snippets(mut self, snippets: usize) -> Self {
        self.max_snippets = snippets;
        self
    }
}

/// A passage of a text, and what in it the query was about.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Snippet {
    /// The passage.
    pub text: String,
    /// The bytes of `text` to be marked, ascending and apart from each other.
    pub highlights: Vec<Range<usize>>,
}

impl Snippet {
    /// As HTML: what is to be marked inside `<b>`, the rest escaped.
    pub fn to_html(&self) -> String {
        self.to_html_with("<b>", "</b>")
    }

    /// As HTML with other tags, which are written as they are.
    pub fn to_html_with(&self, open: &str, close: &str) -> String {
        let mut html = String::with_capacity(self.text.len() + 16 * self.highlights.len());
        let mut done = 0;
        for highlight in &self.highlights {
            escape(&self.text[done..highlight.start], &mut html);
            html.push_str(open);
            escape(&self.text[highlight.clone()], &mut html);
            html.push_str(close);
            done = highlight.end;
        }
        escape(&self.text[done..], &mut html);
        html
    }
}

fn escape(text: &str, html: &mut String) {
    for character in text.chars() {
        match character {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            _ => html.push(character),
        }
    }
}

/// The passages of `text` with the most different words of `query`, in the order of the text. When it
/// has none, one passage: the beginning.
///
/// Cost: O(text), times the number of prefixes and misspelt words in the query.
pub(super) fn snippets(
    analyzers: &Analyzers,
    query: &TextQuery,
    text: &str,
    options: &SnippetOptions,
) -> Vec<Snippet> {
    let tokens = tokens(analyzers, text);
    let marks = marks(analyzers, query, &tokens);
    let mut chosen: Vec<Range<usize>> = Vec::new();
    while chosen.len() < options.max_snippets {
        let Some(next) = best_window(&tokens, &marks, &chosen, options.max_chars) else { break };
        let room = room_around(&tokens, &next, &chosen);
        let window = widened(&tokens, next, room, options.max_chars);
        chosen.push(window);
        chosen.sort_by_key(|window| window.start);
    }
    if chosen.is_empty() && options.max_snippets > 0 && !tokens.is_empty() {
        let window = widened(&tokens, 0..1, 0..tokens.len(), options.max_chars);
        chosen.push(window);
    }
    chosen.into_iter().map(|window| cut(text, &tokens, &marks, window)).collect()
}

/// The tokens from the first to the last mark of the window that is worth most and touches none that
/// is chosen already.
fn best_window(
    tokens: &[Token],
    marks: &[Mark],
    chosen: &[Range<usize>],
    max_chars: usize,
) -> Option<Range<usize>> {
    let mut best: Option<((usize, usize), Range<usize>)> = None;
    for (place, first) in marks.iter().enumerate() {
        if chosen.iter().any(|window| window.contains(&first.token)) {
            continue;
        }
        let barrier = chosen.iter().map(|window| window.start).find(|start| *start > first.token);
        let start = tokens[first.token].chars.start;
        let fits = |mark: &&Mark| {
            tokens[mark.token].chars.end - start <= max_chars
                && barrier.is_none_or(|barrier| mark.token < barrier)
        };
        let inside: Vec<&Mark> = marks[place..].iter().take_while(fits).collect();
        let last = inside.last().map_or(first.token, |mark| mark.token);
        let mut words: Vec<usize> = inside.iter().map(|mark| mark.word).collect();
        words.sort_unstable();
        words.dedup();
        let worth = (words.len(), inside.len());
        if best.as_ref().is_none_or(|(most, _)| worth > *most) {
            best = Some((worth, first.token..last + 1));
        }
    }
    best.map(|(_, window)| window)
}

/// The tokens that a window may grow to.
fn room_around(tokens: &[Token], window: &Range<usize>, chosen: &[Range<usize>]) -> Range<usize> {
    let before = chosen.iter().map(|other| other.end).filter(|end| *end <= window.start);
    let after = chosen.iter().map(|other| other.start).filter(|start| *start >= window.end);
    before.max().unwrap_or(0)..after.min().unwrap_or(tokens.len())
}

/// The window with words around it: as many characters on either side, as far as there are any.
fn widened(
    tokens: &[Token],
    core: Range<usize>,
    room: Range<usize>,
    max_chars: usize,
) -> Range<usize> {
    let start = |window: &Range<usize>| tokens[window.start].chars.start;
    let end = |window: &Range<usize>| tokens[window.end - 1].chars.end;
    let mut window = core.clone();
    loop {
        let before = (window.start > room.start).then(|| window.start - 1..window.end);
        let after = (window.end < room.end).then(|| window.start..window.end + 1);
        let grown = [after, before].into_iter().flatten();
        let fitting = grown.filter(|grown| end(grown) - start(grown) <= max_chars);
        let lopsided =
            |grown: &Range<usize>| (start(&core) - start(grown)).abs_diff(end(grown) - end(&core));
        let Some(next) = fitting.min_by_key(lopsided) else { return window };
        window = next;
    }
}

fn cut(text: &str, tokens: &[Token], marks: &[Mark], window: Range<usize>) -> Snippet {
    let inside = |token: usize| tokens[token].bytes.clone();
    let whole = inside(window.start).start..inside(window.end - 1).end;
    let marked = marks.iter().map(|mark| mark.token).filter(|token| window.contains(token));
    let highlights = marked.map(|token| {
        let bytes = inside(token);
        bytes.start - whole.start..bytes.end - whole.start
    });
    Snippet { text: text[whole.clone()].to_owned(), highlights: highlights.collect() }
}
