//! Lloyd's iterations that skip samples: the filtering algorithm of Kanungo et al. (2002) on ordered blocks.
//!
//! Samples are copied once along a k-d tree, so that blocks of them are small in space. In an iteration a bounding box
//! rules out nearly every center; a block with one center left adds its cached sums and no sample of it is read. The
//! labels are those of plain iterations, bit for bit, for given centers: the bounds allow for rounding.

mod boxes;
mod filter;
mod order;
mod pass;
mod scatter;
mod splits;
#[cfg(test)]
mod tests;

pub(super) use order::{Order, Outlook};
pub(super) use pass::{OrderedLabels, OrderedPass};
pub(super) use splits::drawn_place;

/// Samples of a block: a few vectors, so that the work on a block that must be read outweighs the work to find it.
const BLOCK: usize = 64;

/// Blocks of a group, and groups of a unit: as many as one AVX-512 register has float64 lanes.
const BRANCH: usize = 8;

/// Samples whose candidates are found from all centers; threads share out whole units.
const UNIT: usize = BLOCK * BRANCH * BRANCH;
