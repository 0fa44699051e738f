//! Sums of the positions and colours of each cluster's pixels, added up in the order of the pixels.

use std::ops::Range;

use fearless_simd::{Level, dispatch};

use super::Volume;
use super::clusters::AXES;
use super::planes::Planes;
use crate::Real;

/// Numbers of a line of a sum.
const LANES: usize = 4;

/// Lines that are added at once: coordinates and some channels, or more channels.
const N_LINES: usize = 2;

/// Pixels that are added together where all are of one cluster: that is either so for most or for few.
const BLOCK: usize = 16;

/// Sums of a few numbers of a cluster's pixels.
///
/// A line of the cache holds no more than 256 bits of them: what was just written is needed for the next pixel, and comes
/// back from a processor's queue of writes later if it is wider, or has a neighbour (measured: 512 bits took 1.9 times
/// as long, an integer beside 1.3 times).
#[derive(Debug, Clone, Copy)]
#[repr(align(64))]
struct Line<R>([R; LANES]);

type Sum<R> = [Line<R>; N_LINES];

/// Sums of consecutive clusters.
///
/// Where clusters change, every pixel is added to its cluster's sums in memory, even if the next one is of the same
/// cluster: where runs of pixels end cannot be foreseen, and a wrong guess takes a processor as long as to add several.
pub(super) struct Sums<'a, R> {
    clusters: Range<i32>,
    planes: &'a Planes<R>,
    n_channels: usize,
    /// Lines of z, y, x and 1, of channels: two of them for each cluster and for what belongs to none, then the next two.
    all: Vec<Sum<R>>,
    is_exact: bool,
    /// Number of pixels of each cluster, if there may be more than can be counted in this type.
    counts: Option<Vec<usize>>,
}

impl<'a, R: Real> Sums<'a, R> {
    /// Of no pixels yet, with the first `n_channels` channels.
    pub(super) fn new(planes: &'a Planes<R>, clusters: Range<i32>, n_channels: usize) -> Self {
        let n_parts = (1 + n_channels.div_ceil(LANES)).div_ceil(N_LINES);
        let all = vec![[Line([R::ZERO; LANES]); N_LINES]; n_parts * (clusters.len() + 1)];
        let volume = planes.volume();
        let extent = volume.depth.max(volume.height).max(volume.width) as f64;
        let most = volume.n_pixels() as f64 * R::EPSILON;
        let counts = (most > 1.0).then(|| vec![0; clusters.len()]);
        Self { clusters, planes, n_channels, all, is_exact: most * extent <= 1.0, counts }
    }

    /// Adds the pixels of a row, in their order.
    pub(super) fn add_row(&mut self, level: Level, [z, y]: [usize; 2], labels: &[i32]) {
        // Whole blocks are looked through without a branch for each pixel.
        let is_own = |block: &[i32]| block.iter().fold(false, |is_own, label| is_own | self.clusters.contains(label));
        let Some(first_block) = labels.chunks(BLOCK).position(is_own) else { return };
        let last_block = labels.chunks(BLOCK).rposition(is_own).unwrap_or(first_block);
        let (start, end) = (first_block * BLOCK, ((last_block + 1) * BLOCK).min(labels.len()));
        let labels = &labels[start..end];
        let first = self.clusters.start;
        if let Some(counts) = &mut self.counts {
            for label in labels.iter().filter(|label| self.clusters.contains(label)) {
                counts[(label - first) as usize] += 1;
            }
        }
        let Volume { height, .. } = self.planes.volume();
        let rows = self.planes.row(z * height + y).chunks_exact(self.planes.stride());
        let channels: Vec<&[R]> = rows.take(self.n_channels).map(|row| &row[start..end]).collect();
        let (beside, others) = channels.split_at(channels.len().min((N_LINES - 1) * LANES));
        let mut parts = self.all.chunks_exact_mut(self.clusters.len() + 1);
        if let Some(sums) = parts.next() {
            let places = Places { z, y, start, is_exact: self.is_exact };
            // Grey and colour images have their number of channels compiled in.
            match *beside {
                [grey] => dispatch!(level, _simd => add(labels, first, sums, &(places, [grey]))),
                [red, green, blue] => {
                    dispatch!(level, _simd => add(labels, first, sums, &(places, [red, green, blue])));
                }
                _ => dispatch!(level, _simd => add(labels, first, sums, &(places, beside))),
            }
        }
        for (channels, sums) in others.chunks(N_LINES * LANES).zip(parts) {
            let (some, more) = channels.split_at(channels.len().min(LANES));
            dispatch!(level, _simd => add(labels, first, sums, &(some, more)));
        }
    }

