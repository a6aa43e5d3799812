//! What the tour shows: coloured on a terminal, plain text in a pipe.

pub(crate) mod human;
mod table;

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};
use std::ops::Range;

use indicatif::{ProgressBar, ProgressStyle};

pub(crate) use table::{Column, Table};

/// How wide a line of the tour is at most.
pub(crate) const WIDTH: usize = 80;

/// Where the tour is shown.
#[derive(Clone, Copy)]
pub(crate) struct Screen {
    colour: bool,
}

impl Screen {
    pub(crate) fn detect() -> Screen {
        let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        Screen { colour: wanted && io::stdout().is_terminal() }
    }

    /// One line, or several.
    pub(crate) fn line(self, text: impl Display) {
        // Whoever closed the pipe has seen enough; the tour still tidies up after itself.
        let _ = writeln!(io::stdout().lock(), "{text}");
    }

    /// A line that belongs to the one above; several when it is long.
    pub(crate) fn indented(self, text: impl Display) {
        for line in wrapped(&text.to_string(), WIDTH - 2) {
            self.line(format!("  {line}"));
        }
    }

    pub(crate) fn heading(self, number: usize, title: &str, about: &str) {
        let text = format!("{number} · {title} ");
        let rule = "─".repeat(WIDTH.saturating_sub(text.chars().count()));
        self.line("");
        self.line(format!("{}{}", self.bold(text), self.dim(rule)));
        self.paragraph(about);
    }

    /// Running text.
    pub(crate) fn paragraph(self, text: &str) {
        wrapped(text, WIDTH).into_iter().for_each(|line| self.line(line));
    }

    /// A question or a step within a chapter.
    pub(crate) fn step(self, text: impl Display) {
        self.line("");
        self.line(self.paint("36", text));
    }

    /// A statement that was tested and holds.
    pub(crate) fn checked(self, statement: &str) {
        self.line(format!("  {} {statement}", self.paint("32", "✓")));
    }

    /// What is asked of the database, as it is asked.
    pub(crate) fn asked(self, query: &str) {
        self.line(format!("  {}", self.dim(query)));
    }

    pub(crate) fn table(self, table: &Table) {
        for (row, text) in table.lines().enumerate() {
            let text = if row == 0 && table.has_header() { self.dim(text) } else { text };
            self.line(format!("  {text}"));
        }
    }

    /// A progress bar on a terminal; nothing elsewhere.
    pub(crate) fn bar(self, steps: u64, what: &'static str) -> ProgressBar {
        let bar = ProgressBar::new(steps).with_message(what);
        // The default bar is as good when the template should ever be wrong.
        if let Ok(style) = ProgressStyle::with_template("  {msg} {bar:40.cyan/dim} {pos}/{len}") {
            bar.set_style(style.progress_chars("━╸─"));
        }
        bar
    }

    /// `text` with some of its bytes marked: bold on a terminal, in brackets elsewhere.
    pub(crate) fn marked(self, text: &str, parts: &[Range<usize>]) -> String {
        let mut marked = String::with_capacity(text.len());
        let mut done = 0;
        for part in parts {
            marked.push_str(&text[done..part.start]);
            let word = &text[part.clone()];
            marked.push_str(&if self.colour { self.bold(word) } else { format!("[{word}]") });
            done = part.end;
        }
        marked + &text[done..]
    }

    pub(crate) fn bold(self, text: impl Display) -> String {
        self.paint("1", text)
    }

    pub(crate) fn dim(self, text: impl Display) -> String {
        self.paint("2", text)
    }

    fn paint(self, code: &str, text: impl Display) -> String {
        if self.colour { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_string() }
    }
}

/// Lines of at most `most` characters, broken between words; a longer word stays whole.
fn wrapped(text: &str, most: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= most => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::{Screen, wrapped};

    #[test]
    fn marked_words_stand_in_brackets_where_there_are_no_colours() {
        let plain = Screen { colour: false };
        assert_eq!(plain.marked("a river, the rivers", &[2..7, 13..19]), "a [river], the [rivers]");
        let bold = Screen { colour: true };
        assert_eq!(bold.marked("a or b", &[0..1, 5..6]), "\x1b[1ma\x1b[0m or \x1b[1mb\x1b[0m");
    }

    #[test]
    fn long_text_is_broken_between_words() {
        assert_eq!(wrapped("one two  three", 8), ["one two ", "three"]);
        assert_eq!(wrapped("a/very/long/path is whole", 8), ["a/very/long/path", "is whole"]);
        assert_eq!(wrapped("", 8), [""]);
    }
}
