//! A query that is moved towards vectors of the graph.

use headwater_primitives::Result;

use super::Graph;

impl Graph {
    /// `query`, moved towards the mean of the vectors under `labels`, which counts `weight` times as much;
    /// of unit length and theirs too under [`Metric::Cosine`](crate::metric::Metric::Cosine). `None` where there are none of them, or
    /// what comes out cannot be compared.
    ///
    /// # Errors
    /// As [`search`](Self::search).
    pub(crate) fn moved(
        &self,
        query: &[f32],
        labels: &[u64],
        weight: f32,
    ) -> Result<Option<Vec<f32>>> {
        let moved = self.with_query(query, |nodes, query, _| {
            let slots: Vec<u32> =
                labels.iter().filter_map(|label| nodes.by_label.get(*label)).collect();
            let share = weight / slots.len().max(1) as f32;
            let mut moved = query[..self.options.dimensions].to_vec();
            for slot in &slots {
                for (number, other) in moved.iter_mut().zip(nodes.vector(*slot)) {
                    *number += share * other;
                }
            }
            moved.iter_mut().for_each(|number| *number /= 1.0 + weight);
            (!slots.is_empty()).then_some(moved)
        })?;
        Ok(moved.filter(|moved| self.scale_of(moved).is_ok()))
    }
}
