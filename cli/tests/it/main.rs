//! The program, run as a user runs it: a process with pipes.
#![allow(clippy::unwrap_used)]

mod acks;
mod documents;
mod events;
mod inspection;
mod pipes;
mod program;
mod refusals;
mod sql;
mod tier;
mod vectors;
#[cfg(feature = "lance")]
mod warm;
