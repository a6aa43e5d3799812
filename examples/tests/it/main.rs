//! The examples run as they are, to their end.
#![allow(clippy::unwrap_used)]

mod cranfield;
#[path = "../../embedding/mod.rs"]
mod embedding;
mod lsa;

use std::process::{Command, Output};

/// Runs an example, as it was built beside this test.
fn run(example: &str, arguments: &[&str]) -> Output {
    let test = std::env::current_exe().unwrap();
    let built = test.ancestors().nth(2).unwrap().join("examples").join(example);
    let mut command = Command::new(built);
    command.args(arguments).output().unwrap()
}

fn succeeds(example: &str, arguments: &[&str]) -> String {
    let output = run(example, arguments);
    let (text, errors) =
        (String::from_utf8(output.stdout).unwrap(), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{example} failed:\n{text}\n{errors}");
    text
}

#[test]
fn the_smaller_examples_succeed() {
    for example in ["documents", "async_documents", "follow", "vectors"] {
        assert!(!succeeds(example, &[]).is_empty(), "{example} says nothing");
    }
}

#[test]
#[cfg(feature = "lake")]
fn the_example_of_the_lake_succeeds() {
    assert!(succeeds("lake", &[]).contains("the lake is at"));
}

#[test]
#[cfg(feature = "sql")]
fn the_example_of_sql_succeeds() {
    let text = succeeds("sql", &[]);
    // The same, whatever is where.
    let totals = |heading: &str| text.split_once(heading).unwrap().1.lines().nth(1).unwrap();
    assert_eq!(totals("all hot:"), totals("the rest in Parquet:"), "{text}");
}

#[test]
#[cfg(feature = "cluster")]
fn a_cluster_gives_the_answer_that_is_given_here() {
    let text = succeeds("cluster", &[]);
    assert!(text.contains("| Romansh  | 12500 |") && text.contains("The same as here"), "{text}");
}

#[test]
fn the_tour_is_plain_text_in_a_pipe_and_keeps_what_it_is_told_to() {
    let folder = tempfile::tempdir().unwrap();
    let kept = folder.path().join("kept");
    let text = succeeds("tour", &["--keep", kept.to_str().unwrap()]);
    assert!(text.contains("checks, all of them passed"), "{text}");
    assert!(!text.contains('\x1b'), "{text}");
    for shown in ["· Search ─", "by words", "by meaning", "✓ meaning finds READMEs"] {
        assert!(text.contains(shown), "{shown}: {text}");
    }
    let too_long = text.lines().filter(|line| !line.contains('/') && line.chars().count() > 80);
    assert_eq!(too_long.collect::<Vec<_>>(), [""; 0]);
    assert!(kept.join("tour.hw/hot.db").exists() && kept.join("tour.hw/index").exists());
}

#[test]
fn the_tour_refuses_a_folder_that_is_in_use() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("mine"), "").unwrap();
    let output = run("tour", &["--keep", folder.path().to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("the folder is not empty"));
    assert_eq!(run("tour", &["--fast"]).status.code(), Some(2));
}
