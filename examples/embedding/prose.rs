//! What a Markdown text says, without its marks: no code blocks, pictures, addresses or HTML.

/// The prose of `markdown`, one paragraph, heading or item of a list per line. Only the first `most`
/// bytes of the Markdown are read.
///
/// A reading of Markdown that is good enough to search in; not a parser of all of it.
pub(crate) fn prose(markdown: &str, most: usize) -> String {
    let mut prose = String::new();
    let mut paragraph = String::new();
    let mut fence = None;
    for line in up_to(markdown, most).lines().map(str::trim) {
        let mark = ["```", "~~~"].into_iter().find(|mark| line.starts_with(mark));
        if mark.is_some() && (fence.is_none() || fence == mark) {
            fence = if fence.is_some() { None } else { mark };
            end(&mut paragraph, &mut prose);
        } else if fence.is_none() && !is_definition(line) {
            let text = line.trim_start_matches(['#', '>', '-', '*', '+', '=', '|', ' ']);
            if line.is_empty() || text.len() < line.len() {
                end(&mut paragraph, &mut prose);
            }
            paragraph.push_str(text);
            paragraph.push(' ');
            if line.starts_with('#') {
                end(&mut paragraph, &mut prose);
            }
        }
    }
    end(&mut paragraph, &mut prose);
    prose
}

fn up_to(text: &str, most: usize) -> &str {
    let whole = (0..=most.min(text.len())).rev().find(|at| text.is_char_boundary(*at));
    &text[..whole.unwrap_or(0)]
}

/// Whether a line says where a link leads: `[name]: https://…`.
fn is_definition(line: &str) -> bool {
    line.starts_with('[') && line.split_once("]:").is_some_and(|(name, _)| !name.contains(' '))
}

/// Moves what a paragraph says to the end of `prose`.
fn end(paragraph: &mut String, prose: &mut String) {
    let text = without_marks(paragraph);
    let from = prose.len();
    for word in text.split_whitespace().filter(|word| !word.contains("://")) {
        if prose.len() > from {
            prose.push(' ');
        }
        prose.push_str(word);
    }
    if prose[from..].contains(char::is_alphanumeric) {
        prose.push('\n');
    } else {
        prose.truncate(from);
    }
    paragraph.clear();
}

/// Resolves what stands within lines: code spans, links, pictures, tags, emphasis.
fn without_marks(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['`', '!', '[', ']', '<', '*', '|', '&', '\\']) {
        plain.push_str(&rest[..at]);
        let (mark, after) = (&rest[at..=at], &rest[at + 1..]);
        rest = match mark {
            "`" => code_span(after, &mut plain),
            "!" if after.starts_with('[') => after_target(after_brackets(after)),
            "]" => after_target(after),
            "<" if after.starts_with(|c: char| c.is_ascii_alphabetic() || "/!".contains(c)) => {
                after_tag(after)
            }
            "!" | "<" => {
                plain.push_str(mark);
                after
            }
            "|" => {
                plain.push(' ');
                after
            }
            "&" => entity(after, &mut plain),
            _ => after,
        };
    }
    plain.push_str(rest);
    plain
}

/// Copies code as it is; `after` begins behind its first backtick.
fn code_span<'a>(after: &'a str, plain: &mut String) -> &'a str {
    let code = after.trim_start_matches('`');
    let ticks = &after[..after.len() - code.len()];
    let close = format!("{ticks}`");
    match code.split_once(&*close) {
        Some((code, rest)) => {
            plain.push_str(code);
            rest
        }
        None => code,
    }
}

/// What follows the brackets that `text` begins with, others within them included.
fn after_brackets(text: &str) -> &str {
    let mut depth = 0;
    for (at, letter) in text.char_indices() {
        match letter {
            '[' => depth += 1,
            ']' if depth == 1 => return &text[at + 1..],
            ']' => depth -= 1,
            _ => {}
        }
    }
    ""
}

/// What follows `(https://…)` or `[name]`, if `text` begins with one.
fn after_target(text: &str) -> &str {
    let close = match text.bytes().next() {
        Some(b'(') => ')',
        Some(b'[') => ']',
        _ => return text,
    };
    text.split_once(close).map_or(text, |(_, rest)| rest)
}

fn after_tag(after: &str) -> &str {
    let close = if after.starts_with("!--") { "-->" } else { ">" };
    after.split_once(close).map_or(after, |(_, rest)| rest)
}

/// `&lt;` and its like become a space: what they stand for is no part of a word.
fn entity<'a>(after: &'a str, plain: &mut String) -> &'a str {
    plain.push(' ');
    match after.split_once(';') {
        Some((name, rest)) if name.len() < 8 && !name.contains(' ') => rest,
        _ => after,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_gone_and_words_remain() {
        for (markdown, expected) in [
            ("# A *bold* title\ntext\nof one paragraph", "A bold title\ntext of one paragraph\n"),
            ("[![ci](https://a.b/c.svg)](https://a.b) ![logo][logo]", ""),
            (
                "see [the docs](https://a.b), [this][one] or <https://c.d>",
                "see the docs, this or\n",
            ),
            ("[one]: https://a.b\n[x y]: kept", "x y: kept\n"),
            ("a `Vec<u8>` and ``a ` tick``", "a Vec<u8> and a ` tick\n"),
            ("one\n```rust\nlet code = 1;\n~~~\n```\ntwo", "one\ntwo\n"),
            ("- item\n- [ ] other\n\n> quoted", "item\nother\nquoted\n"),
            ("| a | b |\n|---|---|\n| 1 | 2 |", "a b\n1 2\n"),
            ("<p align=\"center\">hi</p><!-- a > b --> at https://a.b/c", "hi at\n"),
            ("R&amp;D, 3 < 4!", "R D, 3 < 4!\n"),
            ("an [open bracket, `open tick, <open tag", "an open bracket, open tick, open tag\n"),
        ] {
            assert_eq!(prose(markdown, 1000), expected, "{markdown}");
        }
    }

    #[test]
    fn only_the_beginning_of_a_long_text_is_read() {
        assert_eq!(prose("één twee", 5), "één\n");
        assert_eq!(prose("één twee", 4), "éé\n");
    }
}
