//! Searches see every write that was acknowledged, and find the same after a restart.

use std::time::Instant;

use headwater::vector::{Embedder, VectorStore};

use super::questions::all_answers;
use super::{direction, packages};
use crate::embedding::Lsa;
use crate::model::Readme;
use crate::screen::human;
use crate::{Outcome, Tour};

const NEW: &str = "Random numbers from the noise of a mountain stream: entropy for cryptography.";

/// A README is written, searched for at once, and deleted.
pub(super) fn write_and_delete(tour: &mut Tour, lsa: &Lsa) -> Outcome {
    tour.screen.step("A README is written, and searched for at once");
    let store = tour.db.vectors::<Readme>()?;
    let embedding = direction(lsa.embed(&[NEW])?.remove(0)).ok_or("none of its words is known")?;
    let new = Readme {
        package: "mountain-stream".to_owned(),
        embedding: Some(embedding.clone()),
        text: NEW.to_owned(),
        licences: vec!["MIT".to_owned()],
    };
    let began = Instant::now();
    tour.db.insert(&new).wait()?;
    let written = began.elapsed();
    let sides = find(&store, &embedding)?;
    let found = began.elapsed() - written;
    tour.screen.indented(format!(
        "written in {}, found by words and by vector in {}",
        human::time(written),
        human::time(found)
    ));
    let is_first = |side: &Vec<String>| side.first() == Some(&new.package);
    tour.check(sides.iter().all(is_first), "as soon as it is acknowledged it is the best answer")?;
    tour.db.delete::<Readme>(&*new.package).wait()?;
    let gone = find(&store, &embedding)?.iter().all(|side| !side.contains(&new.package));
    tour.check(gone, "once it is deleted neither words nor meaning find it")
}

/// What is found by words of the new README, and by its vector.
fn find(store: &VectorStore<Readme>, vector: &[f32]) -> Outcome<[Vec<String>; 2]> {
    let by_words = packages(store.search().query("mountain stream"))?;
    Ok([by_words, packages(store.search().vector(vector))?])
}

/// Closes the database, opens it again, and asks all questions once more.
pub(super) fn reopen(tour: &mut Tour, lsa: &Lsa) -> Outcome {
    tour.screen.step("The database is closed and opened again");
    let before = all_answers(&tour.db.vectors::<Readme>()?, lsa)?;
    tour.db.clone().close()?;
    tour.db = crate::open(&tour.workplace)?;
    let store = tour.db.vectors::<Readme>()?;
    let began = Instant::now();
    let stats = store.index_stats().wait()?;
    tour.screen.indented(format!(
        "indexes of {} texts and {} vectors, read from their files in {}",
        human::count(stats.texts),
        human::count(stats.vectors as u64),
        human::time(began.elapsed())
    ));
    tour.check(all_answers(&store, lsa)? == before, "every question has the same answers as before")
}
