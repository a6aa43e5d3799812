//! The rows of `cdc_cursors`.

use headwater_primitives::rusqlite::{Connection, OptionalExtension, Row as SqlRow};
use headwater_primitives::{Result, Sequence, Timestamp};

use crate::position::Position;

/// What is stored for one cursor.
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) owner: String,
    pub(crate) position: Option<Position>,
    pub(crate) snapshot: Option<Vec<u8>>,
    pub(crate) updated: Timestamp,
}

const COLUMNS: &str = "name, owner, epoch, sequence, snapshot, updated";

pub(crate) fn find(connection: &Connection, name: &str) -> Result<Option<Row>> {
    let sql = format!("SELECT {COLUMNS} FROM cdc_cursors WHERE name = ?");
    Ok(connection.prepare_cached(&sql)?.query_row([name], read).optional()?)
}

pub(crate) fn all(connection: &Connection) -> Result<Vec<Row>> {
    let sql = format!("SELECT {COLUMNS} FROM cdc_cursors ORDER BY name");
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map([], read)?.collect::<Result<_, _>>()?;
    Ok(rows)
}

/// Gives the cursor to `owner`; `position` is stored only when the cursor is new.
pub(crate) fn take_over(
    connection: &Connection,
    name: &str,
    owner: &str,
    position: Option<Position>,
    now: Timestamp,
) -> Result<()> {
    let (epoch, sequence) = columns(position);
    connection
        .prepare_cached(
            "INSERT INTO cdc_cursors(name, owner, epoch, sequence, updated) \
             VALUES (?1, ?2, ?3, ?4, ?5) \
             ON CONFLICT(name) DO UPDATE SET owner = ?2, updated = ?5",
        )?
        .execute((name, owner, epoch, sequence, now.0))?;
    Ok(())
}

/// Moves the cursor forward; `false` when it is not `owner`'s, or would go back. Within a snapshot
/// (whose sequence stays) forward is by key, and then from the last key to the stream.
pub(crate) fn advance(
    connection: &Connection,
    name: &str,
    owner: &str,
    position: Position,
    snapshot: Option<&[u8]>,
    now: Timestamp,
) -> Result<bool> {
    let (epoch, sequence) = columns(Some(position));
    let moved = connection
        .prepare_cached(
            "UPDATE cdc_cursors SET epoch = ?3, sequence = ?4, snapshot = ?5, updated = ?6 \
             WHERE name = ?1 AND owner = ?2 AND (epoch IS NULL OR (epoch, sequence) < (?3, ?4) \
             OR ((epoch, sequence) = (?3, ?4) AND (?5 IS NULL OR snapshot <= ?5)))",
        )?
        .execute((name, owner, epoch, sequence, snapshot, now.0))?;
    Ok(moved > 0)
}

/// Moves the cursor anywhere.
pub(crate) fn seek(
    connection: &Connection,
    name: &str,
    position: Option<Position>,
    now: Timestamp,
) -> Result<()> {
    let (epoch, sequence) = columns(position);
    connection
        .prepare_cached(
            "UPDATE cdc_cursors SET epoch = ?2, sequence = ?3, snapshot = NULL, updated = ?4 \
             WHERE name = ?1",
        )?
        .execute((name, epoch, sequence, now.0))?;
    Ok(())
}

pub(crate) fn delete(connection: &Connection, name: &str) -> Result<bool> {
    Ok(connection.prepare_cached("DELETE FROM cdc_cursors WHERE name = ?")?.execute([name])? > 0)
}

fn columns(position: Option<Position>) -> (Option<i64>, Option<i64>) {
    let epoch = position.map(|position| position.epoch as i64);
    (epoch, position.map(|position| position.sequence.0 as i64))
}

fn read(row: &SqlRow<'_>) -> headwater_primitives::rusqlite::Result<Row> {
    let position = match (row.get::<_, Option<i64>>(2)?, row.get::<_, Option<i64>>(3)?) {
        (Some(epoch), Some(sequence)) => {
            Some(Position { epoch: epoch as u64, sequence: Sequence(sequence as u64) })
        }
        _ => None,
    };
    Ok(Row {
        name: row.get(0)?,
        owner: row.get(1)?,
        position,
        snapshot: row.get(4)?,
        updated: Timestamp(row.get(5)?),
    })
}
