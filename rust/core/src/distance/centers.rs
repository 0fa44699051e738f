//! Centers of clusters as kernels read them.

use super::rows::{Padded, reads_rows};
use super::{Apart, Screen};
use crate::labels::check_range;
use crate::simd::Level;
use crate::{Error, Real, Result};

/// Centers to choose among, with their labels.
#[derive(Debug, Clone, Copy)]
pub struct CenterView<'a, R> {
    /// One center after the other.
    pub(super) values: &'a [R],
    /// Label of each, as a float.
    pub(super) labels: &'a [R],
    pub(super) n_features: usize,
}

impl<'a, R> CenterView<'a, R> {
    /// The center at an index.
    #[inline(always)]
    pub(super) fn center(&self, index: usize) -> &'a [R] {
        &self.values[index * self.n_features..][..self.n_features]
    }
}

/// Some of the centers, copied side by side.
#[derive(Debug, Clone)]
pub struct Candidates<R> {
    values: Vec<R>,
    labels: Vec<R>,
    n_features: usize,
}

impl<R: Real> Candidates<R> {
    /// None yet.
    #[must_use]
    pub fn new(n_features: usize) -> Self {
        Self { values: Vec::new(), labels: Vec::new(), n_features }
    }

    /// Takes the centers of `clusters`, which must ascend for ties to go to the lowest label.
    #[inline(always)]
    pub fn choose(&mut self, centers: &Centers<R>, clusters: &[u32]) {
        self.values.clear();
        self.labels.clear();
        for cluster in clusters {
            self.values.extend_from_slice(centers.center(*cluster as usize));
            self.labels.push(centers.labels[*cluster as usize]);
        }
    }

    /// The centers chosen last.
    #[must_use]
    pub fn view(&self) -> CenterView<'_, R> {
        CenterView { values: &self.values, labels: &self.labels, n_features: self.n_features }
    }
}

/// Centers in the type that distances are computed in, shape (`n_clusters`, `n_features`), at least one.
#[derive(Debug, Clone)]
pub struct Centers<R> {
    values: Vec<R>,
    n_features: usize,
    /// Label of each center as a float, which is how kernels carry labels.
    labels: Vec<R>,
    /// The same for the kernel that reads whole rows, if that one is used: each center padded with zeros.
    padded: Option<Padded<R>>,
    /// The same for the kernel that computes products, if that one is used.
    screen: Option<Screen<R>>,
}

impl<R: Real> Centers<R> {
    /// Rounds `centers` (row-major float64) to the type of the kernel.
    ///
    /// # Errors
    /// [`Error::Length`] if the values do not make whole rows, or there are none.
    pub fn new(centers: &[f64], n_features: usize) -> Result<Self> {
        if centers.is_empty() || !centers.len().is_multiple_of(n_features) {
            let rows = centers.len().div_ceil(n_features).max(1);
            return Err(Error::Length { argument: "centers", got: centers.len(), rows, columns: n_features });
        }
        let values: Vec<R> = centers.iter().map(|c| R::from_f64(*c)).collect();
        let padded = reads_rows(values.len() / n_features, n_features).then(|| Padded::new(&values, n_features));
        let n_clusters = values.len() / n_features;
        let screen =
            (padded.is_none() && Screen::<R>::pays(n_clusters, n_features)).then(|| Screen::new(&values, n_features));
        let labels = (0..n_clusters).map(|label| R::from_f64(label as f64)).collect();
        Ok(Self { values, n_features, labels, padded, screen })
    }

    /// The padded centers, if whole rows are to be read.
    #[must_use]
    pub(super) fn padded(&self) -> Option<&Padded<R>> {
        self.padded.as_ref()
    }

    /// The centers for products, if these are to be computed.
    #[must_use]
    pub(super) fn screen(&self) -> Option<&Screen<R>> {
        self.screen.as_ref()
    }

    /// What says which of the centers can be nearest to samples whose last one is known, if that pays for so many of them.
    #[must_use]
    pub fn apart(&self, level: Level, n_samples: usize) -> Option<Apart<R>> {
        let groups = self.screen.as_ref()?.groups();
        Apart::pays(groups, n_samples).then(|| Apart::new(level, groups))
    }

    /// Number of centers.
    #[must_use]
    pub fn n_clusters(&self) -> usize {
        self.values.len() / self.n_features
    }

    /// Features per center.
    #[must_use]
    pub fn n_features(&self) -> usize {
        self.n_features
    }

    /// All centers, one after the other.
    #[must_use]
    pub fn values(&self) -> &[R] {
        &self.values
    }

    /// All centers with their labels, in ascending order.
    #[must_use]
    pub fn view(&self) -> CenterView<'_, R> {
        CenterView { values: &self.values, labels: &self.labels, n_features: self.n_features }
    }

    /// The center of one cluster.
    #[must_use]
    #[inline(always)]
    pub fn center(&self, cluster: usize) -> &[R] {
        &self.values[cluster * self.n_features..][..self.n_features]
    }

    /// Checks that every label has a center.
    ///
    /// # Errors
    /// [`Error::Range`] naming the first label without one.
    pub fn check_labels(&self, level: Level, labels: &[i32]) -> Result<()> {
        check_range(level, labels, self.n_clusters())
    }
}
