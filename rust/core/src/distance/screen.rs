//! Nearest centers from products instead of differences, with a bound that says when that is certain.
//!
//! `|x - c|^2 = |x|^2 + 2 (|c|^2 / 2 - x c)`: one fused multiply-add a feature where a difference and its square take two
//! operations. What cancels is bounded; a sample whose two nearest centers are closer than the bound is left to the
//! kernel for differences, so that labels are those of differences, always.

use fearless_simd::{Simd, SimdBase, SimdFloat, SimdFrom, dispatch};

use super::Found;
use super::groups::Groups;
use super::nearest_two::Best;
use crate::Real;
use crate::features::MAX_FEATURES;
use crate::simd::{Features, Level, Tile};

/// Clusters from which a sample's shift and norm, and the check of the bound, are small beside its products.
const MIN_CLUSTERS: usize = 16;

/// Centers of a group that share each load of a feature: sixteen sums leave half of AVX-512's registers free.
const CENTER_BLOCK: usize = 8;

/// Vectors of samples that share each feature of a center.
const VECTORS: usize = 2;

/// How much longer than a sample and the longest center together something is whose square may not overflow: none of what
/// is computed from them does then. A power of two, so that nothing rounds.
const OVERFLOW: f64 = 4.0;

/// Centers in groups, and what rounding may hide in products with them.
#[derive(Debug, Clone)]
pub(super) struct Screen<R> {
    groups: Groups<R>,
    /// What rounding may hide in the difference of two half squared distances, per square of [`OVERFLOW`] times the lengths
    /// of sample and longest center together, and at least.
    relative: R,
    absolute: R,
}

impl<R: Real> Screen<R> {
    /// Whether products pay for centers of this shape.
    pub(super) fn pays(n_clusters: usize, n_features: usize) -> bool {
        n_clusters >= MIN_CLUSTERS && n_features > MAX_FEATURES
    }

    pub(super) fn new(centers: &[R], n_features: usize) -> Self {
        // With u half of EPSILON, C the length of the longest center and d features: products are off by
        // (d + 8) u (C^2 + |x| C) each, the squared distances that decide by (d + 3) u of themselves. Both, for two
        // centers, are less than 4 (d + 8) u (|x| + C)^2; twice as much without fused multiply-add.
        let roundings = 4.0 * (n_features as f64 + 8.0);
        Self {
            groups: Groups::new(centers, n_features),
            relative: R::from_f64(roundings * R::EPSILON / (OVERFLOW * OVERFLOW)),
            absolute: R::from_f64(roundings * 4.0 * R::MIN_POSITIVE),
        }
    }

    pub(super) fn groups(&self) -> &Groups<R> {
        &self.groups
    }

    /// What rounding may hide for a sample of this squared length; infinite where a product could overflow.
    #[inline(always)]
    pub(super) fn bound(&self, square: R) -> R {
        let length = (square.square_root() + self.groups.longest()) * R::from_f64(OVERFLOW);
        (length * length).fused_mul_add(self.relative, self.absolute)
    }

    /// Moves the samples of the tile and finds their nearest centers: labels, a bound from above on the squared distance
    /// to the nearest and one from below on that to the second nearest. Adds the samples of which that is not certain to
    /// `doubtful_out`.
    pub(super) fn run(
        &self,
        level: Level,
        tile: &mut Tile<R>,
        squares: &mut Vec<R>,
        found_out: &mut Found<R>,
        doubtful_out: &mut Vec<usize>,
    ) {
        let len = tile.len();
        squares.clear();
        squares.resize(tile.capacity(), R::ZERO);
        tile.subtract(level, self.groups.middle(), squares);
        dispatch!(level, simd => {
            self.run_by_vectors(simd, tile.features(), found_out);
            self.bound_all(squares, found_out);
        });
        // Where the bounds do not tell the two apart, nor anything that is not a number.
        let is_certain = |i: &usize| found_out.first[*i] < found_out.second[*i];
        doubtful_out.extend((0..len).filter(|i| !is_certain(i)));
    }

    #[inline(always)]
    fn run_by_vectors<S: Simd>(&self, simd: S, features: Features<'_, R>, found_out: &mut Found<R>) {
        let lanes = R::Vector::<S>::LEN;
        for start in (0..found_out.labels.len()).step_by(VECTORS * lanes) {
            let mut best = [Best::new(simd), Best::new(simd)];
            for group in 0..self.groups.len() {
                for first in (0..R::WIDE_LANES).step_by(CENTER_BLOCK) {
                    self.offer(simd, features, start, group, first, &mut best);
                }
            }
            for (v, best) in best.iter().enumerate() {
                best.store(start + v * lanes, found_out);
            }
        }
    }

    /// Offers the centers of a group from `first` on to two vectors of samples.
    #[inline(always)]
    fn offer<S: Simd>(
        &self,
        simd: S,
        features: Features<'_, R>,
        start: usize,
        group: usize,
        first: usize,
        best: &mut [Best<R::Vector<S>>; VECTORS],
    ) {
        let lanes = R::Vector::<S>::LEN;
        let block = first..first + CENTER_BLOCK;
        let (centers, _) = self.groups.values(group).as_chunks::<CENTER_BLOCK>();
        let centers = centers.chunks_exact(R::WIDE_LANES / CENTER_BLOCK);
        let mut sums = [[R::Vector::<S>::simd_from(simd, R::ZERO); CENTER_BLOCK]; VECTORS];
        for (j, half_square) in self.groups.half_squares(group)[block.clone()].iter().enumerate() {
            sums[0][j] = R::Vector::<S>::simd_from(simd, *half_square);
            sums[1][j] = sums[0][j];
        }
        for (f, centers) in centers.enumerate() {
            let centers = &centers[first / CENTER_BLOCK];
            let feature = &features.get(f)[start..][..VECTORS * lanes];
            let x = [
                R::Vector::<S>::from_slice(simd, &feature[..lanes]),
                R::Vector::<S>::from_slice(simd, &feature[lanes..]),
            ];
            for j in 0..CENTER_BLOCK {
                let center = R::Vector::<S>::simd_from(simd, centers[j]);
                for v in 0..VECTORS {
                    sums[v][j] = x[v].mul_add(center, sums[v][j]);
                }
            }
        }
        for (j, label) in self.groups.labels(group)[block].iter().enumerate() {
            let label = R::Vector::<S>::simd_from(simd, *label);
            for v in 0..VECTORS {
                best[v].offer(sums[v][j], label);
            }
        }
    }

    /// Turns half squared distances without the sample's part into bounds on squared distances.
    #[inline(always)]
    fn bound_all(&self, squares: &[R], found_out: &mut Found<R>) {
        let distances = found_out.first.iter_mut().zip(&mut found_out.second);
        for ((first, second), square) in distances.zip(squares) {
            let bound = self.bound(*square);
            *first = *first + *first + *square + bound;
            *second = *second + *second + *square - bound;
        }
    }
}
