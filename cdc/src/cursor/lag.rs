//! How far cursors are behind.

use std::time::Duration;

use headwater_primitives::rusqlite::Connection;
use headwater_primitives::{Result, Sequence, Timestamp};
use serde::{Serialize, Serializer};

use super::row;
use crate::log::ChangeLog;
use crate::position::Position;

/// How far a consumer is behind the head of the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Lag {
    /// Events that were not acknowledged yet, those that a filter hides included.
    pub events: u64,
    /// Their stored size, estimated from the log's average.
    pub bytes: u64,
    /// How long ago the oldest of them was committed; zero when there is none. Serialized in seconds.
    #[serde(serialize_with = "seconds")]
    pub age: Duration,
    /// Whether retention has deleted some of them, or their history is lost: the consumer must take a
    /// new snapshot.
    pub resnapshot_required: bool,
}

fn seconds<S: Serializer>(age: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(age.as_secs_f64())
}

/// A cursor as [`ChangeLog::cursors`] lists it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CursorInfo {
    /// Its name.
    pub name: String,
    /// What was acknowledged last.
    pub position: Option<Position>,
    /// Whether it is in the middle of a snapshot.
    pub in_snapshot: bool,
    /// When it last moved or changed hands.
    pub updated: Timestamp,
    /// How far it is behind.
    pub lag: Lag,
}

pub(super) fn all(changes: &ChangeLog, connection: &Connection) -> Result<Vec<CursorInfo>> {
    let described = row::all(connection)?.into_iter().map(|row| {
        Ok(CursorInfo {
            lag: of(changes, connection, row.position)?,
            name: row.name,
            position: row.position,
            in_snapshot: row.snapshot.is_some(),
            updated: row.updated,
        })
    });
    described.collect()
}

pub(super) fn of(
    changes: &ChangeLog,
    connection: &Connection,
    position: Option<Position>,
) -> Result<Lag> {
    let log = changes.segments();
    let (head, start) = (log.head_in(connection)?, log.start_in(connection)?);
    let at = position.map_or(Sequence(start.0 - 1), |position| position.sequence);
    let unknown = match position {
        Some(at) if at.sequence > Sequence::ZERO => {
            !changes.namespace().knows_position(log, at.epoch, at.sequence)?
        }
        _ => false,
    };
    let events = head.0.saturating_sub(at.0);
    let resnapshot_required = unknown || at.next() < start;
    if events == 0 {
        return Ok(Lag { resnapshot_required, ..Lag::default() });
    }
    let stored = log.stats(connection)?.bytes;
    let kept = (head.0 + 1 - start.0).max(1);
    let bytes = u128::from(stored) * u128::from(events.min(kept)) / u128::from(kept);
    let age = age(changes, connection, at.next().max(start))?;
    Ok(Lag { events, bytes: bytes as u64, age, resnapshot_required })
}

/// How long ago the event `sequence` was committed.
fn age(changes: &ChangeLog, connection: &Connection, sequence: Sequence) -> Result<Duration> {
    let segments = changes.segments().read_in(connection, sequence, 1)?;
    let mut records = segments.iter().flat_map(|segment| segment.records());
    let now = changes.namespace().clock().now();
    let oldest = records.find_map(|record| match record {
        Ok(record) if record.sequence < sequence => None,
        record => Some(record.map(|record| record.timestamp)),
    });
    let micros = now.0.saturating_sub(oldest.transpose()?.unwrap_or(now).0);
    Ok(Duration::from_micros(u64::try_from(micros).unwrap_or(0)))
}
