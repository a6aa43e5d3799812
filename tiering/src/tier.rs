//! The lake of a namespace: opened once, shared by all that read it or hand rows to it.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use headwater_cdc::Store;
use headwater_objects::Objects;
use headwater_primitives::rusqlite::{Connection, OptionalExtension};
use headwater_primitives::{Error, ErrorKind, Namespace, Result};

use crate::catalog::SqliteCatalog;
use crate::cold::{ColdTables, ColdView};
use crate::error::from_objects;
use crate::hand_off::{HandOff, Policy};
use crate::io::{LakeRoot, LakeStorage};
use crate::options::LakeOptions;
use crate::part::PART;
use crate::runtime::LakeRuntime;
use crate::table::TieredTable;

/// The lake of a namespace. Cheap to clone.
#[derive(Clone)]
pub struct Tier {
    pub(crate) namespace: Namespace,
    pub(crate) lake: Arc<Lake>,
}

/// What all handles share. It holds no namespace, which holds it.
pub(crate) struct Lake {
    pub(crate) storage: LakeStorage,
    pub(crate) runtime: LakeRuntime,
    pub(crate) tables: ColdTables,
    /// Held by whoever changes tables of the lake.
    pub(crate) changing: tokio::sync::Mutex<()>,
}

/// The lake of one namespace, once it is open.
#[derive(Default)]
struct Opened(Mutex<Option<Arc<Lake>>>);

impl Tier {
    /// Opens the lake of `namespace`, or takes it as it is open already.
    ///
    /// # Errors
    /// `InvalidInput` for a location other than the one that the lake was made at; `Unsupported` for
    /// an object store that this build lacks; what the store fails with.
    pub fn open(namespace: &Namespace, options: LakeOptions) -> Result<Tier> {
        let opened = namespace.extension(Opened::default);
        let mut opened = opened.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(lake) = &*opened {
            let tier = Tier { namespace: namespace.clone(), lake: lake.clone() };
            return match &options.location {
                Some(asked) => tier.check_location(asked).map(|()| tier),
                None => Ok(tier),
            };
        }
        namespace.install(&PART)?;
        let location = location(namespace, &options)?;
        let objects = headwater_objects::open(&location, &options.objects).map_err(from_objects)?;
        keep_location(namespace, &objects)?;
        let storage = LakeStorage::new(LakeRoot::parse(objects.url())?, objects.store());
        let lake = Arc::new(Lake {
            storage,
            runtime: LakeRuntime::of(namespace),
            tables: ColdTables::default(),
            changing: tokio::sync::Mutex::default(),
        });
        *opened = Some(lake.clone());
        Ok(Tier { namespace: namespace.clone(), lake })
    }

    /// The lake of `namespace` where it was made; in the namespace's folder if it was not yet.
    ///
    /// # Errors
    /// As [`open`](Tier::open).
    pub fn of(namespace: &Namespace) -> Result<Tier> {
        Tier::open(namespace, LakeOptions::new())
    }

    /// The namespace.
    pub fn namespace(&self) -> &Namespace {
        &self.namespace
    }

    /// Where the lake is: an absolute URL without a slash at its end.
    pub fn location(&self) -> &str {
        self.lake.storage.root().as_str()
    }

    /// The Iceberg catalog.
    ///
    /// # Errors
    /// SQLite's errors.
    pub fn catalog(&self) -> Result<SqliteCatalog> {
        let runtime = self.lake.runtime.iceberg()?;
        SqliteCatalog::open(&self.namespace, self.lake.storage.clone(), runtime)
    }

    /// Describes moving rows of `table` to the lake. See [`HandOff`].
    pub fn hand_off<T: TieredTable + Clone + 'static>(&self, table: &T, policy: Policy) -> HandOff {
        HandOff::new(self.clone(), Arc::new(table.clone()), policy)
    }

    /// What the lake has of a table, at the state of the hot tier that `sql` sees: for looking rows up
    /// by their versions.
    ///
    /// # Errors
    /// SQLite's errors.
    pub fn view(&self, sql: &Connection, store: Store, table: &str) -> Result<ColdView> {
        ColdView::of(&self.lake, sql, store, table)
    }

    /// The same for reading all rows. Cost: one row of SQLite per row of the lake that is over and not
    /// deleted there yet.
    ///
    /// # Errors
    /// SQLite's errors.
    pub fn whole_view(&self, sql: &Connection, store: Store, table: &str) -> Result<ColdView> {
        ColdView::whole(&self.lake, sql, store, table)
    }

    fn check_location(&self, asked: &str) -> Result<()> {
        let objects = headwater_objects::open(asked, &Default::default());
        let asked_url =
            objects.map_or_else(|_| asked.to_owned(), |objects| objects.url().to_owned());
        refuse_other(self.location(), &asked_url)
    }
}

impl fmt::Debug for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tier").field("location", &self.location()).finish_non_exhaustive()
    }
}

/// Where the lake is to be opened.
fn location(namespace: &Namespace, options: &LakeOptions) -> Result<String> {
    let kept = kept_location(namespace)?;
    if let Some(kept) = &kept
        && let Some(asked) = &options.location
        && !asked.contains("://")
    {
        let folder = std::path::absolute(asked)?;
        refuse_other(kept, &format!("file://{}", folder.display()))?;
    } else if let (Some(kept), Some(asked)) = (&kept, &options.location) {
        refuse_other(kept, asked.trim_end_matches('/'))?;
    }
    if let Some(location) = kept.or_else(|| options.location.clone()) {
        return Ok(location);
    }
    let folder = namespace.path().join("lake");
    folder.to_str().map(str::to_owned).ok_or_else(|| {
        Error::invalid(format!(
            "the lake's folder {folder:?} is not UTF-8: give it another location"
        ))
    })
}

fn refuse_other(kept: &str, asked: &str) -> Result<()> {
    if kept == asked {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "the lake of this namespace is at {kept}, and its tables hold addresses there: it cannot be \
         opened at {asked}"
    )))
}

fn kept_location(namespace: &Namespace) -> Result<Option<String>> {
    namespace.query(|sql| {
        let select = "SELECT location FROM tiering_lake";
        Ok(sql.prepare_cached(select)?.query_row([], |row| row.get(0)).optional()?)
    })
}

fn keep_location(namespace: &Namespace, objects: &Objects) -> Result<()> {
    if kept_location(namespace)?.is_some() {
        return Ok(());
    }
    if namespace.is_read_only() {
        return Err(Error::new(
            ErrorKind::NotFound,
            "this namespace has no lake yet, and it is open read-only",
        ));
    }
    let location = objects.url().to_owned();
    let keep = "INSERT OR IGNORE INTO tiering_lake(id, location) VALUES (1, ?)";
    namespace
        .transaction(move |tx| -> Result<()> {
            tx.sql().execute(keep, [location])?;
            Ok(())
        })
        .wait()
}
