//! Describing a search: by words, by a vector, or by both.

mod feedback;
mod fuse;
mod hit;
mod nearest;
mod rank;

pub use hit::{Explain, Found, SearchHit, Side};

use std::marker::PhantomData;
use std::sync::Arc;

use headwater_primitives::filter::Filter;
use headwater_primitives::{Answer, Error, Read, Result};

use crate::embedding;
use crate::index::IndexStats;
use crate::quantize::Compression;
use crate::record::Embedded;
use crate::row::Row;
use crate::store::{Inner, VectorStore};
use crate::text::{SnippetOptions, TextQuery};

/// How the answers by words and those by the vector become one list.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Fusion {
    /// By their ranks alone: the sum of `1 / (k + rank)` (reciprocal rank fusion, Cormack et al. 2009).
    ReciprocalRank {
        /// How little the first ranks stand out. Usually 60.
        k: f32,
    },
    /// By their scores, each side's brought to the range from 0 to 1, and weighed.
    Weighted {
        /// The weight of the words.
        text: f32,
        /// The weight of the vector.
        vector: f32,
    },
}

impl Default for Fusion {
    fn default() -> Self {
        Fusion::ReciprocalRank { k: 60.0 }
    }
}

/// A search that is being described; [`run`](Search::run) makes it.
#[must_use = "a search finds nothing until it is run"]
pub struct Search<T = Row> {
    inner: Arc<Inner>,
    query: Query,
    error: Option<Error>,
    kind: PhantomData<fn() -> T>,
}

/// What is asked, whatever the rows' type.
struct Query {
    text: Option<TextQuery>,
    vector: Option<Vec<f32>>,
    limit: usize,
    candidates: usize,
    filter: Option<Filter>,
    fusion: Fusion,
    /// Rows of a first ranking that the vector is moved towards.
    feedback: usize,
    prefixes: Vec<usize>,
    exact: bool,
    /// Candidates for each row wanted that are found by their codes.
    oversampling: Option<usize>,
    explain: bool,
    highlight: Option<SnippetOptions>,
}

/// Rows that a search gives when nothing is said.
const DEFAULT_LIMIT: usize = 10;
/// Candidates kept on the way through the graph when nothing is said.
const DEFAULT_CANDIDATES: usize = 128;

impl<T: Embedded> VectorStore<T> {
    /// Describes a search. It sees every write that was acknowledged before it is run.
    ///
    /// The first search of a namespace opens the store's indexes, which are read from their files;
    /// where those are missing or damaged, they are built again from the rows.
    ///
    /// ```
    /// use headwater_vector::primitives::{Namespace, Result, filter::field};
    /// use headwater_vector::{Row, VectorOptions, VectorStore};
    /// use serde_json::json;
    ///
    /// # fn main() -> Result<()> {
    /// let ns = Namespace::in_memory()?;
    /// let notes: VectorStore = VectorStore::create(&ns, "notes", VectorOptions::new(2))?;
    /// let note = |id: &str, embedding: [f32; 2], text: &str, year: u32| Row {
    ///     id: Some(id.into()),
    ///     embedding: Some(embedding.to_vec()),
    ///     text: Some(text.to_owned()),
    ///     metadata: json!({"year": year}).as_object().cloned().unwrap_or_default(),
    /// };
    /// notes.put(&note("a", [1.0, 0.0], "a river in the mountains", 1998)).wait()?;
    /// notes.put(&note("b", [0.8, 0.6], "rivers and their mouths", 2007)).wait()?;
    ///
    /// let hits = notes
    ///     .search()
    ///     .query("river mouth")
    ///     .vector(&[0.7, 0.7])
    ///     .weights(0.4, 0.6)
    ///     .filter(field("year").gte(2000))
    ///     .run()
    ///     .wait()?;
    /// assert_eq!(hits[0].id.to_string(), "\"b\"");
    /// # Ok(())
    /// # }
    /// ```
    pub fn search(&self) -> Search<T> {
        Search {
            inner: self.inner.clone(),
            query: Query {
                text: None,
                vector: None,
                limit: DEFAULT_LIMIT,
                candidates: DEFAULT_CANDIDATES,
                filter: None,
                fusion: Fusion::default(),
                feedback: 0,
                prefixes: Vec::new(),
                exact: false,
                oversampling: None,
                explain: false,
                highlight: None,
            },
            error: None,
            kind: PhantomData,
        }
    }

