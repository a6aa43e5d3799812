//! How well the embeddings find what people judged to be the answer: the Cranfield collection.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::time::Instant;

use headwater::vector::Embedder;
use headwater_testkit::dataset;
use serde::Deserialize;

use crate::embedding::{Lsa, LsaOptions};

#[derive(Deserialize)]
struct Text {
    #[serde(rename = "_id")]
    id: String,
    #[serde(default)]
    title: String,
    text: String,
}

/// For each query by its id, how relevant each document is.
type Judgements = HashMap<String, HashMap<String, f64>>;

fn texts(path: &Path) -> Vec<Text> {
    let lines = fs::read_to_string(path).unwrap();
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn judgements(path: &Path) -> Judgements {
    let mut judgements = Judgements::new();
    for line in fs::read_to_string(path).unwrap().lines().skip(1) {
        let [query, document, gain] = line.split('\t').collect::<Vec<_>>()[..] else {
            panic!("{line}")
        };
        let gain: f64 = gain.parse().unwrap();
        if gain > 0.0 {
            judgements.entry(query.into()).or_default().insert(document.into(), gain);
        }
    }
    judgements
}

/// Normalised discounted cumulative gain of the first ten, the gain linear.
fn ndcg_at_10<'a>(found: impl Iterator<Item = &'a str>, relevant: &HashMap<String, f64>) -> f64 {
    let discounted = |gains: &mut dyn Iterator<Item = f64>| -> f64 {
        gains.take(10).zip(2..).map(|(gain, place)| gain / f64::from(place).log2()).sum()
    };
    let mut best: Vec<f64> = relevant.values().copied().collect();
    best.sort_by(|one, other| other.total_cmp(one));
    let gain = |id: &str| relevant.get(id).copied().unwrap_or(0.0);
    discounted(&mut found.map(gain)) / discounted(&mut best.into_iter())
}

#[test]
fn the_nearest_abstracts_are_those_that_were_judged_relevant() {
    let Some(folder) = dataset("hybrid-cranfield") else { return };
    let documents = texts(&folder.join("corpus.jsonl"));
    let queries = texts(&folder.join("queries.jsonl"));
    let judgements = judgements(&folder.join("qrels.tsv"));
    let whole: Vec<String> =
        documents.iter().map(|one| format!("{} {}", one.title, one.text)).collect();
    let whole: Vec<&str> = whole.iter().map(String::as_str).collect();

    let began = Instant::now();
    let lsa = Lsa::fit(&whole, LsaOptions::default()).unwrap();
    let fitted = began.elapsed();
    let embedded = lsa.embed(&whole).unwrap();
    let took = began.elapsed();
    let mut sum = 0.0;
    for query in &queries {
        let wanted = lsa.embed_query(&query.text).unwrap();
        let cosine = |one: &[f32]| one.iter().zip(&wanted).map(|(a, b)| a * b).sum::<f32>();
        let mut ranked: Vec<(f32, &str)> =
            embedded.iter().zip(&documents).map(|(one, text)| (cosine(one), &*text.id)).collect();
        ranked.sort_by(|(one, _), (other, _)| other.total_cmp(one));
        sum += ndcg_at_10(ranked.iter().map(|(_, id)| *id), &judgements[&query.id]);
    }
    let ndcg = sum / queries.len() as f64;
    println!(
        "{} abstracts, {} words, {} dimensions: nDCG@10 {ndcg:.4}; fitted in {fitted:?}, \
         embedded too in {took:?}",
        documents.len(),
        lsa.vocabulary(),
        lsa.rank(),
    );
    assert!(ndcg >= 0.39, "nDCG@10 is {ndcg:.4}");
}
