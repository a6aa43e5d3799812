//! Our vector store over texts with embeddings.

use std::path::Path;

use headwater_vector::primitives::Namespace;
use headwater_vector::{RecordId, Row, Search, VectorOptions, VectorStore};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{npy, timed};
use crate::Outcome;

/// The weights of words and embedding where both count.
const WEIGHTS: (f32, f32) = (0.4, 0.6);

#[derive(Deserialize)]
struct Text {
    #[serde(rename = "_id")]
    id: String,
    #[serde(default)]
    title: String,
    text: String,
}

/// A filled store, and the queries.
pub(super) struct Texts {
    store: VectorStore,
    queries: Vec<(String, Vec<f32>)>,
}

impl Texts {
    pub(super) fn load(folder: &Path, work: &Path) -> Outcome<Self> {
        let namespace = Namespace::open(work.join("headwater"))?;
        let documents = texts(&folder.join("corpus.jsonl"))?;
        let embeddings = npy::rows(&folder.join("doc_minilm384.npy"))?;
        let dimensions = embeddings.first().map_or(0, Vec::len);
        let options = VectorOptions::new(dimensions);
        let store: VectorStore = VectorStore::create(&namespace, "texts", options)?;
        let rows = documents.into_iter().zip(embeddings).map(|(document, embedding)| {
            Ok(Row {
                id: Some(document.id.parse::<i64>().map_err(invalid)?.into()),
                embedding: embedding.iter().any(|number| *number != 0.0).then_some(embedding),
                text: Some(format!("{} {}", document.title, document.text)),
                ..Row::default()
            })
        });
        store.load(rows, |_| {})?;
        let queries = texts(&folder.join("queries.jsonl"))?.into_iter().map(|query| query.text);
        let embeddings = npy::rows(&folder.join("query_minilm384.npy"))?;
        Ok(Self { store, queries: queries.zip(embeddings).collect() })
    }

    /// The ids that each query finds, best first, and the seconds that each one took.
    pub(super) fn rank(&self, by: &str, k: usize) -> Outcome<Value> {
        let first = self.queries.first().ok_or("there are no queries")?;
        // Opens what is opened lazily.
        self.search(by, first)?.limit(k).run().wait()?;
        let (mut found, mut seconds) = (Vec::new(), Vec::new());
        for query in &self.queries {
            let (took, hits) = timed(|| Ok(self.search(by, query)?.limit(k).run().wait()?))?;
            let ids = hits.into_iter().map(|hit| match hit.id {
                RecordId::Integer(id) => Ok(id),
                RecordId::Text(id) => Err(format!("the id {id} is no number")),
            });
            found.push(ids.collect::<Result<Vec<i64>, _>>()?);
            seconds.push(took);
        }
        Ok(json!({"found": found, "seconds": seconds}))
    }

    fn search(&self, by: &str, (text, vector): &(String, Vec<f32>)) -> Outcome<Search> {
        let search = self.store.search();
        Ok(match by {
            "text" => search.query(text),
            "vector" => search.vector(vector),
            "rrf" => search.query(text).vector(vector),
            "weighted" => search.query(text).vector(vector).weights(WEIGHTS.0, WEIGHTS.1),
            other => return Err(format!("texts are not ranked by {other:?}").into()),
        })
    }
}

fn texts(path: &Path) -> Outcome<Vec<Text>> {
    let lines = std::fs::read_to_string(path)?;
    Ok(lines.lines().map(serde_json::from_str).collect::<Result<_, _>>()?)
}

fn invalid(error: std::num::ParseIntError) -> headwater_vector::primitives::Error {
    headwater_vector::primitives::Error::invalid(error.to_string())
}
