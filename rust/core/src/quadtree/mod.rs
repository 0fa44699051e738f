//! Quadtrees and octrees: an image cut into blocks, each as large as it is nearly constant.
//!
//! Blocks lie on the power-of-two grid anchored at the origin: level `j` has blocks of side `2^j`, and the border of the
//! image cuts them. A pyramid holds the criterion of every block that may split ([`build`]); a threshold cuts it from
//! the top down ([`cut`]); its leaves are then measured ([`measure`]) and painted ([`paint`]).
//!
//! Leaves are numbered by level, the largest first, and in raster order within a level. Pyramids are built, and
//! leaves measured, in bands of rows (planes of a volume), whose blocks at one level follow each other in memory; cuts are
//! made level by level. Every thread writes its own slices, and no result depends on the number of threads.

mod cut;
mod extremes;
mod grid;
mod leaves;
mod measure;
mod moments;
mod origins;
mod paint;
mod pixels;
mod pyramid;
mod squares;
mod summary;
mod sums;
#[cfg(test)]
mod tests;

pub use cut::{Cut, Values, cut, is_short};
pub use grid::Grid;
pub use leaves::Leaves;
pub use measure::{Measured, measure};
pub use paint::{Label, paint};
pub use pixels::{Pixel, Pixels};
pub use pyramid::{build, build_sums};
pub use summary::Criterion;
