//! The center nearest to each sample for many features: rows are read as they lie, lanes hold features.
//!
//! A tile would have to be transposed element by element, which costs more than the distances to a few centers.

use fearless_simd::{Simd, SimdBase, SimdFloat, SimdFrom, dispatch};

use super::Found;
use crate::simd::Level;
use crate::{Element, Real, Samples};

/// Samples and centers whose distances are computed together: 4 x 4 sums stay in the 32 registers of AVX-512, and each
/// value that is read serves four times. Lower levels spill some, and still read each value once.
pub(super) const ROWS: usize = 4;

/// Features below which lanes would be too badly filled, and the sums over lanes dearer than the distances.
const MIN_FEATURES: usize = 24;

/// Whether samples of this shape are read as rows; the answer decides the order of additions.
///
/// Measured: transposing a sample costs about as much as its distances to `n_features / 2` centers, summing the lanes
/// of a distance as much as a dozen features.
#[must_use]
pub fn reads_rows(n_clusters: usize, n_features: usize) -> bool {
    fills_lanes(n_features) && 2 * n_clusters <= n_features
}

/// Whether one distance of a sample is computed from its row; the answer decides the order of additions.
#[must_use]
pub fn fills_lanes(n_features: usize) -> bool {
    n_features >= MIN_FEATURES
}

/// Centers, each padded with zeros to whole vectors, and their number to whole groups by repeating the last one.
#[derive(Debug, Clone)]
pub(super) struct Padded<R> {
    values: Vec<R>,
    width: usize,
    n_clusters: usize,
}

impl<R: Real> Padded<R> {
    pub(super) fn new(centers: &[R], n_features: usize) -> Self {
        let width = n_features.next_multiple_of(R::WIDE_LANES);
        let n_clusters = centers.len() / n_features;
        let mut values = Vec::with_capacity(n_clusters.next_multiple_of(ROWS) * width);
        for j in 0..n_clusters.next_multiple_of(ROWS) {
            values.extend(&centers[j.min(n_clusters - 1) * n_features..][..n_features]);
            values.resize((j + 1) * width, R::ZERO);
        }
        Self { values, width, n_clusters }
    }

    /// Values of a padded center.
    pub(super) fn width(&self) -> usize {
        self.width
    }

    /// A padded center.
    #[inline(always)]
    pub(super) fn center(&self, cluster: usize) -> &[R] {
        &self.values[cluster * self.width..][..self.width]
    }
}

/// A group of samples, padded with zeros to whole vectors.
#[derive(Debug, Clone)]
pub(super) struct Rows<R> {
    values: Vec<R>,
}

impl<R: Real> Rows<R> {
    pub(super) fn new(centers: &Padded<R>) -> Self {
        Self { values: vec![R::ZERO; ROWS * centers.width] }
    }

    /// Writes the label of the nearest center of each of the samples in `indices`, and its squared distances to that
    /// center and to the second nearest.
    pub(super) fn assign<T: Element<Real = R>>(
        &mut self,
        level: Level,
        samples: &Samples<'_, T>,
        indices: &[usize],
        centers: &Padded<R>,
        found_out: &mut Found<R>,
    ) {
        dispatch!(level, simd => self.assign_groups(simd, samples, indices, centers, found_out));
    }

    #[inline(always)]
    fn assign_groups<S: Simd, T: Element<Real = R>>(
        &mut self,
        simd: S,
        samples: &Samples<'_, T>,
        indices: &[usize],
        centers: &Padded<R>,
        found_out: &mut Found<R>,
    ) {
        for (group, indices) in indices.chunks(ROWS).enumerate() {
            for (index, row) in indices.iter().zip(self.values.chunks_exact_mut(centers.width)) {
                samples.read_row(*index, &mut row[..samples.n_features()]);
            }
            let nearest = nearest_of_group(simd, &self.values, centers);
            let range = group * ROWS..group * ROWS + indices.len();
            found_out.labels[range.clone()].copy_from_slice(&nearest.labels[..indices.len()]);
            found_out.first[range.clone()].copy_from_slice(&nearest.first[..indices.len()]);
            found_out.second[range].copy_from_slice(&nearest.second[..indices.len()]);
        }
    }
}

/// The nearest centers of a group.
struct Nearest<R> {
    labels: [i32; ROWS],
    first: [R; ROWS],
    second: [R; ROWS],
}

#[inline(always)]
fn nearest_of_group<S: Simd, R: Real>(simd: S, rows: &[R], centers: &Padded<R>) -> Nearest<R> {
    let mut nearest = Nearest { labels: [0; ROWS], first: [R::INFINITY; ROWS], second: [R::INFINITY; ROWS] };
    for (group, block) in centers.values.chunks_exact(ROWS * centers.width).enumerate() {
        let distances = distances_of_groups(simd, rows, block, centers.width);
        // Groups are filled up with the last center, which must not be its own second.
        let n_centers = ROWS.min(centers.n_clusters - group * ROWS);
        for i in 0..ROWS {
            for j in 0..n_centers {
                let distance = distances[i][j];
                if distance < nearest.first[i] {
                    nearest.second[i] = nearest.first[i];
                    nearest.first[i] = distance;
                    nearest.labels[i] = (group * ROWS + j) as i32;
                } else if distance < nearest.second[i] {
                    nearest.second[i] = distance;
                }
            }
        }
    }
    nearest
}

#[inline(always)]
fn distances_of_groups<S: Simd, R: Real>(simd: S, rows: &[R], centers: &[R], width: usize) -> [[R; ROWS]; ROWS] {
    let mut sums = [[R::Wide::<S>::simd_from(simd, R::ZERO); ROWS]; ROWS];
    let (x, c) = (split(rows, width), split(centers, width));
    for at in (0..width).step_by(R::WIDE_LANES) {
        let mut lanes = [R::Wide::<S>::simd_from(simd, R::ZERO); ROWS];
        for i in 0..ROWS {
            lanes[i] = R::Wide::<S>::from_slice(simd, &x[i][at..at + R::WIDE_LANES]);
        }
        for j in 0..ROWS {
            let center = R::Wide::<S>::from_slice(simd, &c[j][at..at + R::WIDE_LANES]);
            for i in 0..ROWS {
                let difference = lanes[i] - center;
                sums[i][j] = difference.mul_add(difference, sums[i][j]);
            }
        }
    }
    let mut distances = [[R::ZERO; ROWS]; ROWS];
    for i in 0..ROWS {
        for j in 0..ROWS {
            distances[i][j] = R::sum_lanes(sums[i][j]);
        }
    }
    distances
}

#[inline(always)]
fn split<R>(values: &[R], width: usize) -> [&[R]; ROWS] {
    [&values[..width], &values[width..2 * width], &values[2 * width..3 * width], &values[3 * width..4 * width]]
}
