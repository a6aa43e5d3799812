//! Why a search finds what it finds: the passage, and where each answer was on either side.

use headwater::vector::{Found, Side, SnippetOptions};

use super::{by_both, embedded};
use crate::embedding::Lsa;
use crate::model::Readme;
use crate::screen::{Column, Table};
use crate::{Outcome, Tour};

/// Half a line: the name of the package stands before it, and the marks need room.
const PASSAGE: usize = 50;

/// The passages that the words are about.
pub(super) fn passages(tour: &Tour) -> Outcome {
    const QUESTION: &str = "entropy";
    let screen = tour.screen;
    screen.step(format!("Where do they say it? {QUESTION}, by words, with the passages"));
    let search = tour.db.vectors::<Readme>()?.search().query(QUESTION).limit(3);
    let search = search.highlight(SnippetOptions::default().max_chars(PASSAGE));
    for Found { hit, row } in search.fetch().wait()? {
        for snippet in hit.snippets {
            // Spaces are as long as line ends, so the marks stay where they are.
            let text = snippet.text.replace(['\n', '\r', '\t'], " ");
            let passage = screen.marked(&text, &snippet.highlights);
            screen.line(format!("  {:<16} {passage}", row.package));
        }
    }
    Ok(())
}

/// Where each answer was on either side, and with which score.
pub(super) fn ranks(tour: &Tour, lsa: &Lsa) -> Outcome {
    const QUESTION: &str = "hashing";
    tour.screen.step(format!("Why in this order? {QUESTION}, by both, explained"));
    let store = tour.db.vectors::<Readme>()?;
    let vector = embedded(lsa, QUESTION)?;
    let mut table = Table::new(&[
        Column::Left(""),
        Column::Right("by words"),
        Column::Right("BM25"),
        Column::Right("by meaning"),
        Column::Right("cosine"),
        Column::Right("score"),
    ]);
    for Found { hit, row } in
        by_both(&store, QUESTION, vector.as_deref()).explain().fetch().wait()?
    {
        let explain = hit.explain.unwrap_or_default();
        let [[by_words, bm25], [by_meaning, cosine]] = [explain.text, explain.vector].map(cells);
        let score = format!("{:.3}", hit.score);
        table.row([row.package, by_words, bm25, by_meaning, cosine, score]);
    }
    tour.screen.table(&table);
    tour.screen.indented(
        "Each side's scores are brought to the range from 0 to 1 before they are weighed.",
    );
    Ok(())
}

/// The place on a side, if it was among the best there, and the score.
fn cells(side: Option<Side>) -> [String; 2] {
    match side {
        Some(Side { rank: 0, score }) => ["-".to_owned(), format!("{score:.2}")],
        Some(Side { rank, score }) => [format!("place {rank}"), format!("{score:.2}")],
        None => ["-".to_owned(), "-".to_owned()],
    }
}
