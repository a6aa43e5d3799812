//! Where a namespace's lake is, and its catalog: decided before the first table is made, kept in the hot tier, and
//! looked for nowhere else.

use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;

use headwater_objects::Objects;
use headwater_primitives::rusqlite::{OptionalExtension, params};
use headwater_primitives::{Error, ErrorKind, Namespace, Result};
use object_store::path::Path;

use crate::catalog::{PART as CATALOG, RestCatalog, RestClient};
use crate::error::from_objects;
use crate::io::LakeRoot;
use crate::options::LakeOptions;

/// What a local root starts with.
const FILE: &str = "file://";

/// What the hot tier knows of the lake's place.
pub(crate) struct Kept {
    /// The root, as tables have it in their locations.
    pub(crate) root: String,
    /// The namespace's folder by then, for a lake that is in it.
    pub(crate) home: Option<String>,
    /// What has the tables, when it is not the hot tier.
    catalog: Option<RestCatalog>,
}

/// Refuses a namespace without a lake in which none can be made.
pub(crate) fn check_readable(namespace: &Namespace) -> Result<()> {
    if !namespace.is_read_only() {
        return Ok(());
    }
    let tables = "SELECT EXISTS(SELECT 1 FROM sqlite_schema WHERE name = 'tiering_lake')";
    let has_tables: bool =
        namespace.query(|sql| -> Result<_> { Ok(sql.query_row(tables, [], |row| row.get(0))?) })?;
    if has_tables && kept(namespace)?.is_some() {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::NotFound,
        "this namespace has no lake yet, and none can be made while it is open read-only",
    ))
}

/// Where a lake is, and what has its tables.
pub(crate) struct Place {
    pub(crate) objects: Objects,
    pub(crate) root: LakeRoot,
    pub(crate) catalog: Option<Arc<RestClient>>,
}

/// Opens the store of the lake of `namespace`, and keeps where it is.
pub(crate) fn open(namespace: &Namespace, mut options: LakeOptions) -> Result<Place> {
    let mut kept = kept(namespace)?;
    let is_named =
        options.location.is_some() || options.store.is_some() || options.catalog.is_some();
    if kept.is_some() && is_named && !namespace.is_read_only() && is_unused(namespace)? {
        // No table has addresses there: it may be named anew, as a whole or in part.
        if let Some(Kept { root, home, catalog }) = kept.take() {
            let is_elsewhere = home.is_none() && options.store.is_none();
            let root = root.strip_prefix(FILE).unwrap_or(&root).to_owned();
            options.location = options.location.or(is_elsewhere.then_some(root));
            options.catalog = options.catalog.or(catalog);
        }
    }
    let known = kept.as_ref().map(|kept| kept.catalog.as_ref());
    let catalog = catalog(known, options.catalog.as_ref())?.map(RestClient::new).transpose()?;
    let (objects, root) = open_store(namespace, &options, kept)?;
    Ok(Place { objects, root, catalog: catalog.map(Arc::new) })
}

/// The catalog of the lake that is asked for, where it may be asked for; `known` is that of a lake that is
/// there.
fn catalog(
    known: Option<Option<&RestCatalog>>,
    asked: Option<&RestCatalog>,
) -> Result<Option<RestCatalog>> {
    match (known, asked) {
        (Some(known), Some(asked)) => refuse_other_catalog(known, asked)?,
        (Some(known), None) => return Ok(known.cloned()),
        (None, _) => {}
    }
    Ok(asked.cloned())
}

/// Refuses the catalog `asked` where the lake has another one, or none.
pub(crate) fn refuse_other_catalog(known: Option<&RestCatalog>, asked: &RestCatalog) -> Result<()> {
    if known.is_some_and(|known| known.is(asked)) {
        return Ok(());
    }
    let is_in = known.map_or("hot.db".to_owned(), |known| format!("the catalog {known}"));
    Err(Error::invalid(format!(
        "the tables of this lake are in {is_in}: it cannot be opened with the catalog {asked}"
    )))
}

