//! Hits as lines of JSON, or as a table.

use headwater::vector::{Explain, Found, RecordId, Row, SearchHit, Side, Snippet};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::arguments::SearchQuery;
use crate::failure::Outcome;
use crate::output::{Output, table};

/// A hit as it is printed: the row's embedding is left to `vector get`.
#[derive(Serialize)]
struct Line<'a> {
    id: &'a RecordId,
    score: f32,
    #[serde(skip_serializing_if = "Option::is_none")]
    distance: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    metadata: &'a Map<String, Value>,
    /// As HTML.
    #[serde(skip_serializing_if = "Option::is_none")]
    snippets: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    explain: Option<Explain>,
}

pub(super) fn print(found: Vec<Found<Row>>, asked: &SearchQuery) -> Outcome {
    let mut output = Output::stdout();
    if output.is_terminal() {
        output.text(&in_table(&found, asked))?;
    } else {
        for Found { hit, row } in &found {
            output.json(&line(hit, row, asked))?;
        }
    }
    output.finish()
}

fn line<'a>(hit: &'a SearchHit, row: &'a Row, asked: &SearchQuery) -> Line<'a> {
    Line {
        id: &hit.id,
        score: hit.score,
        distance: hit.distance,
        text: row.text.as_deref(),
        metadata: &row.metadata,
        snippets: asked.highlight.then(|| hit.snippets.iter().map(Snippet::to_html).collect()),
        explain: hit.explain,
    }
}

fn in_table(found: &[Found<Row>], asked: &SearchQuery) -> String {
    let mut header = vec!["id", "score", "distance", "text", "metadata"];
    if asked.explain {
        header.extend(["by words", "by vector"]);
    }
    let rows = found.iter().map(|Found { hit, row }| {
        let text = match asked.highlight {
            true => hit.snippets.iter().map(marked).collect::<Vec<_>>().join(" … "),
            false => cut(row.text.as_deref()),
        };
        let distance = hit.distance.map_or_else(String::new, |distance| distance.to_string());
        let metadata = table::cell(&Value::Object(row.metadata.clone()));
        let mut cells = vec![id(&hit.id), hit.score.to_string(), distance, text, metadata];
        if let Some(Explain { text, vector }) = hit.explain {
            cells.extend([side(text), side(vector)]);
        }
        cells
    });
    table::rows(header.into_iter().map(str::to_owned), rows)
}

fn id(id: &RecordId) -> String {
    match id {
        RecordId::Integer(id) => id.to_string(),
        RecordId::Text(id) => id.to_string(),
    }
}

fn cut(text: Option<&str>) -> String {
    text.map_or_else(String::new, |text| table::cell(&Value::String(text.to_owned())))
}

/// A rank with its score; a score alone for a hit that was not among the side's best.
fn side(side: Option<Side>) -> String {
    match side {
        None => String::new(),
        Some(Side { rank: 0, score }) => format!("({score})"),
        Some(Side { rank, score }) => format!("{rank} ({score})"),
    }
}

/// A snippet with its words in asterisks.
fn marked(snippet: &Snippet) -> String {
    let mut text = String::with_capacity(snippet.text.len() + 2 * snippet.highlights.len());
    let mut done = 0;
    for highlight in &snippet.highlights {
        text.push_str(&snippet.text[done..highlight.start]);
        text.push('*');
        text.push_str(&snippet.text[highlight.clone()]);
        text.push('*');
        done = highlight.end;
    }
    text.push_str(&snippet.text[done..]);
    text
}
