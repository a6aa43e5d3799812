//! Codes of vectors: what they find, what they bear, their bytes.

mod data;
mod edges;
mod formats;
mod prefixes;
mod recall;
mod speed;
mod table;
