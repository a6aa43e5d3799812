//! `headwater tier …`: the command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};

use super::duration::duration;

/// What to do with the lake.
#[derive(Subcommand)]
pub(crate) enum TierVerb {
    /// Move documents to the lake, those written longest ago first. Without a limit all of them.
    Run(TierRun),
    /// Put the change log into the lake, so that the hot tier's retention takes nothing that is not there.
    Archive(TierArchive),
    /// Write small files of the lake as fewer larger ones, without the rows that are gone.
    Compact(TierTables),
    /// Let go of old snapshots, and delete the files that only they reached an hour later or more.
    Expire(TierExpire),
    /// Delete files that nothing names: what crashed attempts left.
    Clean(TierClean),
    /// Show what the lake has.
    Status,
}

/// Tables of the lake.
#[derive(Args)]
pub(crate) struct TierTables {
    /// The store: document.
    #[arg(requires = "name", value_parser = ["document"])]
    pub(crate) store: Option<String>,
    /// The collection; all of them, and the archived change log, when absent.
    pub(crate) name: Option<String>,
}

/// Which snapshots to let go.
#[derive(Args)]
pub(crate) struct TierExpire {
    #[command(flatten)]
    pub(crate) tables: TierTables,
    /// Those that are older, such as 30d, 12h, 15m or 10s.
    #[arg(long, value_name = "DUR", value_parser = duration, default_value = "5d")]
    pub(crate) older_than: Duration,
    /// None of the N newest ones of a table.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = at_least_one)]
    pub(crate) keep: usize,
}

/// Which files to delete.
#[derive(Args)]
pub(crate) struct TierClean {
    #[command(flatten)]
    pub(crate) tables: TierTables,
    /// Those that are older, such as 30d, 12h, 15m or 10s.
    #[arg(long, value_name = "DUR", value_parser = duration, default_value = "1d")]
    pub(crate) older_than: Duration,
}

fn at_least_one(text: &str) -> Result<usize, String> {
    let number = text.parse().ok().filter(|number| *number > 0);
    number.ok_or_else(|| format!("{text:?}: at least 1 snapshot of a table stays"))
}

/// Which documents to move.
#[derive(Args)]
pub(crate) struct TierRun {
    /// The store: document.
    #[arg(requires = "name", value_parser = ["document"])]
    pub(crate) store: Option<String>,
    /// The collection; all of them when absent.
    pub(crate) name: Option<String>,
    /// Only what was last written so long ago, such as 30d, 12h, 15m or 10s.
    #[arg(long, value_name = "DUR", value_parser = duration, conflicts_with = "keep")]
    pub(crate) older_than: Option<Duration>,
    /// Keep the N documents that were written last.
    #[arg(long, value_name = "N")]
    pub(crate) keep: Option<u64>,
    #[command(flatten)]
    pub(crate) lake: TierLake,
}

/// Where the lake is to be, which is said once.
#[derive(Args)]
pub(crate) struct TierLake {
    /// Where the lake is to be, the first time: a folder, or a URL such as s3://bucket/prefix.
    #[arg(long, value_name = "URL")]
    pub(crate) location: Option<PathBuf>,
    /// The Iceberg REST catalog that is to have its tables, the first time; DIR has them otherwise. Its token
    /// is in HEADWATER_CATALOG_TOKEN, or id:secret in HEADWATER_CATALOG_CREDENTIAL.
    #[arg(long, value_name = "URI")]
    pub(crate) catalog: Option<String>,
    /// Which warehouse of the catalog.
    #[arg(long, value_name = "NAME", requires = "catalog")]
    pub(crate) warehouse: Option<String>,
}

/// Which events to archive.
#[derive(Args)]
pub(crate) struct TierArchive {
    /// Only what was committed so long ago, such as 30d, 12h, 15m or 10s.
    #[arg(long, value_name = "DUR", value_parser = duration, conflicts_with = "end")]
    pub(crate) older_than: Option<Duration>,
    /// Archive no more: retention may take events from then on that the lake does not have.
    #[arg(long)]
    pub(crate) end: bool,
    #[command(flatten)]
    pub(crate) lake: TierLake,
}
