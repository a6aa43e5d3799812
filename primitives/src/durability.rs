//! What an acknowledgement promises.

/// What an acknowledged write survives. A commit group takes the strictest member's level.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Durability {
    /// Survives a crash of the process, not a power cut: handed to the operating system, not synced.
    Os,
    /// Survives a power cut: the write-ahead log is synced before the acknowledgement.
    #[default]
    Sync,
}
