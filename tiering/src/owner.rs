//! Whose lake it is: an object at its root names the one namespace that makes tables there.

use headwater_primitives::rusqlite::OptionalExtension;
use headwater_primitives::{Error, ErrorKind, Namespace, Result};
use object_store::path::Path;
use object_store::{Error as StoreError, ObjectStoreExt, PutMode, PutOptions, PutPayload};

use crate::error::from_store;
use crate::io::LakeStorage;

/// The object's name below the root.
const OBJECT: &str = "headwater-owner";

/// Makes the lake that of `namespace`, if nobody has it. Asked before a table is made in it.
///
/// # Errors
/// `AlreadyExists` when it is another one's, whose files an upkeep of this one would take for its own; what
/// the object store or SQLite fails with.
pub(crate) async fn claim(namespace: &Namespace, lake: &LakeStorage) -> Result<()> {
    let Some(known) = known(namespace)? else { return Ok(()) };
    let own = match known {
        Known { name: Some(name), .. } => name,
        // Of before lakes had owners, or a hot.db that was restored from before.
        Known { has_tables: true, .. } => return adopt(namespace, lake).await,
        Known { name: None, .. } => note(namespace, new_name(namespace)).await?,
    };
    match create(lake, &own).await? {
        None => Ok(()),
        Some(owner) if owner == own => Ok(()),
        Some(_) => Err(Error::new(
            ErrorKind::AlreadyExists,
            format!(
                "the lake at {} is another namespace's, as {OBJECT} there says: give this one a location of \
                 its own; if the lake is of a hot.db that was lost, `headwater rebuild --from-lake` brings its \
                 documents back where there is no hot.db",
                lake.root().as_str()
            ),
        )),
    }
}

/// The same for a lake in which this namespace has a table. Costs nothing once it was done.
pub(crate) async fn claim_own(namespace: &Namespace, lake: &LakeStorage) -> Result<()> {
    match known(namespace)? {
        Some(Known { name: None, .. }) => adopt(namespace, lake).await,
        _ => Ok(()),
    }
}

/// Notes the owner of the lake, whose tables are this namespace's; makes one where there is none.
async fn adopt(namespace: &Namespace, lake: &LakeStorage) -> Result<()> {
    let new = new_name(namespace);
    let owner = create(lake, &new).await?.unwrap_or(new);
    note(namespace, owner).await?;
    Ok(())
}

/// Makes the object, or gives what it says.
async fn create(lake: &LakeStorage, name: &str) -> Result<Option<String>> {
    let (store, path) = (lake.store(), Path::from(OBJECT));
    let failed = |error| from_store(error, &lake.root().location(&path));
    let create = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
    match store.put_opts(&path, PutPayload::from(name.to_owned()), create).await {
        Ok(_) => return Ok(None),
        Err(StoreError::AlreadyExists { .. } | StoreError::Precondition { .. }) => {}
        Err(error) => return Err(failed(error)),
    }
    let found = async { store.get(&path).await?.bytes().await };
    let found = found.await.map_err(failed)?;
    Ok(Some(String::from_utf8_lossy(&found).into_owned()))
}

/// What the hot tier knows of its lake.
struct Known {
    /// What the namespace is called there.
    name: Option<String>,
    has_tables: bool,
}

/// Nothing for a catalog without a lake of the namespace's own.
fn known(namespace: &Namespace) -> Result<Option<Known>> {
    let select = "SELECT owner, EXISTS(SELECT 1 FROM iceberg_tables) FROM tiering_lake";
    namespace.query(|sql| {
        let known = sql
            .prepare_cached(select)?
            .query_row([], |row| Ok(Known { name: row.get(0)?, has_tables: row.get(1)? }));
        Ok(known.optional()?)
    })
}

fn new_name(namespace: &Namespace) -> String {
    namespace.ids().next(namespace.clock().now()).to_string()
}

async fn note(namespace: &Namespace, name: String) -> Result<String> {
    let noted = name.clone();
    let note = namespace.transaction(move |tx| -> Result<()> {
        tx.sql().execute("UPDATE tiering_lake SET owner = ?", [noted])?;
        Ok(())
    });
    note.await?;
    Ok(name)
}
