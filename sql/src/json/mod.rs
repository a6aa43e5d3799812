//! JSON in columns of text: functions and operators that reach into it.

mod function;
mod operator;

use std::sync::Arc;

use datafusion::execution::FunctionRegistry;
use datafusion::execution::session_state::SessionState;
use datafusion::logical_expr::ScalarUDF;

pub(crate) use function::{JsonFunction, Kind};

/// Makes the functions and operators known.
pub(crate) fn register(state: &mut SessionState) {
    for kind in Kind::ALL {
        let function = Arc::new(ScalarUDF::from(JsonFunction::new(kind)));
        // Only a registry that is closed refuses.
        let _ = state.register_udf(function);
    }
    let _ = state.register_expr_planner(Arc::new(operator::JsonOperators));
}
