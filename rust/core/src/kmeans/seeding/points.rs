//! Chosen samples and candidates, as kernels read them.

use super::distances::LANES;

/// The samples that a run has chosen so far.
#[derive(Debug)]
pub(super) struct Chosen {
    pub(super) indices: Vec<usize>,
    pub(super) centers: Points,
}

/// Points in float64: row by row for distances, feature by feature for bounds.
#[derive(Debug)]
pub(super) struct Points {
    /// Shape (`len`, `width`), padded with zeros.
    rows: Vec<f64>,
    width: usize,
    /// Shape (`n_features`, `capacity`), padded with zeros.
    columns: Vec<f64>,
    capacity: usize,
    len: usize,
}

impl Points {
    /// Room for `capacity` points of `n_features` features, in rows of `width` values.
    pub(super) fn new(capacity: usize, n_features: usize, width: usize) -> Self {
        // Lanes may start at any point.
        let capacity = capacity + LANES;
        Self { rows: Vec::new(), width, columns: vec![0.0; n_features * capacity], capacity, len: 0 }
    }

    pub(super) fn push(&mut self, point: &[f64]) {
        for (column, value) in self.columns.chunks_exact_mut(self.capacity).zip(point) {
            column[self.len] = *value;
        }
        self.len += 1;
        self.rows.extend(point);
        self.rows.resize(self.len * self.width, 0.0);
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// All points, one after the other.
    #[inline(always)]
    pub(super) fn rows(&self) -> &[f64] {
        &self.rows
    }

    /// One point, padded to the width of a row.
    #[inline(always)]
    pub(super) fn row(&self, index: usize) -> &[f64] {
        &self.rows[index * self.width..][..self.width]
    }

    /// One feature of [`LANES`] points from `start` on.
    #[inline(always)]
    pub(super) fn lanes(&self, feature: usize, start: usize) -> &[f64] {
        &self.columns[feature * self.capacity + start..][..LANES]
    }
}
