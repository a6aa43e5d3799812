//! What every index of nearest neighbours is held to, once for each implementation.

mod answers;
mod changes;
mod data;
mod files;
mod refusals;

use headwater_vector::Metric;
use headwater_vector::ann::AnnIndex;
use headwater_vector::graph::{Graph, GraphOptions};
use headwater_vector::primitives::Result;

/// An implementation, and how it is made.
trait Implementation: AnnIndex + Sized {
    fn new(options: GraphOptions) -> Result<Self>;

    fn empty(dimensions: usize, metric: Metric) -> Self {
        Self::new(GraphOptions::new(dimensions, metric)).unwrap()
    }

    /// With `vectors` under their places.
    fn filled(metric: Metric, vectors: &[Vec<f32>]) -> Self {
        let index = Self::empty(vectors[0].len(), metric);
        for (label, vector) in (0..).zip(vectors) {
            index.insert(label, vector).unwrap();
        }
        index
    }
}

/// The tests of the suite, by name, for one implementation.
macro_rules! conformance {
    ($name:ident, $index:ty, $($module:ident: $($test:ident)*;)*) => {
        mod $name {
            use super::*;

            impl Implementation for $index {
                fn new(options: GraphOptions) -> Result<Self> {
                    <$index>::new(options)
                }
            }

            $($(
                #[test]
                fn $test() {
                    $module::$test::<$index>();
                }
            )*)*
        }
    };
}

macro_rules! conformance_of {
    ($name:ident, $index:ty) => {
        conformance! {
            $name, $index,
            answers:
                random_vectors_are_found
                clustered_vectors_are_found
                clusters_that_come_one_by_one_are_mostly_found
                a_filter_gives_as_many_as_there_are_at_every_selectivity
                nothing_and_more_than_there_is_can_be_asked_for
                the_same_vector_may_be_there_many_times;
            changes:
                what_is_deleted_is_never_found
                what_was_deleted_may_come_again
                an_update_replaces
                everything_may_go_and_come_again
                a_model_says_the_same_after_random_changes
                searches_go_on_beside_insertions_and_deletions;
            files:
                a_loaded_index_gives_the_same_answers
                an_empty_index_is_saved_and_loaded
                a_damaged_file_is_refused
                a_file_of_another_kind_is_refused;
            refusals:
                what_cannot_be_compared_is_refused_and_changes_nothing
                numbers_beyond_what_a_sum_can_hold_are_as_far_as_can_be
                options_that_no_index_can_have_are_refused;
        }
    };
}

conformance_of!(graph, Graph);
#[cfg(feature = "hnsw_rs")]
conformance_of!(hnsw_rs, headwater_vector::ann::HnswRs);
