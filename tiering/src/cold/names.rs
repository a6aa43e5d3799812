//! What the table of a collection is called in the lake: in the catalog, and as a folder.

use std::fmt::Write;

/// The name in the lake of the store's table `name`.
///
/// Dots separate levels in the catalog and slashes separate folders, so these are escaped as in URLs:
/// `a/b` is `a%2Fb` and `..` is `%2E%2E`. A percent sign is escaped only where it would be read as the
/// begin of an escape. All other names are the same in the lake. No two names become one.
pub(super) fn escape(name: &str) -> String {
    let mut escaped = String::with_capacity(name.len());
    for (at, c) in name.char_indices() {
        if matches!(c, '.' | '/') || (c == '%' && escape_at(&name[at..]).is_some()) {
            // Writing to a string cannot fail.
            let _ = write!(escaped, "%{:02X}", u32::from(c));
        } else {
            escaped.push(c);
        }
    }
    escaped
}

/// The store's table whose name in the lake is `escaped`.
pub(crate) fn unescape(escaped: &str) -> String {
    let mut name = String::with_capacity(escaped.len());
    let mut rest = escaped;
    while let Some(c) = rest.chars().next() {
        let (c, length) = match escape_at(rest) {
            Some(escaped) => (escaped, 3),
            None => (c, c.len_utf8()),
        };
        name.push(c);
        rest = &rest[length..];
    }
    name
}

/// The character whose escape `text` begins with.
fn escape_at(text: &str) -> Option<char> {
    [("%2E", '.'), ("%2F", '/'), ("%25", '%')]
        .into_iter()
        .find_map(|(escape, c)| text.starts_with(escape).then_some(c))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_what_would_be_misread_is_escaped() {
        for (name, escaped) in [
            ("orders", "orders"),
            ("a/b", "a%2Fb"),
            ("..", "%2E%2E"),
            ("v1.2", "v1%2E2"),
            ("two words, größer 日本", "two words, größer 日本"),
            ("50% off", "50% off"),
            ("a%2Fb", "a%252Fb"),
            ("%.", "%%2E"),
            ("%25", "%2525"),
        ] {
            assert_eq!(escape(name), escaped);
            assert_eq!(unescape(escaped), name);
        }
    }

    proptest! {
        #[test]
        fn each_name_comes_back(name in "[a%25EF./é]{0,12}") {
            let escaped = escape(&name);
            prop_assert!(!escaped.contains(['.', '/']));
            prop_assert_eq!(unescape(&escaped), name);
        }
    }
}
