//! Keeping tables of the lake in shape: fewer and larger files, fewer snapshots, no file that nothing
//! names.
//!
//! No file is ever changed, and none is deleted that a reader may come to. A commit that makes files
//! unreachable notes them in the hot tier, in its own transaction. They are deleted once they have been
//! so for a grace, and while no view of this process reads a state of the table from before.

mod choose;
mod clean;
mod compact;
mod expire;
mod kept;
mod merge;
mod report;
mod unreachable;

pub use clean::{Cleaned, Cleaning};
pub use compact::{Compacted, Compaction};
pub use expire::{Expiration, Expired};
pub(crate) use kept::Kept;
pub use report::UpkeepProgress;
