//! A block of samples in structure-of-arrays form.

use std::ops::Range;

use fearless_simd::{Level, dispatch};

use crate::{Element, Layout, Real, Samples};

/// Most samples in a tile: with up to 16 features in float64 it fills a 32 KiB L1 cache, with few most of it is free.
pub const TILE: usize = 256;

/// Bytes a tile may take: with many features it holds fewer samples, so that it stays in L1 next to a few centers.
const TILE_BYTES: usize = 32 * 1024;

/// Two of the widest vectors (AVX-512 float32), which kernels take side by side; tile lengths are multiples of it.
pub const MAX_LANES: usize = 32;

/// Up to [`TILE`] samples, one row per feature, converted to the type they are computed in, and their labels.
///
/// Lanes beyond the last sample hold old finite values or zeros; kernels compute them and drop the result.
#[derive(Debug, Clone)]
pub struct Tile<R> {
    values: Vec<R>,
    /// Label of each sample as a float, -1 beyond the last sample.
    labels: Vec<R>,
    len: usize,
}

/// The rows of a [`Tile`], one per feature, padded to the tile's capacity.
#[derive(Debug, Clone, Copy)]
pub struct Features<'a, R> {
    values: &'a [R],
    capacity: usize,
}

impl<'a, R> Features<'a, R> {
    /// Rows of `capacity` values, one after the other.
    #[inline(always)]
    pub(crate) fn new(values: &'a [R], capacity: usize) -> Self {
        Self { values, capacity }
    }

    /// One feature of all samples.
    #[must_use]
    #[inline(always)]
    pub fn get(&self, feature: usize) -> &'a [R] {
        &self.values[feature * self.capacity..][..self.capacity]
    }
}

/// Samples and the labels found for them, both padded alike: as floats, -1 beyond the last sample.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Labelled<'a, R> {
    pub(crate) features: Features<'a, R>,
    pub(crate) labels: &'a [R],
}

impl<R: Real> Labelled<'_, R> {
    /// Writes the labels as integers and returns whether any of them changed.
    #[inline(always)]
    pub(crate) fn store(self, level: Level, labels_out: &mut [i32]) -> bool {
        dispatch!(level, _simd => {
            let mut changed = 0;
            for (label_out, label) in labels_out.iter_mut().zip(self.labels) {
                let label = label.to_label();
                changed |= *label_out ^ label;
                *label_out = label;
            }
            changed != 0
        })
    }
}

impl<R: Real> Tile<R> {
    /// An empty tile for samples of `n_features` features.
    #[must_use]
    pub fn new(n_features: usize) -> Self {
        let fitting = TILE_BYTES / (n_features * size_of::<R>());
        Self::with_capacity(n_features, (fitting / MAX_LANES * MAX_LANES).clamp(MAX_LANES, TILE))
    }

    /// An empty tile for `capacity` samples, a multiple of 32.
    #[must_use]
    pub(crate) fn with_capacity(n_features: usize, capacity: usize) -> Self {
        Self { values: vec![R::ZERO; capacity * n_features], labels: vec![R::ZERO; capacity], len: 0 }
    }

    /// Most samples it holds.
    #[must_use]
    #[inline(always)]
    pub fn capacity(&self) -> usize {
        self.labels.len()
    }

    /// Samples it holds now.
    #[must_use]
    #[allow(clippy::len_without_is_empty, reason = "a tile is loaded before it is used; an empty one has no use")]
    #[inline(always)]
    pub fn len(&self) -> usize {
        self.len
    }

