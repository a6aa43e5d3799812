//! One list from two.

use std::collections::HashMap;

use super::{Explain, Fusion, Side};

/// A row with what is known of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Ranked {
    pub(super) row: u64,
    pub(super) score: f32,
    pub(super) explain: Explain,
}

/// Rows of one side, best first.
pub(super) type Hits = Vec<(u64, f32)>;

/// All rows of both sides, each once, without a score yet.
pub(super) fn union(text: &Hits, vector: &Hits) -> Vec<Ranked> {
    let mut rows: Vec<Ranked> = Vec::with_capacity(text.len() + vector.len());
    let mut places = HashMap::with_capacity(text.len() + vector.len());
    let mut add = |hits: &Hits, of: fn(&mut Explain) -> &mut Option<Side>| {
        for (at, (row, score)) in hits.iter().enumerate() {
            let place = *places.entry(*row).or_insert_with(|| {
                rows.push(Ranked { row: *row, score: 0.0, explain: Explain::default() });
                rows.len() - 1
            });
            *of(&mut rows[place].explain) = Some(Side { rank: at + 1, score: *score });
        }
    };
    add(text, |explain| &mut explain.text);
    add(vector, |explain| &mut explain.vector);
    rows
}

/// Scores the rows, and puts the best `limit` first; equal ones by row.
pub(super) fn fuse(rows: &mut Vec<Ranked>, fusion: Fusion, limit: usize) {
    match fusion {
        Fusion::ReciprocalRank { k } => {
            let part = |side: Option<Side>| match side {
                Some(side) if side.rank > 0 => 1.0 / (k + side.rank as f32),
                _ => 0.0,
            };
            for row in &mut *rows {
                row.score = part(row.explain.text) + part(row.explain.vector);
            }
        }
        Fusion::Weighted { text, vector } => {
            let of_text = Range::of(rows.iter().filter_map(|row| row.explain.text), Some(0.0));
            let of_vector = Range::of(rows.iter().filter_map(|row| row.explain.vector), None);
            for row in &mut *rows {
                row.score = text * of_text.place(row.explain.text)
                    + vector * of_vector.place(row.explain.vector);
            }
        }
    }
    rows.sort_unstable_by(|a, b| b.score.total_cmp(&a.score).then(a.row.cmp(&b.row)));
    rows.truncate(limit);
}

/// The scores of one side.
struct Range {
    least: f32,
    most: f32,
}

impl Range {
    /// From the least score, or `least`, to the largest one.
    fn of(sides: impl Iterator<Item = Side>, least: Option<f32>) -> Range {
        let start = Range { least: f32::INFINITY, most: f32::NEG_INFINITY };
        let range = sides.fold(start, |range, side| Range {
            least: range.least.min(side.score),
            most: range.most.max(side.score),
        });
        Range { least: least.unwrap_or(range.least), ..range }
    }

    /// A score as a number from 0 to 1; 0 where there is none.
    fn place(&self, side: Option<Side>) -> f32 {
        let Some(side) = side else { return 0.0 };
        let width = f64::from(self.most) - f64::from(self.least);
        if side.score == self.most {
            1.0
        } else if width.is_finite() {
            ((f64::from(side.score) - f64::from(self.least)) / width) as f32
        } else {
            // Beside an infinite score the finite ones are all the same.
            0.0
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fused(fusion: Fusion) -> Vec<u64> {
        let mut rows =
            union(&vec![(1, 9.0), (2, 3.0), (3, 1.0)], &vec![(2, 0.9), (4, 0.8), (3, 0.1)]);
        fuse(&mut rows, fusion, 3);
        rows.iter().map(|row| row.row).collect()
    }

    #[test]
    fn a_row_that_both_sides_find_comes_before_others() {
        assert_eq!(fused(Fusion::default()), [2, 3, 1]);
    }

    #[test]
    fn weights_decide_between_the_sides() {
        assert_eq!(fused(Fusion::Weighted { text: 1.0, vector: 0.0 }), [1, 2, 3]);
        assert_eq!(fused(Fusion::Weighted { text: 0.1, vector: 0.9 }), [2, 4, 1]);
    }

    #[test]
    fn a_side_with_one_row_has_a_score() {
        let mut rows = union(&vec![(7, 2.0)], &vec![]);
        fuse(&mut rows, Fusion::Weighted { text: 0.5, vector: 0.5 }, 5);
        assert_eq!((rows[0].row, rows[0].score), (7, 0.5));
        assert_eq!(rows[0].explain.text, Some(Side { rank: 1, score: 2.0 }));
    }
}
