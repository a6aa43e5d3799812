//! Types of the vector store, routed beside documents.

use headwater::prelude::*;
use headwater::vector::Row;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Store, Serialize, Deserialize)]
#[store(vector, dim = 3, prefixes = [2])]
struct Article {
    #[store(id)]
    id: u32,
    #[store(embedding)]
    meaning: [f32; 3],
    #[store(text)]
    body: Option<String>,
    #[store(filter)]
    year: u16,
}

#[derive(Debug, PartialEq, Store, Serialize, Deserialize)]
#[store(document)]
struct Author {
    #[store(id)]
    id: u32,
}

fn article(id: u32) -> Article {
    Article { id, meaning: [1.0, 0.0, 0.5], body: Some("words".into()), year: 1998 }
}

#[test]
fn a_type_of_the_vector_store_is_routed_by_its_id() {
    let db = Headwater::in_memory().unwrap();
    db.insert(&article(1)).wait().unwrap();
    db.put(&article(1)).wait().unwrap();
    assert_eq!(db.get::<Article>(1).wait().unwrap(), Some(article(1)));
    assert!(db.delete::<Article>(1).wait().unwrap().is_some());
    assert_eq!(db.get::<Article>(1).wait().unwrap(), None);
}

#[test]
fn one_transaction_writes_documents_and_vectors() {
    let db = Headwater::in_memory().unwrap();
    db.transaction(|tx| {
        tx.put(&Author { id: 7 })?;
        tx.insert(&article(1))?;
        assert_eq!(tx.get::<Article>(1)?, Some(article(1)));
        assert!(tx.delete::<Article>(2)?.is_none());
        Ok(())
    })
    .wait()
    .unwrap();
    assert_eq!(db.get::<Author>(7).wait().unwrap(), Some(Author { id: 7 }));
    let rows: VectorStore<Row> = db.vector_store("articles").unwrap();
    assert_eq!(rows.get(1).wait().unwrap().unwrap().text.as_deref(), Some("words"));
    let stats = db.stats().unwrap();
    let table = stats.tables.iter().find(|table| table.store == "vector").unwrap();
    assert_eq!(
        (&*table.table, table.rows, &table.indexes[..]),
        ("articles", 1, &["year".into()][..])
    );
    assert!(db.verify().unwrap().is_empty());
}
