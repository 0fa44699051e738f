//! Squared Euclidean distances between samples and centers.
//!
//! Everything is computed from differences, (x - c)^2, summed with fused multiply-add: the result does not depend on an
//! offset common to all samples and needs no centered copy of them. With few features one lane holds one sample and adds
//! its features in order; with many, one lane holds every 8th or 16th feature. Either way the order of additions
//! follows from the shape alone and is the same at every SIMD level.

mod apart;
mod assigner;
mod centers;
mod groups;
mod near;
mod nearest;
mod nearest_two;
mod own;
mod plain;
mod products;
mod rows;
mod scalar;
mod screen;

pub use apart::Apart;
pub use assigner::{Assigner, Found};
pub use centers::{Candidates, CenterView, Centers};
pub use nearest::nearest;
pub(crate) use nearest::nearest_of;
pub(crate) use own::OwnDistances;
pub use plain::{distances, distances_to_own};
use rows::Padded;
pub use rows::{fills_lanes, reads_rows};
pub use scalar::{nearest_scalar, squared_distance, squared_distance_in_lanes};
use screen::Screen;
