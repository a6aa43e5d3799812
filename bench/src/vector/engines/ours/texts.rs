//! Our store over a collection of texts with their embeddings.

use std::path::Path;

use headwater_vector::primitives::{Namespace, RecordId};
use headwater_vector::{Row, Search, VectorOptions, VectorStore};
use serde_json::{Value, json};

use crate::Outcome;
use crate::vector::data::Vectors;
use crate::vector::engines::By;
use crate::vector::engines::ours::{Engine, timed, unable};
use crate::vector::engines::protocol::Command;
use crate::vector::hybrid::{Collection, read_npy};

/// How much the words and the vector count in a weighted search.
const WEIGHTS: (f32, f32) = (0.4, 0.6);

/// Rows that a search with feedback takes as examples.
const EXAMPLES: usize = 3;

/// The texts in two stores, one for each kind of embedding.
pub(super) struct Texts {
    queries: Vec<String>,
    minilm: Embedded,
    lsa: Embedded,
}

/// A store and the queries' vectors.
struct Embedded {
    store: VectorStore,
    queries: Vectors,
}

impl Texts {
    pub(super) fn load(folder: &Path, work: &Path) -> Outcome<Self> {
        let namespace = Namespace::open(work)?;
        let collection = Collection::read(folder)?;
        let embedded = |name: &str, documents: &Vectors, queries: Vectors| -> Outcome<Embedded> {
            let options = VectorOptions::new(documents.dimensions());
            let store = VectorStore::create(&namespace, name, options)?;
            let rows = collection.documents.iter().zip(documents.rows());
            let rows = rows.map(|((id, text), vector)| {
                Ok(Row {
                    id: Some(RecordId::from(i64::from(*id))),
                    // LSA gives zeros to a text without words, and those have no direction.
                    embedding: vector.iter().any(|value| *value != 0.0).then(|| vector.to_vec()),
                    text: Some(text.clone()),
                    ..Row::default()
                })
            });
            store.load(rows, |_| ())?;
            Ok(Embedded { store, queries })
        };
        let npy = |name: &str| read_npy(&folder.join(name));
        let fvecs = |name: &str| Vectors::read(&folder.join(name));
        Ok(Self {
            minilm: embedded("minilm", &npy("doc_minilm384.npy")?, npy("query_minilm384.npy")?)?,
            lsa: embedded("lsa", &fvecs("doc_lsa128.fvecs")?, fvecs("query_lsa128.fvecs")?)?,
            queries: collection.queries,
        })
    }

    fn search(&self, by: By, query: usize) -> Search {
        let text = &self.queries[query];
        let near = |side: &Embedded| side.store.search().vector(side.queries.row(query));
        let weighted = |side| near(side).query(text).weights(WEIGHTS.0, WEIGHTS.1);
        match by {
            By::Text => self.minilm.store.search().query(text),
            By::Vector => near(&self.minilm),
            By::Rrf => near(&self.minilm).query(text),
            By::Weighted => weighted(&self.minilm),
            By::Feedback => weighted(&self.minilm).feedback(EXAMPLES),
            By::LsaVector => near(&self.lsa),
            By::LsaWeighted => weighted(&self.lsa),
            By::LsaFeedback => weighted(&self.lsa).feedback(EXAMPLES),
        }
    }

    fn rank(&self, by: By, k: usize) -> Outcome<Value> {
        // The first search opens the indexes.
        self.search(by, 0).limit(k).run().wait()?;
        let (mut found, mut seconds) = (Vec::new(), Vec::new());
        for query in 0..self.queries.len() {
            let (took, hits) = timed(|| Ok(self.search(by, query).limit(k).run().wait()?))?;
            seconds.push(took);
            found.push(hits.into_iter().map(|hit| hit.id).collect::<Vec<_>>());
        }
        Ok(json!({"found": found, "seconds": seconds}))
    }
}

impl Engine for Texts {
    fn answer(&mut self, command: Command<'_>) -> Outcome<Value> {
        match command {
            Command::Rank { by, k } => self.rank(by, k),
            other => unable(&other),
        }
    }
}
