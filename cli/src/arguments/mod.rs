//! The command line.

mod duration;
mod sql;
mod tier;
mod vector;

use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
use headwater::cdc::{Op, Store};
use headwater::document::Order;

pub(crate) use sql::{RowFormat, SqlStatement};
pub(crate) use tier::{
    TierArchive, TierClean, TierExpire, TierLake, TierRun, TierTables, TierVerb,
};
#[cfg(feature = "lance")]
pub(crate) use vector::DemoteOptions;
pub(crate) use vector::{CreateOptions, SearchQuery, VectorVerb};

/// What the user asked for.
pub(crate) struct Arguments {
    /// The folder of the database.
    pub(crate) db: PathBuf,
    pub(crate) area: Area,
}

impl Arguments {
    /// Reads the command line; ends the program with code 2 when it cannot be understood.
    pub(crate) fn read() -> Self {
        let CommandLine { db, area } = CommandLine::parse();
        let Some(db) = db else {
            let mut command = CommandLine::command();
            let message = "no database is given: add --db DIR";
            command.error(ErrorKind::MissingRequiredArgument, message).exit();
        };
        Arguments { db, area }
    }
}

/// An embedded, multi-model database.
///
/// Input is NDJSON from stdin or FILE. Output is a table on a terminal, and NDJSON otherwise. Exit
/// codes: 0 done, 1 refused or failed, 2 usage.
#[derive(Parser)]
#[command(name = "headwater", version)]
struct CommandLine {
    /// The folder of the database.
    #[arg(long, value_name = "DIR", global = true)]
    db: Option<PathBuf>,
    #[command(subcommand)]
    area: Area,
}

/// What to work on.
#[derive(Subcommand)]
pub(crate) enum Area {
    /// Read and write documents.
    #[command(subcommand)]
    Document(DocumentVerb),
    /// Read, write and search embeddings, texts and metadata.
    #[command(subcommand)]
    Vector(VectorVerb),
    /// Move old documents to the lake (Parquet and Apache Iceberg), and look at it.
    #[command(subcommand)]
    Tier(TierVerb),
    /// Run a SQL statement that reads. Every collection is a table.
    Sql(SqlStatement),
    /// Show the change log.
    Events(EventQuery),
    /// Show what the database holds.
    Stats,
    /// Compare what is stored with the change log and with the indexes.
    Verify,
    /// Delete the search indexes of all vector stores, and build them again from the rows; or make the
    /// database again from its lake.
    Rebuild(RebuildQuery),
}

/// What to rebuild from.
#[derive(Args)]
pub(crate) struct RebuildQuery {
    /// Bring the documents back from the lake of a database whose hot.db is lost: a folder, or a URL such as
    /// s3://bucket/prefix; `lake/` of the database when it is not said.
    #[arg(long, value_name = "URL", num_args = 0..=1)]
    pub(crate) from_lake: Option<Option<PathBuf>>,
}

/// What to do with documents.
#[derive(Subcommand)]
pub(crate) enum DocumentVerb {
    /// Write documents, each over the one with the same id. A missing "id" is generated.
    Put {
        /// The collection.
        name: String,
        /// NDJSON; stdin when absent or `-`.
        file: Option<PathBuf>,
        /// Print {"id","sequence","version"} for each write, as it becomes durable.
        #[arg(long)]
        ack: bool,
    },
    /// Print a document.
    Get(One),
    /// Delete a document.
    Delete {
        #[command(flatten)]
        one: One,
        /// Print {"id","sequence","version"} once the write is durable.
        #[arg(long)]
        ack: bool,
    },
    /// Merge JSON into a document (RFC 7396): null removes a field.
    Patch {
        #[command(flatten)]
        one: One,
        /// The fields to change.
        #[arg(value_name = "JSON")]
        patch: String,
        /// Print {"id","sequence","version"} once the write is durable.
        #[arg(long)]
        ack: bool,
    },
    /// Print the documents that a query finds.
    Find(FindQuery),
    /// Index the value at a dotted path.
    Index {
        /// The collection.
        name: String,
        /// The path, such as address.city.
        path: String,
        /// No two documents may have the same value.
        #[arg(long)]
        unique: bool,
    },
}

/// One document, or one row.
#[derive(Args)]
pub(crate) struct One {
    /// The collection or store.
    pub(crate) name: String,
    /// The id.
    #[arg(allow_negative_numbers = true)]
    pub(crate) id: String,
}

/// Which documents to find.
#[derive(Args)]
pub(crate) struct FindQuery {
    /// The collection.
    pub(crate) name: String,
    /// A filter with MongoDB's operators, such as {"age":{"$gte":18}}.
    #[arg(long, value_name = "JSON")]
    pub(crate) filter: Option<String>,
    /// A JSONPath (RFC 9535) that must select something in the document.
    #[arg(long, value_name = "JSONPATH")]
    pub(crate) path: Option<String>,
    /// Sort by a dotted path; said twice, the second decides among equals.
    #[arg(long, value_name = "FIELD[:desc]", value_parser = sort)]
    pub(crate) sort: Vec<Sort>,
    /// Stop after so many documents.
    #[arg(long, value_name = "N")]
    pub(crate) limit: Option<usize>,
}

/// One sort.
#[derive(Clone)]
pub(crate) struct Sort {
    pub(crate) path: String,
    pub(crate) order: Order,
}

fn sort(text: &str) -> Result<Sort, String> {
    let (path, order) = match text.rsplit_once(':') {
        None => (text, Order::Ascending),
        Some((path, "asc")) => (path, Order::Ascending),
        Some((path, "desc")) => (path, Order::Descending),
        Some((_, other)) => return Err(format!("{other:?} is no order: write asc or desc")),
    };
    Ok(Sort { path: path.to_owned(), order })
}

/// Which events to show.
#[derive(Args)]
pub(crate) struct EventQuery {
    /// Begin at this sequence; otherwise at the first event that is kept.
    #[arg(long, value_name = "SEQ")]
    pub(crate) from: Option<u64>,
    /// Only changes of this store.
    #[arg(long, value_name = "STORE", value_parser = store)]
    pub(crate) store: Option<Store>,
    /// Only changes of this table or collection.
    #[arg(long)]
    pub(crate) table: Option<String>,
    /// Only these operations: c (created), u (updated), d (deleted).
    #[arg(long, value_delimiter = ',', value_parser = operation)]
    pub(crate) op: Vec<Op>,
    /// Stop after so many events.
    #[arg(long, value_name = "N")]
    pub(crate) limit: Option<u64>,
    /// Wait for more, until Ctrl-C; another process may be the one that writes.
    #[arg(long)]
    pub(crate) follow: bool,
    /// The shape of an event. Default: unified, and a table on a terminal.
    #[arg(long, value_enum)]
    pub(crate) format: Option<Format>,
}

/// The shape in which an event is printed.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Headwater's own.
    Unified,
    /// The payload of Debezium's envelope.
    Debezium,
}

fn store(text: &str) -> Result<Store, String> {
    Store::ALL.into_iter().find(|store| store.name() == text).ok_or_else(|| {
        let known: Vec<&str> = Store::ALL.into_iter().map(Store::name).collect();
        format!("known stores are {}", known.join(", "))
    })
}

fn operation(text: &str) -> Result<Op, String> {
    match text.parse() {
        Ok(op) if op != Op::Read => Ok(op),
        _ => Err("operations are c, u and d".to_owned()),
    }
}
