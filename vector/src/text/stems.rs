//! Stems, each made once.

use foldhash::fast::FixedState;
use hashbrown::HashMap;
use tantivy::tokenizer::{
    Language, RawTokenizer, Stemmer, TextAnalyzer, Token, TokenFilter, TokenStream, Tokenizer,
};

/// Words whose stems are remembered.
const KNOWN: usize = 1 << 13;

type Known = HashMap<Box<str>, Box<str>, FixedState>;

/// tantivy's stemmer of a language, as a filter that remembers what it has made: most words of a text
/// are those of the texts before it.
pub(crate) struct Stems(Language);

impl Stems {
    pub(crate) fn new(language: Language) -> Stems {
        Stems(language)
    }
}

impl TokenFilter for Stems {
    type Tokenizer<T: Tokenizer> = Stemming<T>;

    fn transform<T: Tokenizer>(self, inner: T) -> Stemming<T> {
        let stemmer =
            TextAnalyzer::builder(RawTokenizer::default()).filter(Stemmer::new(self.0)).build();
        Stemming { inner, stemmer, known: Known::default() }
    }
}

/// A tokenizer whose words become stems.
pub(crate) struct Stemming<T> {
    inner: T,
    /// Takes a word as a text.
    stemmer: TextAnalyzer,
    known: Known,
}

/// Without what is known: tantivy clones a tokenizer for each use.
impl<T: Clone> Clone for Stemming<T> {
    fn clone(&self) -> Self {
        let (inner, stemmer) = (self.inner.clone(), self.stemmer.clone());
        Stemming { inner, stemmer, known: Known::default() }
    }
}

impl<T: Tokenizer> Tokenizer for Stemming<T> {
    type TokenStream<'a> = StemStream<'a, T::TokenStream<'a>>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> Self::TokenStream<'a> {
        let Stemming { inner, stemmer, known } = self;
        StemStream { words: inner.token_stream(text), stemmer, known }
    }
}

/// The stems of one text.
pub(crate) struct StemStream<'a, S> {
    words: S,
    stemmer: &'a mut TextAnalyzer,
    known: &'a mut Known,
}

impl<S: TokenStream> TokenStream for StemStream<'_, S> {
    fn advance(&mut self) -> bool {
        if !self.words.advance() {
            return false;
        }
        let word = &mut self.words.token_mut().text;
        if !self.known.contains_key(word.as_str()) {
            let mut stem = String::new();
            self.stemmer.token_stream(word).process(&mut |token| stem.push_str(&token.text));
            if self.known.len() == KNOWN {
                self.known.clear();
            }
            self.known.insert(word.as_str().into(), stem.into());
        }
        let stem = &self.known[word.as_str()];
        word.clear();
        word.push_str(stem);
        true
    }

    fn token(&self) -> &Token {
        self.words.token()
    }

    fn token_mut(&mut self) -> &mut Token {
        self.words.token_mut()
    }
}

#[cfg(test)]
mod tests {
    use tantivy::tokenizer::WhitespaceTokenizer;

    use super::*;

    #[test]
    fn a_stem_is_that_of_tantivy_however_many_words_came_before() {
        let ours = Stems::new(Language::English);
        let mut ours = TextAnalyzer::builder(WhitespaceTokenizer::default()).filter(ours).build();
        let theirs = Stemmer::new(Language::English);
        let mut theirs =
            TextAnalyzer::builder(WhitespaceTokenizer::default()).filter(theirs).build();
        let many: Vec<String> = (0..KNOWN + 10).map(|n| format!("flow{n}ings")).collect();
        for text in ["flows flowing flowed wings", &many.join(" "), "flows wings ing"] {
            let mut expected = theirs.token_stream(text);
            let mut stems = ours.token_stream(text);
            while expected.advance() {
                assert!(stems.advance());
                assert_eq!(stems.token(), expected.token());
            }
            assert!(!stems.advance());
        }
    }
}
