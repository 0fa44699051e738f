//! A block of samples as kernels read it, in float64.

use std::ops::Range;

use fearless_simd::{Simd, dispatch};

use super::distances::{Distances, Few, LANES, Many, Rows};
use crate::simd::{Level, TILE, Tile};
use crate::{Element, Samples};

/// Features from which rows are read as they lie: transposing them would cost more than the distances to a few centers.
const ROW_FEATURES: usize = 24;

/// Bytes of a block of rows: they stay in L1 next to a few centers.
const ROW_BYTES: usize = 32 * 1024;

/// Consecutive samples; places beyond the last one hold old finite values or zeros.
#[derive(Debug)]
pub(super) enum Block {
    /// Feature by feature: a lane holds one sample.
    Columns { tile: Tile<f64>, n_features: usize },
    /// Sample by sample, padded with zeros to whole vectors: a lane holds every eighth feature.
    Rows { values: Vec<f64>, width: usize },
}

/// What is done with the distances of a block.
pub(super) trait Work {
    /// Does it, with the kind of distances that suits the block.
    fn run<S: Simd, D: Distances>(self, simd: S, samples: D);
}

impl Block {
    pub(super) fn new(n_features: usize) -> Self {
        if n_features < ROW_FEATURES {
            return Self::Columns { tile: Tile::new(n_features), n_features };
        }
        let width = n_features.next_multiple_of(LANES);
        let fitting = ROW_BYTES / (width * size_of::<f64>());
        let capacity = (fitting / LANES * LANES).clamp(LANES, TILE);
        Self::Rows { values: vec![0.0; capacity * width], width }
    }

    /// Most samples it holds, whole vectors and at most [`TILE`].
    pub(super) fn capacity(&self) -> usize {
        match self {
            Self::Columns { tile, .. } => tile.capacity(),
            Self::Rows { values, width } => values.len() / width,
        }
    }

    /// Values per center: its features, and the zeros that rows are padded with.
    pub(super) fn width(&self) -> usize {
        match self {
            Self::Columns { n_features, .. } => *n_features,
            Self::Rows { width, .. } => *width,
        }
    }

    /// Replaces the content by the samples of `range`, at most [`Block::capacity`] of them, and asks for as many after
    /// them.
    pub(super) fn load<T: Element>(&mut self, level: Level, samples: &Samples<'_, T>, range: Range<usize>) {
        match self {
            Self::Columns { tile, .. } => tile.load(level, samples, range),
            Self::Rows { values, width } => dispatch!(level, _simd => {
                samples.prefetch(range.end..range.end + range.len());
                for (index, row) in range.zip(values.chunks_exact_mut(*width)) {
                    samples.read_row(index, &mut row[..samples.n_features()]);
                }
            }),
        }
    }

    /// Works on the samples loaded last and the places beyond them.
    pub(super) fn run<W: Work>(&self, level: Level, work: W) {
        match self {
            Self::Columns { tile, n_features } => {
                let features = tile.features();
                dispatch!(level, simd => match n_features {
                    1 => work.run(simd, Few::<1>::new(features)),
                    2 => work.run(simd, Few::<2>::new(features)),
                    3 => work.run(simd, Few::<3>::new(features)),
                    4 => work.run(simd, Few::<4>::new(features)),
                    5 => work.run(simd, Few::<5>::new(features)),
                    6 => work.run(simd, Few::<6>::new(features)),
                    7 => work.run(simd, Few::<7>::new(features)),
                    8 => work.run(simd, Few::<8>::new(features)),
                    _ => work.run(simd, Many::new(features, *n_features)),
                });
            }
            Self::Rows { values, width } => dispatch!(level, simd => work.run(simd, Rows::new(values, *width))),
        }
    }
}
