//! `headwater sql`: the command line.

use clap::{Args, ValueEnum};
use headwater::cdc::Moment;
use headwater::{Sequence, Timestamp};

/// What to run.
#[derive(Args)]
pub(crate) struct SqlStatement {
    /// The statement, such as "SELECT city, count(*) FROM people GROUP BY city".
    #[arg(value_name = "SQL")]
    pub(crate) text: String,
    /// Read the tables as they were: a time such as 2026-01-31T12:00:00Z, or a sequence.
    #[arg(long, value_name = "T", value_parser = moment)]
    pub(crate) as_of: Option<Moment>,
    /// How rows are printed. Default: a table on a terminal, JSON otherwise.
    #[arg(long, value_enum)]
    pub(crate) format: Option<RowFormat>,
}

/// How rows are printed.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum RowFormat {
    /// A table for people; a new one after some hundred rows.
    Table,
    /// One JSON object per row and line.
    Json,
    /// Comma-separated values, with a header.
    Csv,
}

fn moment(text: &str) -> Result<Moment, String> {
    if let Ok(sequence) = text.parse() {
        return Ok(Moment::After(Sequence(sequence)));
    }
    let time = Timestamp::parse(text);
    time.map(Moment::At).map_err(|error| format!("{error}, and it is no sequence either"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_a_sequence_or_a_time() {
        assert_eq!(moment("17"), Ok(Moment::After(Sequence(17))));
        assert_eq!(moment("1970-01-01T00:00:01Z"), Ok(Moment::At(Timestamp(1_000_000))));
        for text in ["", "yesterday", "-1", "2026-01-31"] {
            assert!(moment(text).is_err(), "{text:?}");
        }
    }
}
