//! Exact k-means: Lloyd's iterations with scikit-learn's rules, and greedy k-means++ seeding.
//!
//! The steps follow `sklearn.cluster.KMeans`: assign (the lowest label on ties), sum, relocate empty clusters to the
//! farthest samples, average, then stop when no label changed or the centers moved less than the tolerance.

mod assign;
mod bisecting;
mod empty;
mod found;
mod lloyd;
mod minibatch;
mod ordered;
mod plain;
mod reorder;
mod report;
mod restarts;
mod seeding;
mod sums;
mod turns;
mod wide;

pub use assign::{inertia, is_same_clustering, predict, transform};
pub use bisecting::{Tree, inertia_per_cluster, predict_tree};
pub use found::{Fit, Found};
pub use lloyd::{Iteration, OnIteration, Runs, Stop};
pub use minibatch::minibatch_step;
pub use reorder::Reorder;
pub use report::Report;
pub use restarts::{Best, Restarts, fit_best, fit_each};
pub use seeding::{Draws, plus_plus};
pub(crate) use sums::Sums;
