//! Searches, seen from outside.

mod crash;
mod damage;
mod extremes;
mod feedback;
mod follower;
mod fusion;
mod model;
mod position;
mod prefixes;
mod races;
mod refusals;
mod support;
