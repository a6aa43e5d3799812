//! What a vector store is made with.

use serde::{Deserialize, Serialize};

use crate::metric::Metric;

/// What a vector store is made with. All of it is fixed once the store is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct VectorOptions {
    /// The number of dimensions of every embedding.
    pub dimensions: usize,
    /// How distances are measured.
    pub metric: Metric,
    /// Prefixes of the embedding that mean something by themselves (Matryoshka embeddings), ascending.
    pub prefixes: Vec<usize>,
    /// The language that the full text is stemmed by, as its ISO 639-1 code; `None`: no stemming.
    pub language: Option<String>,
    /// Links of a node in the upper layers of the graph; twice as many in the lowest. hnswlib's `M`.
    pub links: usize,
    /// Candidates kept while a node is linked: more makes a better graph, slower. hnswlib's
    /// `ef_construction`.
    pub candidates: usize,
}

impl VectorOptions {
    /// Embeddings of `dimensions` numbers, compared by cosine; English text.
    #[must_use]
    pub fn new(dimensions: usize) -> Self {
        VectorOptions {
            dimensions,
            metric: Metric::Cosine,
            prefixes: Vec::new(),
            language: Some("en".to_owned()),
            links: 16,
            candidates: 200,
        }
    }

    /// The same with another metric.
    #[must_use]
    pub fn metric(mut self, metric: Metric) -> Self {
        self.metric = metric;
        self
    }
}
