//! Ends an error message with the name that was probably meant.

/// `; did you mean …` when a known name is near, and all known names.
pub(crate) fn suggestion(name: &str, known: &[&str]) -> String {
    let list = known.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    match nearest(name, known) {
        Some(near) => format!("; did you mean `{near}`? Known are {list}"),
        None => format!("; known are {list}"),
    }
}

/// The known name at most two edits away, and fewer than its length.
fn nearest<'k>(name: &str, known: &[&'k str]) -> Option<&'k str> {
    let best = known.iter().copied().min_by_key(|candidate| edits(name, candidate))?;
    let distance = edits(name, best);
    (distance <= 2 && distance < best.len().min(name.len())).then_some(best)
}

/// The Levenshtein distance, in one row of memory.
fn edits(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in to.iter().enumerate() {
            let replaced = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_near_name_is_suggested_and_a_far_one_is_not() {
        let known = ["id", "index", "unique"];
        assert_eq!(nearest("uniqe", &known), Some("unique"));
        assert_eq!(nearest("indexed", &known), Some("index"));
        assert_eq!(nearest("primary", &known), None);
        assert_eq!(nearest("", &known), None);
    }
}
