//! The center nearest to each sample of a tile, for few features.

use fearless_simd::{Select, Simd, SimdBase, SimdFloat, SimdFrom, dispatch};

use super::CenterView;
use crate::simd::{Features, Level, Tile};
use crate::{Real, with_features};

/// Finds for each sample of the tile, of at most 8 features, the label of its nearest center, the lowest on ties, and
/// keeps it in the tile.
///
/// Cost: `n_clusters * n_features` subtractions and fused multiply-adds per sample.
pub fn nearest<R: Real>(level: Level, tile: &mut Tile<R>, centers: CenterView<'_, R>) {
    let (features, labels_out) = tile.split();
    nearest_of(level, features, centers, labels_out);
    tile.mark_padding();
}

/// As [`nearest`], for samples that need not be in a tile; `labels_out` is as long as they are padded.
#[inline(always)]
pub(crate) fn nearest_of<R: Real>(
    level: Level,
    features: Features<'_, R>,
    centers: CenterView<'_, R>,
    labels_out: &mut [R],
) {
    dispatch!(level, simd => with_features!(centers.n_features, D => {
        nearest_few::<_, R, D>(simd, features, centers, labels_out);
    }));
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

/// Samples stay in registers while the centers pass by.
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
