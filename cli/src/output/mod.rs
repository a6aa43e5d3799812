//! Standard output: tables for people, NDJSON for programs.

pub(crate) mod table;

use std::io::{self, BufWriter, IsTerminal, Stdout, Write};

use serde::Serialize;

use crate::failure::{Failure, Outcome};

/// Buffered standard output that knows who reads it.
pub(crate) struct Output {
    writer: BufWriter<Stdout>,
    is_terminal: bool,
}

impl Output {
    pub(crate) fn stdout() -> Self {
        let stdout = io::stdout();
        let is_terminal = stdout.is_terminal();
        Output { writer: BufWriter::with_capacity(64 << 10, stdout), is_terminal }
    }

    /// Whether people read it.
    pub(crate) fn is_terminal(&self) -> bool {
        self.is_terminal
    }

    /// One line of JSON.
    pub(crate) fn json(&mut self, value: &impl Serialize) -> Outcome {
        let written = serde_json::to_writer(&mut self.writer, value).map_err(io::Error::from);
        written.map_err(|error| Failure::of_output(&error))?;
        self.text("")
    }

    /// One line of text.
    pub(crate) fn text(&mut self, line: &str) -> Outcome {
        writeln!(self.writer, "{line}").map_err(|error| Failure::of_output(&error))
    }

    /// Lines that are made already.
    pub(crate) fn bytes(&mut self, lines: &[u8]) -> Outcome {
        self.writer.write_all(lines).map_err(|error| Failure::of_output(&error))
    }

    /// Hands on what was written so far.
    pub(crate) fn flush(&mut self) -> Outcome {
        self.writer.flush().map_err(|error| Failure::of_output(&error))
    }

    /// Hands on the rest.
    pub(crate) fn finish(mut self) -> Outcome {
        self.flush()
    }
}
