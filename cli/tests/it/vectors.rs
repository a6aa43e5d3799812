//! Embeddings, texts and metadata in, and found again, each time by another process.

use std::io::{BufRead, BufReader, Write};

use serde_json::{Value, json};

use crate::program::{Database, Run, is_there, json_lines};

const NOTES: &str = r#"{"id":"a","embedding":[1.0,0.0],"text":"a river in the mountains","metadata":{"year":1998,"by":"Ada"}}
{"id":"b","embedding":[0.8,0.6],"text":"rivers & their mouths, and what a mouth is","metadata":{"year":2007}}

{"id":"c","embedding":[0.0,1.0],"metadata":{"year":2011}}
{"id":"d","text":"mountains of paper"}
"#;

fn with_notes() -> Database {
    let db = Database::new();
    db.run(&["vector", "create", "notes", "--dim", "2", "--filter", "year"]).succeeded();
    put(&db, NOTES).succeeded();
    db
}

fn put(db: &Database, rows: &str) -> Run {
    db.run_with(&["vector", "put", "notes"], rows)
}

fn search(db: &Database, arguments: &[&str]) -> Vec<Value> {
    db.lines(&[&["vector", "search", "notes"], arguments].concat())
}

fn ids(hits: &[Value]) -> Vec<&str> {
    hits.iter().map(|hit| hit["id"].as_str().unwrap()).collect()
}

