//! Where clusters are.

use crate::{Error, Real, Result};

/// Axes of a volume.
pub(super) const AXES: usize = 3;

/// Kernels carry numbers of clusters as floats ([`Real::to_label`]).
const MAX_CLUSTERS: usize = 1 << 23;

/// Position and colour of every cluster; those of clusters without pixels are NaN.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Clusters<R> {
    values: Vec<R>,
    /// Largest squared colour distance of each cluster's pixels so far, which zero-parameter SLIC divides by.
    pub(super) maxima: Vec<R>,
    /// How far the colour of each may be from the one that decides, if it is not that itself.
    errors: Vec<R>,
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
        if seeds.is_empty() || seeds.len() > MAX_CLUSTERS {
            let (got, needed) = (seeds.len().to_string(), format!("between 1 and {MAX_CLUSTERS}"));
            return Err(Error::Range { argument: "the number of seeds", got, needed });
        }
        let mut values = Vec::with_capacity(seeds.len() * (AXES + n_channels));
        for seed in seeds {
            values.extend(seed.map(R::from_f64));
            values.resize(values.len() + n_channels, R::ZERO);
        }
        Ok(Self { values, maxima: vec![R::ONE; seeds.len()], errors: vec![R::ZERO; seeds.len()], n_channels })
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.maxima.len()
    }

    pub(super) fn n_channels(&self) -> usize {
        self.n_channels
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

    #[inline(always)]
    pub(super) fn error(&self, cluster: usize) -> R {
        self.errors[cluster]
    }

    pub(super) fn largest_error(&self) -> f64 {
        self.errors.iter().fold(0.0, |largest, error| error.to_f64().max(largest))
    }

    /// Whether all surely have the same colour and the same maximum.
    pub(super) fn are_uniform(&self) -> bool {
        let first = (self.colour(0), self.maxima[0]);
        self.largest_error() == 0.0
            && (0..self.count()).all(|cluster| (self.colour(cluster), self.maxima[cluster]) == first)
    }

    /// Position, colour and error of a cluster.
    pub(super) fn row_mut(&mut self, cluster: usize) -> (&mut [R], &mut R) {
        let row_len = self.row_len();
        (&mut self.values[cluster * row_len..][..row_len], &mut self.errors[cluster])
    }

    /// Says that the colours are those that decide.
    pub(super) fn forget_errors(&mut self) {
        self.errors.fill(R::ZERO);
    }

    /// Rows and maxima of clusters, `n_clusters` at a time.
    pub(super) fn groups(&mut self, n_clusters: usize) -> (std::slice::ChunksMut<'_, R>, std::slice::ChunksMut<'_, R>) {
        let row_len = self.row_len();
        (self.values.chunks_mut(n_clusters * row_len), self.maxima.chunks_mut(n_clusters))
    }
}
