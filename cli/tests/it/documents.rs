//! Documents in, and out again, each time by another process.

use serde_json::json;

use crate::program::Database;

const PEOPLE: &str = r#"{"id":"ada","name":"Ada","age":36,"address":{"city":"London"}}
{"id":"bob","name":"Bob","age":17,"address":{"city":"Bern"}}

{"id":"cyd","name":"Cyd","age":54,"address":{"city":"Bern"}}
"#;

#[test]
fn what_was_put_is_what_one_gets() {
    let db = Database::new();
    db.put("people", PEOPLE);
    let run = db.run(&["document", "get", "people", "bob"]).succeeded();
    assert_eq!(run.out.trim_end(), PEOPLE.lines().nth(1).unwrap(), "byte for byte");
}

#[test]
fn a_file_is_read_as_stdin_is() {
    let db = Database::new();
    let file = db.file("people.ndjson", PEOPLE);
    db.run(&["document", "put", "people", file.to_str().unwrap()]).succeeded();
    db.run_with(&["document", "put", "more", "-"], PEOPLE).succeeded();
    assert_eq!(db.lines(&["document", "find", "people"]).len(), 3);
    assert_eq!(db.lines(&["document", "find", "more"]).len(), 3);
}

#[test]
fn a_put_over_a_document_replaces_it() {
    let db = Database::new();
    db.put("people", PEOPLE);
    db.put("people", r#"{"id":"ada","name":"Countess"}"#);
    let found = db.lines(&["document", "get", "people", "ada"]);
    assert_eq!(found, [json!({"id": "ada", "name": "Countess"})]);
    assert_eq!(db.lines(&["document", "find", "people"]).len(), 3);
}

#[test]
fn a_missing_id_is_generated() {
    let db = Database::new();
    db.put("notes", "{\"text\":\"a\"}\n{\"text\":\"b\"}");
    let ids: Vec<String> = db
        .lines(&["document", "find", "notes"])
        .iter()
        .map(|note| note["id"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(ids.len(), 2);
    assert_ne!(ids[0], ids[1]);
}

#[test]
fn a_patch_changes_and_removes_fields_and_keeps_their_order() {
    let db = Database::new();
    db.put("people", PEOPLE);
    db.run(&["document", "patch", "people", "ada", r#"{"age":37,"address":null,"new":[1]}"#])
        .succeeded();
    let run = db.run(&["document", "get", "people", "ada"]).succeeded();
    assert_eq!(run.out.trim_end(), r#"{"id":"ada","name":"Ada","age":37,"new":[1]}"#);
}

#[test]
fn a_deleted_document_is_gone() {
    let db = Database::new();
    db.put("people", PEOPLE);
    db.run(&["document", "delete", "people", "ada"]).succeeded();
    let why = db.run(&["document", "get", "people", "ada"]).refused();
    assert_eq!(why, r#"collection "people" has no document "ada""#);
    let why = db.run(&["document", "delete", "people", "ada"]).refused();
    assert_eq!(why, r#"collection "people" has no document "ada""#);
}

#[test]
fn integer_ids_are_typed_as_numbers() {
    let db = Database::new();
    db.put("orders", "{\"id\":-7,\"total\":1}\n{\"id\":12,\"total\":2}");
    assert_eq!(db.lines(&["document", "get", "orders", "-7"])[0]["total"], 1);
    db.run(&["document", "delete", "orders", "12"]).succeeded();
    let why = db.run(&["document", "get", "orders", "ada"]).refused();
    assert!(why.contains("integer ids"), "{why}");
}

#[test]
fn find_filters_sorts_and_limits() {
    let db = Database::new();
    db.put("people", PEOPLE);
    let names = |arguments: &[&str]| -> Vec<String> {
        let arguments = [&["document", "find", "people"], arguments].concat();
        db.lines(&arguments).iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(&[]), ["ada", "bob", "cyd"]);
    assert_eq!(names(&["--filter", r#"{"age":{"$gte":18}}"#]), ["ada", "cyd"]);
    assert_eq!(names(&["--sort", "age:desc"]), ["cyd", "ada", "bob"]);
    assert_eq!(names(&["--sort", "age", "--limit", "2"]), ["bob", "ada"]);
    assert_eq!(names(&["--sort", "address.city", "--sort", "age:desc"]), ["cyd", "bob", "ada"]);
    assert_eq!(names(&["--path", r#"$[?@.city=="Bern"]"#]), ["bob", "cyd"]);
    let both = ["--path", r#"$[?@.city=="Bern"]"#, "--filter", r#"{"age":{"$lt":18}}"#];
    assert_eq!(names(&both), ["bob"]);
    assert_eq!(names(&["--limit", "0"]), Vec::<String>::new());
}

#[test]
fn find_pages_through_more_documents_than_a_page_holds() {
    let db = Database::new();
    let documents: String = (0..2500).map(|id| format!("{{\"id\":{id}}}\n")).collect();
    db.put("numbers", &documents);
    let found = db.lines(&["document", "find", "numbers", "--sort", "id:desc"]);
    let ids: Vec<i64> = found.iter().map(|number| number["id"].as_i64().unwrap()).collect();
    assert!(ids.iter().copied().eq((0..2500).rev()));
    assert_eq!(db.lines(&["document", "find", "numbers", "--limit", "1700"]).len(), 1700);
}

#[test]
fn an_index_is_built_over_what_is_there_and_kept() {
    let db = Database::new();
    db.put("people", PEOPLE);
    db.run(&["document", "index", "people", "address.city"]).succeeded();
    db.run(&["document", "index", "people", "name", "--unique"]).succeeded();
    let why = db.run_with(&["document", "put", "people"], r#"{"id":"x","name":"Ada"}"#).refused();
    assert!(why.contains("name") && why.ends_with("(input line 1)"), "{why}");
    let stats = &db.lines(&["stats"])[0];
    assert_eq!(stats["tables"][0]["indexes"], json!(["address.city", "name"]));
}

#[test]
fn a_unique_index_over_equal_values_is_refused_and_leaves_none() {
    let db = Database::new();
    db.put("people", PEOPLE);
    db.run(&["document", "index", "people", "address.city", "--unique"]).refused();
    assert_eq!(db.lines(&["stats"])[0]["tables"][0]["indexes"], json!([]));
}
