//! Which of the nearest nodes become neighbours.

use super::nodes::Nodes;
use super::pool::Candidate;

impl Nodes {
    /// Of `candidates`, nearest first, at most `capacity` that lie in different directions: each one
    /// is nearer to the node than to any chosen before it (Malkov and Yashunin 2018, algorithm 4).
    ///
    /// Cost: up to `candidates * capacity / 2` distances, most of which the first refusal saves.
    pub(super) fn select(&self, candidates: &[Candidate], capacity: usize, out: &mut Vec<u32>) {
        out.clear();
        for candidate in candidates {
            if out.len() == capacity {
                break;
            }
            if !self.is_near_any(candidate.slot(), candidate.distance, out) {
                out.push(candidate.slot());
            }
        }
    }

    /// Whether a node is nearer than `distance` to any of `others`.
    fn is_near_any(&self, slot: u32, distance: f32, others: &[u32]) -> bool {
        let vector = self.vector(slot);
        let fours = others.chunks_exact(4);
        let rest = fours.remainder();
        for four in fours {
            let vectors = [0, 1, 2, 3].map(|at| self.vector(four[at]));
            if self.kernel.distances(vector, vectors).iter().any(|other| *other < distance) {
                return true;
            }
        }
        rest.iter().any(|other| self.kernel.distance(vector, self.vector(*other)) < distance)
    }
}
