//! The same questions three ways, beside each other.

use std::time::Duration;

use headwater::vector::VectorStore;

use super::{SHOWN, WEIGHTS, by_both, embedded, packages};
use crate::clock::timed;
use crate::embedding::Lsa;
use crate::model::Readme;
use crate::screen::{Column, Table, human};
use crate::{Outcome, Tour};

const QUESTIONS: [&str; 5] = ["hashing", "entropy", "parallelism", "RFC 6901", "checksum"];
/// How far a score may be from the one that a loop computes, which adds in another order.
const ROUNDING: f32 = 1e-5;

#[derive(Clone, Copy)]
enum Way {
    Words,
    Meaning,
    Both,
}

const WAYS: [Way; 3] = [Way::Words, Way::Meaning, Way::Both];

/// How long a search took, and the packages that it found.
type Answer = (Duration, Vec<String>);

pub(super) fn ask(tour: &mut Tour, lsa: &Lsa, rows: &[Readme]) -> Outcome {
    let store = tour.db.vectors::<Readme>()?;
    tour.screen.line("");
    let (of_words, of_vector) = WEIGHTS;
    tour.screen.paragraph(&format!(
        "Each question is asked by its words, by its vector, and by both with weights of \
         {of_words} and {of_vector}. The times are medians, reading the rows included. A * marks a \
         README that has none of the words."
    ));
    let (mut exact, mut beyond_words) = (true, 0);
    for question in QUESTIONS {
        let vector = embedded(lsa, question)?;
        let having = packages(store.search().query(question).limit(rows.len()))?;
        let mut answers = Vec::new();
        for way in WAYS {
            answers.push(timed(|| find(&store, question, vector.as_deref(), way))?);
        }
        show(tour, question, &answers, &having);
        match &vector {
            Some(vector) => exact &= is_exact(&store, rows, vector)?,
            None => tour
                .screen
                .indented("It has no vector: too few READMEs have the word to show what it means."),
        }
        let by_meaning = &answers[Way::Meaning as usize].1;
        beyond_words += by_meaning.iter().filter(|name| !having.contains(name)).count();
    }
    tour.screen.line("");
    tour.check(exact, "exact(), by meaning, finds what a loop over all vectors finds")?;
    tour.check(beyond_words > 0, "meaning finds READMEs that have none of the words")
}

/// What is found for all questions, every way.
pub(super) fn all_answers(store: &VectorStore<Readme>, lsa: &Lsa) -> Outcome<Vec<Vec<String>>> {
    let mut all = Vec::new();
    for question in QUESTIONS {
        let vector = embedded(lsa, question)?;
        for way in WAYS {
            all.push(find(store, question, vector.as_deref(), way)?);
        }
    }
    Ok(all)
}

fn find(
    store: &VectorStore<Readme>,
    question: &str,
    vector: Option<&[f32]>,
    way: Way,
) -> Outcome<Vec<String>> {
    match (way, vector) {
        (Way::Words, _) => packages(store.search().query(question).limit(SHOWN)),
        (Way::Meaning, Some(vector)) => packages(store.search().vector(vector).limit(SHOWN)),
        (Way::Meaning, None) => Ok(Vec::new()),
        (Way::Both, vector) => packages(by_both(store, question, vector)),
    }
}

fn show(tour: &Tour, question: &str, answers: &[Answer], having: &[String]) {
    let said = match having.len() {
        1 => "1 README has such a word".to_owned(),
        number => format!("{} READMEs have such a word", human::count(number as u64)),
    };
    tour.screen.step(format!("{question}: {said}"));
    let columns = ["by words", "by meaning", "by both"].map(Column::Left);
    let mut table = Table::new(&columns);
    let longest = answers.iter().map(|(_, found)| found.len()).max().unwrap_or(0);
    for place in 0..longest {
        let name = |way: Way| match answers[way as usize].1.get(place) {
            Some(name) if having.contains(name) => name.clone(),
            Some(name) => format!("{name} *"),
            None => String::new(),
        };
        table.row(WAYS.map(name));
    }
    let took = |way: Way| match &answers[way as usize] {
        (_, found) if found.is_empty() => String::new(),
        (took, _) => format!("in {}", human::time(*took)),
    };
    table.row(WAYS.map(took));
    tour.screen.table(&table);
}

/// Whether searches by `vector` have the scores that a loop over all rows computes, place by place.
/// Names would not do: READMEs that are equally near may change places.
fn is_exact(store: &VectorStore<Readme>, rows: &[Readme], vector: &[f32]) -> Outcome<bool> {
    let cosine = |row: &Readme| -> Option<f32> {
        let embedding = row.embedding.as_ref()?;
        Some(embedding.iter().zip(vector).map(|(one, other)| one * other).sum())
    };
    let mut nearest: Vec<f32> = rows.iter().filter_map(cosine).collect();
    nearest.sort_by(|one, other| other.total_cmp(one));
    let found = store.search().vector(vector).limit(rows.len()).exact().run().wait()?;
    let mut places = found.iter().zip(&nearest);
    let same = places.all(|(hit, cosine)| (hit.score - cosine).abs() < ROUNDING);
    Ok(same && found.len() == nearest.len())
}
