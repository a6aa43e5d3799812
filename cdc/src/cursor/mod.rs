//! Durable named cursors: a consumer's place in the log, with one owner at a time.

mod lag;
mod row;

use std::sync::Arc;

use headwater_primitives::rusqlite::Connection;
use headwater_primitives::{
    Commit, Error, ErrorKind, Read, Result, Scope, Sequence, Timestamp, Transaction, WriteOptions,
};

pub use lag::{CursorInfo, Lag};
use row::Row;

use crate::filter::EventFilter;
use crate::log::ChangeLog;
use crate::position::{Position, Start};
use crate::reader::{LogReader, resolve};
use crate::snapshot::{Progress, SnapshotReader, SnapshotRows};
use crate::subscription::Subscription;

/// The longest cursor name.
const MAX_NAME: usize = 512;

/// A durable, named place in the change log. Its owner is whoever took it last: the acknowledgements
/// of earlier owners fail with `Fenced`, so two processes or tasks never advance it in turn.
#[derive(Clone, Debug)]
pub struct Cursor {
    changes: ChangeLog,
    owner: Arc<Owner>,
}

/// One owner's claim to a cursor.
#[derive(Debug)]
pub(crate) struct Owner {
    changes: ChangeLog,
    name: Box<str>,
    /// Made anew whenever the cursor changes hands.
    token: String,
}

impl ChangeLog {
    /// Takes the cursor `name` over from whoever owned it; makes it when there is none. A new one
    /// starts at the beginning of the log.
    ///
    /// The write fails with `InvalidInput` when the name is empty or longer than 512 bytes.
    pub fn cursor(&self, name: &str) -> Commit<Cursor> {
        self.cursor_at(name, Start::Beginning)
    }

    /// [`cursor`](Self::cursor), where a new one starts at `start`.
    ///
    /// The write also fails with `ResnapshotRequired` when `start` is no longer in the log.
    pub fn cursor_at(&self, name: &str, start: Start) -> Commit<Cursor> {
        if name.is_empty() || name.len() > MAX_NAME {
            return Commit::refused(Error::invalid(format!(
                "cursor name {name:?} has {} bytes: it must have 1 to {MAX_NAME}",
                name.len()
            )));
        }
        let (changes, name) = (self.clone(), Box::from(name));
        self.namespace().transaction(move |tx| -> Result<Cursor> {
            let token = tx.new_id().to_string();
            let position = position_of(&changes, tx, start)?;
            row::take_over(tx.sql(), &name, &token, position, tx.now())?;
            let owner = Arc::new(Owner { changes: changes.clone(), name, token });
            Ok(Cursor { changes, owner })
        })
    }

    /// Removes the cursor `name`; whether there was one. Its owner's acknowledgements fail with
    /// `Fenced` from then on.
    pub fn delete_cursor(&self, name: &str) -> Commit<bool> {
        let name = name.to_owned();
        self.namespace().transaction(move |tx| row::delete(tx.sql(), &name))
    }

    /// All cursors, by name.
    pub fn cursors(&self) -> Read<Vec<CursorInfo>> {
        let changes = self.clone();
        self.namespace().read(move |snapshot| lag::all(&changes, snapshot.sql()))
    }

    /// How far the cursor `name` is behind the head of the log. Fails with `NotFound`.
    pub fn lag(&self, name: &str) -> Read<Lag> {
        let (changes, name) = (self.clone(), name.to_owned());
        self.namespace().read(move |snapshot| {
            let row = row::find(snapshot.sql(), &name)?.ok_or_else(|| {
                Error::new(ErrorKind::NotFound, format!("there is no cursor {name:?}"))
            })?;
            lag::of(&changes, snapshot.sql(), row.position)
        })
    }
}

