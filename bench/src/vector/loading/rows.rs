//! Any number of rows from one small collection: mixed passages with vectors near their first one's.

use headwater_vector::Row;
use headwater_vector::primitives::RecordId;

use crate::Outcome;
use crate::datasets::dataset;
use crate::documents::Random;
use crate::vector::data::Vectors;
use crate::vector::hybrid::Collection;

/// A row's text is two passages of so many words.
const WORDS: usize = 60;
/// The most that a number of a vector differs from the passage's.
const NOISE: f32 = 0.03;

/// The Cranfield collection with its LSA vectors.
pub(super) struct Rows {
    /// Words of each text that has some, and its vector.
    texts: Vec<(Vec<String>, Vec<f32>)>,
    queries: Vec<String>,
    query_vectors: Vectors,
}

impl Rows {
    pub(super) fn read() -> Outcome<Self> {
        let folder = dataset("hybrid-cranfield")?;
        let collection = Collection::read(&folder)?;
        let vectors = Vectors::read(&folder.join("doc_lsa128.fvecs"))?;
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let texts = collection.documents.iter().zip(vectors.rows());
        let texts = texts.map(|((_, text), vector)| (words(text), vector.to_vec()));
        Ok(Self {
            texts: texts.filter(|(words, _)| !words.is_empty()).collect(),
            queries: collection.queries,
            query_vectors: Vectors::read(&folder.join("query_lsa128.fvecs"))?,
        })
    }

    pub(super) fn dimensions(&self) -> usize {
        self.query_vectors.dimensions()
    }

    /// The `number`-th row; needs no other one, so a stream of them needs no memory.
    pub(super) fn nth(&self, number: u64) -> Row {
        let mut random = Random(number.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let (first, vector) = &self.texts[random.below(self.texts.len() as u64) as usize];
        let (second, _) = &self.texts[random.below(self.texts.len() as u64) as usize];
        let text = format!("{} {}", passage(first, &mut random), passage(second, &mut random));
        let mut noise = || (random.below(2001) as f32 / 1000.0 - 1.0) * NOISE;
        Row {
            id: Some(RecordId::from(number as i64)),
            embedding: Some(vector.iter().map(|value| value + noise()).collect()),
            text: Some(text),
            ..Row::default()
        }
    }

    /// Words and a vector to search by.
    pub(super) fn query(&self, nth: usize) -> (&str, &[f32]) {
        let nth = nth % self.queries.len();
        (&self.queries[nth], self.query_vectors.row(nth))
    }
}

fn passage(words: &[String], random: &mut Random) -> String {
    let places = words.len().saturating_sub(WORDS) + 1;
    let start = random.below(places as u64) as usize;
    words[start..words.len().min(start + WORDS)].join(" ")
}