fn open_store(
    namespace: &Namespace,
    options: &LakeOptions,
    kept: Option<Kept>,
) -> Result<(Objects, LakeRoot)> {
    if let Some(kept) = &kept {
        if let Some(asked) = &options.location {
            let asked = root_asked_for(asked)?;
            if !kept.is_at(&LakeRoot::parse(&asked)?) {
                refuse_other(&kept.root, &asked)?;
            }
        }
        kept.check(namespace)?;
    }
    let objects = match (&options.store, &kept) {
        (Some(store), _) => store.clone(),
        (None, Some(kept)) => {
            let location = kept.root.strip_prefix(FILE).unwrap_or(&kept.root);
            headwater_objects::open(location, &options.objects).map_err(from_objects)?
        }
        (None, None) => {
            let location = match &options.location {
                Some(asked) => asked.clone(),
                None => name_of(&own_folder(namespace))?,
            };
            headwater_objects::open(&location, &options.objects).map_err(from_objects)?
        }
    };
    let root = root_of(&objects)?;
    match &kept {
        None => keep(namespace, &root, options.catalog.as_ref())?,
        // By a link the same folder has two names; tables have that which is kept.
        Some(kept) if kept.is_at(&root) => return Ok((objects, LakeRoot::parse(&kept.root)?)),
        Some(kept) => refuse_other(&kept.root, root.as_str())?,
    }
    Ok((objects, root))
}

/// Refuses a lake at `asked` where it is at `kept`.
pub(crate) fn refuse_other(kept: &str, asked: &str) -> Result<()> {
    if kept == asked {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "the lake of this namespace is at {kept}, and its tables hold addresses there: it cannot be \
         opened at {asked}"
    )))
}

/// The root that a location of the caller's means; nothing is opened or made.
pub(crate) fn root_asked_for(asked: &str) -> Result<String> {
    let folder = match asked.strip_prefix(FILE) {
        // A URL encodes what a name does not.
        Some(encoded) => match Path::from_url_path(encoded) {
            Ok(path) => PathBuf::from(format!("/{path}")),
            Err(_) => PathBuf::from(encoded),
        },
        None if asked.contains("://") => return Ok(asked.trim_end_matches('/').to_owned()),
        None => PathBuf::from(asked),
    };
    let folder = folder.canonicalize().or_else(|_| std::path::absolute(&folder))?;
    Ok(LakeRoot::of_folder(&folder)?.as_str().to_owned())
}

/// The root of the lake in `objects`. That of a folder has its name as it is: a URL would encode it, and
/// other engines take locations for names.
pub(crate) fn root_of(objects: &Objects) -> Result<LakeRoot> {
    match objects.folder() {
        Some(folder) => LakeRoot::of_folder(folder),
        None => LakeRoot::parse(objects.url()),
    }
}

/// Where the lake of a namespace is of which nobody says.
pub(crate) fn own_folder(namespace: &Namespace) -> PathBuf {
    namespace.path().join("lake")
}

pub(crate) fn name_of(folder: &FilePath) -> Result<String> {
    folder.to_str().map(str::to_owned).ok_or_else(|| {
        Error::invalid(format!(
            "the lake's folder {folder:?} is not UTF-8: give it another location"
        ))
    })
}

/// The folder of `namespace` under its one name.
pub(crate) fn home_of(namespace: &Namespace) -> Result<String> {
    name_of(&namespace.path().canonicalize()?)
}

impl Kept {
    /// Whether the lake is at `root`.
    fn is_at(&self, root: &LakeRoot) -> bool {
        let folders = (self.root.strip_prefix(FILE), root.as_str().strip_prefix(FILE));
        match folders {
            (Some(kept), Some(folder)) => kept == folder || leads_to(kept, folder),
            _ => self.root == root.as_str(),
        }
    }

