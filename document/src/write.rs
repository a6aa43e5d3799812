//! The writes themselves, as they run on the writer thread: row, index entries, fence, event.

use headwater_cdc::{Change, ChangeLog, Op, Store};
use headwater_primitives::rusqlite::OptionalExtension;
use headwater_primitives::{Error, ErrorKind, Result, Sequence, Timestamp, Transaction};

use crate::catalog::Table;
use crate::cold::{self, Thaw};
use crate::encoded::{check_body, with_id};
use crate::id::DocumentId;
use crate::index::IndexChange;
use crate::written::{PutOptions, Written};

/// One collection inside one transaction.
pub(crate) struct Writing<'a> {
    pub(crate) tx: &'a Transaction<'a>,
    pub(crate) table: &'a Table,
    pub(crate) changes: &'a ChangeLog,
    pub(crate) id_field: &'static str,
    pub(crate) thaw: Thaw<'a>,
}

/// A row as the write path reads it.
pub(crate) struct Row {
    pub(crate) row: i64,
    pub(crate) version: Sequence,
    pub(crate) expires: Option<Timestamp>,
    pub(crate) body: Vec<u8>,
    /// Whether the body came from the lake, which has to learn then that this version is over.
    pub(crate) archived: bool,
}

/// Whether a document has to be there already.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Existing {
    /// It may; where there is no collection, the write makes one.
    MayBe,
    /// It must; where there is no collection, there is no document.
    Must,
}

