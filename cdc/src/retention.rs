//! How long events are kept.

use std::time::Duration;

use headwater_primitives::rusqlite::{Connection, OptionalExtension};
use headwater_primitives::{
    Commit, Error, ErrorKind, Namespace, Read, Result, SegmentLog, Sequence, Transaction,
};

use crate::log::ChangeLog;

/// Segments deleted in one transaction, so that no writer waits long.
const BATCH: usize = 16;
/// How often the limits are enforced in the background.
pub(crate) const EVERY: Duration = Duration::from_secs(10);

/// How long events are kept. Whole segments are deleted, once all their events are past a limit, so a
/// little more than asked for stays. Cursors do not hold events back: a consumer that falls behind is
/// told `ResnapshotRequired`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Events older than this go.
    pub age: Option<Duration>,
    /// The oldest events go once the log's segments take more bytes than this.
    pub bytes: Option<u64>,
    /// Enforcing fails with `TooLarge`, and deletes nothing more, once the segments take more bytes
    /// than this because a floor holds them.
    pub cap: Option<u64>,
}

impl Default for Retention {
    /// Seven days, whatever their size.
    fn default() -> Self {
        Retention { age: Some(Duration::from_secs(7 * 24 * 60 * 60)), bytes: None, cap: None }
    }
}

impl Retention {
    /// Nothing is ever deleted.
    pub const UNLIMITED: Retention = Retention { age: None, bytes: None, cap: None };
}

impl ChangeLog {
    /// How long events are kept.
    pub fn retention(&self) -> Read<Retention> {
        let log = self.segments().clone();
        self.namespace().read(move |snapshot| stored(snapshot.sql(), log.name()))
    }

    /// Sets how long events are kept; enforced in the background from then on.
    pub fn set_retention(&self, retention: Retention) -> Commit<()> {
        let log = self.segments().clone();
        self.namespace().transaction(move |tx| -> Result<()> {
            let number = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
            let age = retention.age.map(|age| i64::try_from(age.as_micros()).unwrap_or(i64::MAX));
            let limits = (age, retention.bytes.map(number), retention.cap.map(number));
            tx.sql().execute(
                "INSERT OR REPLACE INTO cdc_retention(log, age, bytes, cap) VALUES (?, ?, ?, ?)",
                (log.name(), limits.0, limits.1, limits.2),
            )?;
            Ok(())
        })
    }

    /// Keeps retention from deleting events from `keep` on, until the floor `name` is moved or
    /// removed: for whoever still has to archive them.
    ///
    /// # Errors
    /// SQLite's errors.
    pub fn set_floor(&self, tx: &Transaction<'_>, name: &str, keep: Sequence) -> Result<()> {
        tx.sql()
            .prepare_cached(
                "INSERT OR REPLACE INTO cdc_floors(log, name, sequence) VALUES (?, ?, ?)",
            )?
            .execute((self.segments().name(), name, keep.0 as i64))?;
        Ok(())
    }

    /// Removes the floor `name`; whether there was one.
    ///
    /// # Errors
    /// SQLite's errors.
    pub fn remove_floor(&self, tx: &Transaction<'_>, name: &str) -> Result<bool> {
        let sql = "DELETE FROM cdc_floors WHERE log = ? AND name = ?";
        Ok(tx.sql().prepare_cached(sql)?.execute((self.segments().name(), name))? > 0)
    }

    /// Deletes what is past the limits now instead of in the background. Returns the first sequence
    /// that is left. Blocks; not for use inside a transaction.
    ///
    /// # Errors
    /// `TooLarge` when a floor holds more than the hard cap; SQLite's errors.
    pub fn enforce_retention(&self) -> Result<Sequence> {
        enforce(self.namespace(), self.segments())
    }
}

/// Deletes what is past the limits of `log`, in transactions of bounded size.
pub(crate) fn enforce(namespace: &Namespace, log: &SegmentLog) -> Result<Sequence> {
    let (keep, cap) = namespace.query(|connection| plan(namespace, log, connection))?;
    let mut start = log.start();
    while start < keep {
        let truncated = log.clone();
        let now =
            namespace.transaction(move |tx| truncated.truncate_before(tx, keep, BATCH)).wait()?;
        if now <= start {
            break;
        }
        start = now;
    }
    if let Some(cap) = cap {
        namespace.query(|connection| check_cap(log, connection, cap))?;
    }
    Ok(start)
}

/// The first sequence to keep, and the cap.
fn plan(
    namespace: &Namespace,
    log: &SegmentLog,
    connection: &Connection,
) -> Result<(Sequence, Option<u64>)> {
    let retention = stored(connection, log.name())?;
    let mut keep = Sequence::ZERO;
    if let Some(age) = retention.age {
        keep = keep.max(log.first_at(connection, namespace.clock().now().before(age))?);
    }
    if let Some(bytes) = retention.bytes {
        keep = keep.max(log.first_within(connection, bytes)?);
    }
    Ok((floor(connection, log.name())?.map_or(keep, |(_, floor)| keep.min(floor)), retention.cap))
}

/// The lowest floor of the log `log`.
fn floor(connection: &Connection, log: &str) -> Result<Option<(String, Sequence)>> {
    Ok(connection
        .prepare_cached(
            "SELECT name, sequence FROM cdc_floors WHERE log = ? ORDER BY sequence LIMIT 1",
        )?
        .query_row([log], |row| Ok((row.get(0)?, Sequence(row.get::<_, i64>(1)? as u64))))
        .optional()?)
}

fn check_cap(log: &SegmentLog, connection: &Connection, cap: u64) -> Result<()> {
    let bytes = log.stats(connection)?.bytes;
    match floor(connection, log.name())? {
        Some((name, floor)) if bytes > cap => Err(Error::new(
            ErrorKind::TooLarge,
            format!(
                "the log {:?} takes {bytes} bytes, more than its hard cap of {cap}, because floor \
                 {name:?} holds events from {floor} on",
                log.name()
            ),
        )),
        _ => Ok(()),
    }
}

fn stored(connection: &Connection, log: &str) -> Result<Retention> {
    let number = |value: i64| value as u64;
    Ok(connection
        .prepare_cached("SELECT age, bytes, cap FROM cdc_retention WHERE log = ?")?
        .query_row([log], |row| {
            Ok(Retention {
                age: row.get::<_, Option<i64>>(0)?.map(|age| Duration::from_micros(age as u64)),
                bytes: row.get::<_, Option<i64>>(1)?.map(number),
                cap: row.get::<_, Option<i64>>(2)?.map(number),
            })
        })
        .optional()?
        .unwrap_or_default())
}
