//! Kernels in plain Rust, in lanes that the compiler can put into whatever registers there are.

use super::LANES;

fn fold(a: &[f32], b: &[f32], term: impl Fn(f32, f32) -> f32) -> f32 {
    let mut sums = [0.0; LANES];
    for (a, b) in a.chunks_exact(LANES).zip(b.chunks_exact(LANES)) {
        for (sum, (a, b)) in sums.iter_mut().zip(a.iter().zip(b)) {
            *sum += term(*a, *b);
        }
    }
    sums.iter().sum()
}

pub(super) fn l2(a: &[f32], b: &[f32]) -> f32 {
    fold(a, b, |a, b| (a - b) * (a - b))
}

pub(super) fn l2_four(a: &[f32], b: [&[f32]; 4]) -> [f32; 4] {
    b.map(|b| l2(a, b))
}

pub(super) fn dot(a: &[f32], b: &[f32]) -> f32 {
    fold(a, b, |a, b| a * b)
}

pub(super) fn dot_four(a: &[f32], b: [&[f32]; 4]) -> [f32; 4] {
    b.map(|b| dot(a, b))
}
