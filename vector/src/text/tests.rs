//! The behaviour of the index and its tail together.

mod damage;
mod equivalence;
mod highlights;
mod quality;
mod queries;
mod rows;

use std::path::Path;

use super::search::TextHit;
use super::{Opening, Snapshot, TextIndex, TextIndexOptions, TextQuery};

/// Opens the index in `folder`.
fn open(folder: &Path, language: Option<&str>) -> (TextIndex, Opening) {
    let language = language.map(str::to_owned);
    TextIndex::open(folder, &TextIndexOptions { language, ..Default::default() }).unwrap()
}

/// An index of `texts`, labelled from 0 on, in a folder of its own.
fn indexed(language: Option<&str>, texts: &[&str]) -> (tempfile::TempDir, TextIndex) {
    let folder = tempfile::tempdir().unwrap();
    let (index, _) = open(folder.path(), language);
    let rows = texts.iter().enumerate().map(|(row, text)| (row as i64, *text));
    index.apply(rows, &[]).unwrap();
    index.commit((1, texts.len() as u64)).unwrap();
    (folder, index)
}

fn search(snapshot: &Snapshot, query: &str, k: usize) -> Vec<TextHit> {
    snapshot.search(&TextQuery::parse(query).unwrap(), k, None).unwrap()
}

/// The labels of all rows that `query` finds, ascending.
fn found(snapshot: &Snapshot, query: &str) -> Vec<i64> {
    let mut rows: Vec<i64> = search(snapshot, query, 1_000).iter().map(|hit| hit.row).collect();
    rows.sort_unstable();
    rows
}
