//! The command line of `headwater vector`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use headwater::vector::Metric;

use super::One;
#[cfg(feature = "lance")]
use super::duration::duration;

/// What to do with vector stores.
#[derive(Subcommand)]
pub(crate) enum VectorVerb {
    /// Make a store. Its options are fixed from then on.
    Create(CreateOptions),
    /// Write rows, each over the one with the same id. A missing "id" is generated.
    ///
    /// A row is {"id","embedding":[..],"text","metadata":{..}}; each of them may be left out.
    Put {
        /// The store.
        name: String,
        /// NDJSON; stdin when absent or `-`.
        file: Option<PathBuf>,
        /// Print {"id","sequence","version"} for each write, as it becomes durable.
        #[arg(long)]
        ack: bool,
    },
    /// Print a row.
    Get(One),
    /// Delete a row.
    Delete {
        #[command(flatten)]
        one: One,
        /// Print {"id","sequence","version"} once the write is durable.
        #[arg(long)]
        ack: bool,
    },
    /// Print the rows that fit best: by words, by a vector, or by both.
    ///
    /// A search by both is fused by reciprocal ranks, unless a weight is given: then by scores.
    Search(Box<SearchQuery>),
    /// Move embeddings out of the hot tier; they are found and read as before, only slower.
    ///
    /// All of them, unless something else is said. Ctrl-C ends it: what has moved stays moved.
    #[cfg(feature = "lance")]
    Demote(DemoteOptions),
}

/// Which embeddings leave the hot tier.
#[cfg(feature = "lance")]
#[derive(Args)]
pub(crate) struct DemoteOptions {
    /// The store.
    pub(crate) name: String,
    /// Only those of rows that were not written for so long, such as 90s, 15m, 12h or 30d.
    #[arg(long, value_name = "DUR", value_parser = duration)]
    pub(crate) older_than: Option<std::time::Duration>,
    /// None of the N rows that were written last.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) keep: u64,
    /// Where they go, the first time: a folder, or a URL such as s3://bucket/notes.lance.
    #[arg(long, value_name = "URL")]
    pub(crate) location: Option<String>,
}

/// What a store is made with.
#[derive(Args)]
pub(crate) struct CreateOptions {
    /// The store.
    pub(crate) name: String,
    /// The dimensions of every embedding.
    #[arg(long, value_name = "D")]
    pub(crate) dim: usize,
    /// How embeddings are compared: cosine, l2 or dot.
    #[arg(long, default_value_t)]
    pub(crate) metric: Metric,
    /// Prefixes of the embeddings that mean something by themselves, ascending.
    #[arg(long, value_name = "D[,D..]", value_delimiter = ',')]
    pub(crate) matryoshka: Vec<usize>,
    /// The language that text is stemmed by, as its ISO 639-1 code, or none.
    #[arg(long, default_value = "en")]
    pub(crate) language: String,
    /// Index this dotted path of the metadata, for filters; may be said again.
    #[arg(long, value_name = "PATH")]
    pub(crate) filter: Vec<String>,
}

/// What to search for.
#[derive(Args)]
pub(crate) struct SearchQuery {
    /// The store.
    pub(crate) name: String,
    /// Words, with "phrases", +required and -excluded ones, begin* and mispselt~.
    #[arg(long)]
    pub(crate) text: Option<String>,
    /// A JSON array of numbers, or @ and the file that has one.
    #[arg(long, value_name = "JSON|@FILE")]
    pub(crate) vector: Option<String>,
    /// Make many searches: one {"text","vector"} per line, NDJSON, or stdin for `-`. One
    /// {"hits":[{"id","score"}]} is printed for each.
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with_all = ["text", "vector", "explain", "highlight"]
    )]
    pub(crate) queries: Option<PathBuf>,
    /// Print at most so many rows.
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub(crate) k: usize,
    /// Compare so many first numbers, then the best rows whole; several ascend.
    #[arg(long, value_name = "D[,D..]", value_delimiter = ',')]
    pub(crate) dim: Vec<usize>,
    /// Only rows whose metadata this filter matches, such as {"year":{"$gte":1998}}.
    #[arg(long, value_name = "JSON")]
    pub(crate) filter: Option<String>,
    /// How much the words count in a search by both. Given alone, the vector's weight is 1 minus it.
    #[arg(long, value_name = "W")]
    pub(crate) text_weight: Option<f32>,
    /// How much the vector counts in a search by both. Given alone, the words' weight is 1 minus it.
    #[arg(long, value_name = "W")]
    pub(crate) vector_weight: Option<f32>,
    /// Compare the vector with every row's instead of walking the graph.
    #[arg(long)]
    pub(crate) exact: bool,
    /// Candidates kept on the way through the graph: more find more, and take longer.
    #[arg(long, value_name = "N")]
    pub(crate) candidates: Option<usize>,
    /// Take the best N rows as examples of what was meant, and rank again.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) feedback: usize,
    /// Say of each hit which rank and score it has by the words and by the vector.
    #[arg(long)]
    pub(crate) explain: bool,
    /// Show the passage of each hit's text that the words are about, as HTML with <b>.
    #[arg(long, requires = "text")]
    pub(crate) highlight: bool,
}
