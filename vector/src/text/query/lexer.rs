//! Cuts a query into words, phrases and operators.

use std::ops::Range;

use headwater_primitives::Result;

use super::{Mode, Node, wrong};

/// The most edits that a misspelt word may be away.
const MAX_EDITS: u8 = 2;

/// A piece of a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Lexeme {
    pub(super) kind: Kind,
    /// Its bytes in the query.
    pub(super) at: Range<usize>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Operand(Node),
    Open,
    Close,
    Plus,
    Minus,
    Not,
    And,
    Or,
}

/// Cuts `text` into lexemes.
pub(super) fn lex(text: &str, mode: Mode) -> Result<Vec<Lexeme>> {
    let mut lexer = Lexer { text, at: 0, mode };
    let mut lexemes = Vec::new();
    while let Some(lexeme) = lexer.next()? {
        lexemes.push(lexeme);
    }
    Ok(lexemes)
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    mode: Mode,
}

impl Lexer<'_> {
    fn next(&mut self) -> Result<Option<Lexeme>> {
        loop {
            let rest = &self.text[self.at..];
            let trimmed = rest.trim_start();
            self.at += rest.len() - trimmed.len();
            let Some(first) = trimmed.chars().next() else { return Ok(None) };
            let start = self.at;
            let kind = match first {
                '(' => self.sign(Kind::Open),
                ')' => self.sign(Kind::Close),
                '+' => self.sign(Kind::Plus),
                '-' => self.sign(Kind::Minus),
                '"' => match self.phrase()? {
                    Some(phrase) => phrase,
                    None => continue,
                },
                _ => self.word()?,
            };
            return Ok(Some(Lexeme { kind, at: start..self.at }));
        }
    }

    fn sign(&mut self, kind: Kind) -> Kind {
        self.at += 1;
        kind
    }

    /// A phrase from its quote on; `None` when the quote has no other half and is passed over.
    fn phrase(&mut self) -> Result<Option<Kind>> {
        let quote = self.at;
        self.at += 1;
        let Some(length) = self.text[self.at..].find('"') else {
            if self.mode == Mode::Strict {
                return Err(wrong(self.text, &(quote..self.text.len()), "this quote never ends"));
            }
            return Ok(None);
        };
        let content = self.text[self.at..self.at + length].to_owned();
        self.at += length + 1;
        let slop = self.suffix_number().unwrap_or(0);
        Ok(Some(Kind::Operand(Node::Phrase(content, slop))))
    }

    /// The number in `~2`, when that is what comes next.
    fn suffix_number(&mut self) -> Option<u32> {
        let digits = self.text[self.at..].strip_prefix('~')?;
        let length = digits.bytes().take_while(u8::is_ascii_digit).count();
        self.at += 1 + length;
        // A number too large for its type is as good as the largest.
        (length > 0).then(|| digits[..length].parse().unwrap_or(u32::MAX))
    }

    fn word(&mut self) -> Result<Kind> {
        let start = self.at;
        let rest = &self.text[start..];
        let ends = |c: char| c.is_whitespace() || matches!(c, '"' | '(' | ')');
        self.at += rest.find(ends).unwrap_or(rest.len());
        let word = &self.text[start..self.at];
        Ok(match word {
            "AND" => Kind::And,
            "OR" => Kind::Or,
            "NOT" => Kind::Not,
            _ => Kind::Operand(self.classify(word, start..self.at)?),
        })
    }

    fn classify(&self, word: &str, at: Range<usize>) -> Result<Node> {
        if let Some(prefix) = word.strip_suffix('*') {
            return self.sensible(prefix, at, "a * needs a word before it", Node::Prefix);
        }
        let (body, digits) = match word.rsplit_once('~') {
            Some((body, digits)) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                (body, digits)
            }
            _ => return self.sensible(word, at, "a * can only end a word", Node::Word),
        };
        let edits = match digits {
            "" => None,
            _ => Some(digits.parse().unwrap_or(u8::MAX)),
        };
        if edits.is_some_and(|edits| edits > MAX_EDITS) && self.mode == Mode::Strict {
            return Err(wrong(self.text, &at, "at most 2 edits are possible"));
        }
        let edits = edits.map(|edits: u8| edits.min(MAX_EDITS));
        let fuzzy = |word| Node::Fuzzy(word, edits);
        self.sensible(body, at, "a ~ needs a word before it", fuzzy)
    }

    /// The node of `word`; in strict mode only if it has letters or digits, and no star inside.
    fn sensible(
        &self,
        word: &str,
        at: Range<usize>,
        what: &str,
        node: impl FnOnce(String) -> Node,
    ) -> Result<Node> {
        let empty = !word.chars().any(char::is_alphanumeric);
        let refused = word.contains('*') || empty && at.len() > word.len();
        if refused && self.mode == Mode::Strict {
            return Err(wrong(self.text, &at, what));
        }
        Ok(node(word.to_owned()))
    }
}
