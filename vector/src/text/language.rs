//! The languages that full text can be stemmed by.

use headwater_primitives::{Error, Result};
use tantivy::tokenizer::Language as Stemmed;

/// ISO 639-1 codes and the Snowball stemmers behind them.
const KNOWN: [(&str, Stemmed); 18] = [
    ("ar", Stemmed::Arabic),
    ("da", Stemmed::Danish),
    ("de", Stemmed::German),
    ("el", Stemmed::Greek),
    ("en", Stemmed::English),
    ("es", Stemmed::Spanish),
    ("fi", Stemmed::Finnish),
    ("fr", Stemmed::French),
    ("hu", Stemmed::Hungarian),
    ("it", Stemmed::Italian),
    ("nl", Stemmed::Dutch),
    ("no", Stemmed::Norwegian),
    ("pt", Stemmed::Portuguese),
    ("ro", Stemmed::Romanian),
    ("ru", Stemmed::Russian),
    ("sv", Stemmed::Swedish),
    ("ta", Stemmed::Tamil),
    ("tr", Stemmed::Turkish),
];

/// A language with a stemmer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Language {
    code: &'static str,
    stemmed: Stemmed,
}

impl Language {
    /// The language of an ISO 639-1 code.
    ///
    /// # Errors
    /// `InvalidInput` for a code without a stemmer; the message lists those that have one.
    pub(crate) fn parse(code: &str) -> Result<Language> {
        let known = KNOWN.into_iter().find(|(known, _)| *known == code);
        known.map(|(code, stemmed)| Language { code, stemmed }).ok_or_else(|| {
            let codes: Vec<&str> = KNOWN.iter().map(|(code, _)| *code).collect();
            Error::invalid(format!(
                "no stemmer for the language {code:?}: give one of {}, or none",
                codes.join(", ")
            ))
        })
    }

    /// Its ISO 639-1 code.
    pub(crate) fn code(self) -> &'static str {
        self.code
    }

    /// As tantivy names it.
    pub(crate) fn stemmed(self) -> Stemmed {
        self.stemmed
    }
}

#[cfg(test)]
mod tests {
    use super::Language;

    #[test]
    fn a_known_code_is_a_language() {
        assert_eq!(Language::parse("de").unwrap().code(), "de");
    }

    #[test]
    fn an_unknown_code_is_refused_with_the_list_of_known_ones() {
        let message = Language::parse("tlh").unwrap_err().to_string();
        assert!(message.contains("\"tlh\""), "{message}");
        assert!(message.contains("ar, da, de, el, en"), "{message}");
    }
}