#[test]
fn a_row_comes_back_byte_for_byte_until_it_is_deleted() {
    let db = with_notes();
    let run = db.run(&["vector", "get", "notes", "a"]).succeeded();
    assert_eq!(run.out.trim_end(), NOTES.lines().next().unwrap());
    let deleted = db.lines(&["vector", "delete", "notes", "a", "--ack"]);
    assert_eq!(deleted, [json!({"id": "a", "sequence": 5, "version": 5})]);
    for verb in ["get", "delete"] {
        let why = db.run(&["vector", verb, "notes", "a"]).refused();
        assert_eq!(why, r#"vector store "notes" has no row "a""#);
    }
    assert_eq!(ids(&search(&db, &["--vector", "[1,0]"])), ["b", "c"]);
}

#[test]
fn a_store_is_what_it_was_created_as() {
    let db = Database::new();
    let options = ["--dim", "4", "--metric", "l2", "--matryoshka", "1,2", "--language", "none"];
    let create = [&["vector", "create", "raw"][..], &options].concat();
    db.run(&create).succeeded();
    db.run(&create).succeeded();
    let why = db.run(&["vector", "create", "raw", "--dim", "4"]).refused();
    assert!(why.contains("its metric is l2, and cosine was asked for"), "{why}");
    let row = r#"{"id":7,"embedding":[3,4,0,0],"text":"rivers"}"#;
    let acks = db.run_with(&["vector", "put", "raw", "--ack"], row).succeeded();
    assert_eq!(json_lines(&acks.out), [json!({"id": 7, "sequence": 1, "version": 1})]);
    let found = db.lines(&["vector", "search", "raw", "--vector", "[0,0,0,0]"]);
    assert_eq!((&found[0]["id"], &found[0]["distance"]), (&json!(7), &json!(25.0)));
    let not_stemmed = db.lines(&["vector", "search", "raw", "--text", "river"]);
    assert_eq!(not_stemmed, Vec::<Value>::new());
}

#[test]
fn a_search_goes_by_words_by_a_vector_or_by_both() {
    let db = with_notes();
    assert_eq!(ids(&search(&db, &["--text", "mouth"])), ["b"]);
    assert_eq!(ids(&search(&db, &["--vector", "[0.1,1]"])), ["c", "b", "a"]);
    assert_eq!(ids(&search(&db, &["--vector", "[0.1,1]", "--k", "1", "--exact"])), ["c"]);
    let file = db.file("vector.json", "[\n0.1,\n1\n]\n");
    let from_file = format!("@{}", file.to_str().unwrap());
    assert_eq!(ids(&search(&db, &["--vector", &from_file, "--candidates", "50"])), ["c", "b", "a"]);
    // By the first number alone "a" and "b" are the same, and "c" has no direction.
    assert_eq!(ids(&search(&db, &["--vector", "[0.8,0.6]", "--dim", "1", "--k", "2"])), ["b", "a"]);
    let old = r#"{"year":{"$lt":2010}}"#;
    assert_eq!(ids(&search(&db, &["--vector", "[0.1,1]", "--filter", old])), ["b", "a"]);
    // With all of them as examples, the one in their middle comes first.
    let between = ["--vector", "[0.45,1]", "--feedback"];
    assert_eq!(ids(&search(&db, &[&between[..], &["0"]].concat())), ["c", "b", "a"]);
    assert_eq!(ids(&search(&db, &[&between[..], &["3"]].concat())), ["b", "c", "a"]);
    let both = ["--text", "mountains", "--vector", "[0.1,1]"];
    let fused = search(&db, &[&both[..], &["--explain"]].concat());
    assert_eq!(ids(&fused)[0], "a", "the only one on both sides");
    let ranks = [&fused[0]["explain"]["text"]["rank"], &fused[0]["explain"]["vector"]["rank"]];
    assert_eq!(ranks.map(|rank| rank.as_u64().unwrap()).iter().max(), Some(&3));
    assert_eq!(
        (&fused[0]["metadata"]["by"], &fused[0]["embedding"]),
        (&json!("Ada"), &Value::Null)
    );
}

#[test]
fn one_weight_leaves_the_rest_to_the_other() {
    let db = with_notes();
    let both = ["--text", "mountains", "--vector", "[0.1,1]"];
    let weighed = |weights: &[&str]| search(&db, &[&both[..], weights].concat());
    assert_eq!(ids(&weighed(&["--vector-weight", "1"]))[..3], ["c", "b", "a"]);
    assert_eq!(weighed(&["--text-weight", "0.25"]), weighed(&["--vector-weight", "0.75"]));
    let all = weighed(&["--text-weight", "0.25", "--vector-weight", "0.75"]);
    assert_eq!(weighed(&["--text-weight", "0.25"]), all);
    assert_ne!(weighed(&["--text-weight", "0.75"]), all);
}

#[test]
fn the_words_are_highlighted_in_escaped_html() {
    let db = with_notes();
    let hits = search(&db, &["--text", "mouth", "--highlight"]);
    let snippet = hits[0]["snippets"][0].as_str().unwrap();
    assert!(snippet.starts_with("rivers &amp; their <b>mouths</b>"), "{snippet}");
}

#[test]
fn queries_are_answered_while_more_may_come() {
    let db = with_notes();
    let mut child = db.start(&["vector", "search", "notes", "--queries", "-", "--k", "2"]);
    let mut queries = child.stdin.take().unwrap();
    let mut answers = BufReader::new(child.stdout.take().unwrap()).lines();
    for (query, arguments) in [
        (json!({"vector": [1, 0]}), &["--vector", "[1,0]"][..]),
        (json!({"text": "mountains"}), &["--text", "mountains"]),
        (json!({"text": "unheard"}), &["--text", "unheard"]),
    ] {
        writeln!(queries, "{query}").unwrap();
        let answer: Value = serde_json::from_str(&answers.next().unwrap().unwrap()).unwrap();
        // Beside this owner the single search is a reader.
        let single = search(&db, &[arguments, &["--k", "2"]].concat());
        let single = single.iter().map(|hit| json!({"id": hit["id"], "score": hit["score"]}));
        assert_eq!(answer, json!({"hits": single.collect::<Vec<_>>()}), "{query}");
    }
    writeln!(queries, "{{}}").unwrap();
    drop(queries);
    let why = Run::of(child.wait_with_output().unwrap()).refused();
    assert_eq!(why, r#"a query needs "text", "vector" or both (input line 4)"#);
}

#[test]
fn indexes_are_rebuilt_whatever_their_files_hold() {
    let db = with_notes();
    let both = ["--text", "mountains", "--vector", "[0.1,1]"];
    let before = search(&db, &both);
    let indexes = db.path().join("index/vector");
    let graph = indexes.join("1/graph");
    std::fs::write(&graph, "no graph at all").unwrap();
    std::fs::create_dir_all(indexes.join("77/text")).unwrap();
    std::fs::write(indexes.join("77/text/left"), "by a store that is no more").unwrap();
    db.run(&["rebuild"]).succeeded();
    assert!(std::fs::read(&graph).unwrap().len() > 100, "the graph is saved");
    assert!(!is_there(&indexes.join("77")));
    assert_eq!(search(&db, &both), before);
    std::fs::remove_dir_all(db.path().join("index")).unwrap();
    db.run(&["rebuild"]).succeeded();
    assert!(is_there(&graph));
    assert_eq!(search(&db, &both), before);
}

#[test]
fn stats_and_verify_know_vector_stores() {
    let db = with_notes();
    let table = &db.lines(&["stats"])[0]["tables"][0];
    let expected = json!({"store": "vector", "table": "notes", "rows": 4, "indexes": ["year"]});
    assert_eq!(table, &expected);
    db.run(&["verify"]).succeeded();
    let owner = headwater::Headwater::open(db.path()).unwrap();
    let damage = "UPDATE vector_1 SET text = 'something else' WHERE id = 'b'";
    let damaged = owner.transaction(move |tx| Ok(tx.sql().execute(damage, [])?)).wait();
    assert_eq!(damaged.unwrap(), 1);
    owner.close().unwrap();
    let run = db.run(&["verify"]);
    assert!(run.out.contains(r#"row "notes"/"b""#), "{run:?}");
    run.refused();
}

#[test]
fn a_bad_row_is_named_and_the_rows_before_it_are_written() {
    for (line, expected) in [
        (r#"{"id":"x","embedding":[1]}"#, "1 dimensions, and those of this store have 2"),
        (r#"{"id":"x","embedding":[1,NaN]}"#, "not JSON at column 26"),
        (r#"{"id":"x","embedding":[1,1e39]}"#, "number out of range"),
        (r#"{"id":"x","embedding":[0,0]}"#, "an embedding of zeros"),
        (r#"{"id":"x","embedding":["1",0]}"#, "not what is expected at column 26: invalid type"),
        (r#"{"id":"x","embeding":[1,0]}"#, "unknown field `embeding`"),
        (r#"{"id":3}"#, "the ids of this store are text"),
        (r#"["x",[1,0]]"#, "an array, and each line must be an object"),
    ] {
        let db = with_notes();
        let why = put(&db, &format!("{{\"id\":\"e\"}}\n{line}\n{{\"id\":\"f\"}}\n")).refused();
        assert!(why.contains(expected) && why.ends_with("(input line 2)"), "{line}: {why}");
        assert_eq!(db.lines(&["stats"])[0]["tables"][0]["rows"], 5, "{line}");
    }
}

#[test]
fn what_cannot_be_searched_or_made_is_explained() {
    let db = with_notes();
    for (arguments, expected) in [
        (&["search", "nodes", "--text", "x"][..], r#"no vector store "nodes": there is "notes""#),
        (&["put", "nodes"], r#"no vector store "nodes": there is "notes""#),
        (&["search", "notes"], "a search needs --text, --vector or both, or --queries"),
        (&["search", "notes", "--vector", "[1]"], "1 dimensions, and those of this store have 2"),
        (&["search", "notes", "--vector", "[1,0"], "--vector: not JSON at column 4"),
        (&["search", "notes", "--vector", "[1,\n\"0\"]"], "at line 2, column 3: invalid type"),
        (&["search", "notes", "--vector", "[1,NaN]"], "--vector: not JSON at column 4"),
        (&["search", "notes", "--vector", "@/no/such"], "cannot read /no/such: No such file"),
        (&["search", "notes", "--text", "x", "--filter", r#"{"a":{"$gtee":1}}"#], "$gte"),
        (&["search", "notes", "--vector", "[1,0]", "--dim", "3"], "prefixes [3]"),
        (&["search", "notes", "--text", "x", "--text-weight", "1.5"], "give both"),
        (&["create", "more", "--dim", "0"], "0 dimensions: embeddings have 1 to"),
        (&["create", "more", "--dim", "4", "--language", "english"], "is none of ar, da"),
        (&["create", "more", "--dim", "4", "--matryoshka", "4"], "prefixes [4]"),
    ] {
        let why = db.run(&[&["vector"], arguments].concat()).refused();
        assert!(why.contains(expected), "{arguments:?}: {why}");
    }
}
