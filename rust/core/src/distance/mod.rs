//! Squared Euclidean distances between samples and centers.
//!
//! Everything is computed from differences, (x - c)^2, summed over the features in order with fused multiply-add: the
//! result does not depend on an offset common to all samples, is the same in every lane of every SIMD level, and needs
//! no centered copy of the samples.

mod centers;
mod nearest;
mod plain;
mod scalar;

pub use centers::Centers;
pub use nearest::nearest;
pub use plain::{distances, distances_to_own};
pub use scalar::{nearest_scalar, squared_distance};
