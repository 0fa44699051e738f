//! A block of samples in structure-of-arrays form.

use std::ops::Range;

use fearless_simd::{Level, dispatch};

use crate::{Element, Layout, Real, Samples};

/// Most samples in a tile: with up to 16 features in float64 it fills half of a 32 KiB L1 cache with room for labels.
pub const TILE: usize = 256;

/// Bytes a tile may take: with many features it holds fewer samples, so that it stays in L1 next to a few centers.
const TILE_BYTES: usize = 32 * 1024;

/// Lanes of the widest vector (AVX-512 float32); tile lengths are multiples of it.
const MAX_LANES: usize = 16;

/// Up to [`TILE`] samples, one row per feature, converted to the type they are computed in.
///
/// Lanes beyond the last sample hold old finite values or zeros; kernels compute them and drop the result.
#[derive(Debug, Clone)]
pub struct Tile<R> {
    values: Vec<R>,
    capacity: usize,
    n_features: usize,
    len: usize,
}

impl<R: Real> Tile<R> {
    /// An empty tile for samples of `n_features` features.
    #[must_use]
    pub fn new(n_features: usize) -> Self {
        let fitting = TILE_BYTES / (n_features * size_of::<R>());
        let capacity = (fitting / MAX_LANES * MAX_LANES).clamp(MAX_LANES, TILE);
        Self { values: vec![R::ZERO; capacity * n_features], capacity, n_features, len: 0 }
    }

    /// Most samples it holds.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.capacity
    }

    /// Samples it holds now.
    #[must_use]
    #[allow(clippy::len_without_is_empty, reason = "a tile is loaded before it is used; an empty one has no use")]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Features per sample.
    #[must_use]
    pub fn n_features(&self) -> usize {
        self.n_features
    }

    /// One feature of all samples, padded to the capacity.
    #[must_use]
    #[inline(always)]
    pub fn feature(&self, feature: usize) -> &[R] {
        &self.values[feature * self.capacity..][..self.capacity]
    }

    /// Replaces the content by the samples of `range`, at most [`Tile::capacity`] of them.
    pub fn load<T: Element>(&mut self, level: Level, samples: &Samples<'_, T>, range: Range<usize>) {
        self.len = range.len();
        dispatch!(level, _simd => self.load_by_layout(samples, range));
    }

    #[inline(always)]
    fn load_by_layout<T: Element>(&mut self, samples: &Samples<'_, T>, range: Range<usize>) {
        let (n, d) = (samples.n_samples(), self.n_features);
        match samples.layout() {
            Layout::RowMajor => {
                let rows = &samples.values()[range.start * d..range.end * d];
                match d {
                    1 => self.load_rows::<T, 1>(rows),
                    2 => self.load_rows::<T, 2>(rows),
                    3 => self.load_rows::<T, 3>(rows),
                    4 => self.load_rows::<T, 4>(rows),
                    _ => self.load_wide_rows(rows),
                }
            }
            Layout::Planes => {
                for (feature, out) in self.values.chunks_exact_mut(self.capacity).enumerate() {
                    let plane = &samples.values()[feature * n..][range.clone()];
                    for (out, value) in out.iter_mut().zip(plane) {
                        *out = value.to_real();
                    }
                }
            }
        }
    }

    /// A known number of features lets the compiler turn the transposition into shuffles.
    #[inline(always)]
    fn load_rows<T: Element, const D: usize>(&mut self, rows: &[T]) {
        for (i, row) in rows.chunks_exact(D).enumerate() {
            for f in 0..D {
                self.values[f * self.capacity + i] = row[f].to_real();
            }
        }
    }

    #[inline(always)]
    fn load_wide_rows<T: Element>(&mut self, rows: &[T]) {
        for (i, row) in rows.chunks_exact(self.n_features).enumerate() {
            for (column, value) in self.values.chunks_exact_mut(self.capacity).zip(row) {
                column[i] = value.to_real();
            }
        }
    }
}
