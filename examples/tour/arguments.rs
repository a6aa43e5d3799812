//! What the command line says.

use std::ffi::OsString;
use std::path::PathBuf;

pub(crate) const HELP: &str = "\
usage: tour [--keep DIR]

  --keep DIR   work in DIR, which is new or empty, and leave it there at the end";

/// Starts the process that chapter 6 kills.
pub(crate) const WRITE_UNTIL_KILLED: &str = "--write-until-killed";

#[derive(Debug, PartialEq)]
pub(crate) enum Arguments {
    Tour { keep: Option<PathBuf> },
    WriteUntilKilled { folder: PathBuf, round: String },
    Help,
}

impl Arguments {
    pub(crate) fn read(arguments: impl Iterator<Item = OsString>) -> Result<Arguments, String> {
        let arguments: Vec<OsString> = arguments.collect();
        let words: Vec<_> = arguments.iter().map(|argument| argument.to_string_lossy()).collect();
        let words: Vec<&str> = words.iter().map(AsRef::as_ref).collect();
        match words[..] {
            [] => Ok(Arguments::Tour { keep: None }),
            ["--keep", _] => Ok(Arguments::Tour { keep: Some(PathBuf::from(&arguments[1])) }),
            ["--keep"] => Err("--keep wants a folder".to_owned()),
            [WRITE_UNTIL_KILLED, _, round] => Ok(Arguments::WriteUntilKilled {
                folder: PathBuf::from(&arguments[1]),
                round: round.to_owned(),
            }),
            ["-h" | "--help"] => Ok(Arguments::Help),
            ["--keep", _, unknown, ..] | [unknown, ..] => {
                Err(format!("{unknown:?} is not an argument of the tour"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(arguments: &[&str]) -> Result<Arguments, String> {
        Arguments::read(arguments.iter().map(OsString::from))
    }

    #[test]
    fn a_folder_to_keep_is_taken() {
        assert_eq!(read(&[]), Ok(Arguments::Tour { keep: None }));
        assert_eq!(read(&["--keep", "x"]), Ok(Arguments::Tour { keep: Some("x".into()) }));
        assert_eq!(read(&["--keep"]), Err("--keep wants a folder".into()));
    }

    #[test]
    fn what_is_unknown_is_named() {
        assert_eq!(read(&["--fast"]), Err("\"--fast\" is not an argument of the tour".into()));
        assert!(read(&["--keep", "x", "y"]).unwrap_err().starts_with("\"y\""));
    }
}
