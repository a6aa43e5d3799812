//! `headwater sql`: the rows of a statement, as they come.

use std::path::Path;

use arrow_cast::display::{ArrayFormatter, FormatOptions};
use headwater::sql::Rows;
use headwater::sql::arrow_array::RecordBatch;

use crate::arguments::{RowFormat, SqlStatement};
use crate::database;
use crate::failure::{Failure, Outcome};
use crate::output::{Output, table};

/// The rows that share a table.
const TABLE_ROWS: usize = 200;

pub(crate) fn run(path: &Path, statement: &SqlStatement) -> Outcome {
    let db = database::read(path)?;
    let query = db.sql(&*statement.text)?;
    let query = match statement.as_of {
        Some(moment) => query.as_of(moment),
        None => query,
    };
    let mut rows = query.run().wait()?;
    let mut output = Output::stdout();
    let format = statement.format.unwrap_or(match output.is_terminal() {
        true => RowFormat::Table,
        false => RowFormat::Json,
    });
    match format {
        RowFormat::Table => tables(&mut output, &mut rows)?,
        RowFormat::Json => objects(&mut output, &mut rows)?,
        RowFormat::Csv => values(&mut output, &mut rows)?,
    }
    output.finish()
}

fn names(rows: &Rows) -> Vec<String> {
    rows.schema().fields().iter().map(|field| field.name().clone()).collect()
}

fn tables(output: &mut Output, rows: &mut Rows) -> Outcome {
    let names = names(rows);
    let mut waiting: Vec<Vec<String>> = Vec::new();
    let mut is_first = true;
    for batch in rows.blocking() {
        for cells in texts(&batch?, "null")? {
            waiting.push(cells.into_iter().map(|cell| table::cut(&cell)).collect());
            if waiting.len() == TABLE_ROWS {
                output.text(&table::rows(names.iter().cloned(), waiting.drain(..)))?;
                is_first = false;
            }
        }
    }
    match waiting.is_empty() && !is_first {
        true => Ok(()),
        false => output.text(&table::rows(names, waiting)),
    }
}

fn objects(output: &mut Output, rows: &mut Rows) -> Outcome {
    for batch in rows.blocking() {
        let mut lines = Vec::new();
        let builder = arrow_json::WriterBuilder::new().with_explicit_nulls(true);
        let mut writer = builder.build::<_, arrow_json::writer::LineDelimited>(&mut lines);
        writer
            .write(&batch?)
            .and_then(|()| writer.finish())
            .map_err(|error| unprintable(&error))?;
        output.bytes(&lines)?;
    }
    Ok(())
}

fn values(output: &mut Output, rows: &mut Rows) -> Outcome {
    output.text(&line(&names(rows)))?;
    for batch in rows.blocking() {
        for cells in texts(&batch?, "")? {
            output.text(&line(&cells))?;
        }
    }
    Ok(())
}

/// One line of CSV (RFC 4180).
fn line(cells: &[String]) -> String {
    let quoted = cells.iter().map(|cell| match cell.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", cell.replace('"', "\"\"")),
        false => cell.clone(),
    });
    quoted.collect::<Vec<_>>().join(",")
}

/// The values of a batch as text, row by row.
fn texts(batch: &RecordBatch, null: &str) -> Outcome<Vec<Vec<String>>> {
    let options = FormatOptions::default().with_null(null);
    let columns: Vec<ArrayFormatter<'_>> = batch
        .columns()
        .iter()
        .map(|column| ArrayFormatter::try_new(column, &options))
        .collect::<Result<_, _>>()
        .map_err(|error| unprintable(&error))?;
    let text = |column: &ArrayFormatter<'_>, row: usize| {
        column.value(row).try_to_string().map_err(|error| unprintable(&error))
    };
    (0..batch.num_rows())
        .map(|row| columns.iter().map(|column| text(column, row)).collect())
        .collect()
}

fn unprintable(error: &dyn std::fmt::Display) -> Failure {
    Failure::new(format!("a row cannot be printed: {error}"))
}

#[cfg(test)]
mod tests {
    use super::line;

    #[test]
    fn csv_quotes_what_would_end_a_value() {
        let cells = ["plain", "a,b", "say \"so\"", "two\nlines", ""].map(str::to_owned);
        assert_eq!(line(&cells), "plain,\"a,b\",\"say \"\"so\"\"\",\"two\nlines\",");
    }
}
