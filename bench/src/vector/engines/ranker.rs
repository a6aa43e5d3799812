//! A process that ranks texts.

use std::path::Path;
use std::process;

use serde::{Deserialize, Serialize};

use crate::Outcome;
use crate::vector::engines::process::Process;
use crate::vector::engines::protocol::Command;

/// By what texts are ranked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum By {
    /// Words.
    Text,
    /// The cosine of MiniLM embeddings.
    Vector,
    /// Both, by reciprocal rank fusion with k = 60.
    Rrf,
    /// Both, by the sum of weighted scores.
    Weighted,
    /// The same, ranked again with the best rows as examples.
    Feedback,
    /// The cosine of LSA embeddings.
    LsaVector,
    /// Words and LSA embeddings, by the sum of weighted scores.
    LsaWeighted,
    /// The same, ranked again with the best rows as examples.
    LsaFeedback,
}

impl By {
    pub(crate) const ALL: [Self; 8] = [
        Self::Text,
        Self::Vector,
        Self::Rrf,
        Self::Weighted,
        Self::Feedback,
        Self::LsaVector,
        Self::LsaWeighted,
        Self::LsaFeedback,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Vector => "vector",
            Self::Rrf => "rrf",
            Self::Weighted => "weighted",
            Self::Feedback => "weighted, feedback",
            Self::LsaVector => "lsa vector",
            Self::LsaWeighted => "lsa weighted",
            Self::LsaFeedback => "lsa weighted, feedback",
        }
    }
}

/// The answers to all queries.
#[derive(Deserialize)]
pub(crate) struct Ranked {
    /// Ids of texts, best first.
    pub(crate) found: Vec<Vec<u32>>,
    /// How long each query took.
    pub(crate) seconds: Vec<f64>,
}

/// A system's process that has indexed a collection of texts.
pub(crate) struct Ranker(Process);

impl Ranker {
    pub(crate) fn start(
        name: &'static str,
        command: process::Command,
        folder: &Path,
        work: &Path,
    ) -> Outcome<Self> {
        let mut process = Process::start(name, command)?;
        process.ask::<()>(&Command::LoadTexts { folder, work })?;
        Ok(Self(process))
    }

    /// The best `k` texts for each query.
    pub(crate) fn rank(&mut self, by: By, k: usize) -> Outcome<Ranked> {
        self.0.ask(&Command::Rank { by, k })
    }
}
