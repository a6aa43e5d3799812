//! Operations are handles: the same one is awaited in async code and waited for in sync code.

mod commit;
mod park;
mod read;
mod slot;

pub use commit::{Commit, Pending, Submit};
pub use read::{Answer, Read};

pub use park::block_on;