    /// Checks that the lake is where it was. A lake that is gone, or that another namespace has, is not
    /// to be opened, and still less to be made anew.
    fn check(&self, namespace: &Namespace) -> Result<()> {
        let root = &self.root;
        if let Some(home) = &self.home {
            let here = home_of(namespace)?;
            if *home != here && !leads_to(home, &here) {
                return Err(Error::new(
                    ErrorKind::NotFound,
                    format!(
                        "the lake of this namespace was made at {root}, in the namespace's own folder \
                         {home}, which was moved or copied to {here}; the lake's tables hold the old \
                         addresses: move the folder back to {home}, or make that a link to {here}"
                    ),
                ));
            }
        }
        match root.strip_prefix(FILE) {
            Some(folder) if !FilePath::new(folder).is_dir() => Err(Error::new(
                ErrorKind::NotFound,
                format!(
                    "the lake of this namespace is at {root}, and there is no such folder: bring it \
                     back there; nothing is made in its place, since rows are in it"
                ),
            )),
            _ => Ok(()),
        }
    }
}

/// Whether the folder `name` is, by links, the one at `target`.
fn leads_to(name: &str, target: &str) -> bool {
    FilePath::new(name).canonicalize().is_ok_and(|found| found == FilePath::new(target))
}

pub(crate) fn kept(namespace: &Namespace) -> Result<Option<Kept>> {
    namespace.query(|sql| {
        let columns = "SELECT location, home, catalog, warehouse FROM tiering_lake";
        let mut select = sql.prepare_cached(columns)?;
        let kept = select.query_row([], |row| {
            let (catalog, warehouse): (Option<String>, Option<String>) = (row.get(2)?, row.get(3)?);
            let catalog = catalog.map(RestCatalog::new).map(|catalog| match warehouse {
                Some(warehouse) => catalog.warehouse(warehouse),
                None => catalog,
            });
            Ok(Kept { root: row.get(0)?, home: row.get(1)?, catalog })
        });
        Ok(kept.optional()?)
    })
}

/// Whether no table was ever made in the lake, of rows or of events.
fn is_unused(namespace: &Namespace) -> Result<bool> {
    namespace.install(&CATALOG)?;
    let unused = "SELECT NOT EXISTS(SELECT 1 FROM iceberg_tables) \
                  AND NOT EXISTS(SELECT 1 FROM tiering_pending) \
                  AND NOT EXISTS(SELECT 1 FROM tiering_events)";
    namespace.query(|sql| Ok(sql.query_row(unused, [], |row| row.get(0))?))
}

fn keep(namespace: &Namespace, root: &LakeRoot, catalog: Option<&RestCatalog>) -> Result<()> {
    if namespace.is_read_only() {
        return Err(Error::new(
            ErrorKind::NotFound,
            "this namespace has no lake yet, and it is open read-only",
        ));
    }
    let own = own_folder(namespace).canonicalize().ok();
    let own = own.and_then(|own| LakeRoot::of_folder(&own).ok());
    let home = match own {
        Some(own) if own == *root => Some(home_of(namespace)?),
        _ => None,
    };
    let root = root.as_str().to_owned();
    let warehouse = catalog.and_then(RestCatalog::warehouse_name).map(str::to_owned);
    let catalog = catalog.map(|catalog| catalog.uri().to_owned());
    // Named anew it still has its owner.
    let keep = "INSERT INTO tiering_lake(id, location, home, catalog, warehouse) \
                VALUES (1, ?, ?, ?, ?) ON CONFLICT DO UPDATE \
                SET (location, home, catalog, warehouse) \
                = (excluded.location, excluded.home, excluded.catalog, excluded.warehouse)";
    namespace
        .transaction(move |tx| -> Result<()> {
            tx.sql().execute(keep, params![root, home, catalog, warehouse])?;
            Ok(())
        })
        .wait()
}
