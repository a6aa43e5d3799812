//! What the database asks of every store that is built in.

#[cfg(feature = "document")]
mod document;
#[cfg(feature = "sql")]
mod sql;
#[cfg(feature = "vector")]
mod vector;

use headwater_primitives::{Namespace, Result};

use crate::stats::TableStats;

/// One store's answers.
pub(crate) struct PartHooks {
    /// Makes what has to be there before a transaction can make the rest.
    pub(crate) prepare: fn(&Namespace) -> Result<()>,
    /// One line per defect.
    pub(crate) verify: fn(&Namespace) -> Result<Vec<String>>,
    /// Its tables.
    pub(crate) tables: fn(&Namespace) -> Result<Vec<TableStats>>,
}

/// Every store of this build.
pub(crate) const PARTS: &[PartHooks] = &[
    #[cfg(feature = "document")]
    document::HOOKS,
    #[cfg(feature = "vector")]
    vector::HOOKS,
];
