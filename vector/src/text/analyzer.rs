//! How text becomes terms: the same for rows, queries and snippets.

use tantivy::tokenizer::{
    AsciiFoldingFilter, LowerCaser, RemoveLongFilter, TextAnalyzer, Token, TokenizerManager,
};

use super::language::Language;
use super::stems::Stems;
use super::stop_words;
use super::words::Words;

/// The name that the schema knows the analyzer of stems by.
pub(crate) const STEMS: &str = "headwater_stems";
/// The name that the schema knows the analyzer of whole words by.
pub(crate) const WHOLE: &str = "headwater_whole";

/// Words of this many bytes or more are not indexed: they are encoded data, not language.
const LONGEST: usize = 100;

/// The analyzers of one language.
///
/// A *whole word* is in lower case and without accents; a *stem* is what the language's stemmer leaves
/// of it. Without a language both are the same.
#[derive(Clone)]
pub(crate) struct Analyzers {
    stems: TextAnalyzer,
    whole: TextAnalyzer,
    meaningful: Option<TextAnalyzer>,
}

impl Analyzers {
    pub(crate) fn new(language: Option<Language>) -> Self {
        let words = || {
            let words = TextAnalyzer::builder(Words::default());
            words.filter(RemoveLongFilter::limit(LONGEST)).filter(LowerCaser)
        };
        let whole = words().filter(AsciiFoldingFilter).build();
        let stems = match language {
            None => whole.clone(),
            // The English stemmer knows no accents, the others' rules need theirs.
            Some(english) if english.code() == "en" => {
                words().filter(AsciiFoldingFilter).filter(Stems::new(english.stemmed())).build()
            }
            Some(other) => {
                words().filter(Stems::new(other.stemmed())).filter(AsciiFoldingFilter).build()
            }
        };
        let meaningful = language.and_then(stop_words::filter);
        let meaningful = meaningful.map(|filter| words().filter(filter).build());
        Analyzers { stems, whole, meaningful }
    }

    /// Makes them known to an index.
    pub(crate) fn manager(&self) -> TokenizerManager {
        // With the default ones: tantivy asks for one even for the labels, which are numbers.
        let manager = TokenizerManager::default();
        manager.register(STEMS, self.stems.clone());
        manager.register(WHOLE, self.whole.clone());
        manager
    }

    /// The stems of `text`, with their places.
    pub(crate) fn stems(&self, text: &str) -> Vec<Token> {
        tokens(self.stems.clone(), text)
    }

    /// The whole words of `text`: token by token those that [`stems`](Self::stems) stems.
    pub(crate) fn whole(&self, text: &str) -> Vec<Token> {
        tokens(self.whole.clone(), text)
    }

    /// Whether `text` has words, and all of them are stop words of the language.
    pub(crate) fn is_stop_word(&self, text: &str) -> bool {
        let Some(meaningful) = &self.meaningful else { return false };
        !meaningful.clone().token_stream(text).advance()
            && self.whole.clone().token_stream(text).advance()
    }
}

fn tokens(mut analyzer: TextAnalyzer, text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    analyzer.token_stream(text).process(&mut |token| tokens.push(token.clone()));
    tokens
}

#[cfg(test)]
mod tests {
    use super::Analyzers;
    use crate::text::language::Language;

    fn stems(language: Option<&str>, text: &str) -> String {
        let language = language.map(|code| Language::parse(code).unwrap());
        let tokens = Analyzers::new(language).stems(text);
        tokens.into_iter().map(|token| token.text).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn words_are_lowered_folded_and_stemmed() {
        let cases = [
            (None, "Running CAFÉS", "running cafes"),
            (Some("en"), "Running CAFÉS", "run cafe"),
            (Some("de"), "Häuser Haus", "haus haus"),
            (Some("fr"), "Écoutée écouter", "ecout ecout"),
        ];
        for (language, text, expected) in cases {
            assert_eq!(stems(language, text), expected, "{language:?} {text}");
        }
    }

    #[test]
    fn every_language_analyzes_words_of_every_script() {
        for code in ["ar", "da", "de", "el", "en", "es", "fi", "fr", "hu"] {
            let text = "Hello Grüße Ελληνικά русский தமிழ் العربية 東京 e\u{301} İstanbul";
            assert!(!stems(Some(code), text).is_empty(), "{code}");
        }
    }

    #[test]
    fn words_too_long_to_be_words_are_dropped() {
        let long = "x".repeat(100);
        assert_eq!(stems(None, &format!("a {long} b")), "a b");
    }

    #[test]
    fn only_words_of_the_language_s_list_are_stop_words() {
        let english = Analyzers::new(Some(Language::parse("en").unwrap()));
        for (text, expected) in [("the", true), ("What's", true), ("wing", false), ("!", false)] {
            assert_eq!(english.is_stop_word(text), expected, "{text}");
        }
        assert!(!Analyzers::new(None).is_stop_word("the"));
    }
}
