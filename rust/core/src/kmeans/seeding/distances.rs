//! Squared distances of the samples of a block to centers.

use fearless_simd::{Simd, SimdBase, SimdFloat, SimdFrom, f64x8};

use crate::Real;
use crate::simd::{Features, TILE};

/// Samples whose distances are computed together: 512 bits at every level, so that sums have the same order.
pub(super) const LANES: usize = 8;

/// Squared distances of [`LANES`] samples at a time, summed in an order that follows from the number of features alone.
pub(super) trait Distances: Copy {
    /// Values per center.
    fn width(self) -> usize;

    /// Distances of the samples from `at` on to each of `N` centers.
    fn to<S: Simd, const N: usize>(self, simd: S, at: usize, centers: [&[f64]; N]) -> [f64x8<S>; N];

    /// Distances of the samples from `at` on to the centers of their labels.
    fn to_own<S: Simd>(self, simd: S, at: usize, centers: &[f64], labels: &[u16; LANES]) -> f64x8<S>;
}

/// Columns of few features, a number known to the compiler.
#[derive(Clone, Copy)]
pub(super) struct Few<'a, const D: usize>([&'a [f64]; D]);

impl<'a, const D: usize> Few<'a, D> {
    #[inline(always)]
    pub(super) fn new(features: Features<'a, f64>) -> Self {
        // With few features a tile is never shorter, and the compiler knows the length.
        Self(std::array::from_fn(|f| &features.get(f)[..TILE]))
    }
}

impl<const D: usize> Distances for Few<'_, D> {
    #[inline(always)]
    fn width(self) -> usize {
        D
    }

    #[inline(always)]
    fn to<S: Simd, const N: usize>(self, simd: S, at: usize, centers: [&[f64]; N]) -> [f64x8<S>; N] {
        let mut sums = [f64x8::simd_from(simd, 0.0); N];
        for f in 0..D {
            let values = f64x8::from_slice(simd, &self.0[f][at..at + LANES]);
            for j in 0..N {
                let difference = values - centers[j][f];
                sums[j] = difference.mul_add(difference, sums[j]);
            }
        }
        sums
    }

    #[inline(always)]
    fn to_own<S: Simd>(self, simd: S, at: usize, centers: &[f64], labels: &[u16; LANES]) -> f64x8<S> {
        let mut own = [[0.0; LANES]; D];
        for i in 0..LANES {
            let center = &centers[usize::from(labels[i]) * D..][..D];
            for f in 0..D {
                own[f][i] = center[f];
            }
        }
        let mut sum = f64x8::simd_from(simd, 0.0);
        for f in 0..D {
            let values = f64x8::from_slice(simd, &self.0[f][at..at + LANES]);
            let difference = values - f64x8::load_array(simd, own[f]);
            sum = difference.mul_add(difference, sum);
        }
        sum
    }
}

/// Columns of any number of features.
#[derive(Clone, Copy)]
pub(super) struct Many<'a> {
    features: Features<'a, f64>,
    n_features: usize,
}

impl<'a> Many<'a> {
    #[inline(always)]
    pub(super) fn new(features: Features<'a, f64>, n_features: usize) -> Self {
        Self { features, n_features }
    }
}

impl Distances for Many<'_> {
    #[inline(always)]
    fn width(self) -> usize {
        self.n_features
    }

    #[inline(always)]
    fn to<S: Simd, const N: usize>(self, simd: S, at: usize, centers: [&[f64]; N]) -> [f64x8<S>; N] {
        let mut sums = [f64x8::simd_from(simd, 0.0); N];
        for f in 0..self.n_features {
            let values = f64x8::from_slice(simd, &self.features.get(f)[at..at + LANES]);
            for j in 0..N {
                let difference = values - centers[j][f];
                sums[j] = difference.mul_add(difference, sums[j]);
            }
        }
        sums
    }

    #[inline(always)]
    fn to_own<S: Simd>(self, simd: S, at: usize, centers: &[f64], labels: &[u16; LANES]) -> f64x8<S> {
        let own = rows_of_labels(centers, self.n_features, labels);
        let mut sum = f64x8::simd_from(simd, 0.0);
        for f in 0..self.n_features {
            let mut center = [0.0; LANES];
            for i in 0..LANES {
                center[i] = own[i][f];
            }
            let values = f64x8::from_slice(simd, &self.features.get(f)[at..at + LANES]);
            let difference = values - f64x8::load_array(simd, center);
            sum = difference.mul_add(difference, sum);
        }
        sum
    }
}

/// Rows of many features, padded with zeros to whole vectors.
#[derive(Clone, Copy)]
pub(super) struct Rows<'a> {
    values: &'a [f64],
    width: usize,
}

impl<'a> Rows<'a> {
    #[inline(always)]
    pub(super) fn new(values: &'a [f64], width: usize) -> Self {
        Self { values, width }
    }

    /// Distance of each sample to a center of its own: lane `f % 8` adds feature `f`, the lanes are added last.
    #[inline(always)]
    fn to_each<S: Simd>(self, simd: S, at: usize, centers: [&[f64]; LANES]) -> f64x8<S> {
        let mut samples = centers;
        for i in 0..LANES {
            samples[i] = &self.values[(at + i) * self.width..][..self.width];
        }
        let mut sums = [f64x8::simd_from(simd, 0.0); LANES];
        for f in (0..self.width).step_by(LANES) {
            for i in 0..LANES {
                let values = f64x8::from_slice(simd, &samples[i][f..f + LANES]);
                let difference = values - f64x8::from_slice(simd, &centers[i][f..f + LANES]);
                sums[i] = difference.mul_add(difference, sums[i]);
            }
        }
        let mut distances = [0.0; LANES];
        for i in 0..LANES {
            distances[i] = f64::sum_lanes(sums[i]);
        }
        f64x8::load_array(simd, distances)
    }
}

impl Distances for Rows<'_> {
    #[inline(always)]
    fn width(self) -> usize {
        self.width
    }

    #[inline(always)]
    fn to<S: Simd, const N: usize>(self, simd: S, at: usize, centers: [&[f64]; N]) -> [f64x8<S>; N] {
        let mut distances = [f64x8::simd_from(simd, 0.0); N];
        for j in 0..N {
            distances[j] = self.to_each(simd, at, [centers[j]; LANES]);
        }
        distances
    }

    #[inline(always)]
    fn to_own<S: Simd>(self, simd: S, at: usize, centers: &[f64], labels: &[u16; LANES]) -> f64x8<S> {
        self.to_each(simd, at, rows_of_labels(centers, self.width, labels))
    }
}

#[inline(always)]
fn rows_of_labels<'a>(centers: &'a [f64], width: usize, labels: &[u16; LANES]) -> [&'a [f64]; LANES] {
    let mut rows = [centers; LANES];
    for i in 0..LANES {
        rows[i] = &centers[usize::from(labels[i]) * width..][..width];
    }
    rows
}
