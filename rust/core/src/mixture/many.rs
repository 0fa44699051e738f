//! Kernels for many features: blocks of the triangular products in registers, everything else in cache.

use fearless_simd::{Simd, SimdBase, SimdFloat, SimdFrom};

use super::density::{Component, LANES};
use crate::simd::Tile;

/// Rows of a block of products: four rows by four columns are sixteen sums, what AVX2 has registers for.
const ROWS: usize = 4;

/// The samples of a tile relative to a mean, one row per feature, and the same weighted.
#[derive(Debug, Default)]
pub(super) struct Differences {
    plain: Vec<f64>,
    weighted: Vec<f64>,
}

impl Differences {
    /// Room for a tile of `capacity` samples; the features are filled up to whole blocks with zeros.
    pub(super) fn new(n_features: usize, capacity: usize) -> Self {
        let size = n_features.next_multiple_of(ROWS) * capacity;
        Self { plain: vec![0.0; size], weighted: vec![0.0; size] }
    }

    #[inline(always)]
    fn subtract<S: Simd>(&mut self, simd: S, tile: &Tile<f64>, mean: &[f64], len: usize) {
        for (f, (out, mean)) in self.plain.chunks_exact_mut(tile.capacity()).zip(mean).enumerate() {
            let mean = S::f64s::simd_from(simd, *mean);
            let x = tile.features().get(f)[..len].chunks_exact(S::f64s::LEN);
            for (out, x) in out.chunks_exact_mut(S::f64s::LEN).zip(x) {
                (S::f64s::from_slice(simd, x) - mean).store_slice(out);
            }
        }
    }

    #[inline(always)]
    fn weigh<S: Simd>(&mut self, simd: S, responsibilities: &[f64], capacity: usize) {
        for (out, x) in self.weighted.chunks_exact_mut(capacity).zip(self.plain.chunks_exact(capacity)) {
            let vectors = x.chunks_exact(S::f64s::LEN).zip(responsibilities.chunks_exact(S::f64s::LEN));
            for (out, (x, weight)) in out.chunks_exact_mut(S::f64s::LEN).zip(vectors) {
                (S::f64s::from_slice(simd, x) * S::f64s::from_slice(simd, weight)).store_slice(out);
            }
        }
    }
}

/// Appends a lower triangular factor in panels of [`ROWS`] rows, column by column, zeros above the diagonal.
pub(super) fn pack(n_features: usize, lower: impl Fn(usize, usize) -> f64, factors: &mut Vec<f64>) {
    for start in (0..n_features).step_by(ROWS) {
        for j in 0..(start + ROWS).min(n_features) {
            factors.extend((start..start + ROWS).map(|i| if j <= i && i < n_features { lower(i, j) } else { 0.0 }));
        }
    }
}

/// Writes the log density of one component at each sample.
#[inline(always)]
pub(super) fn log_densities<S: Simd>(
    simd: S,
    tile: &Tile<f64>,
    component: Component<'_>,
    differences: &mut Differences,
    out: &mut [f64],
) {
    let (capacity, n_features) = (tile.capacity(), component.mean.len());
    differences.subtract(simd, tile, component.mean, out.len());
    out.fill(component.offset);
    let mut factor = component.factor;
    for start in (0..n_features).step_by(ROWS) {
        let n_columns = (start + ROWS).min(n_features);
        let (panel, rest) = factor.split_at(n_columns * ROWS);
        let (panel, _) = panel.as_chunks::<ROWS>();
        factor = rest;
        for (at, out) in out.chunks_exact_mut(LANES).enumerate() {
            for (part, out) in out.chunks_exact_mut(S::f64s::LEN).enumerate() {
                let at = at * LANES + part * S::f64s::LEN;
                let mut y = [S::f64s::simd_from(simd, 0.0); ROWS];
                for (column, factor) in differences.plain.chunks_exact(capacity).zip(panel) {
                    let x = S::f64s::from_slice(simd, &column[at..at + S::f64s::LEN]);
                    for i in 0..ROWS {
                        y[i] = x.mul_add(S::f64s::simd_from(simd, factor[i]), y[i]);
                    }
                }
                let mut log_density = S::f64s::from_slice(simd, out);
                for y in y {
                    log_density = (-y).mul_add(y, log_density);
                }
                log_density.store_slice(out);
            }
        }
    }
}

