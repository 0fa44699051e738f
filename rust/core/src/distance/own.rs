//! Distances of consecutive samples to the centers of their labels, by the kernel that suits their shape.

use fearless_simd::{Simd, SimdBase, SimdFloat, SimdFrom, dispatch};

use super::rows::{Padded, fills_lanes};
use super::{Centers, distances_to_own};
use crate::simd::{Level, Tile};
use crate::{Element, Real, Samples, Weights};

/// Samples read as rows that are taken at a time; their distances stay in cache.
const BLOCK_OF_ROWS: usize = 128;

/// Squared distances in float64 to the own centers, block by block, with buffers of its own.
#[derive(Debug)]
pub(crate) struct OwnDistances<'a> {
    level: Level,
    centers: &'a Centers<f64>,
    buffer: Buffer,
    distances: Vec<f64>,
}

#[derive(Debug)]
enum Buffer {
    Tile(Tile<f64>),
    /// One sample, padded as the centers are.
    Row(Vec<f64>, Padded<f64>),
}

impl<'a> OwnDistances<'a> {
    pub(crate) fn new(level: Level, centers: &'a Centers<f64>) -> Self {
        let n_features = centers.n_features();
        // One distance per sample: transposing many features takes longer than the distance.
        let (buffer, block) = if fills_lanes(n_features) {
            let padded = Padded::new(centers.values(), n_features);
            (Buffer::Row(vec![0.0; padded.width()], padded), BLOCK_OF_ROWS)
        } else {
            let tile = Tile::new(n_features);
            let capacity = tile.capacity();
            (Buffer::Tile(tile), capacity)
        };
        Self { level, centers, buffer, distances: vec![0.0; block] }
    }

    /// Most samples in a block.
    pub(crate) fn block(&self) -> usize {
        self.distances.len()
    }

    /// The distances of a block of samples from `start` on; every label must have a center.
    pub(crate) fn compute<T: Element>(&mut self, samples: &Samples<'_, T>, start: usize, labels: &[i32]) -> &[f64] {
        let distances = &mut self.distances;
        match &mut self.buffer {
            Buffer::Tile(tile) => {
                tile.load(self.level, samples, start..start + labels.len());
                distances_to_own(self.level, tile.features(), self.centers, labels, distances);
            }
            Buffer::Row(row, padded) => {
                dispatch!(self.level, simd => distances_of_rows(simd, samples, start, padded, labels, row, distances));
            }
        }
        &self.distances[..labels.len()]
    }

    /// The weighted sum of the distances of all samples from `start` on that have a label.
    pub(crate) fn inertia<T: Element>(
        &mut self,
        samples: &Samples<'_, T>,
        weights: Weights<'_>,
        start: usize,
        labels: &[i32],
    ) -> f64 {
        let mut sum = 0.0;
        let block = self.block();
        for (index, labels) in labels.chunks(block).enumerate() {
            let start = start + index * block;
            sum += weights.weighted_sum(start, self.compute(samples, start, labels));
        }
        sum
    }
}

#[inline(always)]
fn distances_of_rows<S: Simd, T: Element>(
    simd: S,
    samples: &Samples<'_, T>,
    start: usize,
    centers: &Padded<f64>,
    labels: &[i32],
    row: &mut [f64],
    distances_out: &mut [f64],
) {
    for (i, (label, out)) in labels.iter().zip(distances_out).enumerate() {
        samples.read_row(start + i, &mut row[..samples.n_features()]);
        let center = centers.center(*label as usize);
        let mut sums = <f64 as Real>::Wide::<S>::simd_from(simd, 0.0);
        for at in (0..row.len()).step_by(f64::WIDE_LANES) {
            let x = <f64 as Real>::Wide::<S>::from_slice(simd, &row[at..at + f64::WIDE_LANES]);
            let c = <f64 as Real>::Wide::<S>::from_slice(simd, &center[at..at + f64::WIDE_LANES]);
            let difference = x - c;
            sums = difference.mul_add(difference, sums);
        }
        *out = f64::sum_lanes::<S>(sums);
    }
}
