//! Patterns of keys: `*` stands for any characters, `/` included.

/// Whether `key` is of the form `pattern`.
pub(super) fn matches(pattern: &str, key: &str) -> bool {
    let mut pieces = pattern.split('*');
    let first = pieces.next().unwrap_or_default();
    let Some(mut rest) = key.strip_prefix(first) else {
        return false;
    };
    let mut pieces: Vec<&str> = pieces.collect();
    let Some(last) = pieces.pop() else {
        return rest.is_empty();
    };
    for piece in pieces {
        // The earliest place leaves the most for the pieces that follow.
        let Some(at) = rest.find(piece) else {
            return false;
        };
        rest = &rest[at + piece.len()..];
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn a_star_stands_for_anything() {
        let cases = [
            ("*", "", true),
            ("*", "a/b", true),
            ("a", "a", true),
            ("a", "ab", false),
            ("a*c", "abbc", true),
            ("a*c", "ac", true),
            ("ab*bc", "abc", false),
            ("*/v*.json", "t/meta/v12.json", true),
            ("*/v*.json", "t/meta/v12.parquet", false),
        ];
        for (pattern, key, expected) in cases {
            assert_eq!(matches(pattern, key), expected, "{pattern} {key}");
        }
    }
}