/// Adds the moments of the samples around the mean of one component.
#[inline(always)]
pub(super) fn add_moments<S: Simd>(
    simd: S,
    tile: &Tile<f64>,
    component: Component<'_>,
    responsibilities: &[f64],
    differences: &mut Differences,
    sums: &mut [f64],
) {
    let (capacity, n_features) = (tile.capacity(), component.mean.len());
    differences.subtract(simd, tile, component.mean, responsibilities.len());
    differences.weigh(simd, responsibilities, capacity);
    sums[0] += sum(simd, responsibilities);
    for (f, out) in sums[1..=n_features].iter_mut().enumerate() {
        *out += sum(simd, &differences.weighted[f * capacity..][..responsibilities.len()]);
    }
    let products = &mut sums[1 + n_features..];
    for i in (0..n_features).step_by(ROWS) {
        for j in (0..=i).step_by(ROWS) {
            let block = block(simd, differences, capacity, responsibilities.len(), i, j);
            for (row, block) in (i..n_features.min(i + ROWS)).zip(&block) {
                for (column, product) in (j..=row).zip(block) {
                    products[row * (row + 1) / 2 + column] += product;
                }
            }
        }
    }
}

/// Weighted products of features `i..i + ROWS` with features `j..j + ROWS`, summed over the samples.
#[inline(always)]
fn block<S: Simd>(
    simd: S,
    differences: &Differences,
    capacity: usize,
    len: usize,
    i: usize,
    j: usize,
) -> [[f64; ROWS]; ROWS] {
    let rows: [&[f64]; ROWS] = std::array::from_fn(|f| &differences.weighted[(i + f) * capacity..][..len]);
    let columns: [&[f64]; ROWS] = std::array::from_fn(|f| &differences.plain[(j + f) * capacity..][..len]);
    let zero = S::f64s::simd_from(simd, 0.0);
    let mut lanes = [[[0.0; LANES]; ROWS]; ROWS];
    for part in (0..LANES).step_by(S::f64s::LEN) {
        let mut sums = [[zero; ROWS]; ROWS];
        for at in (part..len).step_by(LANES) {
            let mut y = [zero; ROWS];
            for c in 0..ROWS {
                y[c] = S::f64s::from_slice(simd, &columns[c][at..at + S::f64s::LEN]);
            }
            for r in 0..ROWS {
                let x = S::f64s::from_slice(simd, &rows[r][at..at + S::f64s::LEN]);
                for c in 0..ROWS {
                    sums[r][c] = x.mul_add(y[c], sums[r][c]);
                }
            }
        }
        for r in 0..ROWS {
            for c in 0..ROWS {
                sums[r][c].store_slice(&mut lanes[r][c][part..part + S::f64s::LEN]);
            }
        }
    }
    lanes.map(|row| row.map(|lanes| sum_of_lanes(&lanes)))
}

#[inline(always)]
fn sum<S: Simd>(simd: S, values: &[f64]) -> f64 {
    let mut lanes = [0.0; LANES];
    for (part, lanes) in lanes.chunks_exact_mut(S::f64s::LEN).enumerate() {
        let mut sum = S::f64s::simd_from(simd, 0.0);
        for at in (part * S::f64s::LEN..values.len()).step_by(LANES) {
            sum += S::f64s::from_slice(simd, &values[at..at + S::f64s::LEN]);
        }
        sum.store_slice(lanes);
    }
    sum_of_lanes(&lanes)
}

/// Sum over the lanes, halves first, as vectors do it.
#[inline(always)]
pub(super) fn sum_of_lanes(lanes: &[f64; LANES]) -> f64 {
    let [a, b, c, d, e, f, g, h] = lanes;
    ((a + e) + (c + g)) + ((b + f) + (d + h))
}
