//! What the samples say about a mixture, added up: all that the next parameters need.

use crate::{Error, Result};

/// Moments of the samples around reference points, weighted by responsibility. Those of disjoint samples add up.
#[derive(Debug, Clone, PartialEq)]
pub struct Statistics {
    /// The points that moments are taken around, shape (`n_components`, `n_features`): the means of the parameters that
    /// gave the responsibilities, so that next to nothing cancels.
    pub reference: Vec<f64>,
    /// Weight of each component, shape (`n_components`,).
    pub totals: Vec<f64>,
    /// Sum of the differences to the reference, shape (`n_components`, `n_features`).
    pub first: Vec<f64>,
    /// Sum of the products of differences: shape (`n_components`, `n_features`, `n_features`), or only the squares, shape
    /// (`n_components`, `n_features`).
    pub second: Vec<f64>,
    /// Weighted sum of the log densities of the samples.
    pub log_likelihood: f64,
    /// Sum of the weights of the samples.
    pub total_weight: f64,
}

impl Statistics {
    pub(super) fn new(reference: Vec<f64>, n_components: usize, is_diagonal: bool) -> Self {
        let n_features = reference.len() / n_components;
        let second = if is_diagonal { reference.len() } else { reference.len() * n_features };
        Self {
            totals: vec![0.0; n_components],
            first: vec![0.0; reference.len()],
            second: vec![0.0; second],
            log_likelihood: 0.0,
            total_weight: 0.0,
            reference,
        }
    }

    /// Checks the shapes.
    ///
    /// # Errors
    /// [`Error::Range`] without components, [`Error::Length`] for shapes that do not fit.
    pub fn check(&self) -> Result<()> {
        let n_components = self.totals.len();
        if n_components == 0 || self.reference.is_empty() {
            return Err(Error::Range { argument: "totals", got: "empty".into(), needed: "one per component".into() });
        }
        let columns = self.n_features();
        let square = columns * if self.second.len() == self.first.len() { 1 } else { columns };
        for (argument, got, columns) in [
            ("reference", self.reference.len(), columns),
            ("first", self.first.len(), columns),
            ("second", self.second.len(), square),
        ] {
            if got != n_components * columns {
                return Err(Error::Length { argument, got, rows: n_components, columns });
            }
        }
        Ok(())
    }

    /// Number of components.
    #[must_use]
    pub fn n_components(&self) -> usize {
        self.totals.len()
    }

    /// Number of features.
    #[must_use]
    pub fn n_features(&self) -> usize {
        self.reference.len() / self.totals.len()
    }
}

/// The sums of one chunk of samples: per component its weight, the sum of each feature, and the products of features, row
/// by row of the lower triangle (or only the squares).
#[derive(Debug, Clone)]
pub(super) struct Sums {
    pub(super) values: Vec<f64>,
    pub(super) log_likelihood: f64,
    pub(super) total_weight: f64,
}

/// Numbers per component in [`Sums`].
pub(super) fn width(n_features: usize, is_diagonal: bool) -> usize {
    let second = if is_diagonal { n_features } else { n_features * (n_features + 1) / 2 };
    1 + n_features + second
}

impl Sums {
    pub(super) fn new(n_components: usize, n_features: usize, is_diagonal: bool) -> Self {
        let values = vec![0.0; n_components * width(n_features, is_diagonal)];
        Self { values, log_likelihood: 0.0, total_weight: 0.0 }
    }

    pub(super) fn clear(&mut self) {
        self.values.fill(0.0);
        (self.log_likelihood, self.total_weight) = (0.0, 0.0);
    }
}

impl Statistics {
    /// Adds the sums of one chunk.
    pub(super) fn add(&mut self, sums: &Sums) {
        self.log_likelihood += sums.log_likelihood;
        self.total_weight += sums.total_weight;
        let d = self.n_features();
        let is_diagonal = self.second.len() == self.first.len();
        let width = width(d, is_diagonal);
        for (component, sums) in sums.values.chunks_exact(width).enumerate() {
            self.totals[component] += sums[0];
            for (first, sum) in self.first[component * d..][..d].iter_mut().zip(&sums[1..]) {
                *first += sum;
            }
            let products = &sums[1 + d..];
            if is_diagonal {
                for (second, sum) in self.second[component * d..][..d].iter_mut().zip(products) {
                    *second += sum;
                }
                continue;
            }
            let mut products = products.iter();
            for i in 0..d {
                for (j, product) in (0..=i).zip(&mut products) {
                    self.second[(component * d + i) * d + j] += product;
                    if i != j {
                        self.second[(component * d + j) * d + i] += product;
                    }
                }
            }
        }
    }
}
