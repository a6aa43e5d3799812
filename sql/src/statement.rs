//! Running one statement: refused if it does more than read, planned, and its rows sent on as they come.

use std::sync::Arc;

use datafusion::error::DataFusionError;
use datafusion::execution::context::SQLOptions;
use datafusion::execution::session_state::SessionState;
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::execute_stream;
use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast;
use futures_util::StreamExt;
use headwater_cdc::Moment;
use headwater_primitives::{Error, ErrorKind, Result};
use tokio::sync::mpsc;

use crate::catalog::{Context, Tables};
use crate::error::inward;
use crate::rows::Rows;
use crate::session;
use crate::shared::AbortOnDrop;
use crate::sql::Sql;
use crate::view::View;

/// Batches that wait to be read.
const WAITING: usize = 2;

pub(crate) async fn run(sql: Sql, text: String, moment: Option<Moment>) -> Result<Rows> {
    let (state, plan) = plan(&sql, &text, moment).await?;
    let plan = state.create_physical_plan(&plan).await.map_err(inward)?;
    let mut batches = execute_stream(plan.clone(), state.task_ctx()).map_err(inward)?;
    let schema = batches.schema();
    let (send, receive) = mpsc::channel(WAITING);
    let task = tokio::spawn(async move {
        while let Some(batch) = batches.next().await {
            let batch = batch.map_err(inward);
            let failed = batch.is_err();
            if send.send(Some(batch)).await.is_err() || failed {
                return;
            }
        }
        // The plan keeps the lake's files until here.
        drop((batches, plan));
        // Whoever has dropped the rows does not wait for their end.
        let _ = send.send(None).await;
    });
    Ok(Rows::new(schema, receive, AbortOnDrop(task.abort_handle())))
}

/// The statement's plan, and the state to go on with. Its tables read one state of the namespace.
pub(crate) async fn plan(
    sql: &Sql,
    text: &str,
    moment: Option<Moment>,
) -> Result<(SessionState, LogicalPlan)> {
    let statement = parse(&sql.0.state, text)?;
    refuse_writes(&statement)?;
    let view = View::open(&sql.0.namespace).await?;
    let context = Context::new(sql, view, moment).await?;
    let now = context.now();
    let tables = Arc::new(Tables::new(context));
    let state = session::state(&sql.0.state, tables.clone(), now);
    tables.check(&state, &statement)?;
    let plan = state.statement_to_plan(statement).await.map_err(inward)?;
    let reads = SQLOptions::new().with_allow_ddl(false).with_allow_dml(false);
    reads.with_allow_statements(false).verify_plan(&plan).map_err(inward)?;
    Ok((state, plan))
}

fn parse(state: &SessionState, text: &str) -> Result<Statement> {
    let dialect = state.config_options().sql_parser.dialect;
    state.sql_to_statement(text, &dialect).map_err(|error| match error {
        DataFusionError::NotImplemented(_) => {
            Error::invalid("more than one statement: run them one by one")
        }
        DataFusionError::Plan(_) => Error::invalid("there is no statement in this text"),
        error => inward(error),
    })
}

/// Lets through what only reads, so that nothing else is even planned.
fn refuse_writes(statement: &Statement) -> Result<()> {
    let reads = match statement {
        Statement::Statement(statement) => matches!(
            **statement,
            ast::Statement::Query(_)
                | ast::Statement::Explain { .. }
                | ast::Statement::ExplainTable { .. }
                | ast::Statement::ShowTables { .. }
                | ast::Statement::ShowColumns { .. }
        ),
        Statement::Explain(explain) => return refuse_writes(&explain.statement),
        _ => false,
    };
    if reads {
        return Ok(());
    }
    let text = statement.to_string();
    let words: Vec<&str> = text.split_whitespace().take(2).collect();
    Err(Error::new(
        ErrorKind::InvalidInput,
        format!(
            "{} …: SQL only reads here, by SELECT, VALUES, EXPLAIN, DESCRIBE and SHOW TABLES; rows are \
             written by their store",
            words.join(" ")
        ),
    ))
}