impl Writing<'_> {
    /// Inserts a new document.
    pub(crate) fn insert(
        &self,
        id: Option<DocumentId>,
        body: &[u8],
        options: &PutOptions,
    ) -> Result<Written> {
        match id {
            Some(id) => self.insert_as(id, body, options),
            None => {
                let id = self.generate()?;
                let body = with_id(body, self.id_field, &id)?;
                check_body(&body)?;
                self.insert_as(id, &body, options)
            }
        }
    }

    fn insert_as(&self, id: DocumentId, body: &[u8], options: &PutOptions) -> Result<Written> {
        self.check_kind(&id)?;
        if let Some(expected) = options.expected {
            return Err(self.conflict(&id, expected, None));
        }
        let sql = self.tx.sql();
        let version = self.changes.next_sequence(self.tx);
        let expires = options.end(self.tx.now()).map(|end| end.0);
        let index = IndexChange::between(self.tx, self.table, None, None, Some(body))?;
        let inserted = sql
            .prepare_cached(&self.table.sql.insert)?
            .insert((&id, version.0 as i64, expires, body))
            .map_err(Error::from);
        match inserted {
            Ok(row) => index.apply(sql, row)?,
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                // A document past its end no longer counts, though the sweep has not come yet.
                let Some(ended) = self.read_row(&id)?.filter(|row| !self.is_live(row)) else {
                    return Err(self.exists(&id));
                };
                return self.write_over(Op::Create, id, &ended, body, options);
            }
            Err(error) => return Err(error),
        }
        self.emit(Op::Create, id, None, Some(body))
    }

    /// Writes a document whether or not there is one (`MayBe`), or only over one (`Must`).
    pub(crate) fn put(
        &self,
        id: Option<DocumentId>,
        body: &[u8],
        options: &PutOptions,
        existing: Existing,
    ) -> Result<Written> {
        let Some(id) = id else {
            return match existing {
                Existing::MayBe => self.insert(None, body, options),
                Existing::Must => Err(Error::invalid(format!(
                    "collection {:?}: a document without {:?} cannot replace another",
                    self.table.name, self.id_field
                ))),
            };
        };
        self.check_kind(&id)?;
        match self.live_row(&id)? {
            Some(row) => {
                self.check_version(&id, options.expected, Some(row.version))?;
                self.write_over(Op::Update, id, &row, body, options)
            }
            None if existing == Existing::Must => Err(self.missing(&id, options)),
            None => self.insert_as(id, body, options),
        }
    }

    /// Puts `body` in the place of `row`: as an update, or, where `row` is past its end, as a new
    /// document after the deletion of the old one.
    fn write_over(
        &self,
        op: Op,
        id: DocumentId,
        row: &Row,
        body: &[u8],
        options: &PutOptions,
    ) -> Result<Written> {
        let sql = self.tx.sql();
        let index =
            IndexChange::between(self.tx, self.table, Some(row.row), Some(&row.body), Some(body))?;
        if op == Op::Create {
            // What is past its end goes now: the sweep will not find it any more.
            self.record(Op::Delete, &id, Some(&row.body), None)?;
        }
        self.leave_lake(&id, row)?;
        let version = self.changes.next_sequence(self.tx);
        let expires = options.end(self.tx.now()).map(|end| end.0);
        sql.prepare_cached(&self.table.sql.replace)?.execute((
            row.row,
            version.0 as i64,
            expires,
            body,
        ))?;
        index.apply(sql, row.row)?;
        let before = (op == Op::Update).then_some(row.body.as_slice());
        self.emit(op, id, before, Some(body))
    }

    /// Changes a document by `change`, which sees the current body. Keeps its end of life.
    pub(crate) fn change(
        &self,
        id: DocumentId,
        expected: Option<Sequence>,
        change: impl FnOnce(&[u8]) -> Result<(Option<DocumentId>, Vec<u8>)>,
    ) -> Result<Written> {
        self.check_kind(&id)?;
        let options = PutOptions { expected, ..PutOptions::default() };
        let Some(row) = self.live_row(&id)? else { return Err(self.missing(&id, &options)) };
        self.check_version(&id, expected, Some(row.version))?;
        let (new_id, body) = change(&row.body)?;
        check_body(&body)?;
        if new_id.as_ref() != Some(&id) {
            let now = new_id.map_or_else(|| "missing".to_owned(), |id| id.to_string());
            return Err(Error::invalid(format!(
                "collection {:?}: the change to document {id} makes its id {now}: ids stay; \
                 delete and insert instead",
                self.table.name
            )));
        }
        let options = PutOptions { expires: row.expires, ..options };
        self.write_over(Op::Update, id, &row, &body, &options)
    }

    /// Deletes a document; `None` when there was none.
    pub(crate) fn delete(
        &self,
        id: DocumentId,
        expected: Option<Sequence>,
    ) -> Result<Option<Written>> {
        self.check_kind(&id)?;
        let Some(row) = self.live_row(&id)? else {
            return match expected {
                Some(expected) => Err(self.conflict(&id, expected, None)),
                None => Ok(None),
            };
        };
        self.check_version(&id, expected, Some(row.version))?;
        self.remove(id, &row).map(Some)
    }

    /// Removes `row` with its entries.
    pub(crate) fn remove(&self, id: DocumentId, row: &Row) -> Result<Written> {
        let sql = self.tx.sql();
        let index =
            IndexChange::between(self.tx, self.table, Some(row.row), Some(&row.body), None)?;
        self.leave_lake(&id, row)?;
        sql.prepare_cached(&self.table.sql.delete)?.execute([row.row])?;
        index.apply(sql, row.row)?;
        self.emit(Op::Delete, id, Some(&row.body), None)
    }

    /// The row under `id` with its body, unless it is past its end.
    pub(crate) fn live_row(&self, id: &DocumentId) -> Result<Option<Row>> {
        let Some(mut row) = self.read_row(id)?.filter(|row| self.is_live(row)) else {
            return Ok(None);
        };
        if cold::is_archived(&row.body) {
            row.body = self.thaw.body(self.tx, self.table, id, row.version)?;
            row.archived = true;
        }
        Ok(Some(row))
    }

    /// Notes for the lake that it still has a version that is over.
    fn leave_lake(&self, id: &DocumentId, row: &Row) -> Result<()> {
        if row.archived {
            cold::tombstone(self.tx, &self.table.name, id, row.version)?;
        }
        Ok(())
    }

    fn is_live(&self, row: &Row) -> bool {
        row.expires.is_none_or(|end| end > self.tx.now())
    }

    pub(crate) fn read_row(&self, id: &DocumentId) -> Result<Option<Row>> {
        if self.table.is_absent() {
            return Ok(None);
        }
        Ok(self
            .tx
            .sql()
            .prepare_cached(&self.table.sql.get_row)?
            .query_row([id], |row| {
                Ok(Row {
                    row: row.get(0)?,
                    version: Sequence(row.get::<_, i64>(1)? as u64),
                    expires: row.get::<_, Option<i64>>(2)?.map(Timestamp),
                    body: row.get(3)?,
                    archived: false,
                })
            })
            .optional()?)
    }

    fn generate(&self) -> Result<DocumentId> {
        let id = DocumentId::Text(self.tx.new_id().hyphenated().to_string().into());
        self.check_kind(&id).map_err(|_| {
            Error::invalid(format!(
                "collection {:?} has integer ids, and none can be generated: give the document a \
                 field {:?}",
                self.table.name, self.id_field
            ))
        })?;
        Ok(id)
    }

    fn emit(
        &self,
        op: Op,
        id: DocumentId,
        before: Option<&[u8]>,
        after: Option<&[u8]>,
    ) -> Result<Written> {
        let sequence = self.record(op, &id, before, after)?;
        Ok(Written { id, sequence, version: sequence })
    }

    /// The event of a document that a bulk insert has just written.
    pub(crate) fn emit_created(&self, id: &DocumentId, body: &[u8]) -> Result<()> {
        self.record(Op::Create, id, None, Some(body)).map(drop)
    }

    fn record(
        &self,
        op: Op,
        id: &DocumentId,
        before: Option<&[u8]>,
        after: Option<&[u8]>,
    ) -> Result<Sequence> {
        self.tx.touch(self.table.table_id(), id.row_key());
        self.changes.record(
            self.tx,
            &Change {
                op,
                store: Store::Document,
                table: &self.table.name,
                key: id.into(),
                row: None,
                before,
                after,
            },
        )
    }

    pub(crate) fn check_kind(&self, id: &DocumentId) -> Result<()> {
        check_kind(self.table, id)
    }

    fn check_version(
        &self,
        id: &DocumentId,
        expected: Option<Sequence>,
        found: Option<Sequence>,
    ) -> Result<()> {
        match expected {
            Some(expected) if found != Some(expected) => Err(self.conflict(id, expected, found)),
            _ => Ok(()),
        }
    }

    fn exists(&self, id: &DocumentId) -> Error {
        Error::new(
            ErrorKind::AlreadyExists,
            format!(
                "collection {:?} has a document {id} already: use `put` to replace it",
                self.table.name
            ),
        )
    }

    fn conflict(&self, id: &DocumentId, expected: Sequence, found: Option<Sequence>) -> Error {
        let found =
            found.map_or_else(|| "missing".to_owned(), |found| format!("at version {found}"));
        Error::new(
            ErrorKind::Conflict,
            format!(
                "collection {:?}: document {id} is {found}, and version {expected} was expected: \
                 read it again",
                self.table.name
            ),
        )
    }

    fn missing(&self, id: &DocumentId, options: &PutOptions) -> Error {
        match options.expected {
            Some(expected) => self.conflict(id, expected, None),
            None => Error::new(
                ErrorKind::NotFound,
                format!("collection {:?} has no document {id}", self.table.name),
            ),
        }
    }
}

/// Refuses an id of the other kind.
pub(crate) fn check_kind(table: &Table, id: &DocumentId) -> Result<()> {
    if id.kind() == table.id_kind {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "collection {:?}: id {id} is {}, and the ids of this collection are {}",
        table.name,
        id.kind().name(),
        table.id_kind.name()
    )))
}
