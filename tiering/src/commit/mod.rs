//! Commits that change a table: new snapshots, schema changes, expiry; and files that nothing names.

mod added;
mod carried;
mod evolve;
mod expire;
mod merge;
mod orphans;
mod prepared;
mod reach;
mod refs;
mod snapshot;
mod summary;
mod writer;

pub use evolve::SchemaChange;
pub use expire::{Expiry, expire};
pub use orphans::{Orphan, orphans};
pub use prepared::Prepared;
pub use reach::Unreachable;
pub use snapshot::NewSnapshot;
