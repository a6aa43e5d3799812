//! What the change log promises, one behaviour per test.

#![allow(clippy::unwrap_used)]

mod cursors;
mod envelopes;
mod epochs;
mod events;
mod filters;
mod followers;
mod model;
mod retention;
mod snapshots;
mod subscriptions;
mod support;
mod verify;
