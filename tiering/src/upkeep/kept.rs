//! What is kept in shape: the rows of a store's table, or the events of the change log.

use std::sync::Arc;

use headwater_primitives::Result;

use crate::cold::ColdTable;
use crate::events;
use crate::hand_off::{missed, release};
use crate::job::{Cancel, Job};
use crate::table::TieredTable;
use crate::tier::Tier;

/// An operation of upkeep, on one table of the lake.
#[derive(Clone)]
pub(crate) struct Kept {
    pub(super) tier: Tier,
    pub(super) cancelled: Cancel,
    what: What,
}

#[derive(Clone)]
enum What {
    Rows(Arc<dyn TieredTable>),
    Events,
}

impl Kept {
    pub(crate) fn rows(tier: Tier, table: Arc<dyn TieredTable>) -> Kept {
        Kept { tier, cancelled: Cancel::default(), what: What::Rows(table) }
    }

    pub(crate) fn events(tier: Tier) -> Kept {
        Kept { tier, cancelled: Cancel::default(), what: What::Events }
    }

    /// Whether the order of the rows goes from file to file.
    pub(super) fn is_log(&self) -> bool {
        matches!(self.what, What::Events)
    }

    /// The number that the hot tier has for the table, and what the lake has of it now; `None` when
    /// nothing has ever moved there.
    ///
    /// What a hand-off has left half done is finished first: its files are to stay until all of its
    /// rows are stubs.
    pub(super) async fn current(&self) -> Result<Option<(i64, Arc<ColdTable>)>> {
        match &self.what {
            What::Rows(table) => {
                let (tier, table) = (self.tier.clone(), table.clone());
                let job = Job { tier, table, cancelled: self.cancelled.clone() };
                release::go_on(&job, |_| ()).await?;
                missed::take_over(&job).await?;
                job.current().await
            }
            What::Events => {
                events::take_over(&self.tier).await?;
                events::current(&self.tier).await
            }
        }
    }
}
