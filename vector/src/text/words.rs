//! Cuts text into words, as a tantivy tokenizer.

use tantivy::tokenizer::{Token, TokenStream, Tokenizer};

/// The mark that makes the kana before it long.
const KANA_LENGTH: char = '\u{30fc}';

/// Cuts text into words: runs of letters and digits of any script, with the marks that belong to
/// them. Everything else separates.
///
/// Scripts that are written without spaces (Han, kana, Thai, Lao, Khmer, Burmese) give one word per
/// character, so that any part of a run can be found as a phrase. Accents that are characters of their
/// own, soft hyphens and joiners are inside a word but not part of its term: "e" with a combining
/// acute is the term "e", as the folded "é" is.
#[derive(Clone, Default)]
pub(crate) struct Words {
    token: Token,
}

/// The words of one text.
pub(crate) struct WordStream<'a> {
    text: &'a str,
    at: usize,
    token: &'a mut Token,
}

impl Tokenizer for Words {
    type TokenStream<'a> = WordStream<'a>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> WordStream<'a> {
        self.token.reset();
        WordStream { text, at: 0, token: &mut self.token }
    }
}

impl WordStream<'_> {
    /// The word at `start`, which is `length` bytes of ASCII letters and digits.
    fn take_ascii(&mut self, start: usize, length: usize) {
        self.token.text.push_str(&self.text[start..start + length]);
        self.place(start, start + length);
    }

    /// The next word from `from` on; whether there is one.
    fn take_any(&mut self, from: usize) -> bool {
        let rest = &self.text[from..];
        let Some((start, first)) = rest.char_indices().find(|(_, c)| c.is_alphanumeric()) else {
            self.at = self.text.len();
            return false;
        };
        let alone = stands_alone(first);
        let mut end = rest.len();
        for (offset, character) in rest[start..].char_indices() {
            let part = match character.is_alphanumeric() {
                true => {
                    offset == 0 || character == KANA_LENGTH || !(alone || stands_alone(character))
                }
                false => is_silent(character) || is_mark(character),
            };
            if !part {
                end = start + offset;
                break;
            }
            if !is_silent(character) {
                self.token.text.push(character);
            }
        }
        self.place(from + start, from + end);
        true
    }

    fn place(&mut self, start: usize, end: usize) {
        self.token.offset_from = start;
        self.token.offset_to = end;
        self.at = end;
    }
}

impl TokenStream for WordStream<'_> {
    fn advance(&mut self) -> bool {
        self.token.text.clear();
        self.token.position = self.token.position.wrapping_add(1);
        let bytes = &self.text.as_bytes()[self.at..];
        let may_begin = |byte: &u8| byte.is_ascii_alphanumeric() || !byte.is_ascii();
        let start = bytes.iter().position(may_begin).unwrap_or(bytes.len());
        let word = bytes[start..].iter().take_while(|byte| byte.is_ascii_alphanumeric());
        let length = word.count();
        let is_ascii = bytes.get(start + length).is_none_or(u8::is_ascii);
        match length > 0 && is_ascii {
            true => {
                self.take_ascii(self.at + start, length);
                true
            }
            false => self.take_any(self.at + start),
        }
    }

    fn token(&self) -> &Token {
        self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        self.token
    }
}

/// Whether the character is a word by itself, in a script without spaces.
fn stands_alone(character: char) -> bool {
    character >= '\u{e00}'
        && matches!(u32::from(character),
            0xe00..=0xeff          // Thai, Lao
            | 0x1000..=0x109f      // Burmese
            | 0x1780..=0x17ff      // Khmer
            | 0x3005..=0x3007 | 0x3041..=0x30fb | 0x31f0..=0x31ff // kana
            | 0x3400..=0x4dbf | 0x4e00..=0x9fff | 0xf900..=0xfaff | 0x20000..=0x3ffff) // Han
}

/// Whether the character is inside words without changing their term: soft hyphens, combining
/// accents, joiners, variation selectors.
fn is_silent(character: char) -> bool {
    matches!(u32::from(character),
        0xad | 0x300..=0x36f | 0x1ab0..=0x1aff | 0x1dc0..=0x1dff | 0x200b..=0x200d
        | 0x20d0..=0x20ff | 0xfe00..=0xfe0f | 0xfe20..=0xfe2f)
}

/// Whether the character is a mark of the word before it that [`char::is_alphanumeric`] does not
/// count: signs of Hebrew, Arabic, Syriac and of the Indic scripts (nukta, virama), tone marks.
fn is_mark(character: char) -> bool {
    let code = u32::from(character);
    match code {
        0x900..=0xdff => {
            matches!(code & 0x7f, 0x3c | 0x4d) || matches!(code, 0x951..=0x954 | 0xdca)
        }
        _ => matches!(code,
            0x483..=0x489 | 0x591..=0x5af | 0x658 | 0x6df | 0x6e0 | 0x6ea..=0x6ec | 0x740..=0x74a
            | 0xe47..=0xe4c | 0xe4e | 0xeba | 0xec8..=0xecc | 0xf84 | 0x1037 | 0x1039 | 0x103a
            | 0x17c9..=0x17d3 | 0x17dd | 0x3099 | 0x309a),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tantivy::tokenizer::{Token, TokenStream, Tokenizer};

    use super::Words;

    fn words(text: &str) -> Vec<String> {
        let mut tokenizer = Words::default();
        let mut stream = tokenizer.token_stream(text);
        let mut words = Vec::new();
        while stream.advance() {
            let token = stream.token();
            assert!(text.get(token.offset_from..token.offset_to).is_some(), "{token:?}");
            assert_eq!(token.position, words.len());
            words.push(token.text.clone());
        }
        words
    }

    #[test]
    fn words_are_runs_of_letters_and_digits_with_their_marks() {
        let cases: [(&str, &[&str]); 9] = [
            ("", &[]),
            (" .,-?! ", &[]),
            ("High-speed flow, 2.5 m/s", &["High", "speed", "flow", "2", "5", "m", "s"]),
            ("Straße über naïve", &["Straße", "über", "naïve"]),
            ("cafe\u{301} soft\u{ad}ware", &["cafe", "software"]),
            ("東京タワーへ", &["東", "京", "タ", "ワー", "へ"]),
            ("version2東", &["version2", "東"]),
            ("தமிழ்நாடு", &["தமிழ்நாடு"]),
            ("हिन्दी भाषा", &["हिन्दी", "भाषा"]),
        ];
        for (text, expected) in cases {
            assert_eq!(words(text), expected, "{text:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn words_of_ascii_are_what_any_words_are(text in "([a-zA-Z0-9 .-]{0,6}[東ターéß\u{301}\u{ad}a ]{0,2}){0,5}") {
            let (mut fast, mut slow) = (Words::default(), Words::default());
            let (mut fast, mut slow) = (fast.token_stream(&text), slow.token_stream(&text));
            loop {
                slow.token.text.clear();
                slow.token.position = slow.token.position.wrapping_add(1);
                let more = slow.take_any(slow.at);
                prop_assert_eq!(fast.advance(), more);
                if !more {
                    break;
                }
                let (fast, slow): (&Token, &Token) = (fast.token(), slow.token());
                prop_assert_eq!(fast, slow);
            }
        }
    }
}
