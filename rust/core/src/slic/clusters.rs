//! Where clusters are.

use super::Volume;
use crate::{Error, Real, Result};

/// Axes of a volume.
pub(super) const AXES: usize = 3;

/// Position and colour of every cluster; those of clusters without pixels are NaN.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Clusters<R> {
    values: Vec<R>,
    /// Largest squared colour distance of each cluster's pixels so far, which zero-parameter SLIC divides by.
    pub(super) maxima: Vec<R>,
    n_channels: usize,
}

impl<R: Real> Clusters<R> {
    /// Clusters at `seeds` (z, y, x), with colour 0: [`Error::Length`] if `seeds` is no list of triples,
    /// [`Error::Range`] for none or too many to be numbered.
    pub(super) fn at(seeds: &[f64], n_channels: usize) -> Result<Self> {
        let (seeds, rest) = seeds.as_chunks::<AXES>();
        if !rest.is_empty() {
            let got = seeds.len() * AXES + rest.len();
            return Err(Error::Length { argument: "seeds", got, rows: seeds.len(), columns: AXES });
        }
        if seeds.is_empty() || i32::try_from(seeds.len()).is_err() {
            let (got, needed) = (seeds.len().to_string(), format!("between 1 and {}", i32::MAX));
            return Err(Error::Range { argument: "the number of seeds", got, needed });
        }
        let mut values = Vec::with_capacity(seeds.len() * (AXES + n_channels));
        for seed in seeds {
            values.extend(seed.map(R::from_f64));
            values.resize(values.len() + n_channels, R::ZERO);
        }
        Ok(Self { values, maxima: vec![R::ONE; seeds.len()], n_channels })
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.maxima.len()
    }

    /// Numbers of a cluster.
    pub(super) fn row_len(&self) -> usize {
        AXES + self.n_channels
    }

    #[inline(always)]
    pub(super) fn position(&self, cluster: usize) -> [R; AXES] {
        let row = &self.values[cluster * self.row_len()..];
        [row[0], row[1], row[2]]
    }

    #[inline(always)]
    pub(super) fn colour(&self, cluster: usize) -> &[R] {
        &self.values[cluster * self.row_len()..][AXES..self.row_len()]
    }

    /// Rows and maxima of clusters, `n_clusters` at a time.
    pub(super) fn groups(&mut self, n_clusters: usize) -> (std::slice::ChunksMut<'_, R>, std::slice::ChunksMut<'_, R>) {
        let row_len = self.row_len();
        (self.values.chunks_mut(n_clusters * row_len), self.maxima.chunks_mut(n_clusters))
    }
}

/// First and one past the last pixel along each axis that a cluster competes for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Window(pub(super) [(usize, usize); AXES]);

impl Window {
    /// Two steps to either side of `position`, of 0 pixels for a cluster that has none.
    pub(super) fn new<R: Real>(position: [R; AXES], steps: [usize; AXES], volume: Volume) -> Self {
        let extents = [volume.depth, volume.height, volume.width];
        let mut ranges = [(0, 0); AXES];
        for axis in 0..AXES {
            let reach = R::from_f64(2.0 * steps[axis] as f64);
            // As a cast in C truncates; Rust's turns NaN into 0, which makes the range empty.
            let first = (position[axis] - reach).to_f64().max(0.0) as usize;
            let end = (position[axis] + reach + R::ONE).to_f64() as usize;
            ranges[axis] = (first, end.min(extents[axis]));
        }
        Self(ranges)
    }
}
