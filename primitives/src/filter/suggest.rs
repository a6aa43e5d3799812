//! Finds the known name that a mistyped one was meant to be.

/// `; did you mean "x"? known names are …`, to end an error message with.
pub(crate) fn suggestion(name: &str, known: &[&str]) -> String {
    let list = known.join(", ");
    match nearest(name, known) {
        Some(near) => format!("; did you mean {near}? Known are {list}"),
        None => format!("; known are {list}"),
    }
}

/// The known name at most two edits away, letter case aside.
fn nearest<'k>(name: &str, known: &[&'k str]) -> Option<&'k str> {
    const LONGEST: usize = 32;
    if name.len() > LONGEST {
        return None;
    }
    let name = name.to_lowercase();
    let distance = |candidate: &&'k str| edits(&name, &candidate.to_lowercase());
    let best = known.iter().copied().min_by_key(distance)?;
    (distance(&best) <= 2).then_some(best)
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
