//! Embeddings in the warm tier: what is found, read and written does not tell where they are.

mod behaviour;
mod crash;
mod demotion;
mod events;
mod follower;
mod model;
mod places;
mod recall;
#[cfg(feature = "aws")]
mod s3;
mod support;
mod transactions;
