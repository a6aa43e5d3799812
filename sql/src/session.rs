//! How DataFusion is set up: what it may use, which functions it has, how it reads names.

use std::sync::Arc;

use datafusion::catalog::CatalogProviderList;
use datafusion::config::Dialect;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::{FairSpillPool, TrackConsumersPool};
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::execution::session_state::{SessionState, SessionStateBuilder};
use datafusion::prelude::SessionConfig;
use headwater_primitives::{Result, Timestamp};

use crate::error::inward;
use crate::filter::physical_rules;
use crate::json;
use crate::semi_joins::PushDownSemiJoin;
use crate::sql::SqlOptions;

/// The catalog's name, which statements may leave out.
pub(crate) const CATALOG: &str = "headwater";
/// The schema of names without one.
pub(crate) const DOCUMENT: &str = "document";

/// Consumers of memory that an error names.
const NAMED_CONSUMERS: std::num::NonZeroUsize = std::num::NonZeroUsize::new(3).expect("not zero");

/// The smaller side of a join in a statement of two parts is held once for both, up to so many rows and
/// bytes, and past them both sides are cut. With more parts there is more to gain by cutting.
const HELD_ROWS: usize = 1 << 20;
const HELD_BYTES: usize = 32 << 20;

/// Integer keys of a join's smaller side are looked up by their distance from the lowest instead of by hash,
/// where that takes up to 1 MiB, or 128 bytes for each row.
const DIRECT_KEYS: usize = 1 << 18;
const DIRECT_DENSITY: f64 = 1.0 / 32.0;

/// Keys that a join offers as a list, by which statistics rule out row groups. More are offered as its own
/// table of them, which takes less time to ask.
const LISTED_KEYS: usize = 20;

/// Memory and temporary files for the statements of one handle.
fn environment(options: &SqlOptions) -> Result<Arc<RuntimeEnv>> {
    let pool = TrackConsumersPool::new(FairSpillPool::new(options.memory()), NAMED_CONSUMERS);
    let mode = match options.spill() {
        Some(folder) => DiskManagerMode::Directories(vec![folder.clone()]),
        None => DiskManagerMode::OsTmpDirectory,
    };
    RuntimeEnvBuilder::new()
        .with_memory_pool(Arc::new(pool))
        .with_disk_manager_builder(DiskManagerBuilder::default().with_mode(mode))
        .build_arc()
        .map_err(inward)
}

/// The state that statements are planned with, without tables.
pub(crate) fn base(options: &SqlOptions) -> Result<SessionState> {
    let mut config = SessionConfig::new()
        .with_batch_size(options.rows())
        .with_target_partitions(options.parts())
        .with_information_schema(true)
        .with_create_default_catalog_and_schema(false)
        .with_default_catalog_and_schema(CATALOG, DOCUMENT);
    let settings = config.options_mut();
    // Held back for merging what a sort has spilled: a part of a small budget.
    let merging = &mut settings.execution.sort_spill_reservation_bytes;
    *merging = (*merging).min(options.memory() / 16);
    let held = |most: usize, least: usize| (2 * most / options.parts()).clamp(least, most);
    let join = &mut settings.optimizer;
    join.hash_join_single_partition_threshold =
        held(HELD_BYTES, join.hash_join_single_partition_threshold).min(options.memory() / 32);
    join.hash_join_single_partition_threshold_rows =
        held(HELD_ROWS, join.hash_join_single_partition_threshold_rows);
    join.hash_join_inlist_pushdown_max_distinct_values = LISTED_KEYS;
    // Of several, those whose bound is not known yet are left out, and their rows with it (DataFusion 53).
    join.enable_aggregate_dynamic_filter_pushdown = false;
    settings.execution.perfect_hash_join_small_build_threshold = DIRECT_KEYS;
    settings.execution.perfect_hash_join_min_key_density = DIRECT_DENSITY;
    // Names of JSON fields are what they are: upper and lower case differ.
    settings.sql_parser.enable_ident_normalization = false;
    // In others `->` is a function without a name.
    settings.sql_parser.dialect = Dialect::PostgreSQL;
    settings.sql_parser.collect_spans = true;
    // Text of hot rows is what the encoder makes.
    settings.sql_parser.map_string_types_to_utf8view = false;
    let mut state = SessionStateBuilder::new_with_default_features()
        .with_config(config)
        .with_runtime_env(environment(options)?)
        .with_optimizer_rule(Arc::new(PushDownSemiJoin))
        .with_physical_optimizer_rules(physical_rules())
        .build();
    json::register(&mut state);
    Ok(state)
}

/// The same for one statement on these tables, made at `now`.
pub(crate) fn state(
    base: &SessionState,
    tables: Arc<dyn CatalogProviderList>,
    now: Timestamp,
) -> SessionState {
    let mut state = base.clone();
    state.register_catalog_list(tables);
    state.execution_props_mut().query_execution_start_time =
        chrono::DateTime::from_timestamp_micros(now.0);
    state
}
