//! Errors as values: each names the argument, what was given and what is needed.

/// What can go wrong in this crate.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The length of a buffer contradicts the shape given for it.
    #[error("'{argument}' has {got} values, but its shape {rows} x {columns} needs {}", rows * columns)]
    Length {
        /// Name of the argument.
        argument: &'static str,
        /// Number of values in the buffer.
        got: usize,
        /// Rows of the stated shape.
        rows: usize,
        /// Columns of the stated shape.
        columns: usize,
    },
    /// Two arguments disagree about a dimension.
    #[error("'{argument}' has {got} {dimension}, but {needed} are needed")]
    Mismatch {
        /// Name of the argument.
        argument: &'static str,
        /// What is counted, in the plural.
        dimension: &'static str,
        /// The count given.
        got: usize,
        /// The count needed.
        needed: usize,
    },
    /// A count is outside its range.
    #[error("'{argument}' is {got}, but must be {needed}")]
    Range {
        /// Name of the argument.
        argument: &'static str,
        /// The value given.
        got: String,
        /// The range in words.
        needed: String,
    },
    /// A component of a mixture has a covariance without Cholesky factor; in scikit-learn's words, which people search for.
    #[error(
        "Fitting the mixture model failed because some components have ill-defined empirical covariance (for instance \
         caused by singleton or collapsed samples). Try to decrease the number of components, increase reg_covar, or \
         scale the input data. It was component {component}."
    )]
    Collapsed {
        /// Number of the component.
        component: usize,
    },
    /// The caller asked to stop ([`crate::Interrupt`]).
    #[error("interrupted")]
    Interrupted,
}

/// Shorthand for results of this crate.
pub type Result<T> = std::result::Result<T, Error>;
