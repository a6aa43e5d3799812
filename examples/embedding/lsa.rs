//! Latent semantic analysis as an embedder.

use headwater::vector::Embedder;
use headwater::{Error, Result};
use ndarray::Array2;

use super::sparse::Sparse;
use super::svd;
use super::vocabulary::Vocabulary;

/// How texts are analysed.
#[derive(Clone, Debug)]
pub(crate) struct LsaOptions {
    /// The number of dimensions of the embeddings: 1 to 1024. Some hundred are usual.
    pub(crate) dimensions: usize,
    /// How many words are kept at most: those that are in most texts. Memory and time grow with it.
    pub(crate) vocabulary: usize,
    /// In how many texts a word must be to be kept: one that is in a single text relates it to none.
    pub(crate) fewest_texts: usize,
    /// Power iterations: more are slower and make the result better. Two are plenty for texts.
    pub(crate) iterations: usize,
    /// Decides what is drawn at random: the same texts and the same seed give the same embeddings.
    pub(crate) seed: u64,
}

impl Default for LsaOptions {
    fn default() -> LsaOptions {
        LsaOptions { dimensions: 128, vocabulary: 32_768, fewest_texts: 2, iterations: 2, seed: 1 }
    }
}

/// Past this the small dense steps, cubic in the dimensions, are no longer small.
const MOST_DIMENSIONS: usize = 1024;

/// Embeds texts by what it has learned from others: which words are used together.
///
/// Embeddings have unit length, so their inner product is their cosine.
pub(crate) struct Lsa {
    vocabulary: Vocabulary,
    /// A row per word, a column per dimension.
    words: Array2<f32>,
    dimensions: usize,
}

impl Lsa {
    /// Learns from `texts`.
    ///
    /// Takes a few products of the texts' tf-idf matrix with `vocabulary × dimensions` numbers, and
    /// keeps that many; 1,400 abstracts take a fraction of a second.
    ///
    /// # Errors
    /// `InvalidInput` when the dimensions are not in 1 to 1024, or when no word is in
    /// `fewest_texts` of the texts without being in all of them.
    pub(crate) fn fit(texts: &[&str], options: LsaOptions) -> Result<Lsa> {
        let LsaOptions { dimensions, vocabulary, fewest_texts, iterations, seed } = options;
        if !(1..=MOST_DIMENSIONS).contains(&dimensions) {
            return Err(Error::invalid(format!(
                "{dimensions} dimensions: it must be 1 to {MOST_DIMENSIONS}"
            )));
        }
        let vocabulary = Vocabulary::of(texts, fewest_texts, vocabulary);
        let rows = texts.iter().map(|text| vocabulary.weights(text));
        let matrix = Sparse::of(rows, vocabulary.len());
        let vectors = svd::truncated(&matrix, dimensions, iterations, seed);
        if vectors.is_empty() {
            return Err(Error::invalid(format!(
                "the {} texts share no words to learn from: each word that counts must be in {} \
                 of them or more, and not in all",
                texts.len(),
                fewest_texts
            )));
        }
        Ok(Lsa { vocabulary, words: vectors.mapv(|value| value as f32), dimensions })
    }

    /// How many of the dimensions mean something. Fewer than all of them when the texts were fewer, or
    /// too much alike: the rest of each embedding is zeros, which change no cosine.
    pub(crate) fn rank(&self) -> usize {
        self.words.ncols()
    }

    /// How many words it knows.
    pub(crate) fn vocabulary(&self) -> usize {
        self.vocabulary.len()
    }

    /// Folds a text in: its weighted words, each along the word's own vector, of unit length.
    fn fold_in(&self, text: &str) -> Vec<f32> {
        let mut embedding = vec![0.0; self.dimensions];
        for (column, weight) in self.vocabulary.weights(text) {
            let word = self.words.row(column as usize);
            for (sum, value) in embedding.iter_mut().zip(word) {
                *sum += weight as f32 * value;
            }
        }
        let length = embedding.iter().map(|value| value * value).sum::<f32>().sqrt();
        if length > 0.0 {
            embedding.iter_mut().for_each(|value| *value /= length);
        }
        embedding
    }
}

impl Embedder for Lsa {
    fn dimensions(&self) -> usize {
        self.dimensions
    }

    fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>> {
        Ok(texts.iter().map(|text| self.fold_in(text)).collect())
    }
}
