//! Search: the packages' READMEs, by their words, by their meaning, and by both.

mod questions;
mod readmes;
mod reasons;
mod up_to_date;

use std::time::Instant;

use headwater::filter::field;
use headwater::vector::{Embedder, Found, Search, VectorStore};

use super::Chapter;
use crate::embedding::{Lsa, LsaOptions};
use crate::model::{Package, Readme, all};
use crate::screen::human;
use crate::{Outcome, Tour};

pub(super) const CHAPTER: Chapter = Chapter {
    title: "Search",
    about: "Which READMEs are about hashing, or entropy? Asked by words, by meaning and by both.",
    run,
};

/// How many answers are shown.
const SHOWN: usize = 5;
/// What the words count in a search by both, and what the vector.
const WEIGHTS: (f32, f32) = (0.4, 0.6);

fn run(tour: &mut Tour) -> Outcome {
    let (lsa, rows) = load(tour)?;
    questions::ask(tour, &lsa, &rows)?;
    reasons::passages(tour)?;
    reasons::ranks(tour, &lsa)?;
    with_a_filter(tour, &lsa, &rows)?;
    up_to_date::write_and_delete(tour, &lsa)?;
    up_to_date::reopen(tour, &lsa)
}

/// Makes the READMEs' embeddings, and stores both.
fn load(tour: &mut Tour) -> Outcome<(Lsa, Vec<Readme>)> {
    tour.screen
        .step("Each README becomes a row: a text, a vector of what it means, and its licences");
    let store = tour.db.vectors::<Readme>()?;
    let mut rows = readmes::of(all::<Package>(&tour.db)?);
    let began = Instant::now();
    let lsa = embed(&mut rows, store.options().dimensions)?;
    tour.screen.indented(format!(
        "{} became vectors of {} dimensions in {}: by latent semantic analysis of {} that they \
         share, with no model to download",
        human::counted(rows.len() as u64, "README", "READMEs"),
        lsa.rank(),
        human::time(began.elapsed()),
        human::counted(lsa.vocabulary() as u64, "word", "words"),
    ));

    let bar = tour.screen.bar(rows.len() as u64, "loading READMEs");
    let began = Instant::now();
    let loaded = store.load(rows.iter().cloned().map(Ok), |done| bar.set_position(done.rows))?;
    bar.finish_and_clear();
    let stored = began.elapsed();
    let began = Instant::now();
    store.index_stats().wait()?;
    tour.screen.indented(format!(
        "{} of rows were stored in {}, each with its event; the indexes were made in {}",
        human::bytes(loaded.bytes),
        human::time(stored),
        human::time(began.elapsed())
    ));
    let number = store.count().wait()?;
    tour.check(number == rows.len() as u64, "every README is in the store")?;
    Ok((lsa, rows))
}

/// Learns from the rows' texts which words belong together, and gives each row its embedding.
fn embed(rows: &mut [Readme], dimensions: usize) -> Outcome<Lsa> {
    let texts: Vec<&str> = rows.iter().map(|row| &*row.text).collect();
    let lsa = Lsa::fit(&texts, LsaOptions { dimensions, ..LsaOptions::default() })?;
    let embeddings = lsa.embed(&texts)?;
    for (row, embedding) in rows.iter_mut().zip(embeddings) {
        row.embedding = direction(embedding);
    }
    Ok(lsa)
}

/// The vector, unless it is all zeros: a text without a known word points nowhere.
fn direction(vector: Vec<f32>) -> Option<Vec<f32>> {
    vector.iter().any(|value| *value != 0.0).then_some(vector)
}

/// The vector of a question, if one of its words is known.
fn embedded(lsa: &Lsa, question: &str) -> Outcome<Option<Vec<f32>>> {
    Ok(direction(lsa.embed_query(question)?))
}

/// A search by words, and by a vector where there is one.
fn by_both(store: &VectorStore<Readme>, question: &str, vector: Option<&[f32]>) -> Search<Readme> {
    let search = store.search().query(question).limit(SHOWN);
    match vector {
        Some(vector) => search.vector(vector).weights(WEIGHTS.0, WEIGHTS.1),
        None => search,
    }
}

/// The packages whose READMEs a search has found, best first.
fn packages(search: Search<Readme>) -> Outcome<Vec<String>> {
    let found = search.fetch().wait()?;
    Ok(found.into_iter().map(|Found { row, .. }| row.package).collect())
}

/// A filter narrows both sides before they are ranked.
fn with_a_filter(tour: &mut Tour, lsa: &Lsa, rows: &[Readme]) -> Outcome {
    const LICENCE: &str = "Zlib";
    let filter = field("licences").eq(LICENCE);
    tour.screen.step(format!("hashing, among the packages that offer the {LICENCE} licence"));
    tour.screen.asked(&filter.to_string());
    let store = tour.db.vectors::<Readme>()?;
    let vector = embedded(lsa, "hashing")?;
    let search = by_both(&store, "hashing", vector.as_deref()).filter(filter);
    let found = search.limit(rows.len()).fetch().wait()?;
    let names: Vec<&str> = found.iter().map(|found| &*found.row.package).collect();
    tour.screen.indented(names.join(", "));

    let offers = |row: &Readme| row.licences.iter().any(|licence| licence == LICENCE);
    let near = rows.iter().filter(|row| offers(row) && row.embedding.is_some()).count();
    let right = found.iter().all(|found| offers(&found.row)) && found.len() >= near;
    tour.check(right, "every answer offers it, and no package that does is left out")
}
