//! What the change log promises, one behaviour per test.

mod cursors;
mod envelopes;
mod events;
mod filters;
mod followers;
mod model;
mod retention;
mod snapshots;
mod subscriptions;
mod support;
mod verify;
