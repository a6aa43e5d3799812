//! Tests of the filter language, in memory and in SQLite at once.

mod arrays;
mod bounds;
mod builder;
mod comparison;
mod errors;
mod generate;
mod model;
mod operators;
mod paths;
mod properties;
mod sql;

use rusqlite::{Connection, params_from_iter};
use serde_json::Value;

use crate::filter::{Filter, register_functions};
use crate::jsonb::{self, View};

/// A database with one table of documents, which answers filters in SQL.
pub(super) struct Database(Connection);

impl Database {
    pub(super) fn new() -> Self {
        let connection = Connection::open_in_memory().unwrap();
        register_functions(&connection).unwrap();
        connection.execute_batch("CREATE TABLE documents (body BLOB)").unwrap();
        Database(connection)
    }

    pub(super) fn connection(&self) -> &Connection {
        &self.0
    }

    /// What SQLite answers for each document: 0 or 1, and never NULL.
    pub(super) fn answers(&self, filter: &Filter, documents: &[Value]) -> Vec<bool> {
        self.0.execute("DELETE FROM documents", []).unwrap();
        for document in documents {
            let body = jsonb::to_vec(document).unwrap();
            self.0.execute("INSERT INTO documents VALUES (?)", [body]).unwrap();
        }
        let sql = filter.to_sql("d.body");
        let text = format!("SELECT {} FROM documents AS d ORDER BY rowid", sql.text);
        let mut statement = self.0.prepare(&text).unwrap_or_else(|e| panic!("{e}: {text}"));
        let answer = |row: &rusqlite::Row<'_>| row.get::<_, i64>(0);
        let answers = statement.query_map(params_from_iter(&sql.params), answer).unwrap();
        answers.map(|answer| answer.unwrap_or_else(|e| panic!("{e}: {text}")) == 1).collect()
    }
}

/// What the evaluator answers.
pub(super) fn matches(filter: &Filter, document: &Value) -> bool {
    let body = jsonb::to_vec(document).unwrap();
    filter.matches(View::parse(&body).unwrap())
}

/// Asserts the answer of both, and that the filter reads back as itself.
#[track_caller]
pub(super) fn check(filter: &str, document: &str, expected: bool) {
    let parsed = Filter::parse(filter).unwrap();
    let document: Value = serde_json::from_str(document).unwrap();
    assert_eq!(matches(&parsed, &document), expected, "in memory: {filter} on {document}");
    let sql = Database::new().answers(&parsed, std::slice::from_ref(&document));
    assert_eq!(sql, [expected], "in SQL: {filter} on {document}");
    assert_eq!(Filter::parse(&parsed.to_string()).unwrap(), parsed, "{filter}");
}

/// Asserts which of the documents match.
#[track_caller]
pub(super) fn check_all(filter: &str, matching: &[&str], others: &[&str]) {
    for document in matching {
        check(filter, document, true);
    }
    for document in others {
        check(filter, document, false);
    }
}
