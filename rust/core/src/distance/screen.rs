//! Nearest centers from products instead of differences, with a bound that says when that is certain.
//!
//! `|x - c|^2 = |x|^2 + 2 (|c|^2 / 2 - x c)`: one fused multiply-add a feature where a difference and its square take two
//! operations. What cancels is bounded; a sample whose two nearest centers are closer than the bound is left to the
//! kernel for differences, so that labels are those of differences, always.

use fearless_simd::{Simd, SimdBase, SimdFloat, SimdFrom, dispatch};

use super::Found;
use super::nearest_two::Best;
use crate::Real;
use crate::features::MAX_FEATURES;
use crate::simd::{Features, Level, Tile};

/// Clusters from which a sample's shift and norm, and the check of the bound, are small beside its products.
const MIN_CLUSTERS: usize = 16;

/// Centers that share each load of a feature: sixteen sums leave half of AVX-512's registers free.
const CENTER_BLOCK: usize = 8;

/// Vectors of samples that share each feature of a center.
const VECTORS: usize = 2;

/// Centers relative to a point among them, so that an offset common to all samples does not cancel.
#[derive(Debug, Clone)]
pub(super) struct Screen<R> {
    middle: Vec<R>,
    /// The centers relative to it, negated since products are subtracted: shape (blocks, features, [`CENTER_BLOCK`]), the
    /// last block filled up with zeros.
    values: Vec<R>,
    /// Half of the squared length of each; infinite where there is none.
    half_squares: Vec<R>,
    /// The largest length of a center.
    longest: R,
    /// What rounding may hide in the difference of two half squared distances, per square of the lengths of sample and
    /// longest center together, and at least.
    relative: R,
    absolute: R,
}

impl<R: Real> Screen<R> {
    /// Whether products pay for centers of this shape.
    pub(super) fn pays(n_clusters: usize, n_features: usize) -> bool {
        n_clusters >= MIN_CLUSTERS && n_features > MAX_FEATURES
    }

    pub(super) fn new(centers: &[R], n_features: usize) -> Self {
        let n_clusters = centers.len() / n_features;
        let mean = |f: usize| centers.iter().skip(f).step_by(n_features).map(|c| c.to_f64()).sum::<f64>();
        let middle: Vec<R> = (0..n_features).map(|f| R::from_f64(mean(f) / n_clusters as f64)).collect();
        let n_blocks = n_clusters.div_ceil(CENTER_BLOCK);
        let mut values = vec![R::ZERO; n_blocks * n_features * CENTER_BLOCK];
        let mut squares = vec![0.0; n_clusters];
        for (cluster, center) in centers.chunks_exact(n_features).enumerate() {
            for (f, (c, m)) in center.iter().zip(&middle).enumerate() {
                let value = R::from_f64(m.to_f64() - c.to_f64());
                values[(cluster / CENTER_BLOCK * n_features + f) * CENTER_BLOCK + cluster % CENTER_BLOCK] = value;
                squares[cluster] += value.to_f64() * value.to_f64();
            }
        }
        let mut half_squares: Vec<R> = squares.iter().map(|square| R::from_f64(square / 2.0)).collect();
        half_squares.resize(n_blocks * CENTER_BLOCK, R::INFINITY);
        let longest = squares.iter().copied().fold(0.0, f64::max).sqrt();
        // With u half of EPSILON, C the length of the longest center and d features: products are off by
        // (d + 8) u (C^2 + |x| C) each, the squared distances that decide by (d + 3) u of themselves. Both, for two
        // centers, are less than 4 (d + 8) u (|x| + C)^2; twice as much without fused multiply-add.
        let roundings = 4.0 * (n_features as f64 + 8.0);
        Self {
            middle,
            values,
            half_squares,
            longest: R::from_f64(longest),
            relative: R::from_f64(roundings * R::EPSILON),
            absolute: R::from_f64(roundings * 4.0 * R::MIN_POSITIVE),
        }
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
        tile.subtract(level, &self.middle, squares);
        dispatch!(level, simd => {
            self.run_by_vectors(simd, tile.features(), found_out);
            self.bound(squares, found_out);
        });
        // Where the bounds do not tell the two apart, nor anything that is not a number.
        let is_certain = |i: &usize| found_out.first[*i] < found_out.second[*i];
        doubtful_out.extend((0..len).filter(|i| !is_certain(i)));
    }

    #[inline(always)]
    fn run_by_vectors<S: Simd>(&self, simd: S, features: Features<'_, R>, found_out: &mut Found<R>) {
        let d = self.middle.len();
        let lanes = R::Vector::<S>::LEN;
        for start in (0..found_out.labels.len()).step_by(VECTORS * lanes) {
            let mut best = [Best::new(simd), Best::new(simd)];
            for (block, centers) in self.values.chunks_exact(CENTER_BLOCK * d).enumerate() {
                self.offer(simd, features, start, centers, block * CENTER_BLOCK, &mut best);
            }
            for (v, best) in best.iter().enumerate() {
                best.store(start + v * lanes, found_out);
            }
        }
    }

    /// Offers a block of centers to two vectors of samples.
    #[inline(always)]
    fn offer<S: Simd>(
        &self,
        simd: S,
        features: Features<'_, R>,
        start: usize,
        centers: &[R],
        first: usize,
        best: &mut [Best<R::Vector<S>>; VECTORS],
    ) {
        let lanes = R::Vector::<S>::LEN;
        let (centers, _) = centers.as_chunks::<CENTER_BLOCK>();
        let mut sums = [[R::Vector::<S>::simd_from(simd, R::ZERO); CENTER_BLOCK]; VECTORS];
        for j in 0..CENTER_BLOCK {
            sums[0][j] = R::Vector::<S>::simd_from(simd, self.half_squares[first + j]);
            sums[1][j] = sums[0][j];
        }
        for (f, centers) in centers.iter().enumerate() {
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
        for j in 0..CENTER_BLOCK {
            let label = R::Vector::<S>::simd_from(simd, R::from_f64((first + j) as f64));
            for v in 0..VECTORS {
                best[v].offer(sums[v][j], label);
            }
        }
    }

    /// Turns half squared distances without the sample's part into bounds on squared distances.
    #[inline(always)]
    fn bound(&self, squares: &[R], found_out: &mut Found<R>) {
        let distances = found_out.first.iter_mut().zip(&mut found_out.second);
        for ((first, second), square) in distances.zip(squares) {
            let length = square.square_root() + self.longest;
            let bound = length.fused_mul_add(length * self.relative, self.absolute);
            *first = *first + *first + *square + bound;
            *second = *second + *second + *square - bound;
        }
    }
}
