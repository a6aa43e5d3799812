//! Documents with nothing but the document store, in a program without async.
//!
//! `cargo run --example documents -p headwater-examples`

use headwater_document::primitives::filter::field;
use headwater_document::primitives::{ErrorKind, Namespace, Result};
use headwater_document::{DocumentStore, Order, PutOptions, Store};
use serde::{Deserialize, Serialize};
use serde_json::json;

#[derive(Clone, Debug, Serialize, Deserialize, Store)]
#[store(document, crate = headwater_document)]
struct Book {
    #[store(id)]
    isbn: String,
    title: String,
    #[store(index)]
    authors: Vec<String>,
    #[store(index)]
    year: i32,
    copies: u32,
}

fn book(isbn: &str, title: &str, authors: &[&str], year: i32) -> Book {
    Book {
        isbn: isbn.to_owned(),
        title: title.to_owned(),
        authors: authors.iter().map(|author| (*author).to_owned()).collect(),
        year,
        copies: 1,
    }
}

fn main() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let ns = Namespace::open(folder.path().join("library.hw"))?;
    let books = DocumentStore::<Book>::open_default(&ns)?;

    // In bulk: all of them, or none.
    let classics = [
        book("978-0201038019", "The Art of Computer Programming", &["Knuth"], 1968),
        book("978-0131103627", "The C Programming Language", &["Kernighan", "Ritchie"], 1978),
        book("978-0262510875", "Structure and Interpretation", &["Abelson", "Sussman"], 1985),
        book("978-1718503106", "The Rust Programming Language", &["Klabnik", "Nichols"], 2023),
    ];
    let written = books.bulk_insert(&classics).wait()?;
    println!("{} books, events {} to {}", written.count, written.first, written.last);

    // A filter: typed, or as JSON. An element of a list counts as a value.
    let old = books.find(field("year").lt(1980)).sort("year", Order::Descending).run().wait()?;
    for found in &old.documents {
        println!("before 1980: {} ({})", found.document.title, found.document.year);
    }
    let by_ritchie = books.find(r#"{"authors": "Ritchie"}"#.parse()?).run().wait()?;
    println!("by Ritchie: {}", by_ritchie.documents[0].document.title);

    // Three ways to change one: a closure, a patch, and a whole document at an expected version.
    books.update("978-0131103627", |book| book.copies += 2).wait()?;
    books.merge_patch("978-1718503106", &json!({"copies": 5})).wait()?;
    let Some(read) = books.get_versioned("978-0201038019").wait()? else { return Ok(()) };
    let mut changed = read.document;
    changed.year = 2011;
    books.replace_with(&changed, PutOptions::expecting(read.version)).wait()?;

    // Whoever read it before that is told.
    let late = books.replace_with(&changed, PutOptions::expecting(read.version)).wait();
    if let Err(error) = late {
        assert_eq!(error.kind(), ErrorKind::Conflict);
        println!("refused: {error}");
    }

    // A page, and the one after it.
    let first = books.find(field("copies").gte(1)).sort("title", Order::Ascending).limit(3);
    let page = first.run().wait()?;
    println!("first page: {} books", page.documents.len());
    if let Some(token) = page.next {
        let rest = books.find(field("copies").gte(1)).sort("title", Order::Ascending).limit(3);
        println!("next page: {} books", rest.after(token).run().wait()?.documents.len());
    }

    // Collections need no type.
    let notes: DocumentStore = DocumentStore::open(&ns, "notes")?;
    let note = notes.insert(&json!({"about": "978-0262510875", "text": "lent to Ada"})).wait()?;
    println!("a note with the id {}, which was made for it", note.id);
    ns.close()
}
