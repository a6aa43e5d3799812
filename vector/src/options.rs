//! What a vector store is made with.

use headwater_primitives::filter::Path;
use headwater_primitives::{Error, Result};
use serde::{Deserialize, Serialize};

use crate::metric::Metric;

/// The most dimensions that an embedding can have.
pub const MAX_DIMENSIONS: usize = 65_536;
/// The most filter fields: each row's entries are kept up with every write.
const MAX_FILTERS: usize = 32;
/// The languages that text can be stemmed by, as their ISO 639-1 codes.
pub(crate) const LANGUAGES: [&str; 18] = [
    "ar", "da", "de", "el", "en", "es", "fi", "fr", "hu", "it", "nl", "no", "pt", "ro", "ru", "sv",
    "ta", "tr",
];

/// What a vector store is made with. All of it is fixed once the store is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct VectorOptions {
    /// The number of dimensions of every embedding: 1 to 65,536.
    pub dimensions: usize,
    /// How distances are measured.
    pub metric: Metric,
    /// Prefixes of the embedding that mean something by themselves (Matryoshka embeddings), ascending
    /// and below `dimensions`.
    pub prefixes: Vec<usize>,
    /// The language that the full text is stemmed by, as its ISO 639-1 code; `None`: no stemming.
    pub language: Option<String>,
    /// The dotted paths in the metadata that searches filter by: these are indexed. Filters on other
    /// paths work too, by looking at the rows.
    pub filters: Vec<String>,
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
            filters: Vec::new(),
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

    /// The same with these meaningful prefixes.
    #[must_use]
    pub fn prefixes(mut self, prefixes: impl IntoIterator<Item = usize>) -> Self {
        self.prefixes = prefixes.into_iter().collect();
        self
    }

    /// The same with another language; `None`: no stemming.
    #[must_use]
    pub fn language(mut self, language: Option<&str>) -> Self {
        self.language = language.map(str::to_owned);
        self
    }

    /// The same with these indexed paths.
    #[must_use]
    pub fn filters<P: Into<String>>(mut self, paths: impl IntoIterator<Item = P>) -> Self {
        self.filters = paths.into_iter().map(Into::into).collect();
        self
    }

    /// Refuses what no store can be made with.
    pub(crate) fn check(&self) -> Result<()> {
        let refuse = |message: String| Err(Error::invalid(message));
        if !(1..=MAX_DIMENSIONS).contains(&self.dimensions) {
            return refuse(format!(
                "{} dimensions: embeddings have 1 to {MAX_DIMENSIONS}",
                self.dimensions
            ));
        }
        if self.prefixes.first() == Some(&0)
            || !self.prefixes.is_sorted_by(|a, b| a < b)
            || self.prefixes.last().is_some_and(|last| *last >= self.dimensions)
        {
            return refuse(format!(
                "prefixes {:?}: they ascend, from 1 and to less than the {} dimensions",
                self.prefixes, self.dimensions
            ));
        }
        if let Some(language) = &self.language
            && !LANGUAGES.contains(&language.as_str())
        {
            return refuse(format!(
                "language {language:?} is none of {}; without a language text is not stemmed",
                LANGUAGES.join(", ")
            ));
        }
        if !(4..=64).contains(&self.links) {
            return refuse(format!("{} links per node: there are 4 to 64", self.links));
        }
        if !(self.links..=65_536).contains(&self.candidates) {
            return refuse(format!(
                "{} candidates: there are as many as links, {}, to 65536",
                self.candidates, self.links
            ));
        }
        self.check_filters()
    }

    fn check_filters(&self) -> Result<()> {
        if self.filters.len() > MAX_FILTERS {
            return Err(Error::invalid(format!(
                "{} filter fields: there are at most {MAX_FILTERS}",
                self.filters.len()
            )));
        }
        for (place, path) in self.filters.iter().enumerate() {
            Path::parse(path).map_err(|error| error.context("filter field"))?;
            if self.filters[..place].contains(path) {
                return Err(Error::invalid(format!("filter field {path:?} is named twice")));
            }
        }
        Ok(())
    }

    /// Names the first thing in which `self`, what a store has, is not what was `asked`.
    pub(crate) fn difference(&self, asked: &VectorOptions) -> Option<String> {
        let shown = |options: &VectorOptions| {
            [
                ("dimensions", options.dimensions.to_string()),
                ("metric", options.metric.to_string()),
                ("prefixes", format!("{:?}", options.prefixes)),
                ("language", options.language.clone().unwrap_or_else(|| "none".to_owned())),
                ("filters", format!("{:?}", options.filters)),
                ("links", options.links.to_string()),
                ("candidates", options.candidates.to_string()),
            ]
        };
        let (there, asked) = (shown(self), shown(asked));
        let mut both = there.into_iter().zip(asked);
        let ((name, there), (_, asked)) = both.find(|((_, there), (_, asked))| there != asked)?;
        Some(format!("its {name} is {there}, and {asked} was asked for"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_that_no_store_can_have_are_refused_with_what_is_wrong() {
        let four = || VectorOptions::new(4);
        for (options, wrong) in [
            (VectorOptions::new(0), "0 dimensions"),
            (VectorOptions::new(65_537), "65537 dimensions"),
            (four().prefixes([2, 2]), "prefixes [2, 2]"),
            (four().prefixes([0]), "prefixes [0]"),
            (four().prefixes([2, 4]), "less than the 4"),
            (four().language(Some("english")), "language \"english\""),
            (four().filters(["a", "a"]), "named twice"),
            (four().filters(["a..b"]), "filter field"),
            (VectorOptions { links: 1, ..four() }, "1 links"),
            (VectorOptions { candidates: 0, ..four() }, "0 candidates"),
        ] {
            let error = options.check().unwrap_err().to_string();
            assert!(error.contains(wrong), "{error}");
        }
        four().prefixes([1, 3]).language(None).filters(["a.b", "c"]).check().unwrap();
    }

    #[test]
    fn the_first_difference_is_named_with_both_sides() {
        let options = VectorOptions::new(4);
        assert_eq!(options.difference(&options), None);
        let difference = options.difference(&VectorOptions::new(4).metric(Metric::L2)).unwrap();
        assert_eq!(difference, "its metric is cosine, and l2 was asked for");
    }
}
