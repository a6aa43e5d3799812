//! Reads the lines that cargo and the test programs print.

/// What one line of `cargo test`'s output means for the count.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Line<'a> {
    /// `Running unittests src/lib.rs (target/debug/deps/NAME)`.
    Program(&'a str),
    /// `Doc-tests NAME`.
    DocTests(&'a str),
    /// `test result: …`.
    Result(Counts),
    /// `test NAME ... FAILED`.
    Failure(&'a str),
    /// Anything else.
    Other,
}

/// Results of some tests.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) skipped: u64,
}

impl<'a> Line<'a> {
    pub(crate) fn parse(line: &'a str) -> Self {
        let line = line.trim();
        if let Some(program) = line.strip_prefix("Running ").and_then(in_parentheses) {
            return Self::Program(program.rsplit(['/', '\\']).next().unwrap_or(program));
        }
        if let Some(name) = line.strip_prefix("Doc-tests ") {
            return Self::DocTests(name);
        }
        // A test's own output may stand before it, without a line break.
        if let Some((_, counts)) = line.split_once("test result: ") {
            return Counts::parse(counts).map_or(Self::Other, Self::Result);
        }
        match line.strip_prefix("test ").and_then(|test| test.strip_suffix(" ... FAILED")) {
            Some(name) => Self::Failure(name),
            None => Self::Other,
        }
    }
}

fn in_parentheses(text: &str) -> Option<&str> {
    text.strip_suffix(')')?.rsplit_once('(').map(|(_, inside)| inside)
}

impl Counts {
    /// Reads `ok. 3 passed; 0 failed; 1 ignored; 0 measured; …`.
    fn parse(text: &str) -> Option<Self> {
        let (_, counts) = text.split_once(". ")?;
        let count = |what: &str| {
            let part = counts.split("; ").find_map(|part| part.strip_suffix(what))?;
            part.trim().parse().ok()
        };
        Some(Self {
            passed: count("passed")?,
            failed: count("failed")?,
            skipped: count("ignored")?,
        })
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_cargo_test_are_told_apart() {
        let result = Counts { passed: 12, failed: 1, skipped: 3 };
        let cases = [
            (
                "     Running unittests src/lib.rs (target/debug/deps/a-12ab)",
                Line::Program("a-12ab"),
            ),
            ("     Running tests/it/main.rs (/x y/(z)/it-9f)\n", Line::Program("it-9f")),
            ("   Doc-tests headwater_document", Line::DocTests("headwater_document")),
            ("test a::b ... FAILED", Line::Failure("a::b")),
            ("test a::b ... ok", Line::Other),
            (
                "test result: FAILED. 12 passed; 1 failed; 3 ignored; 0 measured; 0 filtered out; \
                 finished in 0.01s",
                Line::Result(result),
            ),
            ("test result: unreadable", Line::Other),
        ];
        for (text, expected) in cases {
            assert_eq!(Line::parse(text), expected, "{text}");
        }
    }
}
