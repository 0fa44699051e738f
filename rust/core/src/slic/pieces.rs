//! The connected pieces of a label image: the components of its runs, each known by its first run.

use std::ops::Range;

use super::clusters::AXES;
use super::runs::Runs;
use super::{NONE, Volume};
use crate::{Exec, Result};

/// The pieces of an image.
#[derive(Debug)]
pub(super) struct Pieces {
    pub(super) runs: Runs,
    pub(super) volume: Volume,
}

impl Pieces {
    pub(super) fn new(exec: &Exec<'_>, labels: &[i32], volume: Volume) -> Result<Self> {
        Ok(Self { runs: Runs::new(exec, labels, volume)?, volume })
    }

    /// Number of pixels.
    #[inline(always)]
    pub(super) fn size(&self, piece: usize) -> usize {
        self.runs.size(piece)
    }

    /// Whether a run is the first of a piece that has a label.
    #[inline(always)]
    pub(super) fn is_piece(&self, run: usize) -> bool {
        self.runs.root(run) == run && self.runs.label(run) != NONE
    }

    /// Whether a piece has no other run.
    #[inline(always)]
    pub(super) fn is_run(&self, piece: usize) -> bool {
        self.runs.next(piece).is_none()
    }

    /// The runs of a piece, first the one it is known by.
    pub(super) fn runs_of(&self, piece: usize) -> impl Iterator<Item = usize> {
        std::iter::successors(Some(piece), |run| self.runs.next(*run))
    }

    /// z and y of a run, and its columns.
    #[inline(always)]
    pub(super) fn place(&self, run: usize) -> ([usize; 2], Range<usize>) {
        let (row, height) = (self.runs.row(run), self.volume.height);
        // A division takes as long as all the rest, and most images are flat.
        let place = if self.volume.depth == 1 { [0, row] } else { [row / height, row % height] };
        (place, self.runs.columns(run))
    }

    /// The run of a pixel (z, y, x).
    #[inline(always)]
    pub(super) fn run_at(&self, [z, y, x]: [usize; AXES]) -> usize {
        self.runs.at(z * self.volume.height + y, x)
    }
}
