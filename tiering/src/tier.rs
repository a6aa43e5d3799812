//! The lake of a namespace: opened once, shared by all that read it or hand rows to it.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use headwater_cdc::{ChangeLog, Store};
use headwater_primitives::rusqlite::Connection;
use headwater_primitives::{ErrorKind, Namespace, Result};

use crate::catalog::{RestCatalog, RestClient, SqliteCatalog};
use crate::cold::{ColdTables, ColdView, Pins};
use crate::commit::Expiry;
use crate::events::LakeArchive;
use crate::hand_off::{HandOff, Policy};
use crate::io::LakeStorage;
use crate::options::LakeOptions;
use crate::part::PART;
use crate::place::{self, Place};
use crate::runtime::LakeRuntime;
use crate::table::TieredTable;
use crate::upkeep::{Cleaning, Compaction, Expiration, Kept};

/// The lake of a namespace. Cheap to clone.
#[derive(Clone)]
pub struct Tier {
    pub(crate) namespace: Namespace,
    pub(crate) lake: Arc<Lake>,
}

/// What all handles share. It holds no namespace, which holds it.
pub(crate) struct Lake {
    pub(crate) storage: LakeStorage,
    /// What has the tables, when it is not the hot tier.
    pub(crate) catalog: Option<Arc<RestClient>>,
    /// Where the store is, when it is a folder of this machine.
    pub(crate) folder: Option<PathBuf>,
    pub(crate) runtime: LakeRuntime,
    pub(crate) tables: ColdTables,
    pub(crate) pins: Pins,
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
    /// `InvalidInput` for a location or a catalog other than that which the lake was made with, once it has a
    /// table, or is open; `NotFound`
    /// when it is no longer there, as when the namespace's folder was moved, and in a read-only namespace
    /// that has no lake yet; `Unsupported` for an object store that this build lacks; what the store fails with.
    pub fn open(namespace: &Namespace, options: LakeOptions) -> Result<Tier> {
        let opened = namespace.extension(Opened::default);
        let mut opened = opened.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(lake) = &*opened {
            let tier = Tier { namespace: namespace.clone(), lake: lake.clone() };
            if let Some(asked) = &options.location {
                place::refuse_other(tier.location(), &place::root_asked_for(asked)?)?;
            }
            if let Some(asked) = &options.catalog {
                place::refuse_other_catalog(tier.rest_catalog(), asked)?;
            }
            return Ok(tier);
        }
        place::check_readable(namespace)?;
        namespace.install(&PART)?;
        let Place { objects, root, catalog } = place::open(namespace, options)?;
        let storage = LakeStorage::new(root, objects.store());
        let lake = Arc::new(Lake {
            storage,
            catalog,
            folder: objects.folder().map(Into::into),
            runtime: LakeRuntime::of(namespace),
            tables: ColdTables::default(),
            pins: Pins::default(),
            changing: tokio::sync::Mutex::default(),
        });
        attach(namespace, &lake)?;
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
        let (storage, remote) = (self.lake.storage.clone(), self.lake.catalog.clone());
        Ok(SqliteCatalog::open(&self.namespace, storage, runtime)?.of(remote))
    }

    /// The REST catalog that has the tables, when it is not the hot tier that has them.
    pub fn rest_catalog(&self) -> Option<&RestCatalog> {
        self.lake.catalog.as_deref().map(RestClient::catalog)
    }

    /// Describes moving rows of `table` to the lake. See [`HandOff`].
    pub fn hand_off<T: TieredTable + Clone + 'static>(&self, table: &T, policy: Policy) -> HandOff {
        HandOff::new(self.clone(), Arc::new(table.clone()), policy)
    }

    /// Describes writing the small files of `table` in the lake as fewer larger ones. See [`Compaction`].
    pub fn compact<T: TieredTable + Clone + 'static>(&self, table: &T) -> Compaction {
        Compaction::new(Kept::rows(self.clone(), Arc::new(table.clone())))
    }

    /// The same for the events that were [archived](Tier::archive_events).
    pub fn compact_events(&self) -> Compaction {
        Compaction::new(Kept::events(self.clone()))
    }

    /// Describes letting go of snapshots of `table`. See [`Expiration`].
    pub fn expire<T: TieredTable + Clone + 'static>(
        &self,
        table: &T,
        expiry: Expiry,
    ) -> Expiration {
        Expiration::new(Kept::rows(self.clone(), Arc::new(table.clone())), expiry)
    }

    /// The same for the events that were [archived](Tier::archive_events).
    pub fn expire_events(&self, expiry: Expiry) -> Expiration {
        Expiration::new(Kept::events(self.clone()), expiry)
    }

    /// Describes deleting the files of `table` that nothing names. See [`Cleaning`].
    pub fn clean<T: TieredTable + Clone + 'static>(&self, table: &T) -> Cleaning {
        Cleaning::new(Kept::rows(self.clone(), Arc::new(table.clone())))
    }

    /// The same for the events that were [archived](Tier::archive_events).
    pub fn clean_events(&self) -> Cleaning {
        Cleaning::new(Kept::events(self.clone()))
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
}

/// Lets the namespace's subscriptions go on in the lake. A read-only namespace may have no log.
fn attach(namespace: &Namespace, lake: &Arc<Lake>) -> Result<()> {
    match ChangeLog::open(namespace) {
        Ok(changes) => {
            changes.attach_archive(Arc::new(LakeArchive::new(lake.clone())));
            Ok(())
        }
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::ReadOnly) => Ok(()),
        Err(error) => Err(error),
    }
}

impl fmt::Debug for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tier").field("location", &self.location()).finish_non_exhaustive()
    }
}
