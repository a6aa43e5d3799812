//! The writes themselves, as they run on the writer thread: row, filter entries, event.

use headwater_cdc::{Change, ChangeLog, Op, Store};
use headwater_primitives::{Error, ErrorKind, IdKind, RecordId, Result, Sequence, Transaction};

use crate::encoded::Encoded;
use crate::filters::EntryChange;
use crate::rows::{self, StoredRow};
use crate::table::{Table, place};
use crate::written::{PutOptions, Written};

/// One store inside one transaction.
pub(crate) struct Writing<'a> {
    pub(crate) tx: &'a Transaction<'a>,
    pub(crate) table: &'a Table,
    pub(crate) changes: &'a ChangeLog,
}

/// Whether a row has to be there already.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Existing {
    MayBe,
    Must,
}

impl Writing<'_> {
    /// Inserts a new row.
    pub(crate) fn insert(&self, row: Encoded) -> Result<Written> {
        let (id, row) = self.with_id(row)?;
        self.try_insert(&id, &row)?.ok_or_else(|| {
            Error::new(
                ErrorKind::AlreadyExists,
                format!(
                    "{} has a row {id} already: use `put` to replace it",
                    place(&self.table.name)
                ),
            )
        })
    }

    /// Writes a row whether or not there is one (`MayBe`), or only over one (`Must`).
    pub(crate) fn put(
        &self,
        row: Encoded,
        options: PutOptions,
        existing: Existing,
    ) -> Result<Written> {
        if row.id.is_none() && existing == Existing::Must {
            return Err(Error::invalid(format!(
                "{}: a row without {:?} cannot replace another",
                place(&self.table.name),
                self.table.fields.id
            )));
        }
        let (id, row) = self.with_id(row)?;
        if existing == Existing::MayBe
            && options.expected.is_none()
            && let Some(written) = self.try_insert(&id, &row)?
        {
            return Ok(written);
        }
        let before = self.there(&id, options.expected)?;
        self.write_over(before, &row)
    }

    /// Changes a row by `change`, which sees the current one.
    pub(crate) fn change(
        &self,
        id: &RecordId,
        change: impl FnOnce(&StoredRow) -> Result<Encoded>,
    ) -> Result<Written> {
        let before = self.there(id, None)?;
        let after = change(&before)?;
        if after.id.as_ref() != Some(id) {
            let now = after.id.map_or_else(|| "missing".to_owned(), |id| id.to_string());
            return Err(Error::invalid(format!(
                "{}: the change to row {id} makes its id {now}: ids stay; delete and insert instead",
                place(&self.table.name)
            )));
        }
        self.write_over(before, &after)
    }

    /// Deletes a row; `None` when there was none.
    pub(crate) fn delete(
        &self,
        id: &RecordId,
        expected: Option<Sequence>,
    ) -> Result<Option<Written>> {
        let before = match (self.find(id)?, expected) {
            (None, None) => return Ok(None),
            (before, _) => self.checked(id, before, expected)?,
        };
        let entries = EntryChange::between(self.table, Some(&before.metadata), None)?;
        let image = before.image(&self.table.fields)?;
        self.tx.sql().prepare_cached(&self.table.sql.delete)?.execute([before.row])?;
        entries.apply(self.tx, self.table, before.row)?;
        self.emit(Op::Delete, id, before.row, Some(&image), None).map(Some)
    }

    /// The row under `id`.
    pub(crate) fn find(&self, id: &RecordId) -> Result<Option<StoredRow>> {
        match self.kind()? {
            Some(kind) => check_kind(self.table, kind, id)?,
            None => return Ok(None),
        }
        rows::find(self.tx.sql(), self.table, id)
    }

    /// Inserts `row` unless its id is taken; then `None`, and nothing has changed.
    fn try_insert(&self, id: &RecordId, row: &Encoded) -> Result<Option<Written>> {
        let entries = EntryChange::between(self.table, None, Some(&row.metadata))?;
        match self.kind()? {
            Some(kind) => check_kind(self.table, kind, id)?,
            None => self.table.decide_kind(self.tx, id.kind())?,
        }
        let version = self.changes.next_sequence(self.tx).0 as i64;
        let mut insert = self.tx.sql().prepare_cached(&self.table.sql.insert)?;
        if insert.execute((id, version, &row.text, &row.metadata, row.column()))? == 0 {
            return Ok(None);
        }
        let number = self.tx.sql().last_insert_rowid();
        entries.apply(self.tx, self.table, number)?;
        self.emit(Op::Create, id, number, None, Some(&row.image)).map(Some)
    }

    /// Puts `after` in the place of `before`, whose number it keeps.
    fn write_over(&self, before: StoredRow, after: &Encoded) -> Result<Written> {
        let (row, fields) = (before.row, &self.table.fields);
        let entries =
            EntryChange::between(self.table, Some(&before.metadata), Some(&after.metadata))?;
        // An embedding that stays need not be printed a second time.
        let image = match &after.embedding {
            Some(same) if before.has(same) || is_kept(&before, after) => {
                before.image_with(fields, Some(same))?
            }
            _ => before.image(fields)?,
        };
        let version = self.changes.next_sequence(self.tx).0 as i64;
        let mut replace = self.tx.sql().prepare_cached(&self.table.sql.replace)?;
        replace.execute((row, version, &after.text, &after.metadata, after.column()))?;
        entries.apply(self.tx, self.table, row)?;
        self.emit(Op::Update, &before.id, row, Some(&image), Some(&after.image))
    }

    /// The row under `id`, which must be there, at the version `expected` if one is.
    fn there(&self, id: &RecordId, expected: Option<Sequence>) -> Result<StoredRow> {
        let found = self.find(id)?;
        self.checked(id, found, expected)
    }

    fn checked(
        &self,
        id: &RecordId,
        found: Option<StoredRow>,
        expected: Option<Sequence>,
    ) -> Result<StoredRow> {
        let version = found.as_ref().map(|row| row.version);
        match (found, expected) {
            (Some(row), None) => Ok(row),
            (Some(row), Some(expected)) if row.version == expected => Ok(row),
            (_, Some(expected)) => Err(self.conflict(id, expected, version)),
            (None, None) => Err(Error::new(
                ErrorKind::NotFound,
                format!("{} has no row {id}", place(&self.table.name)),
            )),
        }
    }

    /// The row with its id, generated where it has none.
    fn with_id(&self, mut row: Encoded) -> Result<(RecordId, Encoded)> {
        if let Some(id) = row.id.take() {
            return Ok((id, row));
        }
        if self.kind()? == Some(IdKind::Integer) {
            return Err(Error::invalid(format!(
                "{} has integer ids, and none can be generated: give the row a field {:?}",
                place(&self.table.name),
                self.table.fields.id
            )));
        }
        let id = RecordId::Text(self.tx.new_id().hyphenated().to_string().into());
        row.settle(self.table, &id)?;
        Ok((id, row))
    }

    fn kind(&self) -> Result<Option<IdKind>> {
        self.table.kind_in(self.tx.sql())
    }

    fn emit(
        &self,
        op: Op,
        id: &RecordId,
        row: i64,
        before: Option<&[u8]>,
        after: Option<&[u8]>,
    ) -> Result<Written> {
        let (store, table, key) = (Store::Vector, &*self.table.name, id.into());
        let change = Change { op, store, table, key, row: Some(row), before, after };
        let sequence = self.changes.record(self.tx, &change)?;
        Ok(Written { id: id.clone(), sequence, version: sequence })
    }

    fn conflict(&self, id: &RecordId, expected: Sequence, found: Option<Sequence>) -> Error {
        let found =
            found.map_or_else(|| "missing".to_owned(), |found| format!("at version {found}"));
        Error::new(
            ErrorKind::Conflict,
            format!(
                "{}: row {id} is {found}, and version {expected} was expected: read it again",
                place(&self.table.name)
            ),
        )
    }
}

/// Whether the embedding in the warm tier stays what it is.
fn is_kept(before: &StoredRow, after: &Encoded) -> bool {
    after.warm.is_some() && after.warm == before.embedding.generation()
}

/// Refuses an id of the other kind.
pub(crate) fn check_kind(table: &Table, kind: IdKind, id: &RecordId) -> Result<()> {
    if id.kind() == kind {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "{}: id {id} is {}, and the ids of this store are {}",
        place(&table.name),
        id.kind().name(),
        kind.name()
    )))
}
