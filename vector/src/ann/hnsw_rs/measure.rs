//! Distances as `hnsw_rs` needs them: never negative, and always numbers.

use ::hnsw_rs::anndists::dist::distances::Distance;
use ::hnsw_rs::hnsw::Hnsw;

use crate::distance::Kernel;
use crate::graph::GraphOptions;
use crate::metric::Metric;

/// What `hnsw_rs` keeps.
pub(super) type Links = Hnsw<'static, f32, Measure>;

/// Levels of its graph: as many as it can have.
const LEVELS: usize = 16;

/// A graph without vectors, for about `count` of them.
pub(super) fn links(options: &GraphOptions, count: usize) -> Links {
    let measure = Measure { kernel: Kernel::of(options.metric), metric: options.metric };
    Hnsw::new(options.links, count.max(1024), LEVELS, options.candidates, measure)
}

/// Our distances, in their order.
pub(super) struct Measure {
    kernel: Kernel,
    metric: Metric,
}

impl Distance<f32> for Measure {
    fn eval(&self, a: &[f32], b: &[f32]) -> f32 {
        let distance = self.kernel.distance(a, b);
        if distance.is_nan() {
            // Numbers so large that their products are infinite.
            return f32::INFINITY;
        }
        match self.metric {
            Metric::Dot => above_zero(distance),
            // Rounding may put the same direction below 0.
            Metric::Cosine | Metric::L2 => distance.max(0.0),
        }
    }
}

/// A number above 0 for every number, in the same order.
fn above_zero(number: f32) -> f32 {
    if number < 0.0 { 1.0 / (1.0 - number) } else { 1.0 + number }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_above_zero_keep_their_order() {
        let numbers =
            [f32::NEG_INFINITY, f32::MIN, -3e4, -2.0, -1.0, -0.25, 0.0, 0.5, 7.0, f32::INFINITY];
        let mapped = numbers.map(above_zero);
        assert!(mapped.is_sorted() && mapped[0] >= 0.0, "{mapped:?}");
        assert!(mapped.iter().skip(1).is_sorted_by(|a, b| a < b), "{mapped:?}");
    }
}
