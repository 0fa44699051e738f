//! Nearest centers of consecutive samples, by the kernel that suits their shape.

use std::ops::Range;

use super::near::{Asked, Nearby};
use super::nearest::nearest;
use super::nearest_two::nearest_two;
use super::rows::{ROWS, Rows};
use super::{Apart, CenterView, Centers, Padded, Screen};
use crate::features::MAX_FEATURES;
use crate::simd::{Level, MAX_LANES, Tile};
use crate::{Element, Real, Samples};

/// Samples that the kernel for whole rows takes at a time: a few dozen of its groups.
const BLOCK_OF_ROWS: usize = 32 * ROWS;

/// Assigns samples to centers, block by block, with buffers of its own.
#[derive(Debug)]
pub struct Assigner<'a, R> {
    level: Level,
    centers: &'a Centers<R>,
    buffer: Buffer<'a, R>,
    indices: Vec<usize>,
    found: Found<R>,
}

#[derive(Debug)]
enum Buffer<'a, R> {
    Tile(Tile<R>),
    Screened(Box<Screened<'a, R>>),
    Rows(Rows<R>, &'a Padded<R>),
}

/// What the kernel for products needs.
#[derive(Debug)]
struct Screened<'a, R> {
    screen: &'a Screen<R>,
    /// Made when it is first wanted.
    nearby: Option<Nearby<'a, R>>,
    tile: Tile<R>,
    /// Squared length of each sample.
    squares: Vec<R>,
    /// Samples whose nearest center is not certain, by their number in the block and by their index.
    doubtful: Vec<usize>,
    indices: Vec<usize>,
    /// What differences say about these.
    found: Found<R>,
}

impl<'a, R: Real> Assigner<'a, R> {
    /// Buffers for the kernel that suits `centers`.
    #[must_use]
    pub fn new(level: Level, centers: &'a Centers<R>) -> Self {
        let buffer = match (centers.padded(), centers.screen()) {
            (Some(padded), _) => Buffer::Rows(Rows::new(padded), padded),
            (None, Some(screen)) => Buffer::Screened(Box::new(Screened::new(screen, centers.n_features()))),
            (None, None) => Buffer::Tile(Tile::new(centers.n_features())),
        };
        Self { level, centers, buffer, indices: Vec::new(), found: Found::new() }
    }

    /// Most samples in a block.
    #[must_use]
    pub fn block(&self) -> usize {
        match &self.buffer {
            Buffer::Tile(tile) => tile.capacity(),
            Buffer::Screened(screened) => screened.tile.capacity(),
            Buffer::Rows(..) => BLOCK_OF_ROWS,
        }
    }

    /// The samples assigned last and, with at most 8 features, their labels, if this kernel keeps them.
    #[must_use]
    pub fn tile(&self) -> Option<&Tile<R>> {
        match &self.buffer {
            Buffer::Tile(tile) => Some(tile),
            Buffer::Screened(_) | Buffer::Rows(..) => None,
        }
    }

    /// Writes the label of the center nearest to each sample of a block, the lowest on ties; returns whether any of
    /// them changed.
    ///
    /// Cost: `n_clusters * n_features` subtractions and fused multiply-adds per sample.
    pub fn assign<T: Element<Real = R>>(
        &mut self,
        samples: &Samples<'_, T>,
        range: Range<usize>,
        labels_out: &mut [i32],
    ) -> bool {
        if let Buffer::Tile(tile) = &mut self.buffer
            && samples.n_features() <= MAX_FEATURES
        {
            tile.load(self.level, samples, range);
            nearest(self.level, tile, self.centers.view());
            return tile.labelled().store(self.level, labels_out);
        }
        self.indices.clear();
        self.indices.extend(range);
        let indices = std::mem::take(&mut self.indices);
        self.find(samples, &indices);
        self.indices = indices;
        let changed = self.found.labels.iter().zip(&*labels_out).any(|(label, old)| label != old);
        labels_out.copy_from_slice(&self.found.labels[..labels_out.len()]);
        changed
    }

