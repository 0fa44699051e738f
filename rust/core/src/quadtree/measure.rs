//! Count, mean, standard deviation, least and largest pixel of every leaf.

use rayon::prelude::*;

use super::grid::Grid;
use super::leaves::{Leaves, slices_of};
use super::pixels::{Pixel, Pixels};
use crate::{Error, Exec, Result};

/// Lanes of the sums of a long row, whose additions then need not wait for each other.
const LANES: usize = 8;

/// Where the numbers of the leaves go, by leaf and channel; counts by leaf alone.
#[derive(Debug)]
pub struct Measured<'a, T> {
    /// Pixels that count.
    pub counts: &'a mut [i64],
    /// Their mean, NaN where there are none.
    pub means: &'a mut [f64],
    /// Their population standard deviation, NaN where there are none.
    pub stds: &'a mut [f64],
    /// The least of them, 0 where there are none.
    pub lows: &'a mut [T],
    /// The largest of them, 0 where there are none.
    pub highs: &'a mut [T],
}

/// Measures all leaves in one read of the pixels.
///
/// # Errors
/// [`Error::Length`] if there is not room for every leaf and channel, [`Error::Interrupted`].
pub fn measure<T: Pixel>(
    exec: &Exec<'_>,
    pixels: &Pixels<'_, T>,
    leaves: &Leaves<'_>,
    measured: Measured<'_, T>,
) -> Result<()> {
    let n_channels = pixels.n_channels();
    let Measured { counts, means, stds, lows, highs } = measured;
    let lens = [("counts", counts.len() * n_channels), ("means", means.len()), ("stds", stds.len())];
    for (argument, got) in lens.into_iter().chain([("lows", lows.len()), ("highs", highs.len())]) {
        if got != leaves.len() * n_channels {
            return Err(Error::Length { argument, got, rows: leaves.len(), columns: n_channels });
        }
    }
    // Leaves that are larger than a band are many bands' work each.
    let jobs: Vec<_> = leaves
        .levels()
        .flat_map(|level| {
            let is_large = level > leaves.bands().level;
            let ranges = leaves.bands_of(level).into_iter();
            ranges.flat_map(move |range| {
                let step = if is_large { 1 } else { range.len().max(1) };
                range.clone().step_by(step).map(move |start| (level, start..start + step))
            })
        })
        .collect();
    let lens = || jobs.iter().map(|(_, range)| range.len());
    let each = || lens().map(|len| len * n_channels);
    let counts = slices_of(counts, lens());
    let (means, stds) = (slices_of(means, each()), slices_of(stds, each()));
    let (lows, highs) = (slices_of(lows, each()), slices_of(highs, each()));
    let outs = counts.into_iter().zip(means).zip(stds).zip(lows).zip(highs);
    jobs.par_iter().zip(outs.collect::<Vec<_>>()).try_for_each(|((level, range), out)| {
        exec.check()?;
        let ((((counts, means), stds), lows), highs) = out;
        let mut copy = Vec::new();
        for (i, leaf) in range.clone().enumerate() {
            let place = leaves.place(*level, leaf);
            for channel in 0..n_channels {
                let tally = tally(pixels, leaves.grid(), *level, place, channel, &mut copy);
                let at = i * n_channels + channel;
                counts[i] = tally.count as i64;
                [means[at], stds[at]] = tally.moments();
                (lows[at], highs[at]) = if tally.count > 0 { (tally.low, tally.high) } else { Default::default() };
            }
        }
        Ok(())
    })
}

/// What is added up of a leaf's pixels. Their differences from the first one are small, and their squares do not cancel.
struct Tally<T> {
    count: usize,
    first: f64,
    low: T,
    high: T,
    sums: [f64; LANES],
    squares: [f64; LANES],
}

impl<T: Pixel> Tally<T> {
    #[inline(always)]
    fn add(&mut self, lane: usize, pixel: T) {
        let difference = pixel.number() - self.first;
        self.low = if pixel < self.low { pixel } else { self.low };
        self.high = if pixel > self.high { pixel } else { self.high };
        self.sums[lane] += difference;
        self.squares[lane] += difference * difference;
    }

    /// Mean and standard deviation.
    fn moments(&self) -> [f64; 2] {
        if self.count < 2 {
            return if self.count == 0 { [f64::NAN; 2] } else { [self.first, 0.0] };
        }
        let count = self.count as f64;
        let (sum, squares): (f64, f64) = (self.sums.iter().sum(), self.squares.iter().sum());
        let mean = sum / count;
        let variance = (squares / count - mean * mean).max(0.0);
        [self.first + mean, variance.sqrt()]
    }
}

#[inline(always)]
fn tally<T: Pixel>(
    pixels: &Pixels<'_, T>,
    grid: Grid,
    level: usize,
    place: [usize; 3],
    channel: usize,
    copy: &mut Vec<T>,
) -> Tally<T> {
    let [_, height, width] = grid.shape();
    let [depth, lines, len] = grid.extent(level, place);
    let corner = place.map(|at| at << level);
    let mut tally =
        Tally { count: 0, first: 0.0, low: T::HIGHEST, high: T::LOWEST, sums: [0.0; LANES], squares: [0.0; LANES] };
    for z in corner[0]..corner[0] + depth {
        for y in corner[1]..corner[1] + lines {
            let start = (z * height + y) * width + corner[2];
            let row = pixels.row(channel, start, len, copy);
            if let Some(inside) = pixels.inside(start, len) {
                for (x, (pixel, _)) in row.iter().zip(inside).filter(|(_, inside)| **inside).enumerate() {
                    if tally.count == 0 {
                        tally.first = pixel.number();
                    }
                    tally.count += 1;
                    tally.add(x % LANES, *pixel);
                }
            } else {
                if tally.count == 0 {
                    tally.first = row[0].number();
                }
                tally.count += len;
                let (full, rest) = row.as_chunks::<LANES>();
                for pixels in full {
                    for lane in 0..LANES {
                        tally.add(lane, pixels[lane]);
                    }
                }
                for (lane, pixel) in rest.iter().enumerate() {
                    tally.add(lane, *pixel);
                }
            }
        }
    }
    tally
}
