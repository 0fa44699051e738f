//! What is known of the labels of each band of rows.

use std::ops::Range;

use rayon::prelude::*;

use super::boxes::Cut;
use super::planes::BAND_HEIGHT;
use super::{NONE, Volume};

/// A pixel that has got another label.
#[derive(Debug, Clone, Copy)]
pub(super) struct Change {
    /// Its row in its band, and its column.
    pub(super) row: u32,
    pub(super) column: u32,
    /// The label that it had, and the one that it has.
    pub(super) from: i32,
    pub(super) to: i32,
}

/// The labels of a band of rows of a slice.
#[derive(Debug, Clone, Default)]
pub(super) struct Band {
    /// The lowest and the highest label.
    low: i32,
    high: i32,
    /// What the last assignment has changed, if that was asked for.
    pub(super) changes: Vec<Change>,
    /// Whether the last assignment is beyond doubt.
    pub(super) is_sure: bool,
}

impl Band {
    /// Looks for the lowest and the highest label.
    #[inline(always)]
    pub(super) fn measure(&mut self, labels: &[i32]) {
        (self.low, self.high) = (i32::MAX, NONE);
        for label in labels {
            self.low = self.low.min(*label);
            self.high = self.high.max(*label);
        }
    }

    /// Whether a pixel may have one of these labels.
    pub(super) fn meets(&self, clusters: &Range<i32>) -> bool {
        self.low < clusters.end && clusters.start <= self.high
    }

    fn take_back(&mut self, labels: &mut [i32], width: usize) {
        for change in self.changes.drain(..) {
            labels[change.row as usize * width + change.column as usize] = change.from;
        }
        self.measure(labels);
    }
}

/// Gives all pixels the labels back that they had before the last assignment.
pub(super) fn take_back(bands: &mut [Band], labels: &mut [i32], volume: Volume, cut: Cut) {
    let slices = labels.par_chunks_mut(volume.height * volume.width).zip(bands.par_chunks_mut(cut.bands_per_slice));
    slices.for_each(|(labels, bands)| {
        let labels = labels.par_chunks_mut(BAND_HEIGHT * volume.width);
        labels.zip(bands).for_each(|(labels, band)| band.take_back(labels, volume.width));
    });
}
