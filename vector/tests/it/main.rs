//! Behaviour of the vector store, seen from outside.

mod quantize;
