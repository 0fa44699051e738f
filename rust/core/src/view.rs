//! Checked views of samples and weights.

use std::ops::Range;

use crate::lanes::{lane_dot, lane_sum};
use crate::simd::prefetch;
use crate::{Element, Error, Real, Result};

/// How the values of a sample matrix lie in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// Features of one sample side by side: C order, (height, width, channels) images.
    RowMajor,
    /// One plane per feature: Fortran order, (channels, height, width) images.
    Planes,
}

/// A borrowed matrix of shape (`n_samples`, `n_features`), at least 1 x 1.
#[derive(Debug, Clone, Copy)]
#[allow(clippy::struct_field_names, reason = "n_samples is the field's name everywhere")]
pub struct Samples<'a, T> {
    values: &'a [T],
    n_samples: usize,
    n_features: usize,
    layout: Layout,
}

impl<'a, T: Element> Samples<'a, T> {
    /// Wraps `values` as a matrix.
    ///
    /// # Errors
    /// [`Error::Range`] if a dimension is 0, [`Error::Length`] if the shape does not fit the number of values.
    pub fn new(values: &'a [T], n_samples: usize, n_features: usize, layout: Layout) -> Result<Self> {
        for (argument, count) in [("n_samples", n_samples), ("n_features", n_features)] {
            if count == 0 {
                return Err(Error::Range { argument, got: "0".into(), needed: "at least 1".into() });
            }
        }
        if n_samples.checked_mul(n_features) != Some(values.len()) {
            let (rows, columns) = (n_samples, n_features);
            return Err(Error::Length { argument: "X", got: values.len(), rows, columns });
        }
        Ok(Self { values, n_samples, n_features, layout })
    }

    /// Number of samples.
    #[must_use]
    pub fn n_samples(&self) -> usize {
        self.n_samples
    }

    /// Number of features.
    #[must_use]
    pub fn n_features(&self) -> usize {
        self.n_features
    }

    /// How the values lie in memory.
    #[must_use]
    pub fn layout(&self) -> Layout {
        self.layout
    }

    /// All values, in memory order.
    #[must_use]
    pub fn values(&self) -> &'a [T] {
        self.values
    }

    /// One feature of sample `index`.
    #[inline(always)]
    pub(crate) fn value(&self, index: usize, feature: usize) -> T {
        match self.layout {
            Layout::RowMajor => self.values[index * self.n_features + feature],
            Layout::Planes => self.values[feature * self.n_samples + index],
        }
    }

    /// Copies sample `index` into `row` as floats.
    #[inline(always)]
    pub fn read_row<R: Real>(&self, index: usize, row_out: &mut [R]) {
        match self.layout {
            Layout::RowMajor => {
                let row = &self.values[index * self.n_features..][..self.n_features];
                for (out, value) in row_out.iter_mut().zip(row) {
                    *out = value.to_real();
                }
            }
            Layout::Planes => {
                for (out, value) in row_out.iter_mut().zip(self.values[index..].iter().step_by(self.n_samples)) {
                    *out = value.to_real();
                }
            }
        }
    }

    /// Asks for samples that will soon be read, as far as they exist.
    #[inline(always)]
    pub(crate) fn prefetch(&self, range: Range<usize>) {
        let range = range.start.min(self.n_samples)..range.end.min(self.n_samples);
        match self.layout {
            Layout::RowMajor => prefetch(&self.values[range.start * self.n_features..range.end * self.n_features]),
            Layout::Planes => {
                for plane in self.values.chunks_exact(self.n_samples) {
                    prefetch(&plane[range.clone()]);
                }
            }
        }
    }

    /// Checks that every row is a sample.
    ///
    /// # Errors
    /// [`Error::Range`] naming the first that is not.
    pub(crate) fn check_rows(&self, rows: &[i64]) -> Result<()> {
        match rows.iter().find(|row| !(0..self.n_samples as i64).contains(*row)) {
            None => Ok(()),
            Some(row) => {
                let needed = format!("from 0 to {}", self.n_samples - 1);
                Err(Error::Range { argument: "rows", got: row.to_string(), needed })
            }
        }
    }

    /// Replaces `values_out` by the samples of `rows`, which must exist ([`Samples::check_rows`]), row-major.
    #[inline(always)]
    pub(crate) fn gather(&self, rows: &[i64], values_out: &mut Vec<T>) {
        values_out.clear();
        for row in rows {
            let row = *row as usize;
            match self.layout {
                Layout::RowMajor => {
                    values_out.extend_from_slice(&self.values[row * self.n_features..][..self.n_features]);
                }
                Layout::Planes => values_out.extend(self.values[row..].iter().step_by(self.n_samples)),
            }
        }
    }

    /// Sample `index` in float64.
    #[must_use]
    pub fn row_f64(&self, index: usize) -> Vec<f64> {
        let mut row = vec![0.0; self.n_features];
        self.read_row(index, &mut row);
        row
    }
}

/// One weight per sample, or 1 for every sample.
#[derive(Debug, Clone, Copy)]
pub enum Weights<'a> {
    /// Every sample counts once.
    Unit,
    /// The weight of each sample, shape (`n_samples`,).
    Each(&'a [f64]),
}

impl<'a> Weights<'a> {
    /// Wraps the weights of `n_samples` samples; `None` weighs every sample 1.
    ///
    /// # Errors
    /// [`Error::Mismatch`] if there is not one weight per sample.
    pub fn new(weights: Option<&'a [f64]>, n_samples: usize) -> Result<Self> {
        match weights {
            None => Ok(Self::Unit),
            Some(values) if values.len() == n_samples => Ok(Self::Each(values)),
            Some(values) => Err(Error::Mismatch {
                argument: "sample_weight",
                dimension: "weights",
                got: values.len(),
                needed: n_samples,
            }),
        }
    }

    /// Weight of sample `index`.
    #[must_use]
    #[inline(always)]
    pub fn get(&self, index: usize) -> f64 {
        match self {
            Self::Unit => 1.0,
            Self::Each(values) => values[index],
        }
    }

    /// The weights of `len` samples from `start` on.
    #[must_use]
    #[inline(always)]
    pub(crate) fn slice(&self, start: usize, len: usize) -> Self {
        match self {
            Self::Unit => Self::Unit,
            Self::Each(values) => Self::Each(&values[start..][..len]),
        }
    }

    /// Sum of `values`, each times the weight of its sample, the first being sample `start`.
    #[must_use]
    #[inline(always)]
    pub fn weighted_sum(&self, start: usize, values: &[f64]) -> f64 {
        match self {
            Self::Unit => lane_sum(values, |value| value),
            Self::Each(weights) => lane_dot(values, &weights[start..]),
        }
    }
}
