//! A commit: new metadata in a new file, then the pointer by compare-and-set.

use std::time::{SystemTime, UNIX_EPOCH};

use headwater_primitives::{Durability, Error, Result, Transaction, WriteOptions, fail};
use iceberg::spec::{MetadataLog, TableMetadata, TableMetadataBuildResult};
use iceberg::table::Table;
use iceberg::{TableIdent, TableRequirement, TableUpdate};
use serde_json::Value;

use super::failure::{Failure, Outcome};
use super::{SqliteCatalog, location, rows};

/// The table property that lets go of metadata files which the metadata log no longer names.
const DELETE_OLD_METADATA: &str = "write.metadata.delete-after-commit.enabled";

impl SqliteCatalog {
    pub(super) async fn commit(
        &self,
        name: &TableIdent,
        requirements: Vec<TableRequirement>,
        updates: Vec<TableUpdate>,
        then: impl FnOnce(&Transaction<'_>) -> Result<()> + Send + 'static,
    ) -> Outcome<Table> {
        let base = self.current(name).await?;
        if let Some(remote) = &self.remote {
            return self.commit_there(remote, &base, &requirements, &updates, then).await;
        }
        let from = base.metadata_location_result()?.to_owned();
        let built = apply(&base, &from, &requirements, updates)?;
        let file = location::next(&from, &built.metadata)?;
        built.metadata.write_to(&self.io, &file).await?;
        fail::point("lake.metadata.written")?;
        let to = file.to_string();
        match self.swap(name, &from, &to, then).await {
            Ok(()) => fail::point("lake.pointer.swapped")?,
            Err(Swap::Unknown(error)) => return Err(error.into()),
            Err(Swap::RolledBack(failure)) => {
                self.delete_quietly([to]).await;
                return Err(failure);
            }
        }
        self.forget(&built.metadata, built.expired_metadata_logs).await;
        self.assemble(name, &to, built.metadata)
    }

    pub(super) async fn swap(
        &self,
        name: &TableIdent,
        from: &str,
        to: &str,
        then: impl FnOnce(&Transaction<'_>) -> Result<()> + Send + 'static,
    ) -> Result<(), Swap> {
        let (name, from, to) = (name.clone(), from.to_owned(), to.to_owned());
        let work = move |tx: &Transaction<'_>| -> Outcome<()> {
            rows::swap(tx.sql(), &name, &from, &to)?;
            fail::point("lake.pointer.swapping")?;
            then(tx).map_err(Failure::from)
        };
        let synced = WriteOptions::durability(Durability::Sync);
        let run =
            self.namespace.transaction_with(synced, move |tx| work(tx).map_err(Swap::RolledBack));
        run.await
    }

    /// Deletes metadata files that fell out of the metadata log, where the table asks for it.
    async fn forget(&self, metadata: &TableMetadata, expired: Vec<MetadataLog>) {
        let asked = metadata.properties().get(DELETE_OLD_METADATA);
        if asked.is_some_and(|value| value == "true") {
            self.delete_quietly(expired.into_iter().map(|entry| entry.metadata_file)).await;
        }
    }

    /// Deletes files that nothing names; those that stay are found as orphans later.
    pub(super) async fn delete_quietly(&self, files: impl IntoIterator<Item = String>) {
        if let Err(error) = self.lake.delete_all(files).await {
            tracing::warn!(%error, "metadata files that nothing names stay behind");
        }
    }
}

/// The metadata of `base`, which is at `location`, once the updates were made.
fn apply(
    base: &Table,
    location: &str,
    requirements: &[TableRequirement],
    updates: Vec<TableUpdate>,
) -> Outcome<TableMetadataBuildResult> {
    for requirement in requirements {
        requirement.check(Some(base.metadata()))?;
    }
    // A snapshot has a time that comes after all others; for other changes it is the clock's.
    let has_time = updates.iter().any(|update| matches!(update, TableUpdate::AddSnapshot { .. }));
    let behind = if has_time { 0 } else { (base.metadata().last_updated_ms() - now_ms()).max(0) };
    let mut builder = later_by(base.metadata(), -behind)?.into_builder(Some(location.to_owned()));
    for update in updates {
        builder = update.apply(builder)?;
    }
    let mut built = builder.build()?;
    built.metadata = later_by(&built.metadata, behind)?;
    Ok(built)
}

fn now_ms() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.as_millis()).unwrap_or(i64::MAX)
}

/// The same metadata as if all its changes had been made so much later. Iceberg refuses a table that was changed
/// before it was, as by a clock that was set back: a change is made to one moved to before that, and moved back.
fn later_by(metadata: &TableMetadata, millis: i64) -> Outcome<TableMetadata> {
    if millis == 0 {
        return Ok(metadata.clone());
    }
    let failed = |error| Failure::Ours(Error::corrupt(format!("a table's metadata: {error}")));
    let mut value = serde_json::to_value(metadata).map_err(failed)?;
    let later = |time: &mut Value| {
        if let Some(at) = time.as_i64() {
            *time = (at + millis).into();
        }
    };
    later(&mut value["last-updated-ms"]);
    for log in ["metadata-log", "snapshot-log"] {
        for entry in value[log].as_array_mut().into_iter().flatten() {
            later(&mut entry["timestamp-ms"]);
        }
    }
    serde_json::from_value(value).map_err(failed)
}

/// How a swap failed.
pub(super) enum Swap {
    /// Its own work refused it: nothing of it happened.
    RolledBack(Failure),
    /// The writer lost it, and what it wrote may be there.
    Unknown(Error),
}

impl Swap {
    pub(super) fn into_failure(self) -> Failure {
        match self {
            Swap::RolledBack(failure) => failure,
            Swap::Unknown(error) => error.into(),
        }
    }
}

impl From<Error> for Swap {
    fn from(error: Error) -> Swap {
        Swap::Unknown(error)
    }
}
