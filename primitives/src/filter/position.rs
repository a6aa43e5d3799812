//! Where in a filter the parser is, for error messages.

use std::fmt;

use crate::error::{Error, Result};

/// A position such as `$.age.$gte` or `$.$or[1].name`; a list of steps on the parser's stack.
#[derive(Clone, Copy)]
pub(crate) struct Position<'a> {
    parent: Option<&'a Position<'a>>,
    step: Step<'a>,
    depth: usize,
    limits: Limits,
}

/// How large a filter may be.
#[derive(Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) depth: usize,
    pub(crate) members: usize,
}

#[derive(Clone, Copy)]
enum Step<'a> {
    Root,
    Key(&'a str),
    Index(usize),
}

impl<'a> Position<'a> {
    /// The whole filter.
    pub(crate) fn root(limits: Limits) -> Self {
        Position { parent: None, step: Step::Root, depth: 0, limits }
    }

    /// How many members a list may have.
    pub(crate) fn most_members(&self) -> usize {
        self.limits.members
    }

    pub(crate) fn key(&'a self, key: &'a str) -> Position<'a> {
        self.child(Step::Key(key))
    }

    pub(crate) fn index(&'a self, index: usize) -> Position<'a> {
        self.child(Step::Index(index))
    }

    fn child(&'a self, step: Step<'a>) -> Position<'a> {
        Position { parent: Some(self), step, depth: self.depth + 1, limits: self.limits }
    }

    /// Refuses a filter that nests too deep here.
    pub(crate) fn check_depth(&self) -> Result<()> {
        if self.depth <= self.limits.depth {
            return Ok(());
        }
        Err(Error::invalid(format!(
            "filter nests deeper than {} levels at {}",
            self.limits.depth,
            Shortened(self)
        )))
    }

    /// The error that something at this position is wrong.
    pub(crate) fn refuse(&self, reason: impl fmt::Display) -> Error {
        Error::invalid(reason.to_string()).context(format_args!("filter at {self}"))
    }

    /// The same error with the position in front of it.
    pub(crate) fn locate(&self, error: Error) -> Error {
        error.context(format_args!("filter at {self}"))
    }
}

impl fmt::Display for Position<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent {
            parent.fmt(f)?;
        }
        match self.step {
            Step::Root => f.write_str("$"),
            Step::Index(index) => write!(f, "[{index}]"),
            Step::Key(key) if is_plain(key) => write!(f, ".{key}"),
            Step::Key(key) => write!(f, "[{key:?}]"),
        }
    }
}

/// The first few steps only.
struct Shortened<'a>(&'a Position<'a>);

impl fmt::Display for Shortened<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut position = self.0;
        while let (true, Some(parent)) = (position.depth > 4, position.parent) {
            position = parent;
        }
        write!(f, "{position}…")
    }
}

fn is_plain(key: &str) -> bool {
    !key.is_empty() && key.chars().all(|char| char.is_alphanumeric() || "_$-.".contains(char))
}
