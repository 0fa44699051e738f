//! Superpixels: simple linear iterative clustering, with the labels of scikit-image.
//!
//! Pixels are clustered by colour and position together, each among the clusters whose window holds it. Wherever they may
//! decide, the arithmetic of distances and the order of sums are those of `skimage.segmentation.slic`, so the labels are
//! the same to the last one; what is saved is only the work that cannot change them.
//!
//! Achanta et al., "SLIC superpixels compared to state-of-the-art superpixel methods", IEEE TPAMI 34(11), 2012.

mod assign;
mod bands;
mod boxes;
mod clusters;
mod connectivity;
mod cubes;
mod doubt;
mod forms;
mod image;
mod iterate;
mod lab;
mod labels;
mod nearby;
mod nearest;
mod patch;
mod pieces;
mod planes;
mod rough;
mod runs;
mod screen;
mod search;
mod seeds;
mod segment;
mod smooth;
mod source;
mod sums;
#[cfg(test)]
mod tests;
mod tiles;
mod totals;
mod turns;
mod update;

pub use connectivity::Sizes;
pub use image::{Conversion, Image};
pub use iterate::Settings;
pub use planes::Volume;
pub use seeds::{nearest_others, spread};
pub use segment::{Plan, segment};
pub use source::{Coded, Pixels, Scaled, occurring};

/// Label of a pixel that no cluster has reached, or that lies outside the mask.
pub const NONE: i32 = -1;
