//! What can be struck, and what was.

use super::plan::Fault;

/// A request that a fault can strike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Operation {
    /// A put, with or without a condition.
    Put,
    /// The beginning of a multipart upload.
    Begin,
    /// One part of an upload.
    Part,
    /// The completion of an upload.
    Complete,
    /// The abortion of an upload.
    Abort,
    /// A get or head, and each call for several ranges.
    Get,
    /// The body of a get, while it is read.
    Body,
    /// One deletion.
    Delete,
    /// A listing; its key is the prefix.
    List,
    /// A copy; its key is the target.
    Copy,
    /// A rename; its key is the target.
    Rename,
}

/// One injected fault.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Injected {
    /// What was asked for.
    pub operation: Operation,
    /// Of which key.
    pub key: String,
    /// How many requests of this operation on this key there had been.
    pub earlier: u64,
    /// What was done to it.
    pub fault: Fault,
}
