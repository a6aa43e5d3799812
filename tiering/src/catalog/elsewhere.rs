//! Tables whose catalog is elsewhere: `hot.db` keeps where the metadata of each was when it last looked, and
//! everything here reads the table as of then.
//!
//! A commit is made there first, then noted here with what belongs to it. What ends between the two is found
//! in the table's history by the next one that changes the table: see [`SqliteCatalog::missed`]. So is a
//! commit that was on its way when its process ended and arrived later; it cannot arrive after another one
//! of the same table, since it requires the snapshot that was current before.

use std::collections::BTreeMap;

use headwater_primitives::{Error, ErrorKind, Result, Transaction, fail};
use iceberg::spec::{MAIN_BRANCH, Snapshot};
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
    /// Its snapshot, if it is one that the hot tier has to note something for.
    pub(crate) snapshot: Option<i64>,
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
        self.sync(name).await?;
        let made = match remote.commit(name, &requirements, updates).await {
            Ok(location) => self.read_there(remote, name, &location).await?,
            Err(Uncommitted::Refused(error)) => return Err(error.into()),
            Err(Uncommitted::Unknown(error)) => self.look_for(remote, name, updates, error).await?,
        };
        confirm(remote, &made, updates)?;
        fail::point("lake.catalog.committed")?;
        let (from, to) = (base.metadata_location_result()?, made.metadata_location_result()?);
        self.swap(name, from, to, then).await.map_err(Swap::into_failure)?;
        Ok(made)
    }

    /// Makes everything durable that the catalog is about to be told of, whatever its own writes asked for.
    async fn sync(&self, name: &TableIdent) -> Outcome<()> {
        let name = name.clone();
        self.change(move |tx| rows::touch(tx.sql(), &name)).await
    }

    /// The next state of the table that the hot tier has to take over, if its catalog is elsewhere and went
    /// on: one whose snapshot is `of_ours`, or else the current one.
    ///
    /// # Errors
    /// `NotFound` when the table is no longer there; what the catalog or the lake fails with.
    pub(crate) async fn missed(
        &self,
        name: &TableIdent,
        of_ours: impl Fn(&Snapshot) -> bool,
    ) -> Result<Option<Missed>> {
        let Some(remote) = &self.remote else { return Ok(None) };
        let known = self.look(|connection| rows::pointer_if_any(connection, name));
        let Some(from) = known.map_err(Failure::into_ours)? else { return Ok(None) };
        let missed = self.missed_since(remote, name, from, of_ours).await;
        missed.map_err(Failure::into_ours)
    }

    async fn missed_since(
        &self,
        remote: &RestClient,
        name: &TableIdent,
        from: String,
        of_ours: impl Fn(&Snapshot) -> bool,
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
        let before = self.table_at(name, &from).await?;
        let is_new = |snapshot: &Snapshot| {
            before.metadata().snapshot_by_id(snapshot.snapshot_id()).is_none()
        };
        let is_missed = |snapshot: &Snapshot| is_new(snapshot) && of_ours(snapshot);
        let missed_of = |table: &Table| {
            let current = table.metadata().current_snapshot();
            current.filter(|snapshot| is_missed(snapshot)).map(|snapshot| snapshot.snapshot_id())
        };
        if last.metadata().snapshots().any(|snapshot| is_missed(snapshot)) {
            // Other engines may have gone on since, even without its files: first the state that it made.
            let log = last.metadata().metadata_log().iter().map(|entry| &*entry.metadata_file);
            let log: Vec<String> = log.map(str::to_owned).collect();
            let known = log.iter().position(|file| *file == from);
            for file in &log[known.map_or(0, |at| at + 1)..] {
                let table = self.read_there(remote, name, file).await?;
                if let Some(snapshot) = missed_of(&table) {
                    return Ok(Some(Missed { from, table, snapshot: Some(snapshot) }));
                }
            }
        }
        let snapshot = missed_of(&last);
        Ok(Some(Missed { from, table: last, snapshot }))
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
        let swapped = self.swap(missed.table.identifier(), &missed.from, to, then).await;
        swapped.map_err(|swap| swap.into_failure().into_ours())
    }

    /// Whether the commit was made that was answered with `error`.
    async fn look_for(
        &self,
        remote: &RestClient,
        name: &TableIdent,
        updates: &[TableUpdate],
        error: Error,
    ) -> Outcome<Table> {
        let unknown = |error: Error| {
            let message = format!("whether table {name} was changed is not known: {error}");
            Failure::Ours(Error::new(error.kind(), message).with_source(error))
        };
        // Without a snapshot there is nothing to know it by.
        let Some(wanted) = snapshot_of(updates) else { return Err(unknown(error)) };
        let location = match remote.location(name).await {
            Ok(Some(location)) => location,
            Ok(None) | Err(_) => return Err(unknown(error)),
        };
        let table = self.read_there(remote, name, &location).await?;
        match table.metadata().current_snapshot_id() == Some(wanted.snapshot_id()) {
            true => Ok(table),
            // Another one may have come since: it is taken over with the next change.
            false => Err(unknown(error)),
        }
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
