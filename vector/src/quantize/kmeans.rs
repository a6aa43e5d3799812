//! k-means with 256 centroids (Lloyd's iterations), for the codebooks of product quantization.

use super::kernels::{self, CENTROIDS, Level};
use super::random::Random;

/// Iterations at most; few move a point after as many.
const ITERATIONS: usize = 16;

/// 256 centroids, column by column: row `d` holds coordinate `d` of all of them.
pub(super) struct Centroids {
    columns: Vec<f32>,
    dimensions: usize,
}

impl Centroids {
    /// Clusters `points`, at least 256 of `dimensions` each, one after the other.
    ///
    /// Costs at most `16 · 256` distances per point.
    pub(super) fn train(points: &[f32], dimensions: usize, random: &mut Random) -> Centroids {
        let count = points.len() / dimensions;
        let mut centroids = Centroids { columns: vec![0.0; dimensions * CENTROIDS], dimensions };
        for (place, chosen) in random.choose(CENTROIDS, count).into_iter().enumerate() {
            centroids.set(place, points[chosen * dimensions..][..dimensions].iter().copied());
        }
        let mut nearest = vec![(0, 0.0); count];
        for _ in 0..ITERATIONS {
            if !centroids.assign(points, &mut nearest) {
                break;
            }
            centroids.move_to_means(points, &mut nearest);
        }
        centroids
    }

    pub(super) fn columns(&self) -> &[f32] {
        &self.columns
    }

    fn set(&mut self, place: usize, point: impl Iterator<Item = f32>) {
        for (column, x) in self.columns.chunks_exact_mut(CENTROIDS).zip(point) {
            column[place] = x;
        }
    }

    /// Finds each point's nearest centroid and its distance; false when none has changed.
    fn assign(&self, points: &[f32], nearest: &mut [(usize, f32)]) -> bool {
        let level = Level::best();
        let mut changed = false;
        for (point, nearest) in points.chunks_exact(self.dimensions).zip(nearest) {
            let found = nearest_column(level, point, &self.columns);
            changed |= found != *nearest;
            *nearest = found;
        }
        changed
    }

    /// Moves each centroid to the mean of its points, and one without points to the point that is
    /// farthest from its centroid.
    fn move_to_means(&mut self, points: &[f32], nearest: &mut [(usize, f32)]) {
        let mut sums = vec![0.0f64; CENTROIDS * self.dimensions];
        let mut counts = [0u32; CENTROIDS];
        for (point, (centroid, _)) in points.chunks_exact(self.dimensions).zip(&*nearest) {
            counts[*centroid] += 1;
            let sum = &mut sums[centroid * self.dimensions..][..self.dimensions];
            sum.iter_mut().zip(point).for_each(|(sum, x)| *sum += f64::from(*x));
        }
        for (place, count) in counts.into_iter().enumerate() {
            if count > 0 {
                let sum = &sums[place * self.dimensions..][..self.dimensions];
                self.set(place, sum.iter().map(|sum| (sum / f64::from(count)) as f32));
            } else if let Some(farthest) = take_farthest(nearest) {
                let point = &points[farthest * self.dimensions..][..self.dimensions];
                self.set(place, point.iter().copied());
            }
        }
    }
}

/// The point farthest from its centroid, once; none when every point lies on its centroid.
fn take_farthest(nearest: &mut [(usize, f32)]) -> Option<usize> {
    let (place, (_, distance)) =
        nearest.iter_mut().enumerate().max_by(|(_, a), (_, b)| a.1.total_cmp(&b.1))?;
    if *distance == 0.0 {
        return None;
    }
    *distance = 0.0;
    Some(place)
}

/// The place of the column nearest to `point`, the first of equals, and its squared distance.
pub(super) fn nearest_column(level: Level, point: &[f32], columns: &[f32]) -> (usize, f32) {
    let mut distances = [0.0; CENTROIDS];
    kernels::column_distances(level, point, columns, &mut distances);
    kernels::smallest(level, &distances)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How far points are from their centroids, summed.
    fn error(points: &[f32], centroids: &Centroids) -> f64 {
        let distance = |point| nearest_column(Level::best(), point, &centroids.columns).1;
        points.chunks_exact(centroids.dimensions).map(|point| f64::from(distance(point))).sum()
    }

    #[test]
    fn points_in_256_places_are_found_exactly() {
        let points: Vec<f32> = (0..2048).map(|place| (place % 256) as f32 * 10.0).collect();
        let centroids = Centroids::train(&points, 1, &mut Random::new(1));
        assert_eq!(error(&points, &centroids), 0.0, "clusters without points must move");
    }

    #[test]
    fn training_lowers_the_error_and_follows_from_the_seed() {
        let mut random = Random::new(3);
        let points: Vec<f32> = (0..2 * 1000).map(|_| random.below(1000) as f32).collect();
        let trained = Centroids::train(&points, 2, &mut Random::new(1));
        let again = Centroids::train(&points, 2, &mut Random::new(1));
        assert_eq!(trained.columns, again.columns);
        let first = random.choose(CENTROIDS, 1000);
        let mut untrained = Centroids { columns: vec![0.0; 2 * CENTROIDS], dimensions: 2 };
        for (place, chosen) in first.into_iter().enumerate() {
            untrained.set(place, points[2 * chosen..][..2].iter().copied());
        }
        assert!(error(&points, &trained) < 0.8 * error(&points, &untrained));
    }

    #[test]
    fn equal_points_and_huge_points_are_clustered_too() {
        for x in [0.0, f32::MAX, f32::MIN_POSITIVE] {
            let mut points = vec![x; 300];
            points[0] = -x;
            let centroids = Centroids::train(&points, 1, &mut Random::new(1));
            assert_eq!(error(&points, &centroids), 0.0, "{x}");
        }
    }
}
