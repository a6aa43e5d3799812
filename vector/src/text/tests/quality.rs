//! How good the ranking is, on judged queries.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use headwater_testkit::dataset;
use serde_json::Value;

use super::indexed;
use crate::text::{Snapshot, TextQuery};

/// Judged queries over short texts: for each query the gain of each relevant text.
struct Judged {
    ids: Vec<String>,
    texts: Vec<String>,
    queries: Vec<(String, HashMap<String, f64>)>,
}

fn read(folder: &Path) -> Judged {
    let lines = |name: &str| -> Vec<Value> {
        let text = fs::read_to_string(folder.join(name)).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let field = |value: &Value, name: &str| value[name].as_str().unwrap().to_owned();
    let mut gains: HashMap<String, HashMap<String, f64>> = HashMap::new();
    for line in fs::read_to_string(folder.join("qrels.tsv")).unwrap().lines().skip(1) {
        let mut parts = line.split('\t').map(str::to_owned);
        let (query, text) = (parts.next().unwrap(), parts.next().unwrap());
        let gain: f64 = parts.next().unwrap().parse().unwrap();
        if gain > 0.0 {
            gains.entry(query).or_default().insert(text, gain);
        }
    }
    let corpus = lines("corpus.jsonl");
    let queries = lines("queries.jsonl")
        .into_iter()
        .filter_map(|query| Some((field(&query, "text"), gains.remove(&field(&query, "_id"))?)));
    Judged {
        ids: corpus.iter().map(|text| field(text, "_id")).collect(),
        texts: corpus
            .iter()
            .map(|text| format!("{} {}", field(text, "title"), field(text, "text")))
            .collect(),
        queries: queries.collect(),
    }
}

/// The mean of nDCG@10 with linear gain.
fn ndcg(judged: &Judged, snapshot: &Snapshot, prepare: impl Fn(&str) -> String) -> f64 {
    let discounted = |gains: &mut dyn Iterator<Item = f64>| -> f64 {
        gains.take(10).enumerate().map(|(rank, gain)| gain / (rank as f64 + 2.0).log2()).sum()
    };
    let each = judged.queries.iter().map(|(query, gains)| {
        let hits = snapshot.search(&TextQuery::parse(&prepare(query)).unwrap(), 10, None).unwrap();
        let gain = |row: i64| gains.get(&judged.ids[row as usize]).copied().unwrap_or(0.0);
        let mut ideal: Vec<f64> = gains.values().copied().collect();
        ideal.sort_by(|a, b| b.total_cmp(a));
        discounted(&mut hits.iter().map(|hit| gain(hit.row))) / discounted(&mut ideal.into_iter())
    });
    each.sum::<f64>() / judged.queries.len() as f64
}

/// Only the words, so that a dash in a query excludes nothing.
fn words(query: &str) -> String {
    query.split(|c: char| !c.is_ascii_alphanumeric()).collect::<Vec<_>>().join(" ")
}

#[test]
fn english_stemming_ranks_cranfield_well() {
    let Some(folder) = dataset("hybrid-cranfield") else { return };
    let judged = read(&folder);
    assert_eq!((judged.texts.len(), judged.queries.len()), (1_400, 225));
    let texts: Vec<&str> = judged.texts.iter().map(String::as_str).collect();
    let (_plain_folder, plain) = indexed(None, &texts);
    let (_folder, stemmed) = indexed(Some("en"), &texts);
    let plain = ndcg(&judged, &plain.snapshot(), words);
    let english = ndcg(&judged, &stemmed.snapshot(), words);
    let typed = ndcg(&judged, &stemmed.snapshot(), str::to_owned);
    println!("nDCG@10 on Cranfield: plain {plain:.4}, English {english:.4}, as typed {typed:.4}");
    assert!(english >= 0.37, "English: {english}");
    assert!(english > plain + 0.02, "stemming and stop words: {english} after {plain}");
    assert!(typed >= 0.36, "as typed: {typed}");
}
