//! The center nearest to each sample of a tile.

use fearless_simd::{Select, Simd, SimdBase, SimdFloat, SimdFrom, dispatch};

use super::Centers;
use crate::Real;
use crate::simd::{Features, Level, Tile};

/// Finds for each sample of the tile the label of its nearest center, the lowest on ties, and keeps it in the tile.
///
/// Cost: `n_clusters * n_features` subtractions and fused multiply-adds per sample.
pub fn nearest<R: Real>(level: Level, tile: &mut Tile<R>, centers: &Centers<R>) {
    let (features, labels_out) = tile.split();
    dispatch!(level, simd => nearest_by_features(simd, features, centers, labels_out));
    tile.mark_padding();
}

/// Samples of few features stay in registers while the centers pass by; the number of features must then be known to
/// the compiler.
#[inline(always)]
fn nearest_by_features<S: Simd, R: Real>(
    simd: S,
    features: Features<'_, R>,
    centers: &Centers<R>,
    labels_out: &mut [R],
) {
    match centers.n_features() {
        1 => nearest_few::<S, R, 1>(simd, features, centers, labels_out),
        2 => nearest_few::<S, R, 2>(simd, features, centers, labels_out),
        3 => nearest_few::<S, R, 3>(simd, features, centers, labels_out),
        4 => nearest_few::<S, R, 4>(simd, features, centers, labels_out),
        5 => nearest_few::<S, R, 5>(simd, features, centers, labels_out),
        6 => nearest_few::<S, R, 6>(simd, features, centers, labels_out),
        7 => nearest_few::<S, R, 7>(simd, features, centers, labels_out),
        8 => nearest_few::<S, R, 8>(simd, features, centers, labels_out),
        _ => nearest_many(simd, features, centers, labels_out),
    }
}

/// The best center so far in each lane; labels are carried as floats so that one mask serves both selections.
struct Best<V> {
    distance: V,
    label: V,
}

impl<V> Best<V> {
    #[inline(always)]
    fn new<S: Simd, R: Real>(simd: S) -> Self
    where
        V: SimdFloat<S, Element = R>,
    {
        Self { distance: V::simd_from(simd, R::INFINITY), label: V::simd_from(simd, R::ZERO) }
    }

    #[inline(always)]
    fn offer<S: Simd, R: Real>(&mut self, distance: V, label: V)
    where
        V: SimdFloat<S, Element = R>,
    {
        let closer = distance.simd_lt(self.distance);
        self.distance = closer.select(distance, self.distance);
        self.label = closer.select(label, self.label);
    }
}

#[inline(always)]
fn nearest_few<S: Simd, R: Real, const D: usize>(
    simd: S,
    features: Features<'_, R>,
    centers: &Centers<R>,
    labels_out: &mut [R],
) {
    let features: [&[R]; D] = std::array::from_fn(|f| features.get(f));
    for (block, labels) in labels_out.chunks_exact_mut(R::Vector::<S>::LEN).enumerate() {
        let start = block * R::Vector::<S>::LEN;
        let mut x = [R::Vector::<S>::simd_from(simd, R::ZERO); D];
        for f in 0..D {
            x[f] = R::Vector::<S>::from_slice(simd, &features[f][start..][..R::Vector::<S>::LEN]);
        }
        let mut best = Best::new(simd);
        let mut label = R::Vector::<S>::simd_from(simd, R::ZERO);
        for center in centers.values().chunks_exact(D) {
            let mut distance = R::Vector::<S>::simd_from(simd, R::ZERO);
            for f in 0..D {
                let difference = x[f] - center[f];
                distance = difference.mul_add(difference, distance);
            }
            best.offer(distance, label);
            label += R::ONE;
        }
        best.label.store_slice(labels);
    }
}

/// Centers that share each load of a feature: four sums and their operands fit the 16 registers of AVX2.
const CENTER_BLOCK: usize = 4;

#[inline(always)]
fn nearest_many<S: Simd, R: Real>(simd: S, features: Features<'_, R>, centers: &Centers<R>, labels_out: &mut [R]) {
    for (block, labels) in labels_out.chunks_exact_mut(R::Vector::<S>::LEN).enumerate() {
        let start = block * R::Vector::<S>::LEN;
        let mut best = Best::new(simd);
        let mut label = R::Vector::<S>::simd_from(simd, R::ZERO);
        let mut groups = centers.values().chunks_exact(CENTER_BLOCK * centers.n_features());
        for group in &mut groups {
            let distances = distances_to::<S, R, CENTER_BLOCK>(simd, features, start, group);
            for distance in distances {
                best.offer(distance, label);
                label += R::ONE;
            }
        }
        for center in groups.remainder().chunks_exact(centers.n_features()) {
            let [distance] = distances_to::<S, R, 1>(simd, features, start, center);
            best.offer(distance, label);
            label += R::ONE;
        }
        best.label.store_slice(labels);
    }
}

/// Distances of one vector of samples to `N` centers.
#[inline(always)]
fn distances_to<S: Simd, R: Real, const N: usize>(
    simd: S,
    features: Features<'_, R>,
    start: usize,
    centers: &[R],
) -> [R::Vector<S>; N] {
    let d = centers.len() / N;
    let centers: [&[R]; N] = std::array::from_fn(|j| &centers[j * d..][..d]);
    let mut sums = [R::Vector::<S>::simd_from(simd, R::ZERO); N];
    for f in 0..d {
        let x = R::Vector::<S>::from_slice(simd, &features.get(f)[start..][..R::Vector::<S>::LEN]);
        for j in 0..N {
            let difference = x - centers[j][f];
            sums[j] = difference.mul_add(difference, sums[j]);
        }
    }
    sums
}
