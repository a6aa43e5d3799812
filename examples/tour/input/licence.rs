//! The licences that a licence expression names.

/// The names in an SPDX expression such as `(MIT OR Apache-2.0) AND Unicode-3.0`, each once, in its
/// order. `MIT/Apache-2.0` is an older way to say `OR`; what follows a `WITH` belongs to its licence.
pub(super) fn named(expression: &str) -> Vec<String> {
    let spaced = expression.replace(['(', ')', '/'], " ");
    let mut names: Vec<String> = Vec::new();
    let mut words = spaced.split_whitespace();
    while let Some(word) = words.next() {
        match word {
            "OR" | "AND" => {}
            "WITH" => {
                if let (Some(licence), Some(exception)) = (names.last_mut(), words.next()) {
                    *licence = format!("{licence} WITH {exception}");
                }
            }
            name => names.push(name.to_owned()),
        }
    }
    let mut seen = Vec::new();
    names.retain(|name| {
        let new = !seen.contains(name);
        seen.push(name.clone());
        new
    });
    names
}

#[cfg(test)]
mod tests {
    use super::named;

    #[test]
    fn every_licence_is_named_once() {
        for (expression, names) in [
            ("MIT", &["MIT"][..]),
            ("MIT/Apache-2.0", &["MIT", "Apache-2.0"]),
            ("(MIT OR Apache-2.0) AND Unicode-3.0", &["MIT", "Apache-2.0", "Unicode-3.0"]),
            (
                "Apache-2.0 WITH LLVM-exception OR Apache-2.0 OR MIT",
                &["Apache-2.0 WITH LLVM-exception", "Apache-2.0", "MIT"],
            ),
            ("MIT OR MIT", &["MIT"]),
            ("", &[]),
        ] {
            assert_eq!(named(expression), names, "{expression}");
        }
    }
}
