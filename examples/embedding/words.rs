//! Texts as words that can be counted.

/// English words that say nothing about a text's subject, in the order of the alphabet.
const STOP_WORDS: &[&str] = &[
    "about", "above", "after", "again", "all", "also", "am", "an", "and", "any", "are", "as", "at",
    "be", "because", "been", "before", "being", "below", "between", "both", "but", "by", "can",
    "cannot", "could", "did", "do", "does", "doing", "down", "during", "each", "etc", "few", "for",
    "from", "further", "had", "has", "have", "having", "he", "her", "here", "hers", "him", "his",
    "how", "however", "if", "in", "into", "is", "it", "its", "itself", "just", "may", "me",
    "might", "more", "most", "must", "my", "no", "nor", "not", "now", "of", "off", "on", "once",
    "only", "or", "other", "our", "ours", "out", "over", "own", "same", "shall", "she", "should",
    "so", "some", "such", "than", "that", "the", "their", "theirs", "them", "then", "there",
    "these", "they", "this", "those", "through", "to", "too", "under", "until", "up", "upon",
    "very", "was", "we", "were", "what", "when", "where", "which", "while", "who", "whom", "why",
    "will", "with", "would", "you", "your", "yours",
];

/// What is longer than this many bytes is a hash or a piece of an encoding, not a word.
const LONGEST: usize = 40;

/// The words of `text`: letters and digits in lower case, without stop words, plurals as singulars.
pub(super) fn words(text: &str) -> impl Iterator<Item = String> {
    text.split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| word.len() > 1 && word.len() <= LONGEST)
        .map(str::to_lowercase)
        .filter(|word| STOP_WORDS.binary_search(&word.as_str()).is_err())
        .map(singular)
}

/// The singular of an English plural, by the first that applies of the three rules of the S stemmer:
/// Harman, "How effective is suffixing?", 1991.
fn singular(mut word: String) -> String {
    let is = |ending: &str, exceptions: &[&str]| {
        word.ends_with(ending) && !exceptions.iter().any(|exception| word.ends_with(exception))
    };
    if is("ies", &["eies", "aies"]) {
        word.truncate(word.len() - 3);
        word.push('y');
    } else if is("es", &["aes", "ees", "oes"]) || is("s", &["us", "ss"]) {
        word.pop();
    }
    word
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stop_words_are_in_order() {
        assert!(STOP_WORDS.is_sorted());
    }

    #[test]
    fn words_are_what_a_text_is_about() {
        for (text, expected) in [
            ("The `HashMap`s of hash_map!", &["hashmap", "hash", "map"][..]),
            ("Übergrößen, naïve 2 x86", &["übergrößen", "naïve", "x86"]),
            ("libraries, caches, classes", &["library", "cache", "classe"]),
            ("status class tree trees", &["status", "class", "tree", "tree"]),
            (&"f".repeat(LONGEST + 1), &[]),
            ("", &[]),
        ] {
            assert_eq!(words(text).collect::<Vec<_>>(), expected, "{text}");
        }
    }
}
