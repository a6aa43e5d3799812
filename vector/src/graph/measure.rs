//! Distances of vectors that are elsewhere, as the graph would measure them.

use headwater_primitives::Result;

use super::{GraphOptions, check, scale_to_unit};
use crate::distance::{Kernel, padded};
use crate::metric::Metric;

/// A query, beside which vectors are measured one by one.
pub(crate) struct Measure {
    options: GraphOptions,
    kernel: Kernel,
    query: Vec<f32>,
    /// The vector in hand.
    vector: Vec<f32>,
}

#[cfg_attr(not(feature = "lance"), allow(dead_code))]
impl Measure {
    pub(super) fn new(options: &GraphOptions, query: &[f32]) -> Result<Measure> {
        let mut measure = Measure {
            options: *options,
            kernel: Kernel::of(options.metric),
            query: vec![0.0; padded(options.dimensions)],
            vector: vec![0.0; padded(options.dimensions)],
        };
        set(options, query, &mut measure.query)?;
        Ok(measure)
    }

    /// The distance of the query and `vector`.
    ///
    /// # Errors
    /// `InvalidInput` for what no graph could hold.
    pub(crate) fn distance(&mut self, vector: &[f32]) -> Result<f32> {
        set(&self.options, vector, &mut self.vector)?;
        let distance = self.kernel.distance(&self.query, &self.vector);
        Ok(if distance.is_nan() { f32::INFINITY } else { distance })
    }
}

/// Puts `vector` into `place`, of unit length where the metric wants that; what lies behind stays 0.
fn set(options: &GraphOptions, vector: &[f32], place: &mut [f32]) -> Result<()> {
    check(vector, options.dimensions)?;
    let scale = if options.metric == Metric::Cosine { scale_to_unit(vector)? } else { 1.0 };
    let place = &mut place[..vector.len()];
    place.copy_from_slice(vector);
    if scale != 1.0 {
        place.iter_mut().for_each(|number| *number = (f64::from(*number) * scale) as f32);
    }
    Ok(())
}
