//! What cannot be run says why, and where.

use headwater_primitives::ErrorKind;
use headwater_tiering::Policy;
use serde_json::json;

use crate::support::{Fixture, run};

fn orders() -> Fixture {
    Fixture::of("orders", &[json!({"id": 1, "total": 5, "customerId": "ada"})])
}

#[test]
fn a_statement_that_is_wrong_is_refused_with_the_place() {
    let orders = orders();
    let cases = [
        ("SELECT *\nFROM orders WHERE )", &["line 2, column 19"][..]),
        ("SELECT total\nFROM orders\nWHERE totl > 1", &["totl", "line 3, column 7"]),
        ("SELECT o.nothing FROM orders o", &["nothing", "line 1, column"]),
        ("SELECT nofunction(total) FROM orders", &["nofunction", "line 1, column 8"]),
        ("SELECT 'open", &["line 1, column 8"]),
        ("", &["no statement"]),
        ("SELECT 1; SELECT 2", &["one by one"]),
        ("SELECT customerid FROM orders", &["customerId", "line 1, column 8"]),
        ("SELECT total FROM orders GROUP BY id", &["total"]),
        ("SELECT total + true FROM orders", &["Boolean"]),
    ];
    for (text, parts) in cases {
        let error = orders.refused(text);
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{text}: {error}");
        for part in parts {
            assert!(error.to_string().contains(part), "{text}: {error}");
        }
    }
}

#[test]
fn a_table_that_is_not_there_is_named_with_those_that_are() {
    let orders = orders();
    for text in [
        "SELECT *\nFROM oders",
        "EXPLAIN SELECT *\nFROM oders",
        "WITH a AS (SELECT 1)\nSELECT * FROM a, oders",
    ] {
        let error = orders.refused(text);
        assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
        let message = error.to_string();
        assert!(message.contains("oders") && message.contains("there is orders"), "{message}");
        assert!(message.contains("line 2, column"), "{message}");
    }
    for text in ["SELECT * FROM graph.orders", "SELECT * FROM other.document.orders"] {
        assert_eq!(orders.refused(text).kind(), ErrorKind::NotFound);
    }
}

#[test]
fn nothing_is_written_and_no_file_is_read() {
    let orders = orders();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("out.csv");
    std::fs::write(folder.path().join("in.csv"), "a\n1\n").unwrap();
    let (out, input) = (file.display(), folder.path().join("in.csv"));
    for text in [
        "INSERT INTO orders VALUES (1)".to_owned(),
        "UPDATE orders SET total = 0".to_owned(),
        "DELETE FROM orders".to_owned(),
        "DROP TABLE orders".to_owned(),
        "CREATE TABLE copies AS SELECT * FROM orders".to_owned(),
        "CREATE VIEW copies AS SELECT * FROM orders".to_owned(),
        "SET datafusion.execution.batch_size = 1".to_owned(),
        format!("COPY orders TO '{out}'"),
        format!("CREATE EXTERNAL TABLE t STORED AS CSV LOCATION '{}'", input.display()),
        "EXPLAIN DELETE FROM orders".to_owned(),
        "EXPLAIN ANALYZE INSERT INTO orders VALUES (1)".to_owned(),
    ] {
        let error = orders.refused(&text);
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{text}: {error}");
        assert!(error.to_string().contains("only reads"), "{text}: {error}");
    }
    let url = format!("SELECT * FROM '{}'", input.display());
    assert_eq!(orders.refused(&url).kind(), ErrorKind::NotFound);
    assert!(!file.exists());
    assert_eq!(orders.rows("SELECT total FROM orders"), [json!({"total": 5})]);
}

#[test]
fn a_failure_while_rows_are_made_is_told() {
    let orders = orders();
    for policy in [None, Some(Policy::All)] {
        if let Some(policy) = policy {
            orders.hand_off(policy);
        }
        let error = orders.refused("SELECT 1 / (total - 5) FROM orders");
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
        assert!(error.to_string().contains("ivide by zero"), "{error}");
    }
}

#[test]
fn a_moment_that_is_still_to_come_is_refused() {
    let orders = orders();
    let moment = headwater_primitives::Sequence(1_000_000);
    let error = run(&orders.sql, "SELECT * FROM orders", Some(moment.into())).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(error.to_string().contains("1000000"), "{error}");
}

#[test]
fn a_closed_namespace_runs_nothing() {
    let orders = orders();
    let Fixture { ns, sql, store } = orders;
    drop(store);
    ns.close().unwrap();
    assert_eq!(run(&sql, "SELECT 1", None).unwrap_err().kind(), ErrorKind::Closed);
}
