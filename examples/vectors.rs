//! Rows that have a vector, a text and other fields: searched by words, by meaning and by both.
//!
//! `cargo run --example vectors -p headwater-examples`

use headwater::Result;
use headwater::prelude::*;
use headwater::vector::{Found, SnippetOptions};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Serialize, Deserialize, Store)]
#[store(vector, dim = 3)]
struct Film {
    #[store(id)]
    title: String,
    /// What it is about, as a vector. A model makes hundreds of numbers of a text; these three are
    /// made by hand: how much it is about space, about love and about crime.
    #[store(embedding)]
    subject: [f32; 3],
    /// What searches by words look into.
    #[store(text)]
    plot: String,
    /// An index that filters use. Filters on other fields work too, by looking at the rows.
    #[store(filter)]
    year: u16,
}

fn film(title: &str, year: u16, subject: [f32; 3], plot: &str) -> Film {
    Film { title: title.to_owned(), subject, plot: plot.to_owned(), year }
}

fn main() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let db = Headwater::builder(folder.path().join("films.hw")).with::<Film>().open()?;
    let films = db.vectors::<Film>()?;

    // Any number of rows, in batches; an iterator over a file that is read meanwhile will do as well.
    let classics = [
        film(
            "2001",
            1968,
            [0.9, 0.0, 0.2],
            "Astronauts fly to Jupiter, and a computer kills them.",
        ),
        film("Solaris", 1972, [0.8, 0.6, 0.0], "On a station a psychologist meets his dead wife."),
        film("Alien", 1979, [0.9, 0.0, 0.3], "A crew of seven brings a stranger on board."),
        film("Heat", 1995, [0.0, 0.2, 0.9], "A detective hunts a crew of robbers."),
        film(
            "Gravity",
            2013,
            [1.0, 0.1, 0.0],
            "Two astronauts are left floating when debris hits.",
        ),
        film("Her", 2013, [0.1, 1.0, 0.0], "A lonely writer loves the voice of his computer."),
    ];
    let loaded =
        films.load(classics.into_iter().map(Ok), |done| println!("{} so far", done.rows))?;
    println!("loaded: {} films, {} bytes", loaded.rows, loaded.bytes);

    // By words: compared by their stems, so that "astronaut" finds "Astronauts". The passages that
    // made a row an answer can be shown.
    let highlight = SnippetOptions::default().max_chars(40);
    for found in films.search().query("astronaut").highlight(highlight).fetch().wait()? {
        let passage = found.hit.snippets.first().map(|snippet| snippet.to_html());
        println!("says it: {} ({})", found.row.title, passage.unwrap_or_default());
    }

    // By meaning: what is near the vector, whatever its words are.
    let space = [1.0, 0.0, 0.0];
    show("about space", &films.search().vector(&space).limit(3).fetch().wait()?);

    // By both, of the rows that a filter matches: here the vector counts a little more.
    let recent = field("year").gte(1975);
    let search = films.search().query("a crew in danger").vector(&space).weights(0.4, 0.6);
    let found = search.filter(recent).limit(3).explain().fetch().wait()?;
    show("about space, with a crew, since 1975", &found);
    assert_eq!(found[0].row.title, "Alien");

    // Where the first one was on either side, and with which score.
    if let Some(explain) = found[0].hit.explain {
        println!("the first, by words: {:?}; by meaning: {:?}", explain.text, explain.vector);
    }

    // A search sees every write before it; a text or a vector can be changed alone.
    films.set_text("Heat", Some("A detective and a robber meet over coffee.")).wait()?;
    show("coffee", &films.search().query("coffee").fetch().wait()?);
    db.delete::<Film>("Heat").wait()?;
    assert!(films.search().query("coffee").fetch().wait()?.is_empty(), "it is deleted");
    db.close()
}

fn show(what: &str, found: &[Found<Film>]) {
    println!("{what}:");
    for Found { hit, row } in found {
        println!("  {:.3}  {} ({})", hit.score, row.title, row.year);
    }
}