impl Cursor {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.owner.name
    }

    /// What was acknowledged last; `None` before the first acknowledgement, unless it was made with a
    /// start of its own. Fails with `Fenced` when another owner has taken it.
    pub fn position(&self) -> Read<Option<Position>> {
        let owner = self.owner.clone();
        self.changes.namespace().read(move |snapshot| Ok(owner.row(snapshot.sql())?.position))
    }

    /// Events from the last acknowledged position on.
    ///
    /// # Errors
    /// `Fenced` when another owner has taken the cursor; `ResnapshotRequired` when retention has
    /// overtaken it, or when its position belongs to a lost history; `InvalidInput` when it is in the
    /// middle of a snapshot.
    pub fn subscribe(&self, filter: EventFilter) -> Result<Subscription> {
        let row = self.row()?;
        if row.snapshot.is_some() {
            return Err(Error::invalid(format!(
                "cursor {:?} is in the middle of a snapshot: go on with snapshot_then_stream",
                self.name()
            )));
        }
        let next = resolve(&self.changes, start_of(row.position))?;
        Ok(self.subscription(None, filter, next))
    }

    /// The current rows of `source` as [`Op::Read`](crate::Op::Read) events, then every change since,
    /// without a gap or a duplicate. A cursor that has begun (or was made with a start of its own)
    /// goes on where it stands, also in the middle of the rows; one that lost its place begins with the
    /// rows again.
    ///
    /// # Errors
    /// `Fenced`; SQLite's errors.
    pub fn snapshot_then_stream(
        &self,
        source: impl SnapshotRows + 'static,
    ) -> Result<Subscription> {
        let filter = EventFilter::all().store(source.store()).table(source.table());
        let row = self.row()?;
        if let (Some(position), None) = (row.position, &row.snapshot) {
            match resolve(&self.changes, Start::After(position)) {
                Ok(next) => return Ok(self.subscription(None, filter, next)),
                Err(error) if error.kind() == ErrorKind::ResnapshotRequired => {}
                Err(error) => return Err(error),
            }
        }
        let progress = match (row.position, &row.snapshot) {
            (Some(at), Some(key)) if resolve(&self.changes, Start::After(at)).is_ok() => {
                Progress { at: at.sequence, after: Some(crate::EventKey::from_bytes(key)?) }
            }
            _ => Progress::begin(&self.changes)?,
        };
        let next = progress.at.next();
        let snapshot =
            SnapshotReader::new(&self.changes, source, progress, Some(self.owner.clone()));
        Ok(self.subscription(Some(Box::new(snapshot)), filter, next))
    }

    /// Moves the cursor, backwards too: the only way to see acknowledged events again. Subscriptions
    /// that are open go on where they are.
    ///
    /// The write fails with `Fenced`, and with `ResnapshotRequired` when `start` is not in the log.
    pub fn seek(&self, start: Start) -> Commit<()> {
        let cursor = self.clone();
        self.changes.namespace().transaction(move |tx| -> Result<()> {
            let owner = &cursor.owner;
            owner.row(tx.sql())?;
            let position = position_of(&cursor.changes, tx, start)?;
            row::seek(tx.sql(), &owner.name, position, tx.now())
        })
    }

    fn row(&self) -> Result<Row> {
        self.changes.namespace().query(|connection| self.owner.row(connection))
    }

    fn subscription(
        &self,
        snapshot: Option<Box<SnapshotReader>>,
        filter: EventFilter,
        next: Sequence,
    ) -> Subscription {
        let changes = self.changes.clone();
        let owner = Some(self.owner.clone());
        let reader = LogReader::new(changes.clone(), Arc::new(filter), owner, next);
        Subscription::new(changes, snapshot, reader)
    }
}

impl Owner {
    /// The cursor's row, as long as it is this owner's.
    fn row(&self, connection: &Connection) -> Result<Row> {
        match row::find(connection, &self.name)? {
            Some(row) if row.owner == self.token => Ok(row),
            found => Err(self.fenced(found.is_some())),
        }
    }

    /// Stores `position` in a transaction of its own.
    pub(crate) fn store(
        self: Arc<Self>,
        position: Position,
        snapshot: Option<Vec<u8>>,
    ) -> Commit<()> {
        let options = WriteOptions { scope: Scope::Statement, ..WriteOptions::default() };
        let namespace = self.changes.namespace().clone();
        namespace.transaction_with(options, move |tx| {
            self.store_in(tx.sql(), tx.now(), position, snapshot.as_deref())
        })
    }

    /// Stores `position` unless the cursor has another owner or would go back.
    pub(crate) fn store_in(
        &self,
        connection: &Connection,
        now: Timestamp,
        position: Position,
        snapshot: Option<&[u8]>,
    ) -> Result<()> {
        if row::advance(connection, &self.name, &self.token, position, snapshot, now)? {
            return Ok(());
        }
        let row = self.row(connection)?;
        let at = row.position.unwrap_or_default();
        Err(Error::new(
            ErrorKind::Conflict,
            format!(
                "cursor {:?} is at {at} and does not go back to {position}: use Cursor::seek",
                self.name
            ),
        ))
    }

    fn fenced(&self, exists: bool) -> Error {
        let what = if exists { "has been taken over by another owner" } else { "was deleted" };
        Error::new(ErrorKind::Fenced, format!("cursor {:?} {what}", self.name))
    }
}

fn start_of(position: Option<Position>) -> Start {
    position.map_or(Start::Beginning, Start::After)
}

/// What is stored for a cursor that is to start at `start`.
fn position_of(
    changes: &ChangeLog,
    tx: &Transaction<'_>,
    start: Start,
) -> Result<Option<Position>> {
    let sequence = match start {
        Start::Beginning => return Ok(None),
        Start::Now => changes.next_sequence(tx),
        Start::At(_) | Start::After(_) => resolve(changes, start)?,
    };
    let sequence = Sequence(sequence.0.saturating_sub(1));
    Ok(Some(Position { epoch: changes.namespace().epoch(), sequence }))
}