    /// All samples, feature by feature.
    #[must_use]
    #[inline(always)]
    pub fn features(&self) -> Features<'_, R> {
        Features { values: &self.values, capacity: self.labels.len() }
    }

    /// Labels of all samples as floats, padded to the capacity with -1.
    #[must_use]
    #[inline(always)]
    pub fn labels(&self) -> &[R] {
        &self.labels
    }

    /// The samples to read and the labels to write, both padded to the capacity.
    #[inline(always)]
    pub(crate) fn split(&mut self) -> (Features<'_, R>, &mut [R]) {
        let capacity = self.labels.len();
        (Features { values: &self.values, capacity }, &mut self.labels)
    }

    /// Gives the lanes beyond the last sample a label that no cluster has.
    #[inline(always)]
    pub(crate) fn mark_padding(&mut self) {
        self.labels[self.len..].fill(-R::ONE);
    }

    /// Sets the labels of the samples it holds.
    #[inline(always)]
    pub(crate) fn set_labels(&mut self, level: Level, labels: &[i32]) {
        dispatch!(level, _simd => for (out, label) in self.labels.iter_mut().zip(labels) {
            *out = R::from_f64(f64::from(*label));
        });
        self.mark_padding();
    }

    /// The samples it holds with their labels.
    #[inline(always)]
    pub(crate) fn labelled(&self) -> Labelled<'_, R> {
        let padded = self.len.next_multiple_of(MAX_LANES);
        Labelled { features: self.features(), labels: &self.labels[..padded] }
    }

    /// Replaces the content by the samples of `range`, at most [`Tile::capacity`] of them, and asks for as many after
    /// them.
    pub fn load<T: Element>(&mut self, level: Level, samples: &Samples<'_, T>, range: Range<usize>) {
        self.len = range.len();
        samples.prefetch(range.end..range.end + range.len());
        dispatch!(level, _simd => self.load_by_layout(samples, range));
    }

    /// Replaces the content by the samples in `indices`, at most [`Tile::capacity`] of them.
    pub fn load_some<T: Element>(&mut self, level: Level, samples: &Samples<'_, T>, indices: &[usize]) {
        self.len = indices.len();
        let capacity = self.capacity();
        dispatch!(level, _simd => match samples.layout() {
            Layout::RowMajor => for (i, index) in indices.iter().enumerate() {
                let row = &samples.values()[index * samples.n_features()..][..samples.n_features()];
                for (column, value) in self.values.chunks_exact_mut(capacity).zip(row) {
                    column[i] = value.to_real();
                }
            },
            Layout::Planes => {
                let planes = samples.values().chunks_exact(samples.n_samples());
                for (column, plane) in self.values.chunks_exact_mut(capacity).zip(planes) {
                    for (value, index) in column.iter_mut().zip(indices) {
                        *value = plane[*index].to_real();
                    }
                }
            }
        });
    }

    /// Takes `point` off each sample, and adds the square of each difference to `squares_out`, one per sample up to the
    /// capacity.
    pub(crate) fn subtract(&mut self, level: Level, point: &[R], squares_out: &mut [R]) {
        let capacity = self.capacity();
        dispatch!(level, _simd => for (column, p) in self.values.chunks_exact_mut(capacity).zip(point) {
            for (x, square) in column.iter_mut().zip(&mut *squares_out) {
                *x -= *p;
                *square = x.fused_mul_add(*x, *square);
            }
        });
    }

    #[inline(always)]
    fn load_by_layout<T: Element>(&mut self, samples: &Samples<'_, T>, range: Range<usize>) {
        let (n, d, capacity) = (samples.n_samples(), samples.n_features(), self.capacity());
        match samples.layout() {
            Layout::RowMajor => {
                let rows = &samples.values()[range.start * d..range.end * d];
                match d {
                    1 => self.load_rows::<T, 1>(rows),
                    2 => self.load_rows::<T, 2>(rows),
                    3 => self.load_rows::<T, 3>(rows),
                    4 => self.load_rows::<T, 4>(rows),
                    5 => self.load_rows::<T, 5>(rows),
                    6 => self.load_rows::<T, 6>(rows),
                    7 => self.load_rows::<T, 7>(rows),
                    8 => self.load_rows::<T, 8>(rows),
                    _ => self.load_wide_rows(rows, d),
                }
            }
            Layout::Planes => {
                for (feature, out) in self.values.chunks_exact_mut(capacity).enumerate() {
                    let plane = &samples.values()[feature * n..][range.clone()];
                    for (out, value) in out.iter_mut().zip(plane) {
                        *out = value.to_real();
                    }
                }
            }
        }
    }

    /// With a known number of features and columns of one length, the compiler turns the transposition into wide loads
    /// and shuffles; a loop per feature would become gathers, ten times slower.
    #[inline(always)]
    fn load_rows<T: Element, const D: usize>(&mut self, rows: &[T]) {
        let (rows, _) = rows.as_chunks::<D>();
        let capacity = self.capacity();
        let mut columns = self.values.chunks_exact_mut(capacity);
        let columns: [&mut [R]; D] =
            std::array::from_fn(|_| columns.next().map_or(&mut [][..], |column| &mut column[..rows.len()]));
        for i in 0..rows.len() {
            for f in 0..D {
                columns[f][i] = rows[i][f].to_real();
            }
        }
    }

    #[inline(always)]
    fn load_wide_rows<T: Element>(&mut self, rows: &[T], n_features: usize) {
        let capacity = self.capacity();
        for (i, row) in rows.chunks_exact(n_features).enumerate() {
            for (column, value) in self.values.chunks_exact_mut(capacity).zip(row) {
                column[i] = value.to_real();
            }
        }
    }
}
