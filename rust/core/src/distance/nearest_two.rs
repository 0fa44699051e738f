//! The two centers nearest to each sample of a tile, for many features.

use fearless_simd::{Select, Simd, SimdBase, SimdFloat, SimdFrom, SimdMask, dispatch};

use super::{CenterView, Found};
use crate::Real;
use crate::simd::{Features, Level, Tile};

/// Centers that share each load of a feature: eight sums and their operands fit the 16 registers of AVX2.
const CENTER_BLOCK: usize = 4;

/// Vectors of samples that share each feature of a center; a tile holds an even number of the widest ones.
const VECTORS: usize = 2;

/// Writes for each sample of the tile the label of its nearest center, the lowest on ties, and its squared distances to
/// that center and to the second nearest; `found_out` is as long as the tile.
///
/// Cost: `n_clusters * n_features` subtractions and fused multiply-adds per sample.
pub(super) fn nearest_two<R: Real>(level: Level, tile: &Tile<R>, centers: CenterView<'_, R>, found_out: &mut Found<R>) {
    dispatch!(level, simd => nearest_two_by_vectors(simd, tile.features(), centers, found_out));
}

#[inline(always)]
fn nearest_two_by_vectors<S: Simd, R: Real>(
    simd: S,
    features: Features<'_, R>,
    centers: CenterView<'_, R>,
    found_out: &mut Found<R>,
) {
    let (d, lanes) = (centers.n_features, R::Vector::<S>::LEN);
    let rest = centers.labels.len() / CENTER_BLOCK * CENTER_BLOCK;
    for start in (0..found_out.labels.len()).step_by(VECTORS * lanes) {
        let mut best = [Best::new(simd), Best::new(simd)];
        let groups = centers.values.chunks_exact(CENTER_BLOCK * d).zip(centers.labels.chunks_exact(CENTER_BLOCK));
        for (group, labels) in groups {
            offer::<S, R, CENTER_BLOCK>(simd, features, start, group, labels, &mut best);
        }
        for (center, label) in centers.values[rest * d..].chunks_exact(d).zip(centers.labels[rest..].chunks_exact(1)) {
            offer::<S, R, 1>(simd, features, start, center, label, &mut best);
        }
        for (v, best) in best.iter().enumerate() {
            best.store(start + v * lanes, found_out);
        }
    }
}

/// The two smallest distances so far in each lane, and the label of the smaller one, as a float.
pub(super) struct Best<V> {
    first: V,
    second: V,
    label: V,
}

impl<V> Best<V> {
    #[inline(always)]
    pub(super) fn new<S: Simd, R: Real>(simd: S) -> Self
    where
        V: SimdFloat<S, Element = R>,
    {
        let infinity = V::simd_from(simd, R::INFINITY);
        Self { first: infinity, second: infinity, label: V::simd_from(simd, R::ZERO) }
    }

    #[inline(always)]
    pub(super) fn offer<S: Simd, R: Real>(&mut self, distance: V, label: V)
    where
        V: SimdFloat<S, Element = R>,
    {
        let closer = distance.simd_lt(self.first);
        self.second = self.second.min(self.first.max(distance));
        self.first = self.first.min(distance);
        self.label = closer.select(label, self.label);
    }

    /// The smallest distance in all lanes, the second smallest and the label of the smallest, which means nothing if the
    /// two are equal or are no numbers.
    #[inline(always)]
    pub(super) fn least<S: Simd, R: Real>(&self) -> [R; 3]
    where
        V: SimdFloat<S, Element = R>,
    {
        let least = self.first.reduce_min();
        let is_least = self.first.simd_eq(least);
        let lanes = is_least.to_bitmask();
        let others = is_least.select(self.second, self.first).reduce_min();
        let label = self.label.as_slice()[lanes.trailing_zeros() as usize % V::LEN];
        [least, if lanes.is_power_of_two() { others } else { least }, label]
    }

    /// Writes what was found for the samples from `start` on.
    #[inline(always)]
    pub(super) fn store<S: Simd, R: Real>(&self, start: usize, found_out: &mut Found<R>)
    where
        V: SimdFloat<S, Element = R>,
    {
        let range = start..start + V::LEN;
        self.first.store_slice(&mut found_out.first[range.clone()]);
        self.second.store_slice(&mut found_out.second[range.clone()]);
        for (out, label) in found_out.labels[range].iter_mut().zip(self.label.as_slice()) {
            *out = label.to_label();
        }
    }
}

/// Offers `N` centers to two vectors of samples.
#[inline(always)]
fn offer<S: Simd, R: Real, const N: usize>(
    simd: S,
    features: Features<'_, R>,
    start: usize,
    centers: &[R],
    labels: &[R],
    best: &mut [Best<R::Vector<S>>; VECTORS],
) {
    let (d, lanes) = (centers.len() / N, R::Vector::<S>::LEN);
    let centers: [&[R]; N] = std::array::from_fn(|j| &centers[j * d..][..d]);
    let zero = R::Vector::<S>::simd_from(simd, R::ZERO);
    let mut sums = [[zero; N]; VECTORS];
    for f in 0..d {
        let feature = &features.get(f)[start..][..VECTORS * lanes];
        let x =
            [R::Vector::<S>::from_slice(simd, &feature[..lanes]), R::Vector::<S>::from_slice(simd, &feature[lanes..])];
        for j in 0..N {
            for v in 0..VECTORS {
                let difference = x[v] - centers[j][f];
                sums[v][j] = difference.mul_add(difference, sums[v][j]);
            }
        }
    }
    for j in 0..N {
        let label = R::Vector::<S>::simd_from(simd, labels[j]);
        for v in 0..VECTORS {
            best[v].offer(sums[v][j], label);
        }
    }
}
