//! The chapters. One more is one more file, and its line in [`CHAPTERS`].

pub(crate) mod crash;
mod follow;
mod load;
mod query;
mod search;
mod summary;
mod transaction;

use crate::{Outcome, Tour};

/// One part of the tour: it finds the database as the chapters before have left it.
pub(crate) struct Chapter {
    pub(crate) title: &'static str,
    /// One sentence below the title.
    pub(crate) about: &'static str,
    pub(crate) run: fn(&mut Tour) -> Outcome,
}

/// In the order in which they are shown.
pub(crate) const CHAPTERS: &[Chapter] = &[
    load::CHAPTER,
    query::CHAPTER,
    search::CHAPTER,
    transaction::CHAPTER,
    follow::CHAPTER,
    crash::CHAPTER,
    summary::CHAPTER,
];
