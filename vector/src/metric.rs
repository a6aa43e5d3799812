//! How the distance of two vectors is measured.

use std::fmt;
use std::str::FromStr;

use headwater_primitives::{Error, Result};
use serde::{Deserialize, Serialize};

/// How the distance of two vectors is measured. Smaller is nearer, for each of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Metric {
    /// One minus the cosine of the angle: 0 for the same direction, 2 for the opposite one.
    #[default]
    Cosine,
    /// The squared Euclidean distance.
    L2,
    /// The negative inner product.
    Dot,
}

impl Metric {
    /// All of them.
    pub const ALL: [Metric; 3] = [Metric::Cosine, Metric::L2, Metric::Dot];

    /// Its name, as the program and the catalog write it.
    pub fn name(self) -> &'static str {
        match self {
            Metric::Cosine => "cosine",
            Metric::L2 => "l2",
            Metric::Dot => "dot",
        }
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Metric {
    type Err = Error;

    fn from_str(text: &str) -> Result<Metric> {
        Metric::ALL
            .into_iter()
            .find(|metric| metric.name() == text)
            .ok_or_else(|| Error::invalid(format!("metric {text:?} is none of cosine, l2, dot")))
    }
}
