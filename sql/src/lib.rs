//! SQL over every store: hot and cold rows are one table.
#![doc = include_str!("../README.md")]

mod catalog;
mod error;
mod filter;
mod inference;
mod json;
mod lake_plan;
mod pushdown;
mod query;
mod rows;
mod semi_joins;
mod session;
mod shared;
mod sql;
mod statement;
mod table;
mod view;

pub use lake_plan::LakePlan;
pub use query::SqlQuery;
pub use rows::{BlockingRows, Rows};
pub use sql::{Sql, SqlOptions};

pub use arrow_array;
pub use arrow_schema;
pub use datafusion;
pub use headwater_cdc as cdc;
pub use headwater_primitives as primitives;
