//! Which rows are to move.

use std::time::Duration;

use headwater_cdc::ChangeLog;
use headwater_primitives::rusqlite::{Connection, OptionalExtension, params};
use headwater_primitives::{Result, Sequence};

use super::boundary::{Keep, boundary};
use super::{HandOff, HandedOff};
use crate::table::Versions;

/// Which rows a hand-off moves: always those that were written longest ago.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// Rows that were last written this long ago or longer.
    OlderThan(Duration),
    /// As many as it takes for no more than this many rows to stay.
    KeepRows(u64),
    /// As many as it takes for the rows that stay to have no more than this many bytes.
    KeepBytes(u64),
    /// Rows whose version is this one or lower.
    UpTo(Sequence),
    /// All rows.
    All,
}

impl HandOff {
    /// The versions to move; `None` when there is nothing to do, not even deletes.
    pub(super) fn range(&self) -> Result<Option<Versions>> {
        let log = ChangeLog::open(self.tier.namespace())?;
        let (watermark, tombstones) = self.state()?;
        let head = self.tier.namespace().query(|sql| log.segments().head_in(sql))?;
        let up_to = |keep| boundary(&*self.table, &self.cancelled, head, keep);
        let upto = match self.policy {
            Policy::OlderThan(age) => {
                let since = self.tier.namespace().clock().now().before(age);
                let first = |sql: &Connection| log.segments().first_at(sql, since);
                Sequence(self.tier.namespace().query(first)?.0 - 1)
            }
            Policy::KeepRows(rows) => up_to(Keep::Rows(rows))?,
            Policy::KeepBytes(bytes) => up_to(Keep::Bytes(bytes))?,
            Policy::UpTo(version) => version,
            Policy::All => head,
        };
        let upto = upto.min(head);
        let range = Versions { after: watermark, upto: upto.max(watermark) };
        Ok((range.upto > range.after || tombstones).then_some(range))
    }

    pub(super) fn nothing(&self) -> Result<HandedOff> {
        Ok(HandedOff { watermark: self.state()?.0, ..HandedOff::default() })
    }

    /// The watermark, and whether there are tombstones.
    fn state(&self) -> Result<(Sequence, bool)> {
        let select = "SELECT watermark, EXISTS(SELECT 1 FROM tiering_tombstones WHERE tiered = id) \
                      FROM tiering_tables WHERE store = ? AND name = ?";
        let table = params![self.table.store().name(), self.table.name()];
        let found: Option<(i64, bool)> = self.tier.namespace().query(|sql| -> Result<_> {
            let mut statement = sql.prepare_cached(select)?;
            Ok(statement.query_row(table, |row| Ok((row.get(0)?, row.get(1)?))).optional()?)
        })?;
        let (watermark, tombstones) = found.unwrap_or_default();
        Ok((Sequence(watermark as u64), tombstones))
    }
}