    /// Figures of what searches look into.
    pub fn index_stats(&self) -> Read<IndexStats> {
        let inner = self.inner.clone();
        Read::new(move || inner.search_index()?.stats())
    }
}

impl<T: Embedded> Search<T> {
    /// By the words of `text`, as people type them: see [`TextQuery`]. What cannot be understood is
    /// read as words.
    pub fn query(self, text: &str) -> Self {
        self.text(TextQuery::parse(text))
    }

    /// By the words of `text`, which must be a well-formed query.
    pub fn query_strict(self, text: &str) -> Self {
        self.text(TextQuery::parse_strict(text))
    }

    fn text(mut self, query: Result<TextQuery>) -> Self {
        match query {
            Ok(query) => self.query.text = Some(query),
            Err(error) => self.error = self.error.or(Some(error)),
        }
        self
    }

    /// By nearness to `vector`, in the store's metric.
    pub fn vector(mut self, vector: &[f32]) -> Self {
        match embedding::check(&self.inner.table.options, vector) {
            Ok(()) => self.query.vector = Some(vector.to_vec()),
            Err(error) => self.error = self.error.or(Some(error)),
        }
        self
    }

    /// At most so many rows. Default: 10.
    pub fn limit(mut self, rows: usize) -> Self {
        self.query.limit = rows;
        self
    }

    /// Only rows whose metadata `filter` matches. Exact: as many rows as are asked for are found
    /// whenever there are as many.
    pub fn filter(mut self, filter: Filter) -> Self {
        self.error = self.error.or(filter.check().err());
        self.query.filter = (!filter.is_all()).then_some(filter);
        self
    }

    /// How much the words count and how much the vector: their scores are fused, not their ranks.
    pub fn weights(self, text: f32, vector: f32) -> Self {
        self.fusion(Fusion::Weighted { text, vector })
    }

    /// How the two lists of a search by both become one. Default: by their ranks.
    pub fn fusion(mut self, fusion: Fusion) -> Self {
        let numbers = match fusion {
            Fusion::ReciprocalRank { k } => [k, k],
            Fusion::Weighted { text, vector } => [text, vector],
        };
        if numbers.iter().any(|number| !number.is_finite() || *number < 0.0) {
            let error =
                Error::invalid(format!("{fusion:?}: its numbers are finite, and 0 or more"));
            self.error = self.error.or(Some(error));
        }
        self.query.fusion = fusion;
        self
    }

    /// Takes the best `rows` rows as examples of what was meant: the vector is moved towards theirs, and
    /// all that was found is ranked again (pseudo-relevance feedback, Rocchio 1971). Two or three rows
    /// help where queries are short and the first answers are mostly right; where those are wrong, it
    /// follows them. The filter holds as before, distances are still those from the vector itself, and
    /// [`explain`](Self::explain) shows the vector's side as it is ranked again.
    ///
    /// The search needs a vector. Cost: one more distance for each row that either side has found.
    /// Default: 0, none.
    pub fn feedback(mut self, rows: usize) -> Self {
        self.query.feedback = rows;
        self
    }

    /// Candidates kept on the way through the graph, or when only a prefix was compared: more find more
    /// of the true neighbours, and take longer. Default: 128. hnswlib's `ef`.
    pub fn candidates(mut self, candidates: usize) -> Self {
        self.query.candidates = candidates;
        self
    }

    /// Compares the first `dimensions` numbers of all vectors, then the best of them whole: for
    /// Matryoshka embeddings, whose prefixes mean something by themselves.
    pub fn dim(self, dimensions: usize) -> Self {
        self.dims(&[dimensions])
    }

