//! Regions of a label image: what is in them, which of them touch, and which are alike.

mod graph;
mod merge;
mod statistics;
mod totals;

pub use graph::{Edge, edges};
pub use merge::{Merge, Stop, merge};
pub use statistics::{Statistics, statistics};

use crate::{Error, Result};

/// A type that label images are stored in.
pub trait Label: Copy + PartialEq + Send + Sync {
    /// The label as an index, if it is not negative.
    fn index(self) -> Option<usize>;
}

impl Label for i32 {
    #[inline(always)]
    fn index(self) -> Option<usize> {
        usize::try_from(self).ok()
    }
}

impl Label for i64 {
    #[inline(always)]
    fn index(self) -> Option<usize> {
        usize::try_from(self).ok()
    }
}

/// The region of a pixel.
#[inline(always)]
fn region(label: impl Label, n_regions: usize) -> Result<usize> {
    label.index().filter(|region| *region < n_regions).ok_or_else(|| refuse(label.index(), n_regions))
}

#[cold]
fn refuse(label: Option<usize>, n_regions: usize) -> Error {
    let got = label.map_or_else(|| "negative".into(), |label| label.to_string());
    Error::Range { argument: "a label", got, needed: format!("from 0 to {}", n_regions - 1) }
}
