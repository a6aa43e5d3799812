//! Tables on a terminal.

use comfy_table::{ContentArrangement, Table, presets};
use serde_json::Value;

/// A cell longer than this is cut.
const CELL: usize = 60;
/// Columns past this many are left out.
const COLUMNS: usize = 12;

/// A table with a header.
pub(crate) fn rows(
    header: impl IntoIterator<Item = String>,
    rows: impl IntoIterator<Item = Vec<String>>,
) -> String {
    let mut table = empty();
    table.set_header(header.into_iter().collect::<Vec<_>>());
    table.add_rows(rows);
    table.to_string()
}

/// A table of names and values.
pub(crate) fn pairs(pairs: impl IntoIterator<Item = (String, String)>) -> String {
    let mut table = empty();
    table.add_rows(pairs.into_iter().map(|(name, value)| vec![name, value]));
    table.to_string()
}

/// Documents as rows; their fields, in the order in which they first come, as columns.
pub(crate) fn documents(documents: &[Value]) -> String {
    let mut columns: Vec<&str> = Vec::new();
    for name in documents.iter().filter_map(Value::as_object).flat_map(|fields| fields.keys()) {
        if !columns.contains(&name.as_str()) && columns.len() < COLUMNS {
            columns.push(name);
        }
    }
    let cells = |document: &Value| {
        columns.iter().map(|name| document.get(name).map_or_else(String::new, cell)).collect()
    };
    rows(columns.iter().map(|name| (*name).to_owned()), documents.iter().map(cells))
}

/// One document, a field per row.
pub(crate) fn document(document: &Value) -> String {
    let fields = document.as_object().into_iter().flatten();
    pairs(fields.map(|(name, value)| (name.clone(), whole(value))))
}

fn empty() -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED.with_rounded_corners());
    table.set_content_arrangement(ContentArrangement::Dynamic);
    table
}

/// A value in one line, cut where it is long.
pub(crate) fn cell(value: &Value) -> String {
    cut(&whole(value))
}

/// Text in one line, cut where it is long.
pub(crate) fn cut(text: &str) -> String {
    let text = text.replace(['\n', '\r', '\t'], " ");
    match text.char_indices().nth(CELL) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

fn whole(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => "null".to_owned(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn documents_of_different_fields_share_a_table() {
        let text = documents(&[json!({"id": 1, "name": "Ada"}), json!({"id": 2, "city": "Bern"})]);
        let header = text.lines().nth(1).unwrap();
        let names: Vec<&str> = header.split(['│', '┆', ' ']).filter(|n| !n.is_empty()).collect();
        assert_eq!(names, ["id", "name", "city"]);
        assert!(text.contains("Ada") && text.contains("Bern"));
    }

    #[test]
    fn a_long_cell_is_cut_between_characters() {
        let text = cell(&json!("é".repeat(100)));
        assert_eq!(text.chars().count(), CELL + 1);
        assert!(text.ends_with('…'));
    }
}
