//! Vectors to search, with the exact answers.

use std::path::Path;

use headwater_testkit::{Rng, dataset};
use headwater_vector::Metric;
use headwater_vector::quantize::{Candidate, funnel};

/// Vectors one after the other, queries, and the ten nearest of each by exact search.
pub(crate) struct Set {
    pub(crate) metric: Metric,
    pub(crate) dimensions: usize,
    pub(crate) vectors: Vec<f32>,
    pub(crate) queries: Vec<f32>,
    nearest: Vec<Vec<u32>>,
}

impl Set {
    /// SIFT descriptors of 128 dimensions under L2, with the answers that come with them.
    pub(crate) fn sift() -> Option<Set> {
        let folder = dataset("vectors-sift5k")?;
        let (dimensions, vectors) = rows(&folder.join("base_4900x128.fvecs"));
        let (_, queries) = rows(&folder.join("query_100x128.fvecs"));
        let (width, answers) = rows(&folder.join("groundtruth_l2_100x100.ivecs"));
        let answers = answers.chunks_exact(width).map(|row| row[..10].to_vec());
        Some(Set {
            metric: Metric::L2,
            dimensions,
            vectors: vectors.into_iter().map(f32::from_bits).collect(),
            queries: queries.into_iter().map(f32::from_bits).collect(),
            nearest: answers.collect(),
        })
    }

    /// MiniLM embeddings of 384 dimensions under cosine.
    pub(crate) fn minilm() -> Option<Set> {
        let folder = dataset("hybrid-cranfield")?;
        let (dimensions, vectors) = npy(&folder.join("doc_minilm384.npy"));
        let (_, queries) = npy(&folder.join("query_minilm384.npy"));
        Some(Set::new(Metric::Cosine, dimensions, vectors, queries))
    }

    /// Random vectors whose dimensions matter less and less, as Matryoshka embeddings are trained.
    pub(crate) fn fading(metric: Metric, dimensions: usize, count: usize) -> Set {
        let mut rng = Rng::new(9);
        let mut draw = |count: usize| -> Vec<f32> {
            let place = |place: usize| 1.0 / (1.0 + (place % dimensions) as f32);
            (0..count * dimensions)
                .map(|at| (rng.below(2001) as f32 / 1000.0 - 1.0) * place(at))
                .collect()
        };
        let (vectors, queries) = (draw(count), draw(20));
        Set::new(metric, dimensions, vectors, queries)
    }

    fn new(metric: Metric, dimensions: usize, vectors: Vec<f32>, queries: Vec<f32>) -> Set {
        let exact = |query| funnel(&vectors, query, metric, &[], 10, |_| true).unwrap();
        let nearest = queries.chunks_exact(dimensions).map(|query| slots(&exact(query)));
        let nearest = nearest.collect();
        Set { metric, dimensions, vectors, queries, nearest }
    }

    /// One vector in `every`.
    pub(crate) fn part(&self, every: usize) -> Vec<f32> {
        self.vectors.chunks_exact(self.dimensions).step_by(every).flatten().copied().collect()
    }

    /// The share of the ten nearest that `search` finds, over all queries.
    pub(crate) fn recall(&self, mut search: impl FnMut(&[f32]) -> Vec<Candidate>) -> f64 {
        let mut found = 0;
        for (query, nearest) in self.queries.chunks_exact(self.dimensions).zip(&self.nearest) {
            let slots = slots(&search(query));
            assert!(slots.len() <= 10);
            found += nearest.iter().filter(|slot| slots.contains(slot)).count();
        }
        found as f64 / (10 * self.nearest.len()) as f64
    }
}

pub(crate) fn slots(candidates: &[Candidate]) -> Vec<u32> {
    candidates.iter().map(|candidate| candidate.slot).collect()
}

/// The rows of an fvecs or ivecs file: each a length and as many numbers, of 32 bits all.
fn rows(path: &Path) -> (usize, Vec<u32>) {
    let bytes = std::fs::read(path).unwrap();
    let words: Vec<u32> = words(&bytes);
    let width = words[0] as usize;
    let rows = words.chunks_exact(width + 1).flat_map(|row| &row[1..]).copied();
    (width, rows.collect())
}

/// The rows of an npy file, version 1, of little-endian floats of 32 bits.
fn npy(path: &Path) -> (usize, Vec<f32>) {
    let bytes = std::fs::read(path).unwrap();
    assert_eq!(&bytes[..8], b"\x93NUMPY\x01\x00");
    let len = usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    let (header, data) = bytes[10..].split_at(len);
    let header = std::str::from_utf8(header).unwrap();
    assert!(header.contains("'<f4'") && header.contains("'fortran_order': False"), "{header}");
    let (_, shape) = header.split_once("'shape': (").unwrap();
    let (shape, _) = shape.split_once(')').unwrap();
    let (_, width) = shape.split_once(", ").unwrap();
    let floats = words(data).into_iter().map(f32::from_bits);
    (width.parse().unwrap(), floats.collect())
}

fn words(bytes: &[u8]) -> Vec<u32> {
    bytes.as_chunks::<4>().0.iter().map(|word| u32::from_le_bytes(*word)).collect()
}
