//! Which words are a few edits away from another.

use std::ops::Range;

/// How many edits a word of this many characters is looked up with when the query does not say:
/// none up to two, one up to five, then two (as Elasticsearch's `AUTO`).
pub(crate) fn automatic_distance(characters: usize) -> u8 {
    match characters {
        0..=2 => 0,
        3..=5 => 1,
        _ => 2,
    }
}

/// Compares words with one spelling, by optimal string alignment: a letter inserted, left out,
/// replaced, or two neighbours swapped is one edit.
///
/// Words that come in alphabetical order share their beginnings, and with them the rows of the
/// dynamic programme; a beginning that is too far away already settles all words that have it. Cost:
/// O(letters × letters not shared) per word.
pub(crate) struct Spelling {
    wanted: Vec<char>,
    most: u8,
    /// The last word compared, as bytes and as letters.
    word: Vec<u8>,
    letters: Vec<char>,
    /// Row `i`: the distances of the first `i` letters of the word from each beginning of the wanted.
    rows: Vec<Vec<u8>>,
    /// The bytes of the word after which no ending could bring it near enough.
    hopeless_after: Option<usize>,
}

impl Spelling {
    /// Words at most `most` edits away from `wanted`.
    pub(crate) fn new(wanted: &str, most: u8) -> Self {
        let wanted: Vec<char> = wanted.chars().collect();
        let first = (0..=wanted.len()).map(|n| n.min(usize::from(u8::MAX)) as u8).collect();
        Spelling {
            wanted,
            most,
            word: Vec::new(),
            letters: Vec::new(),
            rows: vec![first],
            hopeless_after: None,
        }
    }

    /// How many edits `word` is away, if that is near enough.
    pub(crate) fn distance(&mut self, word: &str) -> Option<u8> {
        let shared = self.word.iter().zip(word.bytes()).take_while(|(a, b)| **a == *b).count();
        if self.hopeless_after.is_some_and(|length| length <= shared) {
            return None;
        }
        self.hopeless_after = None;
        let shared = (0..=shared).rev().find(|end| word.is_char_boundary(*end)).unwrap_or(0);
        let letters = word[..shared].chars().count();
        self.letters.truncate(letters);
        self.rows.truncate(letters + 1);
        self.word.clear();
        self.word.extend(word.bytes());
        for (at, letter) in word[shared..].char_indices() {
            self.push(letter);
            if self.is_hopeless() {
                let end = shared + at + letter.len_utf8();
                self.hopeless_after = Some(end);
                return None;
            }
        }
        let distance = *self.rows.last()?.last()?;
        (distance <= self.most).then_some(distance)
    }

    fn push(&mut self, letter: char) {
        let row = self.letters.len() + 1;
        self.letters.push(letter);
        let last = &self.rows[row - 1];
        let mut next = Vec::with_capacity(last.len());
        next.push(row.min(usize::from(u8::MAX)) as u8);
        for (column, wanted) in self.wanted.iter().enumerate() {
            let replaced = last[column] + u8::from(*wanted != letter && last[column] < u8::MAX);
            let edited = next[column].min(last[column + 1]).saturating_add(1);
            let swapped = match column > 0 && row > 1 {
                true if self.wanted[column - 1] == letter && *wanted == self.letters[row - 2] => {
                    self.rows[row - 2][column - 1].saturating_add(1)
                }
                _ => u8::MAX,
            };
            next.push(replaced.min(edited).min(swapped));
        }
        self.rows.push(next);
    }

    /// Whether nothing that follows could come near enough: neither from the last row, nor by a swap
    /// from the one before.
    fn is_hopeless(&self) -> bool {
        let least =
            |rows: Range<usize>| self.rows[rows].iter().flatten().copied().min().unwrap_or(u8::MAX);
        let end = self.rows.len();
        least(end - 1..end) > self.most && least(end - 2..end - 1).saturating_add(1) > self.most
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Spelling;

    /// The definition, without any reuse.
    fn reference(a: &[char], b: &[char]) -> usize {
        let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
        for i in 0..=a.len() {
            for j in 0..=b.len() {
                if i == 0 || j == 0 {
                    rows[i][j] = i + j;
                    continue;
                }
                let replaced = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
                rows[i][j] = replaced.min(rows[i - 1][j] + 1).min(rows[i][j - 1] + 1);
                if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                    rows[i][j] = rows[i][j].min(rows[i - 2][j - 2] + 1);
                }
            }
        }
        rows[a.len()][b.len()]
    }

    #[test]
    fn insertions_losses_replacements_and_swaps_are_one_edit() {
        let cases = [("wing", 0), ("wings", 1), ("win", 1), ("wong", 1), ("wnig", 1), ("swung", 2)];
        for (word, expected) in cases {
            assert_eq!(Spelling::new("wing", 2).distance(word), Some(expected), "{word}");
        }
        assert_eq!(Spelling::new("wing", 2).distance("flow"), None);
    }

    proptest! {
        #[test]
        fn words_in_order_get_their_true_distance(
            mut words in proptest::collection::vec("[abé]{0,6}", 1..40),
            wanted in "[abé]{0,5}",
            most in 0u8..=2,
        ) {
            words.sort();
            let mut spelling = Spelling::new(&wanted, most);
            let wanted: Vec<char> = wanted.chars().collect();
            for word in &words {
                let letters: Vec<char> = word.chars().collect();
                let expected = reference(&letters, &wanted);
                let expected = (expected <= usize::from(most)).then_some(expected as u8);
                prop_assert_eq!(spelling.distance(word), expected, "{}", word);
            }
        }
    }
}
