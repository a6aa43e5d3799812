//! What is said to a measured process and what it answers: a line of JSON each.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::vector::engines::ranker::By;

/// What a process is told to do. Rows are given as a file of `u32` labels.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub(crate) enum Command<'a> {
    /// Reads what an index is made of.
    Load {
        #[serde(borrow)]
        base: &'a Path,
        queries: &'a Path,
    },
    /// Makes the index of all vectors.
    Build { links: usize, candidates: usize },
    /// Answers all queries from the index, again and again until the time is over.
    Search { k: usize, ef: usize, least_seconds: f64 },
    /// The same by comparing with every vector.
    Scan { k: usize, least_seconds: f64 },
    /// Finds only these rows from now on; all of them again without a file.
    Accept { rows: Option<&'a Path> },
    /// Writes the index to a file.
    Save { path: &'a Path },
    /// Reads it from there.
    Open { path: &'a Path },
    /// Takes these rows out of the index, in this order.
    Remove { rows: &'a Path },
    /// Puts them back.
    Insert { rows: &'a Path },
    /// Reads and indexes a collection of texts.
    LoadTexts { folder: &'a Path, work: &'a Path },
    /// Ranks the texts for each query.
    Rank { by: By, k: usize },
}

/// What it answers.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Answer<T> {
    Ok(T),
    Error(String),
}
