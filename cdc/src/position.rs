//! Places in the change log that are remembered outside of it.

use std::fmt;
use std::str::FromStr;

use headwater_primitives::{Error, Result, Sequence};
use serde::{Deserialize, Serialize};

/// Everything up to and including one event. Shown, and read back, as `EPOCH-SEQUENCE`.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Position {
    /// The log epoch in which the sequence was seen.
    pub epoch: u64,
    /// The last event that lies behind this position.
    pub sequence: Sequence,
}

impl Position {
    /// Before the first event that there ever was.
    pub const ZERO: Position = Position { epoch: 0, sequence: Sequence::ZERO };
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.epoch, self.sequence)
    }
}

impl FromStr for Position {
    type Err = Error;

    fn from_str(text: &str) -> Result<Position> {
        let parse = || {
            let (epoch, sequence) = text.split_once('-')?;
            let sequence = Sequence(sequence.parse().ok()?);
            Some(Position { epoch: epoch.parse().ok()?, sequence })
        };
        parse().ok_or_else(|| {
            Error::invalid(format!("position {text:?} is not EPOCH-SEQUENCE, like 1700000000-42"))
        })
    }
}

/// Where a subscription starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// At the first event that there is: in the log's archive, or the first that retention has left.
    Beginning,
    /// After a position that an earlier batch had.
    After(Position),
    /// At the event with this sequence in the current epoch.
    At(Sequence),
    /// At the next event to be committed.
    Now,
}
