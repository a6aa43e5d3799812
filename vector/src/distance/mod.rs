//! Distances of `f32` vectors, by the widest instructions that the processor has.
//!
//! All slices have one length, a multiple of [`LANES`]: shorter vectors are padded with zeros, which
//! changes none of the sums. Products and sums are rounded in another order by each set of
//! instructions, so two machines may differ in the last bits. On one machine they never do: a pair of
//! vectors has the same distance whether it is measured alone or beside others, so an answer does not
//! depend on the way on which a row was found.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod portable;

use std::sync::OnceLock;

use crate::metric::Metric;

/// Vectors are padded to a multiple of this many numbers: one cache line.
pub(crate) const LANES: usize = 16;

/// The length of a vector of `dimensions` with its padding.
pub(crate) fn padded(dimensions: usize) -> usize {
    dimensions.next_multiple_of(LANES)
}

/// One number for two vectors.
type One = unsafe fn(&[f32], &[f32]) -> f32;
/// Four numbers for one vector beside four others, to the last bit those of [`One`]: the first one is
/// loaded once.
type Four = unsafe fn(&[f32], [&[f32]; 4]) -> [f32; 4];

/// The functions for one metric on this machine.
#[derive(Clone, Copy)]
pub(crate) struct Kernel {
    one: One,
    four: Four,
    /// The distance is `offset + scale * number`.
    scale: f32,
    offset: f32,
}

impl Kernel {
    /// The fastest functions for `metric`. For [`Metric::Cosine`] vectors must have unit length.
    pub(crate) fn of(metric: Metric) -> Kernel {
        let functions = Functions::best();
        match metric {
            Metric::L2 => {
                Kernel { one: functions.l2, four: functions.l2_four, scale: 1.0, offset: 0.0 }
            }
            Metric::Cosine => {
                Kernel { one: functions.dot, four: functions.dot_four, scale: -1.0, offset: 1.0 }
            }
            Metric::Dot => {
                Kernel { one: functions.dot, four: functions.dot_four, scale: -1.0, offset: 0.0 }
            }
        }
    }

    /// The distance of `a` and `b`.
    #[inline]
    pub(crate) fn distance(&self, a: &[f32], b: &[f32]) -> f32 {
        // SAFETY: `Functions::best` chose a function whose instructions this processor has.
        #[allow(unsafe_code)]
        let number = unsafe { (self.one)(a, b) };
        self.offset + self.scale * number
    }

    /// The distances of `a` and each of `b`.
    #[inline]
    pub(crate) fn distances(&self, a: &[f32], b: [&[f32]; 4]) -> [f32; 4] {
        // SAFETY: as in `distance`.
        #[allow(unsafe_code)]
        let numbers = unsafe { (self.four)(a, b) };
        numbers.map(|number| self.offset + self.scale * number)
    }
}

/// One set of instructions.
#[derive(Clone, Copy)]
struct Functions {
    l2: One,
    l2_four: Four,
    dot: One,
    dot_four: Four,
}

impl Functions {
    const PORTABLE: Functions = Functions {
        l2: portable::l2,
        l2_four: portable::l2_four,
        dot: portable::dot,
        dot_four: portable::dot_four,
    };

    #[cfg(target_arch = "x86_64")]
    const AVX2: Functions = Functions {
        l2: avx2::l2,
        l2_four: avx2::l2_four,
        dot: avx2::dot,
        dot_four: avx2::dot_four,
    };

    #[cfg(target_arch = "x86_64")]
    const AVX512: Functions = Functions {
        l2: avx512::l2,
        l2_four: avx512::l2_four,
        dot: avx512::dot,
        dot_four: avx512::dot_four,
    };

    /// All that this machine can run, the fastest first.
    fn available() -> Vec<Functions> {
        let mut available = Vec::new();
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx512f") {
                available.push(Functions::AVX512);
            }
            if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                available.push(Functions::AVX2);
            }
        }
        available.push(Functions::PORTABLE);
        available
    }

    fn best() -> Functions {
        static BEST: OnceLock<Functions> = OnceLock::new();
        *BEST.get_or_init(|| Functions::available()[0])
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn close(found: f32, exact: f64, size: f64) -> bool {
        (f64::from(found) - exact).abs() <= 1e-5 * size.max(1e-3)
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn every_kernel_gives_the_textbook_sum(
            lines in 1..9usize,
            numbers in vec(-10.0..10.0f32, 5 * 8 * LANES),
        ) {
            let vectors: Vec<&[f32]> =
                numbers.chunks(8 * LANES).map(|vector| &vector[..(lines.min(8)) * LANES]).collect();
            let (a, b) = (vectors[0], [vectors[1], vectors[2], vectors[3], vectors[4]]);
            let sum = |b: &[f32], of: fn(f64, f64) -> f64| -> f64 {
                a.iter().zip(b).map(|(a, b)| of(f64::from(*a), f64::from(*b))).sum()
            };
            for functions in Functions::available() {
                // SAFETY: only what this machine can run is available.
                #[allow(unsafe_code)]
                let (l2, l2_four, dot, dot_four) = unsafe {
                    (
                        b.map(|b| (functions.l2)(a, b)),
                        (functions.l2_four)(a, b),
                        b.map(|b| (functions.dot)(a, b)),
                        (functions.dot_four)(a, b),
                    )
                };
                for at in 0..4 {
                    let exact = sum(b[at], |a, b| (a - b) * (a - b));
                    prop_assert!(close(l2[at], exact, exact) && close(l2_four[at], exact, exact));
                    let (exact, size) = (sum(b[at], |a, b| a * b), sum(b[at], |a, b| (a * b).abs()));
                    prop_assert!(close(dot[at], exact, size) && close(dot_four[at], exact, size));
                }
                prop_assert_eq!(l2.map(f32::to_bits), l2_four.map(f32::to_bits));
                prop_assert_eq!(dot.map(f32::to_bits), dot_four.map(f32::to_bits));
            }
        }
    }
}
