//! Whose lake it is: an object at its root names the one namespace that makes tables there.

use headwater_primitives::rusqlite::OptionalExtension;
use headwater_primitives::{Error, ErrorKind, Namespace, Result};
use object_store::path::Path;
use object_store::{Error as StoreError, ObjectStoreExt, PutMode, PutOptions, PutPayload};

use crate::error::from_store;
use crate::io::LakeStorage;

/// The object's name below the root.
const OBJECT: &str = "headwater-owner";

/// Makes the lake that of `namespace`, if nobody has it.
///
/// # Errors
/// `AlreadyExists` when it is another one's, whose files an upkeep of this one would take for its own; what
/// the object store or SQLite fails with.
pub(crate) async fn claim(namespace: &Namespace, lake: &LakeStorage) -> Result<()> {
    let Some(own) = name_of(namespace).await? else { return Ok(()) };
    let (store, path) = (lake.store(), Path::from(OBJECT));
    let location = lake.root().location(&path);
    let create = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
    match store.put_opts(&path, PutPayload::from(own.clone()), create).await {
        Ok(_) => return Ok(()),
        Err(StoreError::AlreadyExists { .. } | StoreError::Precondition { .. }) => {}
        Err(error) => return Err(from_store(error, &location)),
    }
    let found = async { store.get(&path).await?.bytes().await };
    let found = found.await.map_err(|error| from_store(error, &location))?;
    if found == own.as_bytes() {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::AlreadyExists,
        format!(
            "the lake at {} is another namespace's, as {OBJECT} there says: give this one a location of its \
             own; if that namespace has lost its hot.db, `headwater rebuild --from-lake` brings its documents back",
            lake.root().as_str()
        ),
    ))
}

/// What the namespace is called there, once it has a lake. Made the first time.
async fn name_of(namespace: &Namespace) -> Result<Option<String>> {
    let select = "SELECT owner FROM tiering_lake";
    let known: Option<Option<String>> = namespace.query(|sql| -> Result<_> {
        Ok(sql.prepare_cached(select)?.query_row([], |row| row.get(0)).optional()?)
    })?;
    let Some(known) = known else { return Ok(None) };
    if known.is_some() {
        return Ok(known);
    }
    let new = namespace.ids().next(namespace.clock().now()).to_string();
    let name = new.clone();
    let note = namespace.transaction(move |tx| -> Result<()> {
        tx.sql().execute("UPDATE tiering_lake SET owner = ?", [name])?;
        Ok(())
    });
    note.await?;
    Ok(Some(new))
}