    /// [`dim`](Self::dim) with several prefixes, ascending, each of which narrows what the one before
    /// has left.
    pub fn dims(mut self, prefixes: &[usize]) -> Self {
        let all = self.inner.table.options.dimensions;
        let fits = prefixes.iter().all(|prefix| (1..=all).contains(prefix));
        if !fits || !prefixes.is_sorted_by(|a, b| a < b) {
            let error = Error::invalid(format!(
                "prefixes {prefixes:?}: they ascend, from 1 to the {all} dimensions"
            ));
            self.error = self.error.or(Some(error));
        }
        self.query.prefixes = prefixes.to_vec();
        self
    }

    /// Compares the vector with every row's instead of walking the graph.
    pub fn exact(mut self) -> Self {
        self.query.exact = true;
        self
    }

    /// Compares the compressed codes of all vectors, then the best of them whole; as many more than
    /// are wanted as suit the store's [`Compression`].
    ///
    /// A store too small to train a quantizer on, or whose codes are still being made after it was
    /// opened, compares the vectors themselves.
    pub fn compressed(self) -> Self {
        let usual = self.inner.table.options.compression.oversampling();
        self.oversampling(usual)
    }

    /// [`compressed`](Self::compressed), with so many candidates for each row that is wanted.
    pub fn oversampling(mut self, times: usize) -> Self {
        if self.inner.table.options.compression == Compression::None {
            let error = Error::invalid(
                "its vectors are not compressed: make the store with a `compression`",
            );
            self.error = self.error.or(Some(error));
        }
        self.query.oversampling = Some(times.max(1));
        self
    }

    /// Says of each hit where it was on either side, and with which score.
    pub fn explain(mut self) -> Self {
        self.query.explain = true;
        self
    }

    /// Shows the passages of each hit's text that the words are about.
    pub fn highlight(mut self, options: SnippetOptions) -> Self {
        self.query.highlight = Some(options);
        self
    }

    /// Makes the search: the best rows, best first.
    pub fn run(self) -> Read<Vec<SearchHit>> {
        if let Err(error) = self.check() {
            return Read::ready(Err(error));
        }
        let Search { inner, query, .. } = self;
        Read::answered(move || {
            if query.vector.is_none() {
                return Answer::Now(rank::run(&inner, &query));
            }
            in_its_place(inner, move |inner| rank::run(inner, &query))
        })
    }

    /// Makes the search and reads the rows.
    pub fn fetch(self) -> Read<Vec<Found<T>>> {
        if let Err(error) = self.check() {
            return Read::ready(Err(error));
        }
        let Search { inner, query, .. } = self;
        Read::answered(move || {
            in_its_place(inner, move |inner| {
                let hits = rank::run(inner, &query)?;
                let store = VectorStore::<T>::from_inner(inner.clone());
                let rows = store.get_many(hits.iter().map(|hit| &hit.id)).wait()?;
                // What was deleted since it was found is left out.
                let found = hits.into_iter().zip(rows);
                Ok(found.filter_map(|(hit, row)| Some(Found { hit, row: row? })).collect())
            })
        })
    }

    fn check(&self) -> Result<()> {
        if let Some(error) = &self.error {
            return Err(error.duplicate().context(crate::table::place(&self.inner.table.name)));
        }
        if self.query.text.is_none() && self.query.vector.is_none() {
            return Err(Error::invalid(
                "a search needs words (`query`), a vector (`vector`) or both",
            ));
        }
        if self.query.feedback > 0 && self.query.vector.is_none() {
            return Err(Error::invalid("feedback moves a vector, and this search has none"));
        }
        Ok(())
    }
}

/// Does `work` on this thread, or where the warm tier is read if the store has one.
fn in_its_place<R: Send + 'static>(
    inner: Arc<Inner>,
    work: impl FnOnce(&Arc<Inner>) -> Result<R> + Send + 'static,
) -> Answer<R> {
    match inner.warm_pointer() {
        Ok(None) => Answer::Now(work(&inner)),
        Ok(Some(_)) => inner.later(work),
        Err(error) => Answer::Now(Err(error)),
    }
}
