//! What is searched: base vectors, queries, and the true neighbours of each query.

mod nab;
mod prepare;
mod rows;
mod truth;
mod vectors;

pub(crate) use nab::Size;
pub(crate) use prepare::PrepareVectors;
pub(crate) use rows::{random_rows, read_rows, write_rows};
pub(crate) use truth::nearest;
pub(crate) use vectors::Vectors;

use std::path::{Path, PathBuf};

use crate::Outcome;
use crate::datasets::dataset;

/// Neighbours kept as the truth: what the field's data sets have.
const TRUTH: usize = 100;

/// Vectors with queries and their answers, in memory and as the files that every system reads.
///
/// Distances are squared Euclidean ones; a label is the row of the base.
pub(crate) struct VectorSet {
    pub(crate) name: &'static str,
    pub(crate) base: Vectors,
    pub(crate) queries: Vectors,
    /// The nearest labels of each query, nearest first.
    pub(crate) truth: Vec<Vec<u32>>,
    pub(crate) files: Files,
}

/// Where the systems find a set.
pub(crate) struct Files {
    pub(crate) base: PathBuf,
    pub(crate) queries: PathBuf,
}

impl VectorSet {
    /// Windows of the NAB series; makes `base.fvecs`, `query.fvecs` and `truth.ivecs` in `folder`.
    ///
    /// At least 100,000 vectors of 96 dimensions and 1,000 queries; a quick one is a tenth of that.
    pub(crate) fn nab(folder: &Path, size: Size) -> Outcome<Self> {
        let (base, queries) = nab::windows(&dataset("timeseries-nab")?, folder, size)?;
        let truth = nearest(&base, &queries, TRUTH, |_| true);
        let files = Files { base: folder.join("base.fvecs"), queries: folder.join("query.fvecs") };
        base.write(&files.base)?;
        queries.write(&files.queries)?;
        vectors::write_labels(&folder.join("truth.ivecs"), &truth)?;
        Ok(Self { name: "nab96", base, queries, truth, files })
    }

    /// The 4,900 shared SIFT vectors with their 100 queries.
    pub(crate) fn sift() -> Outcome<Self> {
        let folder = dataset("vectors-sift5k")?;
        let files = Files {
            base: folder.join("base_4900x128.fvecs"),
            queries: folder.join("query_100x128.fvecs"),
        };
        let (base, queries) = (Vectors::read(&files.base)?, Vectors::read(&files.queries)?);
        let truth = nearest(&base, &queries, TRUTH, |_| true);
        Ok(Self { name: "sift5k", base, queries, truth, files })
    }
}
