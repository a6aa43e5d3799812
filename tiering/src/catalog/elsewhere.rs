//! Tables whose catalog is elsewhere: `hot.db` keeps where the metadata of each was when it last looked, and
//! everything here reads the table as of then.
//!
//! A snapshot is noted as pending here, in a synced transaction, then committed there, then settled here with
//! what belongs to it. What ends between the last two is found in the table's history by the next one that
//! changes the table: see [`SqliteCatalog::missed`]. So is a commit that was on its way when its process
//! ended and arrives later; it cannot arrive after another one of the same table, since each requires the
//! snapshot that was current before.

use std::collections::{BTreeMap, HashSet};

use headwater_primitives::{Error, ErrorKind, Result, Transaction, fail};
use iceberg::spec::{MAIN_BRANCH, Snapshot, SnapshotRef, TableMetadata};
use iceberg::table::Table;
use iceberg::{TableCreation, TableIdent, TableRequirement, TableUpdate};

use super::failure::{Failure, Outcome};
use super::rest::{RestClient, Uncommitted};
use super::swap::Swap;
use super::{SqliteCatalog, rows};
use crate::error::OrLake;

/// A state of a table that the hot tier does not know yet.
pub(crate) struct Missed {
    /// Where its metadata was, when the hot tier last looked.
    from: String,
    /// The state to be taken over next.
    pub(crate) table: Table,
    /// Its snapshot, if it is one of ours that was pending.
    pub(crate) snapshot: Option<i64>,
    /// Whether it has another snapshot than before, so that nothing that is pending can still come.
    has_moved: bool,
}

impl SqliteCatalog {
    /// Makes a table there, or takes one that an attempt that ended early has made.
    pub(super) async fn create_there(
        &self,
        remote: &RestClient,
        name: &TableIdent,
        creation: &TableCreation,
    ) -> Outcome<Table> {
        remote.create_namespace(name.namespace()).await?;
        let catalog = remote.catalog();
        let is_placed =
            |table: &Table| Some(table.metadata().location()) == creation.location.as_deref();
        if let Some(location) = remote.create_table(name.namespace(), creation).await? {
            let made = self.read_there(remote, name, &location).await?;
            if is_placed(&made) && **made.metadata().current_schema() == creation.schema {
                return Ok(made);
            }
            let message = format!(
                "catalog {catalog}: it has made table {name} with another place or columns"
            );
            return Err(Failure::Ours(Error::new(ErrorKind::Unsupported, message)));
        }
        let location = remote.location(name).await?.ok_or_else(|| Failure::no_table(name))?;
        let found = match self.lake.root().path(&location) {
            Ok(_) => Some(self.read_there(remote, name, &location).await?),
            Err(_) => None,
        };
        let is_new = |table: &Table| table.metadata().current_snapshot_id().is_none();
        found.filter(|table| is_placed(table) && is_new(table)).ok_or_else(|| {
            Failure::Ours(Error::new(
                ErrorKind::AlreadyExists,
                format!(
                    "catalog {catalog}: it has a table {name}, with its metadata at {location}, that this \
                     hot.db does not know; give this lake a warehouse of its own, or drop that table"
                ),
            ))
        })
    }

