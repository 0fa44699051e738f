//! What a mixture is made of, in scikit-learn's shapes.

use crate::{Error, Result};

/// Which covariances the components may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Covariance {
    /// Each component any of its own.
    Full,
    /// All components the same, any.
    Tied,
    /// Each component a variance per feature.
    Diagonal,
    /// Each component one variance.
    Spherical,
}

impl Covariance {
    /// Whether features are independent within a component.
    #[must_use]
    pub fn is_diagonal(self) -> bool {
        matches!(self, Self::Diagonal | Self::Spherical)
    }

    /// Rows and columns of the numbers that describe the covariances of all components.
    #[must_use]
    pub fn shape(self, n_components: usize, n_features: usize) -> [usize; 2] {
        match self {
            Self::Full => [n_components * n_features, n_features],
            Self::Tied => [n_features, n_features],
            Self::Diagonal => [n_components, n_features],
            Self::Spherical => [n_components, 1],
        }
    }
}

/// The weights, means and precisions of a mixture.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameters {
    /// The kind of covariances.
    pub covariance: Covariance,
    /// Share of each component, shape (`n_components`,).
    pub weights: Vec<f64>,
    /// Shape (`n_components`, `n_features`).
    pub means: Vec<f64>,
    /// Upper triangular `U` with `U U^T` the inverse covariance: shape (`n_components`, `n_features`, `n_features`)
    /// for full, (`n_features`, `n_features`) for tied; its diagonal, shape (`n_components`, `n_features`), for diagonal,
    /// and (`n_components`,) for spherical.
    pub precisions_cholesky: Vec<f64>,
}

impl Parameters {
    /// Checks the shapes for samples of `n_features` features.
    ///
    /// # Errors
    /// [`Error::Range`] without components, [`Error::Length`] for shapes that do not fit.
    pub fn check(&self, n_features: usize) -> Result<()> {
        let n_components = self.n_components();
        if n_components == 0 {
            return Err(Error::Range { argument: "weights", got: "empty".into(), needed: "one per component".into() });
        }
        let factors = self.covariance.shape(n_components, n_features);
        for (argument, got, [rows, columns]) in [
            ("means", self.means.len(), [n_components, n_features]),
            ("precisions_cholesky", self.precisions_cholesky.len(), factors),
        ] {
            if got != rows * columns {
                return Err(Error::Length { argument, got, rows, columns });
            }
        }
        Ok(())
    }

    /// Number of components.
    #[must_use]
    pub fn n_components(&self) -> usize {
        self.weights.len()
    }

    /// Number of features.
    #[must_use]
    pub fn n_features(&self) -> usize {
        self.means.len() / self.weights.len()
    }

    /// Element (`row`, `column`) of the factor of a component with full or tied covariance.
    pub(super) fn factor(&self, component: usize, row: usize, column: usize) -> f64 {
        let n = self.n_features();
        let start = if self.covariance == Covariance::Tied { 0 } else { component * n * n };
        self.precisions_cholesky[start + row * n + column]
    }

    /// The factor of one feature of a component with diagonal or spherical covariance.
    pub(super) fn scale(&self, component: usize, feature: usize) -> f64 {
        match self.covariance {
            Covariance::Spherical => self.precisions_cholesky[component],
            _ => self.precisions_cholesky[component * self.n_features() + feature],
        }
    }
}
