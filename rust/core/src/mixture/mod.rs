//! Mixtures of Gaussians, fitted by expectation maximisation (Dempster, Laird and Rubin, 1977).
//!
//! One pass over the samples does both halves of an iteration: densities, responsibilities and the moments that they
//! weigh live in a tile of samples, and nothing of the size of the samples is ever stored. Everything is computed in
//! float64, whatever type the samples have.

mod cholesky;
mod density;
mod diagonal;
mod em;
mod expect;
mod few;
mod many;
mod maximize;
mod parameters;
mod posterior;
mod responsibilities;
mod statistics;
#[cfg(test)]
mod tests;

pub use em::{Control, Fit, OnIteration, Progress, fit};
pub use expect::{statistics, statistics_of_labels, statistics_of_responsibilities};
pub use maximize::{Maximized, Regularization, maximize};
pub use parameters::{Covariance, Parameters};
pub use posterior::{Probability, log_density, posteriors, predict};
pub use statistics::Statistics;
