//! A statement that has been described but not yet run.

use headwater_cdc::Moment;
use headwater_primitives::{Answer, Error, ErrorKind, Read};

use crate::lake_plan::{self, LakePlan};
use crate::rows::Rows;
use crate::sql::Sql;
use crate::statement;

/// A statement that is being described; [`run`](SqlQuery::run) runs it.
#[derive(Clone, Debug)]
#[must_use = "a statement does nothing until it is run"]
pub struct SqlQuery {
    sql: Sql,
    text: String,
    moment: Option<Moment>,
}

impl SqlQuery {
    pub(crate) fn new(sql: Sql, text: String) -> SqlQuery {
        SqlQuery { sql, text, moment: None }
    }

    /// Reads all collections as they were at a time, or after a sequence: today's rows, and for each one
    /// that was written since, what it was before its first later write. `_version` and `_written` of
    /// those are null.
    ///
    /// How far back that reaches is up to the change log's retention; what is older is refused with
    /// `PastHorizon`. Cost: a pass over the log since then for each table, and memory for what changed,
    /// at most 256 MiB of it. Vector stores are refused as `Unsupported`.
    pub fn as_of(mut self, moment: impl Into<Moment>) -> Self {
        self.moment = Some(moment.into());
        self
    }

    /// Plans the statement, and begins to run it. All its tables are read at one state of the
    /// namespace, which sees every write that was acknowledged before; it is let go when the rows have
    /// been read or dropped.
    ///
    /// # Errors
    /// `InvalidInput` for a statement that is wrong, with DataFusion's message and the line and column,
    /// and for one that does more than read; `NotFound` for a table that is not there; `PastHorizon`;
    /// `Unsupported` for what DataFusion cannot do. What fails later comes from [`Rows`].
    pub fn run(self) -> Read<Rows> {
        Read::answered(move || {
            let SqlQuery { sql, text, moment } = self;
            let shared = sql.0.shared.clone();
            Answer::Later(shared.run(async move { statement::run(sql, text, moment).await }))
        })
    }

    /// Plans the statement over the lake's files alone, to be run by another engine that is built on
    /// DataFusion and reaches the lake: nothing is run here.
    ///
    /// # Errors
    /// As [`run`](SqlQuery::run); `Conflict` where a table has rows that are not in the lake, or files with
    /// rows that do not count: hand those off, and compact these, first; `Unsupported` with
    /// [`as_of`](SqlQuery::as_of), and for tables of vectors.
    pub fn lake_plan(self) -> Read<LakePlan> {
        Read::answered(move || {
            let SqlQuery { sql, text, moment } = self;
            if moment.is_some() {
                let message =
                    "a plan of the lake's files is of what they have now: it cannot be as_of";
                return Answer::Now(Err(Error::new(ErrorKind::Unsupported, message)));
            }
            let shared = sql.0.shared.clone();
            Answer::Later(shared.run(async move { lake_plan::plan(sql, text).await }))
        })
    }
}
