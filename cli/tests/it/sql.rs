//! SQL from the shell.

use serde_json::json;

use crate::program::Database;

fn with_people() -> Database {
    let db = Database::new();
    let people: String = (0..450)
        .map(|n| format!("{{\"id\":\"p{n:03}\",\"age\":{},\"note\":\"a, \\\"b\\\"\"}}\n", n % 50))
        .collect();
    db.run_with(&["document", "put", "people"], &people).succeeded();
    db
}

const AGES: &str = "SELECT age, count(*) AS n FROM people WHERE age < 3 GROUP BY age ORDER BY age";

#[test]
fn rows_are_json_lines_of_both_tiers_and_of_the_past() {
    let db = with_people();
    let expected =
        [json!({"age": 0, "n": 9}), json!({"age": 1, "n": 9}), json!({"age": 2, "n": 9})];
    assert_eq!(db.lines(&["sql", AGES]), expected);
    db.run(&["tier", "run", "document", "people", "--keep", "200"]).succeeded();
    assert_eq!(db.lines(&["sql", AGES]), expected);
    db.run(&["document", "patch", "people", "p001", r#"{"age":2}"#]).succeeded();
    assert_eq!(db.lines(&["sql", AGES])[2], json!({"age": 2, "n": 10}));
    assert_eq!(db.lines(&["sql", AGES, "--as-of", "450"]), expected);
    let count = "SELECT count(*) AS n FROM people";
    assert_eq!(db.lines(&["sql", count, "--as-of", "10"]), [json!({"n": 10})]);
    assert_eq!(db.lines(&["sql", count, "--as-of", "2000-01-01T00:00:00Z"]), [json!({"n": 0})]);
    assert_eq!(db.lines(&["sql", "SELECT id FROM people"]).len(), 450);
}

#[test]
fn rows_are_csv_and_tables_when_asked() {
    let db = with_people();
    let two = "SELECT id, note, missing FROM (SELECT *, CAST(NULL AS INT) AS missing FROM people) \
               ORDER BY id LIMIT 2";
    let run = db.run(&["sql", two, "--format", "csv"]).succeeded();
    assert_eq!(run.out, "id,note,missing\np000,\"a, \"\"b\"\"\",\np001,\"a, \"\"b\"\"\",\n");
    let run = db.run(&["sql", two, "--format", "table"]).succeeded();
    assert!(run.out.contains("missing") && run.out.contains("p001"), "{}", run.out);
    assert!(run.out.contains("null"), "{}", run.out);
    let all =
        db.run(&["sql", "SELECT id FROM people ORDER BY id", "--format", "table"]).succeeded();
    assert_eq!(all.out.matches(" id ").count(), 3, "200, 200 and 50 rows");
    let none =
        db.run(&["sql", "SELECT id FROM people WHERE age > 99", "--format", "table"]).succeeded();
    assert!(none.out.contains("id"), "{}", none.out);
}

#[test]
fn what_cannot_be_run_says_why_and_where() {
    let db = with_people();
    let cases = [
        ("SELECT agee FROM people", "line 1, column 8"),
        ("SELECT * FROM peopel", "people"),
        ("DELETE FROM people", "only reads"),
    ];
    for (statement, part) in cases {
        let run = db.run(&["sql", statement]);
        assert_eq!(run.code, Some(1), "{statement}");
        assert!(run.err.contains(part), "{statement}: {}", run.err);
        assert_eq!(run.err.lines().count(), 1, "{}", run.err);
    }
    assert_eq!(db.run(&["sql", "SELECT 1", "--as-of", "soon"]).code, Some(2));
    assert_eq!(db.run(&["sql"]).code, Some(2));
}