    /// Commits there, then here.
    pub(super) async fn commit_there(
        &self,
        remote: &RestClient,
        base: &Table,
        requirements: &[TableRequirement],
        updates: &[TableUpdate],
        then: impl FnOnce(&Transaction<'_>) -> Result<()> + Send + 'static,
    ) -> Outcome<Table> {
        let name = base.identifier();
        // Nothing is changed on top of a snapshot that the hot tier does not know.
        let mut requirements = requirements.to_vec();
        requirements.push(TableRequirement::RefSnapshotIdMatch {
            r#ref: MAIN_BRANCH.to_owned(),
            snapshot_id: base.metadata().current_snapshot_id(),
        });
        let wanted = snapshot_of(updates).map(|snapshot| snapshot.snapshot_id());
        if let Some(snapshot) = wanted {
            let name = name.clone();
            self.change(move |tx| rows::add_pending(tx.sql(), &name, snapshot)).await?;
        }
        let made = match remote.commit(name, &requirements, updates).await {
            Ok(location) => self.read_there(remote, name, &location).await?,
            Err(uncommitted) => self.look_for(remote, name, wanted, uncommitted).await?,
        };
        confirm(remote, &made, updates)?;
        fail::point("lake.catalog.committed")?;
        let (from, to) = (base.metadata_location_result()?, made.metadata_location_result()?);
        self.settle((name, from, to), wanted.is_some(), then).await?;
        Ok(made)
    }

    /// Moves the pointer, and runs `then`; forgets what was pending where the table `has_moved`.
    async fn settle(
        &self,
        (name, from, to): (&TableIdent, &str, &str),
        has_moved: bool,
        then: impl FnOnce(&Transaction<'_>) -> Result<()> + Send + 'static,
    ) -> Outcome<()> {
        let table = name.clone();
        let settle = move |tx: &Transaction<'_>| {
            if has_moved {
                rows::settle(tx.sql(), &table).map_err(Failure::into_ours)?;
            }
            then(tx)
        };
        self.swap(name, from, to, settle).await.map_err(Swap::into_failure)
    }

    /// Whether it is not known of a commit to the table if it was made, or will be.
    pub(crate) fn has_pending(&self, name: &TableIdent) -> Result<bool> {
        let pending = self.look(|connection| rows::pending(connection, name));
        Ok(!pending.map_err(Failure::into_ours)?.is_empty())
    }

    /// The next state of the table that the hot tier has to take over, if its catalog is elsewhere and went
    /// on: one whose snapshot was pending, or else the current one.
    ///
    /// # Errors
    /// `NotFound` when the table is no longer there; `Conflict` when it was rolled back, or when its history
    /// was cut so that nobody can tell whether what is pending is in it; `Corrupt` when this hot tier is
    /// older than it; what the catalog or the lake fails with.
    pub(crate) async fn missed(&self, name: &TableIdent) -> Result<Option<Missed>> {
        let Some(remote) = &self.remote else { return Ok(None) };
        let missed = async {
            let (from, pending) = self.look(|connection| {
                let pointer = rows::pointer_if_any(connection, name)?;
                Ok((pointer, rows::pending(connection, name)?))
            })?;
            let Some(from) = from else { return Ok(None) };
            self.missed_since(remote, name, from, &pending).await
        };
        missed.await.map_err(Failure::into_ours)
    }

    async fn missed_since(
        &self,
        remote: &RestClient,
        name: &TableIdent,
        from: String,
        pending: &HashSet<i64>,
    ) -> Outcome<Option<Missed>> {
        let Some(to) = remote.location(name).await? else {
            return Err(Failure::Ours(Error::new(
                ErrorKind::NotFound,
                format!(
                    "catalog {}: it has no table {name} any more, and the lake has rows of it at {from}: \
                     register that file there again",
                    remote.catalog()
                ),
            )));
        };
        if to == from {
            return Ok(None);
        }
        let last = self.read_there(remote, name, &to).await?;
        let before = self.table_at(name, &from).await?.metadata().current_snapshot_id();
        let refused = |kind, what: &str| {
            let catalog = remote.catalog();
            let message = format!("catalog {catalog}: the table {name} at {to} {what}");
            Failure::Ours(Error::new(kind, message))
        };
        let new = match since(last.metadata(), before) {
            History::Whole(new) => new,
            History::RolledBack => {
                let what =
                    "was rolled back to before what this hot.db has noted: roll it forward again";
                return Err(refused(ErrorKind::Conflict, what));
            }
            History::Cut if pending.is_empty() => Vec::new(),
            History::Cut => {
                let what = "has lost snapshots in which a commit of this namespace may be that was not \
                            noted: rebuild hot.db from the lake";
                return Err(refused(ErrorKind::Conflict, what));
            }
        };
        let is_pending = |snapshot: &Snapshot| pending.contains(&snapshot.snapshot_id());
        if new.iter().any(|new| !is_pending(new) && properties_of(new).contains_key(UNTIL)) {
            let what = "has rows that this hot.db never moved: it was restored from before, or is another \
                        namespace's; rebuild it from the lake";
            return Err(refused(ErrorKind::Corrupt, what));
        }
        let Some(ours) = new.iter().find(|new| is_pending(new)) else {
            let has_moved = last.metadata().current_snapshot_id() != before;
            return Ok(Some(Missed { from, table: last, snapshot: None, has_moved }));
        };
        // Other engines may have gone on since, even without its files: first the state that it made.
        let snapshot = Some(ours.snapshot_id());
        let is_of_ours = |table: &Table| table.metadata().current_snapshot_id() == snapshot;
        let log = last.metadata().metadata_log().iter().map(|entry| entry.metadata_file.clone());
        let log: Vec<String> = log.skip_while(|file| *file != from).skip(1).collect();
        for file in &log {
            let table = self.read_there(remote, name, file).await?;
            if is_of_ours(&table) {
                return Ok(Some(Missed { from, table, snapshot, has_moved: true }));
            }
        }
        match is_of_ours(&last) {
            true => Ok(Some(Missed { from, table: last, snapshot, has_moved: true })),
            false => {
                let what = "no longer names the metadata file of a commit of this namespace that was not \
                            noted: rebuild hot.db from the lake";
                Err(refused(ErrorKind::Conflict, what))
            }
        }
    }

    /// Takes a missed state over, and runs `then` in the same transaction.
    ///
    /// # Errors
    /// What `then` failed with; SQLite's errors.
    pub(crate) async fn take_over(
        &self,
        missed: &Missed,
        then: impl FnOnce(&Transaction<'_>) -> Result<()> + Send + 'static,
    ) -> Result<()> {
        let to = missed.table.metadata_location_result().or_lake()?;
        let states = (missed.table.identifier(), &*missed.from, to);
        self.settle(states, missed.has_moved, then).await.map_err(Failure::into_ours)
    }

    /// The table, if the commit was made after all. One that was refused may have been asked for twice, by
    /// a proxy or of a busy catalog; it is forgotten where the table does not have it.
    async fn look_for(
        &self,
        remote: &RestClient,
        name: &TableIdent,
        wanted: Option<i64>,
        uncommitted: Uncommitted,
    ) -> Outcome<Table> {
        let is_refused = matches!(uncommitted, Uncommitted::Refused(_));
        let failure = Failure::Ours(match uncommitted {
            Uncommitted::Refused(error) => error,
            Uncommitted::Unknown(error) => {
                let message = format!("whether table {name} was changed is not known: {error}");
                Error::new(error.kind(), message).with_source(error)
            }
        });
        // Without a snapshot there is nothing to know it by.
        let Some(wanted) = wanted else { return Err(failure) };
        let Ok(Some(location)) = remote.location(name).await else { return Err(failure) };
        let Ok(table) = self.read_there(remote, name, &location).await else { return Err(failure) };
        if table.metadata().current_snapshot_id() == Some(wanted) {
            return Ok(table);
        }
        // Another one may have come since: ours is taken over with the next change.
        if is_refused && table.metadata().snapshot_by_id(wanted).is_none() {
            let name = name.clone();
            self.change(move |tx| rows::forget_pending(tx.sql(), &name, wanted)).await?;
        }
        Err(failure)
    }

    /// The table as its metadata file has it, which has to be where the lake is.
    async fn read_there(
        &self,
        remote: &RestClient,
        name: &TableIdent,
        location: &str,
    ) -> Outcome<Table> {
        if let Err(error) = self.lake.root().path(location) {
            let (catalog, root) = (remote.catalog(), self.lake.root());
            let message = format!(
                "catalog {catalog}: the metadata of table {name} is at {location}, which is not in the lake \
                 at {root}: {error}"
            );
            return Err(Failure::Ours(Error::new(ErrorKind::Unsupported, message)));
        }
        self.table_at(name, location).await
    }

    /// Refuses what only the catalog that has the tables can do.
    pub(super) fn must_be_here(&self, what: &str) -> Outcome<()> {
        match &self.remote {
            None => Ok(()),
            Some(remote) => Err(Failure::Ours(Error::new(
                ErrorKind::Unsupported,
                format!("{what}: the tables of this lake are in the catalog {}", remote.catalog()),
            ))),
        }
    }
}

/// Checks that the table reads back as it was to become.
fn confirm(remote: &RestClient, made: &Table, updates: &[TableUpdate]) -> Outcome<()> {
    let Some(wanted) = snapshot_of(updates) else { return Ok(()) };
    let found = made.metadata().snapshot_by_id(wanted.snapshot_id());
    let has_come = found.is_some_and(|found| properties_of(found).eq(&properties_of(wanted)));
    match has_come {
        true => Ok(()),
        false => Err(Failure::Ours(Error::corrupt(format!(
            "catalog {}: it has accepted snapshot {} of table {}, which does not read back as it was sent",
            remote.catalog(),
            wanted.snapshot_id(),
            made.identifier()
        )))),
    }
}

/// The property of a snapshot of ours that moved rows: up to which version.
const UNTIL: &str = "headwater.until";

/// What became of a table.
enum History {
    /// These snapshots came, the latest first.
    Whole(Vec<SnapshotRef>),
    /// Its current one does not come after the one that was.
    RolledBack,
    /// There is none of the one that was, nor of others after it.
    Cut,
}

/// The snapshots that came after `before`, by their parents.
fn since(metadata: &TableMetadata, before: Option<i64>) -> History {
    let mut new = Vec::new();
    let mut next = metadata.current_snapshot_id();
    while next != before {
        let Some(snapshot) = next.and_then(|id| metadata.snapshot_by_id(id)) else {
            let is_there = before.is_some_and(|id| metadata.snapshot_by_id(id).is_some());
            return if is_there { History::RolledBack } else { History::Cut };
        };
        new.push(snapshot.clone());
        next = snapshot.parent_snapshot_id();
    }
    History::Whole(new)
}

/// What a snapshot says of the rows in it.
fn properties_of(snapshot: &Snapshot) -> BTreeMap<&str, &str> {
    let all = snapshot.summary().additional_properties.iter();
    let ours = all.filter(|(key, _)| key.starts_with("headwater."));
    ours.map(|(key, value)| (&**key, &**value)).collect()
}

fn snapshot_of(updates: &[TableUpdate]) -> Option<&Snapshot> {
    updates.iter().find_map(|update| match update {
        TableUpdate::AddSnapshot { snapshot } => Some(snapshot),
        _ => None,
    })
}
