//! Kernels for components with independent features, any number of them.

use fearless_simd::{Simd, SimdBase, SimdFloat, SimdFrom};

use super::density::{Component, LANES};
use crate::simd::Tile;

/// Features whose moments are added side by side: their eight sums hide the latency of an addition.
const SIDE_BY_SIDE: usize = 4;

/// Writes the log density of one component at each sample.
#[inline(always)]
pub(super) fn log_densities<S: Simd>(simd: S, tile: &Tile<f64>, component: Component<'_>, out: &mut [f64]) {
    out.fill(component.offset);
    for (f, (mean, factor)) in component.mean.iter().zip(component.factor).enumerate() {
        let feature = tile.features().get(f);
        let (mean, factor) = (S::f64s::simd_from(simd, *mean), S::f64s::simd_from(simd, *factor));
        for (x, out) in feature.chunks_exact(S::f64s::LEN).zip(out.chunks_exact_mut(S::f64s::LEN)) {
            let y = (S::f64s::from_slice(simd, x) - mean) * factor;
            (-y).mul_add(y, S::f64s::from_slice(simd, out)).store_slice(out);
        }
    }
}

/// Adds the moments of the samples around the mean of one component, lane by lane.
#[inline(always)]
pub(super) fn add_moments<S: Simd>(
    simd: S,
    tile: &Tile<f64>,
    component: Component<'_>,
    responsibilities: &[f64],
    lanes: &mut [[f64; LANES]],
) {
    let n_features = component.mean.len();
    let (total, sums) = lanes.split_at_mut(1);
    for part in (0..LANES).step_by(S::f64s::LEN) {
        let lanes = part..part + S::f64s::LEN;
        let mut sum = S::f64s::from_slice(simd, &total[0][lanes.clone()]);
        for at in (part..responsibilities.len()).step_by(LANES) {
            sum += S::f64s::from_slice(simd, &responsibilities[at..at + S::f64s::LEN]);
        }
        sum.store_slice(&mut total[0][lanes]);
    }
    let (first, second) = sums.split_at_mut(n_features);
    let rest = n_features % SIDE_BY_SIDE;
    for f in (0..n_features - rest).step_by(SIDE_BY_SIDE) {
        add_some::<S, SIDE_BY_SIDE>(simd, tile, component, responsibilities, f, [first, second]);
    }
    for f in n_features - rest..n_features {
        add_some::<S, 1>(simd, tile, component, responsibilities, f, [first, second]);
    }
}

/// Adds the moments of `F` features from `start` on.
#[inline(always)]
fn add_some<S: Simd, const F: usize>(
    simd: S,
    tile: &Tile<f64>,
    component: Component<'_>,
    responsibilities: &[f64],
    start: usize,
    [first, second]: [&mut [[f64; LANES]]; 2],
) {
    let n = responsibilities.len();
    let features: [&[f64]; F] = std::array::from_fn(|f| &tile.features().get(start + f)[..n]);
    let zero = S::f64s::simd_from(simd, 0.0);
    for part in (0..LANES).step_by(S::f64s::LEN) {
        let lanes = part..part + S::f64s::LEN;
        let (mut mean, mut sums, mut squares) = ([zero; F], [zero; F], [zero; F]);
        for f in 0..F {
            mean[f] = S::f64s::simd_from(simd, component.mean[start + f]);
            sums[f] = S::f64s::from_slice(simd, &first[start + f][lanes.clone()]);
            squares[f] = S::f64s::from_slice(simd, &second[start + f][lanes.clone()]);
        }
        for at in (part..n).step_by(LANES) {
            let weight = S::f64s::from_slice(simd, &responsibilities[at..at + S::f64s::LEN]);
            for f in 0..F {
                let difference = S::f64s::from_slice(simd, &features[f][at..at + S::f64s::LEN]) - mean[f];
                let weighted = weight * difference;
                sums[f] += weighted;
                squares[f] = weighted.mul_add(difference, squares[f]);
            }
        }
        for f in 0..F {
            sums[f].store_slice(&mut first[start + f][lanes.clone()]);
            squares[f].store_slice(&mut second[start + f][lanes.clone()]);
        }
    }
}