    /// Finds the nearest and the second nearest center of each of the samples in `indices`, at most a block of them.
    ///
    /// For samples of more than 8 features, where the second nearest costs nothing beside the distances.
    pub fn find<T: Element<Real = R>>(&mut self, samples: &Samples<'_, T>, indices: &[usize]) -> &Found<R> {
        self.find_near(samples, indices, None)
    }

    /// As [`Assigner::find`], for samples whose nearest center was lately that of the labels in `near`, and with what these
    /// centers say about others ([`Centers::apart`]).
    pub fn find_near<T: Element<Real = R>>(
        &mut self,
        samples: &Samples<'_, T>,
        indices: &[usize],
        near: Option<(&Apart<R>, &[i32])>,
    ) -> &Found<R> {
        self.found.resize(indices.len());
        self.found.n_distances = indices.len() * self.centers.n_clusters();
        match &mut self.buffer {
            Buffer::Tile(tile) => {
                tile.load_some(self.level, samples, indices);
                nearest_two(self.level, tile, self.centers.view(), &mut self.found);
            }
            Buffer::Screened(screened) => {
                screened.find(self.level, samples, indices, near, self.centers.view(), &mut self.found);
            }
            Buffer::Rows(rows, padded) => rows.assign(self.level, samples, indices, padded, &mut self.found),
        }
        &self.found
    }
}

impl<'a, R: Real> Screened<'a, R> {
    fn new(screen: &'a Screen<R>, n_features: usize) -> Self {
        Self {
            screen,
            nearby: None,
            tile: Tile::new(n_features),
            squares: Vec::new(),
            doubtful: Vec::new(),
            indices: Vec::new(),
            found: Found::new(),
        }
    }

    fn find<T: Element<Real = R>>(
        &mut self,
        level: Level,
        samples: &Samples<'_, T>,
        indices: &[usize],
        near: Option<(&Apart<R>, &[i32])>,
        centers: CenterView<'a, R>,
        found_out: &mut Found<R>,
    ) {
        self.doubtful.clear();
        if let Some((apart, labels)) = near {
            let asked = Asked { samples, indices, labels };
            let nearby = self.nearby.get_or_insert_with(|| Nearby::new(self.screen, centers));
            nearby.run(level, asked, apart, found_out, &mut self.doubtful);
        } else {
            self.tile.load_some(level, samples, indices);
            self.screen.run(level, &mut self.tile, &mut self.squares, found_out, &mut self.doubtful);
        }
        if self.doubtful.is_empty() {
            return;
        }
        found_out.n_distances += self.doubtful.len() * centers.labels.len();
        self.indices.clear();
        self.indices.extend(self.doubtful.iter().map(|i| indices[*i]));
        self.found.resize(self.indices.len());
        self.tile.load_some(level, samples, &self.indices);
        nearest_two(level, &self.tile, centers, &mut self.found);
        for (at, i) in self.doubtful.iter().enumerate() {
            found_out.labels[*i] = self.found.labels[at];
            found_out.first[*i] = self.found.first[at];
            found_out.second[*i] = self.found.second[at];
        }
    }
}

/// Nearest centers of a block of samples; entries beyond the last sample mean nothing.
#[derive(Debug, Clone)]
pub struct Found<R> {
    /// Label of the nearest center, the lowest on ties.
    pub labels: Vec<i32>,
    /// Squared distance to it, or a bound from above.
    pub first: Vec<R>,
    /// Squared distance to the second nearest, infinite if there is one center only, or a bound from below.
    pub second: Vec<R>,
    /// Distances computed to find them.
    pub n_distances: usize,
}

impl<R: Real> Found<R> {
    fn new() -> Self {
        Self { labels: Vec::new(), first: Vec::new(), second: Vec::new(), n_distances: 0 }
    }

    /// Makes room for `len` samples and the lanes that fill up the last vectors.
    fn resize(&mut self, len: usize) {
        let len = len.next_multiple_of(MAX_LANES);
        self.labels.resize(len, 0);
        self.first.resize(len, R::ZERO);
        self.second.resize(len, R::ZERO);
    }
}
