//! The area `vector`: what a vector store is asked to do all day.

mod data;

pub(crate) use data::PrepareVectors;