    /// The sums of a cluster's pixels: z, y, x, 1, and channels.
    pub(super) fn of(&self, place: usize) -> Vec<R> {
        let parts = self.all.chunks_exact(self.clusters.len() + 1);
        let mut sums: Vec<R> = parts.flat_map(|sums| sums[place]).flat_map(|Line(sums)| sums).collect();
        if let Some(counts) = &self.counts {
            sums[AXES] = R::from_f64(counts[place] as f64);
        }
        sums.truncate(AXES + 1 + self.n_channels);
        sums
    }
}

/// Writes the means of pixels given their sums, NaN without pixels, and 0 for channels that were left out.
pub(super) fn write_means<R: Real>(sums: &[R], means_out: &mut [R]) {
    let (places, rest) = sums.split_at(AXES);
    let (count, channels) = (rest[0], &rest[1..]);
    means_out.fill(R::ZERO);
    for (mean, sum) in means_out.iter_mut().zip(places.iter().chain(channels)) {
        *mean = *sum / count;
    }
}

/// Numbers that are added to a line.
trait Numbers<R> {
    fn add_pixel(&self, line: &mut Line<R>, pixel: usize);

    /// Adds pixels that lie side by side.
    #[inline(always)]
    fn add_pixels(&self, line: &mut Line<R>, pixels: Range<usize>) {
        for pixel in pixels {
            self.add_pixel(line, pixel);
        }
    }
}

/// z, y, x and 1 of pixels of a row.
#[derive(Clone, Copy)]
struct Places {
    z: usize,
    y: usize,
    start: usize,
    /// Whether no sum of coordinates is ever rounded: they may then be added in any order.
    is_exact: bool,
}

impl<R: Real> Numbers<R> for Places {
    #[inline(always)]
    fn add_pixel(&self, Line(sums): &mut Line<R>, pixel: usize) {
        for (sum, number) in sums.iter_mut().zip([self.z, self.y, self.start + pixel, 1]) {
            *sum += R::from_f64(number as f64);
        }
    }

    #[inline(always)]
    fn add_pixels(&self, line: &mut Line<R>, pixels: Range<usize>) {
        if !self.is_exact {
            for pixel in pixels {
                self.add_pixel(line, pixel);
            }
            return;
        }
        let (count, ends) = (pixels.len(), 2 * self.start + pixels.start + pixels.end - 1);
        let total = [self.z * count, self.y * count, ends * count / 2, count];
        for (sum, number) in line.0.iter_mut().zip(total) {
            *sum += R::from_f64(number as f64);
        }
    }
}

impl<R: Real> Numbers<R> for &[&[R]] {
    #[inline(always)]
    fn add_pixel(&self, Line(sums): &mut Line<R>, pixel: usize) {
        for (sum, channel) in sums.iter_mut().zip(*self) {
            *sum += channel[pixel];
        }
    }
}

impl<R: Real, const N: usize> Numbers<R> for [&[R]; N] {
    #[inline(always)]
    fn add_pixel(&self, Line(sums): &mut Line<R>, pixel: usize) {
        // A whole line is added at once.
        let mut numbers = [R::ZERO; LANES];
        for (number, channel) in numbers.iter_mut().zip(self) {
            *number = channel[pixel];
        }
        for (sum, number) in sums.iter_mut().zip(numbers) {
            *sum += number;
        }
    }
}

/// Adds each pixel to the sums at its label less `first`, to the last ones for labels of other clusters.
#[inline(always)]
fn add<R: Real>(labels: &[i32], first: i32, sums: &mut [Sum<R>], (some, more): &(impl Numbers<R>, impl Numbers<R>)) {
    let none = sums.len() - 1;
    let place = |label: i32| ((label - first).cast_unsigned() as usize).min(none);
    for (block, labels) in labels.chunks(BLOCK).enumerate() {
        let start = block * BLOCK;
        // Other clusters' pixels would wait for each other's sums, which nobody asks for.
        if labels.iter().fold(none, |least, label| least.min(place(*label))) == none {
            continue;
        }
        let differ = labels.iter().fold(0, |differ, label| differ | (label ^ labels[0]));
        if differ == 0 {
            let sum = &mut sums[place(labels[0])];
            let [mut line, mut other] = *sum;
            some.add_pixels(&mut line, start..start + labels.len());
            more.add_pixels(&mut other, start..start + labels.len());
            *sum = [line, other];
        } else {
            for (i, label) in labels.iter().enumerate() {
                let [line, other] = &mut sums[place(*label)];
                some.add_pixel(line, start + i);
                more.add_pixel(other, start + i);
            }
        }
    }
}
