//! Documents that move to the lake, and are the same documents there.

mod columns;
mod crash;
mod faults;
mod model;
mod moving;
mod names;
mod past;
mod place;
mod python;
mod release;
mod rest;
mod restore;
mod s3;
mod soak;
mod upkeep;

use headwater_document::DocumentStore;
use headwater_document::primitives::Result;
use headwater_tiering::{HandedOff, Policy, Tier};

/// Moves what `policy` says to the lake.
pub(crate) fn hand_off(store: &DocumentStore, policy: Policy) -> Result<HandedOff> {
    Tier::of(store.namespace())?.hand_off(store, policy).wait()
}
