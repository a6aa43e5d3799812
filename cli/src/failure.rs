//! How a command ends when it does not end well.

use std::fmt::Display;
use std::io::{self, Write};

use headwater::Error;

/// Why a command stopped.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Something was refused, or failed: what, where, and what would be right.
    Refused(String),
    /// Whoever read the output has seen enough. Not an error.
    OutputClosed,
}

/// A command's end.
pub(crate) type Outcome<T = ()> = Result<T, Failure>;

impl Failure {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Failure::Refused(message.into())
    }

    /// Says which line of the input it was.
    pub(crate) fn at_line(error: impl Display, line: u64) -> Self {
        Failure::Refused(format!("{error} (input line {line})"))
    }

    /// What writing to the output failed with.
    pub(crate) fn of_output(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Failure::OutputClosed,
            _ => Failure::Refused(format!("output: {error}")),
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Failure::Refused(error.to_string())
    }
}

/// Prints the one line that a failed command leaves on stderr.
pub(crate) fn report(message: &str) {
    let line = message.split_whitespace().collect::<Vec<_>>().join(" ");
    // Without a stderr there is nobody to tell.
    let _ = writeln!(io::stderr(), "headwater: {line}");
}
