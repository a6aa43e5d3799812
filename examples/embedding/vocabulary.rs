//! The words that count, and how much: tf-idf.

use std::collections::HashMap;

use super::words::words;

/// The words that embeddings are made from.
pub(super) struct Vocabulary {
    terms: HashMap<String, Term>,
}

#[derive(Clone, Copy)]
struct Term {
    column: u32,
    /// What the word tells about a text: the more, the fewer texts have it.
    idf: f64,
}

impl Vocabulary {
    /// Of the words that are in at least `fewest` of the texts, the `most` that are in most of them.
    /// Columns follow from the texts alone, so that the same texts give the same embeddings.
    pub(super) fn of(texts: &[&str], fewest: usize, most: usize) -> Vocabulary {
        /// How many texts have a word, and the last one that was seen with it.
        struct Seen {
            texts: usize,
            last: usize,
        }
        let mut seen: HashMap<String, Seen> = HashMap::new();
        for (number, text) in texts.iter().enumerate() {
            for word in words(text) {
                let seen = seen.entry(word).or_insert(Seen { texts: 0, last: usize::MAX });
                if seen.last != number {
                    *seen = Seen { texts: seen.texts + 1, last: number };
                }
            }
        }
        let mut kept: Vec<(String, usize)> = seen
            .into_iter()
            .filter(|(_, seen)| seen.texts >= fewest)
            .map(|(word, seen)| (word, seen.texts))
            .collect();
        kept.sort_unstable_by(|(one, here), (other, there)| there.cmp(here).then(one.cmp(other)));
        kept.truncate(most);
        let idf = |with: usize| ((1 + texts.len()) as f64 / (1 + with) as f64).ln();
        let terms = (0..).zip(kept);
        let terms = terms.map(|(column, (word, with))| (word, Term { column, idf: idf(with) }));
        Vocabulary { terms: terms.collect() }
    }

    pub(super) fn len(&self) -> usize {
        self.terms.len()
    }

    /// The weights of the words in `text` by column, ascending: `(1 + ln tf) · idf`, of unit length.
    /// Empty when the text has no word that tells anything.
    pub(super) fn weights(&self, text: &str) -> Vec<(u32, f64)> {
        let mut found: Vec<Term> =
            words(text).filter_map(|word| self.terms.get(&word).copied()).collect();
        found.sort_unstable_by_key(|term| term.column);
        let mut weights: Vec<(u32, f64)> = found
            .chunk_by(|one, next| one.column == next.column)
            .map(|same| (same[0].column, (1.0 + (same.len() as f64).ln()) * same[0].idf))
            .filter(|(_, weight)| *weight > 0.0)
            .collect();
        let length = weights.iter().map(|(_, weight)| weight * weight).sum::<f64>().sqrt();
        weights.iter_mut().for_each(|(_, weight)| *weight /= length);
        weights
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXTS: [&str; 3] = ["red green", "red blue blue", "red green blue black"];

    #[test]
    fn rare_words_weigh_more_and_words_of_all_texts_nothing() {
        let vocabulary = Vocabulary::of(&TEXTS, 1, 10);
        assert_eq!(vocabulary.len(), 4);
        let weights = vocabulary.weights("red blue black");
        // In the order of columns: blue is in two texts, black in one, and red in all of them.
        let [(_, blue), (_, black)] = weights[..] else { panic!("{weights:?}") };
        assert!(black > blue && blue > 0.0, "{weights:?}");
        assert!((blue * blue + black * black - 1.0).abs() < 1e-12);
    }

    #[test]
    fn a_word_that_is_repeated_weighs_more_by_its_logarithm() {
        let vocabulary = Vocabulary::of(&TEXTS, 1, 10);
        let weights = vocabulary.weights("green blue blue blue");
        let [(_, blue), (_, green)] = weights[..] else { panic!("{weights:?}") };
        assert!((blue / green - (1.0 + 3_f64.ln())).abs() < 1e-12, "{weights:?}");
    }

    #[test]
    fn the_vocabulary_is_bounded_from_both_sides() {
        assert_eq!(Vocabulary::of(&TEXTS, 2, 10).len(), 3);
        let smallest = Vocabulary::of(&TEXTS, 1, 2);
        assert_eq!(smallest.len(), 2);
        assert!(smallest.weights("green black unheard of").is_empty());
    }
}
