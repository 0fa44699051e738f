//! Kernels for a number of features that the compiler knows: everything about a sample stays in registers.

use fearless_simd::{Simd, SimdBase, SimdFloat, SimdFrom};

use super::density::{Component, LANES};
use crate::simd::Tile;

/// Writes the log density of one component at each sample.
#[inline(always)]
pub(super) fn log_densities<S: Simd, const D: usize>(
    simd: S,
    tile: &Tile<f64>,
    component: Component<'_>,
    out: &mut [f64],
) {
    let splat = |value: f64| S::f64s::simd_from(simd, value);
    let n = out.len();
    let features: [&[f64]; D] = std::array::from_fn(|f| &tile.features().get(f)[..n]);
    let offset = splat(component.offset);
    let (mut mean, mut factor) = ([splat(0.0); D], [[splat(0.0); D]; D]);
    for i in 0..D {
        mean[i] = splat(component.mean[i]);
        for j in 0..=i {
            factor[i][j] = splat(component.factor[i * (i + 1) / 2 + j]);
        }
    }
    for at in (0..n).step_by(S::f64s::LEN) {
        let mut difference = [splat(0.0); D];
        for f in 0..D {
            difference[f] = S::f64s::from_slice(simd, &features[f][at..at + S::f64s::LEN]) - mean[f];
        }
        let mut log_density = offset;
        for i in 0..D {
            let mut y = difference[0] * factor[i][0];
            for j in 1..=i {
                y = difference[j].mul_add(factor[i][j], y);
            }
            log_density = (-y).mul_add(y, log_density);
        }
        log_density.store_slice(&mut out[at..at + S::f64s::LEN]);
    }
}

/// Adds the moments of the samples around the mean of one component, lane by lane.
///
/// The accumulators of all products of more than a few features do not fit the registers; they are summed in bands of
/// rows of the product matrix.
#[inline(always)]
pub(super) fn add_moments<S: Simd, const D: usize>(
    simd: S,
    tile: &Tile<f64>,
    component: Component<'_>,
    responsibilities: &[f64],
    lanes: &mut [[f64; LANES]],
) {
    let mut bands = Bands::<S, D> { simd, tile, mean: component.mean, responsibilities, lanes };
    if S::f64s::LEN == LANES {
        // 32 registers: 21 accumulators, or 24 for the last rows.
        bands.add(0, D.min(5));
        if D > 5 {
            bands.add(5, D);
        }
        return;
    }
    // 16 registers: 10 accumulators, then row by row.
    bands.add(0, D.min(3));
    if D > 3 {
        bands.add(3, 4);
    }
    if D > 4 {
        bands.add(4, 5);
    }
    if D > 5 {
        bands.add(5, 6);
    }
    if D > 6 {
        bands.add(6, 7);
    }
    if D > 7 {
        bands.add(7, 8);
    }
}

struct Bands<'a, S, const D: usize> {
    simd: S,
    tile: &'a Tile<f64>,
    mean: &'a [f64],
    responsibilities: &'a [f64],
    lanes: &'a mut [[f64; LANES]],
}

impl<S: Simd, const D: usize> Bands<'_, S, D> {
    /// Rows `from..to` of the lower triangle of products, and the sums of these features; the first band also adds the
    /// responsibilities themselves.
    #[inline(always)]
    fn add(&mut self, from: usize, to: usize) {
        let (simd, n) = (self.simd, self.responsibilities.len());
        let zero = S::f64s::simd_from(simd, 0.0);
        let features: [&[f64]; D] = std::array::from_fn(|f| &self.tile.features().get(f)[..n]);
        let mut mean = [zero; D];
        for f in 0..D {
            mean[f] = S::f64s::simd_from(simd, self.mean[f]);
        }
        let row = |i: usize| 1 + D + i * (i + 1) / 2;
        for part in (0..LANES).step_by(S::f64s::LEN) {
            let lanes = part..part + S::f64s::LEN;
            let mut total = S::f64s::from_slice(simd, &self.lanes[0][lanes.clone()]);
            let (mut first, mut second) = ([zero; D], [[zero; D]; D]);
            for i in from..to {
                first[i] = S::f64s::from_slice(simd, &self.lanes[1 + i][lanes.clone()]);
                for j in 0..=i {
                    second[i][j] = S::f64s::from_slice(simd, &self.lanes[row(i) + j][lanes.clone()]);
                }
            }
            for at in (part..n).step_by(LANES) {
                let weight = S::f64s::from_slice(simd, &self.responsibilities[at..at + S::f64s::LEN]);
                total += weight;
                let mut difference = [zero; D];
                for f in 0..to {
                    difference[f] = S::f64s::from_slice(simd, &features[f][at..at + S::f64s::LEN]) - mean[f];
                }
                for i in from..to {
                    let weighted = weight * difference[i];
                    first[i] += weighted;
                    for j in 0..=i {
                        second[i][j] = weighted.mul_add(difference[j], second[i][j]);
                    }
                }
            }
            if from == 0 {
                total.store_slice(&mut self.lanes[0][lanes.clone()]);
            }
            for i in from..to {
                first[i].store_slice(&mut self.lanes[1 + i][lanes.clone()]);
                for j in 0..=i {
                    second[i][j].store_slice(&mut self.lanes[row(i) + j][lanes.clone()]);
                }
            }
        }
    }
}
