//! `vector demote`.

use std::ops::ControlFlow;
use std::path::Path;

use headwater::Error;
use headwater::vector::{Demote, WarmTier};
use serde_json::json;

use crate::arguments::DemoteOptions;
use crate::database;
use crate::failure::Outcome;
use crate::interrupt::Interrupt;
use crate::output::Output;
use crate::progress::{self, Unit};

pub(super) fn run(db: &Path, options: &DemoteOptions) -> Outcome {
    let db = database::write(db)?;
    let store = database::vector_store(&db, &options.name)?;
    let demote = options.older_than.map_or_else(Demote::all, Demote::older_than);
    if let Some(location) = &options.location {
        store.set_warm_tier(WarmTier::at(url_of(location)?)).wait()?;
    }
    let interrupt = Interrupt::listen();
    let bar = progress::of("moving", Unit::Pieces, Some(0));
    let demoted = store.demote(demote.but_keep(options.keep), |progress| {
        bar.set_length(progress.total);
        bar.set_position(progress.moved);
        if interrupt.is_asked() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    match &demoted {
        Ok(report) if !report.cancelled => bar.finish(),
        _ => bar.abandon(),
    }
    let report = demoted?;
    let mut out = Output::stdout();
    out.json(&json!({
        "moved": report.moved,
        "bytes": report.bytes,
        "removed": report.removed,
        "version": report.version,
        "cancelled": report.cancelled,
    }))?;
    out.finish()?;
    drop(store);
    Ok(db.close()?)
}

/// A folder as a URL; a URL as it is.
fn url_of(location: &str) -> Outcome<String> {
    if location.contains("://") {
        return Ok(location.to_owned());
    }
    let folder = std::path::absolute(location).map_err(Error::from)?;
    Ok(format!("file://{}", folder.display()))
}
