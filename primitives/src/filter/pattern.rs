//! The compiled regular expression of `$regex`, with its options.

use regex::Regex;

use crate::error::{Error, Result};

/// A `$regex` with its `$options`; compiled once. Equal when written the same.
#[derive(Clone, Debug)]
pub(crate) struct Pattern {
    source: String,
    options: String,
    regex: Regex,
}

impl Pattern {
    /// Compiles `source`. The options are any of `i`, `m`, `s` and `x`, as in the `regex` crate.
    pub(crate) fn new(source: &str, options: &str) -> Result<Self> {
        let mut flags: Vec<char> = options.chars().collect();
        flags.sort_unstable();
        flags.dedup();
        if let Some(unknown) = flags.iter().find(|flag| !"imsx".contains(**flag)) {
            return Err(Error::invalid(format!(
                "unknown regex option {unknown:?}; known options are i, m, s and x"
            )));
        }
        let options: String = flags.into_iter().collect();
        let regex = compile(&inline(source, &options))?;
        Ok(Pattern { source: source.to_owned(), options, regex })
    }

    pub(crate) fn source(&self) -> &str {
        &self.source
    }

    pub(crate) fn options(&self) -> &str {
        &self.options
    }

    /// One text that holds the options too.
    pub(crate) fn inline(&self) -> String {
        inline(&self.source, &self.options)
    }

    pub(crate) fn is_match(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }

    /// The literal text that every match starts with, when the pattern is anchored to one.
    pub(crate) fn literal_prefix(&self) -> Option<String> {
        if self.options.contains(['i', 'm', 'x']) || self.source.contains('|') {
            return None;
        }
        let mut prefix = String::new();
        let mut rest = self.source.strip_prefix('^')?.chars().peekable();
        while let Some(char) = rest.next() {
            let literal = match char {
                '\\' => match rest.next() {
                    // `\<` and `\>` are word boundaries, not characters.
                    Some(escaped) if escaped.is_ascii_punctuation() && !"<>".contains(escaped) => {
                        escaped
                    }
                    _ => break,
                },
                '.' | '+' | '*' | '?' | '(' | ')' | '[' | ']' | '{' | '}' | '^' | '$' => break,
                literal => literal,
            };
            // What a quantifier may repeat zero times is not part of the prefix.
            if matches!(rest.peek(), Some('*' | '?' | '{')) {
                break;
            }
            prefix.push(literal);
        }
        (!prefix.is_empty()).then_some(prefix)
    }
}

/// Compiles a pattern and says in one line why it cannot be.
pub(crate) fn compile(pattern: &str) -> Result<Regex> {
    Regex::new(pattern).map_err(|error| {
        let message = error.to_string();
        let reason = message.rsplit("error: ").next().unwrap_or(&message).trim().to_owned();
        Error::invalid(format!("regex {pattern:?} cannot be compiled: {reason}"))
    })
}

fn inline(source: &str, options: &str) -> String {
    if options.is_empty() { source.to_owned() } else { format!("(?{options}){source}") }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source && self.options == other.options
    }
}
