//! What every operation on one table of the lake has.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use headwater_primitives::{Error, ErrorKind, Result};

use crate::cold::{ColdTable, table_ident};
use crate::table::TieredTable;
use crate::tier::Tier;
use crate::tombstones;

/// An operation on one table of the lake.
#[derive(Clone)]
pub(crate) struct Job {
    pub(crate) tier: Tier,
    pub(crate) table: Arc<dyn TieredTable>,
    pub(crate) cancelled: Cancel,
}

/// Ends an operation early, from wherever it is cloned to.
#[derive(Clone, Debug, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// Asks for the end. What is done by then stays done.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    pub(crate) fn check(&self) -> Result<()> {
        if self.0.load(Ordering::SeqCst) {
            return Err(Error::new(ErrorKind::Cancelled, "the work on the lake was cancelled"));
        }
        Ok(())
    }
}

impl Job {
    /// The table's number, and what the lake has of it now; `None` when it was never handed off.
    pub(crate) async fn current(&self) -> Result<Option<(i64, Arc<ColdTable>)>> {
        let (store, name) = (self.table.store(), self.table.name());
        let number =
            self.tier.namespace().query(|sql| tombstones::table_number(sql, store, name))?;
        let Some(number) = number else { return Ok(None) };
        let ident = table_ident(store, name);
        match self.tier.catalog()?.load(&ident).await {
            Ok(table) => Ok(Some((number, self.tier.lake.tables.of(&table).await?))),
            Err(error) if error.kind() == ErrorKind::NotFound && !self.exists(&ident)? => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Whether the catalog has the table: one whose metadata file is missing is there all the same.
    fn exists(&self, ident: &iceberg::TableIdent) -> Result<bool> {
        self.tier.namespace().query(|sql| Ok(crate::catalog::pointer_of(sql, ident)?.is_some()))
    }
}
