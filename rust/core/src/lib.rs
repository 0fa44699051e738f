//! Clustering and segmentation kernels on plain slices.
//!
//! This crate knows nothing of Python, of files or of thread pools: functions take checked views ([`Samples`]) and run
//! in whatever rayon pool they are called from. Results do not depend on the number of threads or on the SIMD level:
//! samples are cut into chunks whose length follows from the problem alone ([`chunks`]), each sample's arithmetic is
//! the same in every lane, and partial sums are added in chunk order.

mod buffer;
pub mod choice;
pub mod chunks;
pub mod dispersion;
pub mod distance;
mod distinct;
mod element;
mod error;
mod exec;
mod features;
pub mod histogram;
pub mod kmeans;
pub mod kmeans1d;
mod labels;
mod lanes;
pub mod mixture;
pub mod moments;
pub mod multiotsu;
pub mod patches;
pub mod permutation;
pub mod quadtree;
pub mod regions;
pub mod silhouette;
pub mod simd;
pub mod slic;
#[cfg(target_os = "linux")]
mod spare;
mod view;

pub use element::{Element, Real};
pub(crate) use features::with_features;

pub use error::{Error, Result};
pub use exec::{Exec, Interrupt};
pub use view::{Layout, Samples, Weights};
