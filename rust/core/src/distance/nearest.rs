//! The center nearest to each sample of a tile.

use fearless_simd::{Select, Simd, SimdBase, SimdFloat, SimdFrom, dispatch};

use super::CenterView;
use crate::Real;
use crate::simd::{Features, Level, Tile};

/// Finds for each sample of the tile the label of its nearest center, the lowest on ties, and keeps it in the tile.
///
/// Cost: `n_clusters * n_features` subtractions and fused multiply-adds per sample.
pub fn nearest<R: Real>(level: Level, tile: &mut Tile<R>, centers: CenterView<'_, R>) {
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
    centers: CenterView<'_, R>,
    labels_out: &mut [R],
) {
    match centers.n_features {
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
    centers: CenterView<'_, R>,
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
        for (center, label) in centers.values.chunks_exact(D).zip(centers.labels) {
            let mut distance = R::Vector::<S>::simd_from(simd, R::ZERO);
            for f in 0..D {
                let difference = x[f] - center[f];
                distance = difference.mul_add(difference, distance);
            }
            best.offer(distance, R::Vector::<S>::simd_from(simd, *label));
        }
        best.label.store_slice(labels);
    }
}

/// Centers that share each load of a feature, for [`VECTORS`] vectors of samples: eight sums and their operands fit the
/// 16 registers of AVX2, and a feature of a center is read once for two subtractions.
const CENTER_BLOCK: usize = 4;

/// Vectors of samples that share each feature of a center; a tile holds an even number of the widest ones.
const VECTORS: usize = 2;

#[inline(always)]
fn nearest_many<S: Simd, R: Real>(
    simd: S,
    features: Features<'_, R>,
    centers: CenterView<'_, R>,
    labels_out: &mut [R],
) {
    let (d, lanes) = (centers.n_features, R::Vector::<S>::LEN);
    for (block, labels) in labels_out.chunks_exact_mut(VECTORS * lanes).enumerate() {
        let start = block * VECTORS * lanes;
        let mut best = [Best::new(simd), Best::new(simd)];
        let groups = centers.values.chunks_exact(CENTER_BLOCK * d).zip(centers.labels.chunks_exact(CENTER_BLOCK));
        for (group, group_labels) in groups {
            offer_group::<S, R, CENTER_BLOCK>(simd, features, start, group, group_labels, &mut best);
        }
        let rest = centers.labels.len() / CENTER_BLOCK * CENTER_BLOCK;
        for (center, label) in centers.values[rest * d..].chunks_exact(d).zip(centers.labels[rest..].chunks_exact(1)) {
            offer_group::<S, R, 1>(simd, features, start, center, label, &mut best);
        }
        for (best, labels) in best.iter().zip(labels.chunks_exact_mut(lanes)) {
            best.label.store_slice(labels);
        }
    }
}

/// Offers `N` centers to two vectors of samples.
#[inline(always)]
fn offer_group<S: Simd, R: Real, const N: usize>(
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
