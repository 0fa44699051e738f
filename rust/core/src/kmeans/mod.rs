//! Exact k-means: Lloyd's iterations with scikit-learn's rules, and greedy k-means++ seeding.
//!
//! The steps follow `sklearn.cluster.KMeans`: assign (the lowest label on ties), sum, relocate empty clusters to the
//! farthest samples, average, then stop when no label changed or the centers moved less than the tolerance.

mod assign;
mod bisecting;
mod empty;
mod init;
mod lloyd;
mod minibatch;
mod sums;

pub use assign::{inertia, is_same_clustering, predict, transform};
pub use bisecting::{Tree, inertia_per_cluster, predict_tree};
pub use init::plus_plus;
pub use lloyd::{Fit, OnIteration, Stop, fit};
pub use minibatch::minibatch_step;
