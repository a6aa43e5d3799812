//! The namespace and its parts as their users meet them: one behaviour per file.

#![allow(clippy::unwrap_used)]

mod cache;
mod close;
mod crash;
mod damage;
mod durability;
mod epochs;
mod executor;
mod follow;
mod formats;
mod groups;
mod kv;
mod ledger;
mod log;
mod merge;
mod open;
mod owners;
mod powercut;
mod queue;
mod retention;
mod snapshots;
mod strace;
mod support;
mod views;
mod writer;
