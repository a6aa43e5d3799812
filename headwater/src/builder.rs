//! How a database is opened when the defaults will not do.

use headwater_primitives::{Durability, NamespaceBuilder, Result};

use crate::database::Headwater;
use crate::routing::{Keyed, Store};

type OpenStore = Box<dyn FnOnce(&Headwater) -> Result<()> + Send>;

/// The settings of a database. Made by [`Headwater::builder`].
#[must_use = "a database is opened only by `open`"]
pub struct HeadwaterBuilder {
    namespace: NamespaceBuilder,
    stores: Vec<OpenStore>,
}

impl HeadwaterBuilder {
    pub(crate) fn new(namespace: NamespaceBuilder) -> Self {
        HeadwaterBuilder { namespace, stores: Vec::new() }
    }

    /// Opens without owning: another process may own and write the database meanwhile, and writes
    /// here are refused.
    pub fn read_only(mut self) -> Self {
        self.namespace = self.namespace.read_only();
        self
    }

    /// What an acknowledgement promises when a write does not say. Default: [`Durability::Sync`].
    pub fn durability(mut self, durability: Durability) -> Self {
        self.namespace = self.namespace.durability(durability);
        self
    }

    /// The row cache's budget in bytes; 0 switches it off. Default: 64 MiB.
    pub fn cache_bytes(mut self, bytes: usize) -> Self {
        self.namespace = self.namespace.cache_bytes(bytes);
        self
    }

    /// Changes any other setting of the namespace, such as its clock.
    ///
    /// ```
    /// use headwater::Headwater;
    /// use headwater::primitives::SeededIds;
    ///
    /// # fn main() -> headwater::Result<()> {
    /// # let folder = std::env::temp_dir().join(format!("headwater-doc-{}", std::process::id()));
    /// let db = Headwater::builder(&folder).namespace(|ns| ns.ids(SeededIds::new(7))).open()?;
    /// # db.close()?;
    /// # std::fs::remove_dir_all(folder)?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn namespace(mut self, change: impl FnOnce(NamespaceBuilder) -> NamespaceBuilder) -> Self {
        self.namespace = change(self.namespace);
        self
    }

    /// Opens the store of the type `T` with the database, instead of at the first use: its indexes
    /// are there from the start, and a transaction may use it at once.
    pub fn with<T>(mut self) -> Self
    where
        T: Store + Keyed<<T as Store>::Model>,
    {
        self.stores.push(Box::new(T::open));
        self
    }

    /// Opens the database; makes it when it is not there.
    ///
    /// # Errors
    /// `Locked` when another process owns it; `NotADatabase`, `Corrupt` or `NewerVersion` when the
    /// folder holds what this code cannot read; `NotFound` when a database to be read is not there;
    /// `ReadOnly`; `DiskFull`; what a store named by `with` could not be opened for.
    pub fn open(self) -> Result<Headwater> {
        let db = Headwater::new(self.namespace.open()?)?;
        self.stores.into_iter().try_for_each(|open| open(&db))?;
        Ok(db)
    }
}
