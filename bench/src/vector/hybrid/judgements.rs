//! Which texts answer which query, and how good a ranking is by that.

use std::collections::HashMap;
use std::path::Path;

use crate::Outcome;

const RANKS: usize = 10;

/// The gain of each relevant text, for each query in order.
pub(crate) struct Judgements(Vec<HashMap<u32, f64>>);

impl Judgements {
    /// Reads lines of query, text and gain; queries are numbered from 1 by their position.
    pub(crate) fn read(path: &Path) -> Outcome<Self> {
        let text = std::fs::read_to_string(path)?;
        let mut queries = Vec::new();
        for line in text.lines().skip(1) {
            let mut fields = line.split('\t');
            let mut field = || fields.next().ok_or("a judgement has three fields");
            let (query, text, gain) = (field()?, field()?, field()?);
            let query = query.parse::<usize>()?.checked_sub(1).ok_or("queries begin at 1")?;
            let (text, gain): (u32, f64) = (text.parse()?, gain.trim().parse()?);
            if queries.len() <= query {
                queries.resize_with(query + 1, HashMap::new);
            }
            if gain > 0.0 {
                queries[query].insert(text, gain);
            }
        }
        Ok(Self(queries))
    }

    /// The mean nDCG of the first ten (Järvelin and Kekäläinen, 2002), with the gain as it is, over
    /// the queries that have an answer.
    pub(crate) fn ndcg(&self, found: &[Vec<u32>]) -> f64 {
        let judged = self.0.iter().zip(found).filter(|(gains, _)| !gains.is_empty());
        let scores: Vec<f64> = judged
            .map(|(gains, found)| {
                let mut ideal: Vec<f64> = gains.values().copied().collect();
                ideal.sort_by(|a, b| b.total_cmp(a));
                let gain = |text: &u32| gains.get(text).copied().unwrap_or(0.0);
                discounted(found.iter().map(gain)) / discounted(ideal.into_iter())
            })
            .collect();
        scores.iter().sum::<f64>() / scores.len() as f64
    }
}

fn discounted(gains: impl Iterator<Item = f64>) -> f64 {
    gains.take(RANKS).zip(2..).map(|(gain, rank)| gain / f64::from(rank).log2()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_perfect_ranking_scores_1_and_a_late_hit_less() -> Outcome<()> {
        let file = tempfile::NamedTempFile::new()?;
        std::fs::write(file.path(), "query\ttext\tscore\n1\t7\t4\n1\t8\t1\n1\t9\t0\n3\t5\t2\n")?;
        let judgements = Judgements::read(file.path())?;
        let perfect = [vec![7, 8], vec![1], vec![5]];
        assert_eq!(judgements.ndcg(&perfect), 1.0);
        // Query 2 has no answer and does not count; query 3's answer stands third.
        let late = [vec![7, 8], vec![1], vec![1, 2, 5]];
        assert_eq!(judgements.ndcg(&late), 0.75);
        Ok(())
    }
}
