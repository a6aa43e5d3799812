//! `headwater verify`.

use std::path::Path;

use crate::database;
use crate::failure::{Failure, Outcome};
use crate::output::Output;

pub(crate) fn run(path: &Path) -> Outcome {
    let db = database::read(path)?;
    let defects = db.verify()?;
    let mut output = Output::stdout();
    for defect in &defects {
        output.text(defect)?;
    }
    if defects.is_empty() && output.is_terminal() {
        output.text("no defect found")?;
    }
    output.finish()?;
    match defects.len() {
        0 => Ok(()),
        1 => Err(Failure::new("verify found 1 defect: restore the database from a copy")),
        many => Err(Failure::new(format!(
            "verify found {many} defects: restore the database from a copy"
        ))),
    }
}
