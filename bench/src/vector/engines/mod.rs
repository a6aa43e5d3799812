//! The measured systems: which there are, what each can do, and how it is started.

mod index;
mod ours;
mod process;
mod protocol;
mod ranker;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::bench::Named;
use crate::vector::data::VectorSet;
use crate::versions::{locked, pinned};
use crate::{Outcome, workspace_root};

pub(crate) use index::{Index, K, Searched};
pub(crate) use ours::VectorEngine;
pub(crate) use ranker::{By, Ranker};

/// Links of a node in the upper levels of a graph; hnswlib's `M`.
pub(crate) const LINKS: usize = 16;
/// Candidates for a new node's links; hnswlib's `ef_construction`.
pub(crate) const CANDIDATES: usize = 200;

/// Something a system can be measured at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ability {
    /// Builds, searches, saves and opens a graph over vectors.
    Index,
    /// Searches among some of the vectors.
    Filter,
    /// Compares a query with every vector.
    Scan,
    /// Takes vectors out of the graph and puts them back.
    Remove,
    /// Takes many rows with texts, beside searches.
    Load,
    /// Compresses vectors.
    Compress,
    /// Ranks texts.
    Rank(By),
}

/// A system that runs as a process of its own.
pub(crate) struct System {
    pub(crate) name: &'static str,
    pub(crate) version: &'static str,
    /// Its `M`: [`LINKS`], but for a variant.
    pub(crate) links: usize,
    abilities: &'static [Ability],
    program: PathBuf,
    arguments: Vec<OsString>,
}

impl Named for System {
    fn name(&self) -> &'static str {
        self.name
    }
}

impl System {
    /// Name and version, as the report wants them.
    pub(crate) fn label(&self) -> (&'static str, &'static str) {
        (self.name, self.version)
    }

    pub(crate) fn can(&self, ability: Ability) -> bool {
        self.abilities.contains(&ability)
    }

    /// A process that has read the vectors and has no index yet.
    pub(crate) fn start(&self, set: &VectorSet) -> Outcome<Index> {
        Index::start(self.name, self.command(), set)
    }

    /// A process that has read the texts in `folder`; what it stores goes to `work`.
    pub(crate) fn start_ranking(&self, folder: &Path, work: &Path) -> Outcome<Ranker> {
        Ranker::start(self.name, self.command(), folder, work)
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments);
        command
    }
}

/// All measured systems, in the order of the tables.
pub(crate) fn systems(python: &Path) -> Outcome<Vec<System>> {
    use Ability::{Compress, Filter, Index, Load, Rank, Remove, Scan};
    let peer = |name, package: &str, script: &str, abilities| System {
        name,
        version: pinned(package),
        links: LINKS,
        abilities,
        program: python.to_owned(),
        arguments: vec![workspace_root().join("bench/peers").join(script).into()],
    };
    let ours = System {
        name: "headwater",
        version: locked("headwater-vector"),
        links: LINKS,
        abilities: &[
            Index,
            Filter,
            Scan,
            Remove,
            Load,
            Compress,
            Rank(By::Text),
            Rank(By::Vector),
            Rank(By::Rrf),
            Rank(By::Weighted),
            Rank(By::Feedback),
            Rank(By::LsaVector),
            Rank(By::LsaWeighted),
            Rank(By::LsaFeedback),
        ],
        program: std::env::current_exe()?,
        arguments: vec!["vector-engine".into()],
    };
    Ok(vec![
        ours,
        peer("hnswlib", "hnswlib", "peer_hnswlib.py", &[Index, Remove]),
        peer("usearch", "usearch", "peer_usearch.py", &[Index, Remove]),
        peer("faiss", "faiss-cpu", "peer_faiss.py", &[Index, Filter]),
        // What faiss itself calls HNSW32: twice the links, and the memory for them.
        System { links: 2 * LINKS, ..peer("faiss-32", "faiss-cpu", "peer_faiss.py", &[Index]) },
        peer("tantivy", "tantivy", "peer_tantivy.py", &[Rank(By::Text)]),
        peer(
            "lancedb",
            "lancedb",
            "peer_lancedb.py",
            &[Rank(By::Text), Rank(By::Vector), Rank(By::Rrf), Rank(By::Weighted)],
        ),
    ])
}
