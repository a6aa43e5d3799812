//! Bad input: code 1 with one line that says what, where and what would be right; code 2 for usage.

use crate::program::{Database, is_there};

#[test]
fn a_bad_line_is_named_and_the_lines_before_it_are_written() {
    for (line, expected) in [
        ("{\"id\":3,}", "not JSON at column 9: trailing comma (input line 3)"),
        ("[]", "an array"),
        ("{\"id\":\"text\"}", "the ids of this collection are integer"),
        ("{\"id\":1.5}", "ids are integers or text"),
        ("{\"id\":[1]}", "ids are integers or text"),
        ("{\"id\":3", "not JSON at column"),
    ] {
        let db = Database::new();
        let input = format!("{{\"id\":1}}\n{{\"id\":2}}\n{line}\n{{\"id\":4}}\n");
        let why = db.run_with(&["document", "put", "numbers"], &input).refused();
        assert!(why.contains(expected) && why.ends_with("(input line 3)"), "{line}: {why}");
        assert_eq!(db.lines(&["document", "find", "numbers"]).len(), 2, "{line}");
    }
}

#[test]
fn text_that_is_no_json_at_all_is_refused() {
    let db = Database::new();
    let run = db.run_with(&["document", "put", "numbers"], "id,name\n1,Ada\n");
    assert!(run.refused().starts_with("not JSON at column 1: expected value (input line 1)"));
}

#[test]
fn a_missing_database_is_not_made_by_reading() {
    let db = Database::new();
    for arguments in [
        &["document", "get", "people", "ada"][..],
        &["document", "find", "people"],
        &["document", "delete", "people", "ada"],
        &["document", "patch", "people", "ada", "{}"],
        &["document", "index", "people", "name"],
        &["events"],
        &["events", "--follow"],
        &["stats"],
        &["verify"],
        &["rebuild"],
        &["vector", "put", "notes"],
        &["vector", "get", "notes", "a"],
        &["vector", "delete", "notes", "a"],
        &["vector", "search", "notes", "--text", "river"],
    ] {
        let why = db.run(arguments).refused();
        assert!(why.starts_with("no database in"), "{arguments:?}: {why}");
        assert!(!is_there(&db.path()), "{arguments:?}");
    }
}

#[test]
fn what_a_command_names_must_be_there() {
    let db = Database::new();
    db.put("people", "{\"id\":\"ada\"}");
    for (arguments, expected) in [
        (&["document", "find", "poeple"][..], r#"no collection "poeple": there is "people""#),
        (&["document", "get", "poeple", "ada"], r#"no collection "poeple": there is "people""#),
        (&["document", "index", "poeple", "x"], r#"no collection "poeple": there is "people""#),
        (&["document", "get", "people", "bob"], r#"collection "people" has no document "bob""#),
        (
            &["document", "patch", "people", "bob", "{}"],
            r#"collection "people" has no document "bob""#,
        ),
        (
            &["document", "put", "people", "/no/such/file"],
            "cannot read /no/such/file: No such file",
        ),
        (&["document", "put", "people", "/"], "cannot read /: it is a folder"),
    ] {
        let why = db.run(arguments).refused();
        assert!(why.starts_with(expected), "{arguments:?}: {why}");
    }
}

#[test]
fn a_wrong_query_or_patch_is_explained() {
    let db = Database::new();
    db.put("people", "{\"id\":\"ada\"}");
    for (arguments, expected) in [
        (&["document", "find", "people", "--filter", r#"{"a":{"$gtee":1}}"#][..], "$gte"),
        (&["document", "find", "people", "--filter", "{"], "filter"),
        (&["document", "find", "people", "--path", "$["], "$["),
        (&["document", "find", "people", "--sort", "a..b"], "a..b"),
        (&["document", "patch", "people", "ada", "{x}"], "not JSON at column 2"),
        (&["document", "patch", "people", "ada", r#"{"id":"bob"}"#], "ids stay"),
        (&["document", "patch", "people", "ada", "[1]"], "an array"),
        (&["document", "index", "people", "a..b"], "a..b"),
    ] {
        let why = db.run(arguments).refused();
        assert!(why.contains(expected), "{arguments:?}: {why}");
    }
}

#[test]
fn a_folder_of_something_else_is_left_alone() {
    let db = Database::new();
    std::fs::create_dir(db.path()).unwrap();
    std::fs::write(db.path().join("hot.db"), "this is a text file, and long enough to be one")
        .unwrap();
    let why = db.run(&["stats"]).refused();
    assert!(why.contains("shop.hw"), "{why}");
    let why = db.run_with(&["document", "put", "people"], "{}").refused();
    assert!(why.contains("not an SQLite database"), "{why}");
}

#[test]
fn wrong_usage_has_its_own_code() {
    let db = Database::new();
    for arguments in [
        &["document", "update", "people"][..],
        &["document", "get", "people"],
        &["document", "find", "people", "--sort", "age:down"],
        &["document", "find", "people", "--limit", "many"],
        &["events", "--op", "x"],
        &["events", "--op", "r"],
        &["events", "--store", "papers"],
        &["events", "--format", "xml"],
        &["graph", "import", "people"],
        &["vector", "create", "notes"],
        &["vector", "create", "notes", "--dim", "many"],
        &["vector", "create", "notes", "--dim", "2", "--metric", "manhattan"],
        &["vector", "search", "notes", "--text", "x", "--queries", "-"],
        &[],
    ] {
        let run = db.run(arguments);
        assert_eq!(run.code, Some(2), "{arguments:?}: {run:?}");
        assert!(!run.err.is_empty() && run.out.is_empty(), "{arguments:?}: {run:?}");
    }
}

#[test]
fn a_database_must_be_named() {
    let output =
        std::process::Command::new(env!("CARGO_BIN_EXE_headwater")).arg("stats").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("--db DIR"));
}
