//! Seeds inside a mask: k-means of the positions alone.

use std::sync::atomic::{AtomicBool, Ordering};

use fearless_simd::prelude::*;
use fearless_simd::{Select, Simd, dispatch, f64x8};
use rayon::prelude::*;

use super::Volume;
use super::clusters::AXES;
use super::cubes::{Grid, Rival};
use crate::{Error, Exec, Result};

/// Pixels that one thread assigns at a time.
const CHUNK: usize = 1 << 10;

/// Pixels of a row that are compared with a center at once.
const LANES: usize = 8;

/// Moves `centers` by iterations of Lloyd over the positions of pixels, which are given by their ascending numbers in a
/// volume; a center without pixels stays.
///
/// Sums of positions are integers, so they are exact in any order, and ties go to the lowest center.
///
/// # Errors
/// [`Error::Range`] for pixels that do not ascend or lie outside, [`Error::Interrupted`].
pub fn spread(
    exec: &Exec<'_>,
    pixels: &[i64],
    volume: Volume,
    centers: &mut [[f64; AXES]],
    max_iter: usize,
) -> Result<()> {
    check(pixels, volume)?;
    let [low, high] = extents(pixels, volume);
    let mut is_occupied = Vec::new();
    for _ in 0..max_iter {
        let mut cubes = Cubes::new(Grid::new(centers, low, high), volume);
        if is_occupied.is_empty() {
            // Neither the extents nor the number of centers change, so all grids have the same cubes.
            is_occupied = cubes.occupied(pixels);
        }
        cubes.find_rivals(&is_occupied);
        let none = || vec![([0; AXES], 0); cubes.grid.centers.len()];
        // Every task has sums of its own: it should have at least a pixel for each of them.
        let min_len = cubes.grid.centers.len().div_ceil(CHUNK);
        let parts = pixels.par_chunks(CHUNK).with_min_len(min_len).try_fold(none, |mut sums, pixels| {
            exec.check()?;
            dispatch!(exec.level, simd => rows(pixels, volume).for_each(|row| add_row(simd, &cubes, &row, &mut sums)));
            Ok(sums)
        });
        let sums: Vec<Sum> = parts.try_reduce(none, |sums, others| Ok(merged(sums, &others)))?;
        for (center, (sum, count)) in centers.iter_mut().zip(sums) {
            if count > 0 {
                *center = sum.map(|sum| sum as f64 / count as f64);
            }
        }
    }
    Ok(())
}

fn check(pixels: &[i64], volume: Volume) -> Result<()> {
    let is_inside = |pixel: &i64| (0..volume.n_pixels() as i64).contains(pixel);
    if pixels.is_sorted() && pixels.first().is_none_or(is_inside) && pixels.last().is_none_or(is_inside) {
        return Ok(());
    }
    let needed = format!("ascending numbers below {}", volume.n_pixels());
    Err(Error::Range { argument: "pixels", got: "others".into(), needed })
}

/// Ascending pixels of one row.
struct Row<'a> {
    /// Slice and row.
    place: [usize; 2],
    /// Number of the row's first pixel.
    first: i64,
    pixels: &'a [i64],
}

impl Row<'_> {
    #[inline(always)]
    fn column(&self, pixel: i64) -> usize {
        (pixel - self.first) as usize
    }
}

/// Cuts ascending pixels into rows.
#[inline(always)]
fn rows(mut pixels: &[i64], Volume { height, width, .. }: Volume) -> impl Iterator<Item = Row<'_>> {
    std::iter::from_fn(move || {
        let row = *pixels.first()? as usize / width;
        let first = (row * width) as i64;
        // One after the other: a search by halves waits for memory.
        let end = pixels.iter().position(|pixel| *pixel >= first + width as i64).unwrap_or(pixels.len());
        let (of_row, rest) = pixels.split_at(end);
        pixels = rest;
        Some(Row { place: [row / height, row % height], first, pixels: of_row })
    })
}

/// The lowest and the highest place of pixels along each axis.
fn extents(pixels: &[i64], volume: Volume) -> [[f64; AXES]; 2] {
    let none = || [[f64::INFINITY; AXES], [f64::NEG_INFINITY; AXES]];
    let joined = |[low, high]: [[f64; AXES]; 2], [other_low, other_high]: [[f64; AXES]; 2]| {
        [
            std::array::from_fn(|axis| low[axis].min(other_low[axis])),
            std::array::from_fn(|axis| high[axis].max(other_high[axis])),
        ]
    };
    let of_row = |row: Row<'_>| {
        let place = |pixel: i64| [row.place[0] as f64, row.place[1] as f64, row.column(pixel) as f64];
        row.pixels.first().zip(row.pixels.last()).map_or(none(), |(first, last)| [place(*first), place(*last)])
    };
    pixels.par_chunks(CHUNK).map(|pixels| rows(pixels, volume).map(of_row).fold(none(), joined)).reduce(none, joined)
}

/// The cubes of a grid as pixels find them.
struct Cubes<'a> {
    grid: Grid<'a>,
    volume: Volume,
    /// Place along a row of the cube that each column of pixels is in.
    columns: Vec<u32>,
    /// Of each cube.
    rivals: Vec<Vec<Rival>>,
}

impl<'a> Cubes<'a> {
    fn new(grid: Grid<'a>, volume: Volume) -> Self {
        let columns = (0..volume.width).map(|x| grid.cube([0.0, 0.0, x as f64])[2] as u32).collect();
        Self { grid, volume, columns, rivals: Vec::new() }
    }

    /// The first cube along a row of pixels.
    #[inline(always)]
    fn of_row(&self, [z, y]: [usize; 2]) -> usize {
        let [z, y, _] = self.grid.cube([z as f64, y as f64, 0.0]);
        self.grid.index([z, y, 0])
    }

    #[inline(always)]
    fn column(&self, column: usize) -> usize {
        self.columns[column] as usize
    }

    /// Which of them have pixels.
    fn occupied(&self, pixels: &[i64]) -> Vec<bool> {
        let is_occupied: Vec<AtomicBool> = (0..self.grid.n_cubes()).map(|_| AtomicBool::new(false)).collect();
        pixels.par_chunks(CHUNK).for_each(|pixels| {
            for row in rows(pixels, self.volume) {
                let first = self.of_row(row.place);
                for pixel in row.pixels {
                    is_occupied[first + self.column(row.column(*pixel))].store(true, Ordering::Relaxed);
                }
            }
        });
        is_occupied.into_iter().map(AtomicBool::into_inner).collect()
    }

    fn find_rivals(&mut self, is_occupied: &[bool]) {
        let of_cube = |(cube, is_occupied): (usize, &bool)| {
            if *is_occupied { self.grid.rivals(cube) } else { Vec::new() }
        };
        self.rivals = is_occupied.par_iter().enumerate().map(of_cube).collect();
    }
}

/// The nearest other center of each, the first on ties; of one center alone, itself.
///
/// # Errors
/// [`crate::Error::Interrupted`].
pub fn nearest_others(exec: &Exec<'_>, centers: &[[f64; AXES]]) -> Result<Vec<usize>> {
    let (mut low, mut high) = ([f64::INFINITY; AXES], [f64::NEG_INFINITY; AXES]);
    for center in centers {
        for axis in 0..AXES {
            low[axis] = low[axis].min(center[axis]);
            high[axis] = high[axis].max(center[axis]);
        }
    }
    let grid = Grid::new(centers, low, high);
    let chunks = centers.par_chunks(CHUNK).enumerate().map(|(chunk, some)| {
        exec.check()?;
        Ok((chunk * CHUNK..).zip(some).map(|(own, center)| grid.nearest_other(*center, own)).collect())
    });
    Ok(chunks.collect::<Result<Vec<Vec<usize>>>>()?.concat())
}

/// Sum of the positions of a center's pixels, and their number.
type Sum = ([i64; AXES], i64);

/// Adds the pixels of a row to the sums of their nearest centers.
#[inline(always)]
fn add_row<S: Simd>(simd: S, cubes: &Cubes<'_>, row: &Row<'_>, sums: &mut [Sum]) {
    let first = cubes.of_row(row.place);
    for run in row.pixels.chunk_by(|a, b| cubes.column(row.column(*a)) == cubes.column(row.column(*b))) {
        let rivals = &cubes.rivals[first + cubes.column(row.column(run[0]))];
        for pixels in run.chunks(LANES) {
            let mut columns = [row.column(pixels[0]) as f64; LANES];
            for (column, pixel) in columns.iter_mut().zip(pixels) {
                *column = row.column(*pixel) as f64;
            }
            let nearest = first_nearest(simd, row.place, &columns, rivals);
            for (pixel, number) in pixels.iter().zip(nearest) {
                let (sum, count) = &mut sums[number as usize];
                sum[0] += row.place[0] as i64;
                sum[1] += row.place[1] as i64;
                sum[2] += row.column(*pixel) as i64;
                *count += 1;
            }
        }
    }
}

/// The nearest of some centers to each of some pixels of a row, the first on ties.
#[inline(always)]
fn first_nearest<S: Simd>(simd: S, [z, y]: [usize; 2], columns: &[f64; LANES], rivals: &[Rival]) -> [f64; LANES] {
    let columns = f64x8::from_slice(simd, columns);
    let (mut nearest, mut number) = (f64x8::simd_from(simd, f64::INFINITY), f64x8::simd_from(simd, 0.0));
    for rival in rivals {
        let (across, along) = (z as f64 - rival.place[0], y as f64 - rival.place[1]);
        let difference = columns - rival.place[2];
        let distance = difference * difference + (across * across + along * along);
        let is_nearer = distance.simd_lt(nearest);
        nearest = is_nearer.select(distance, nearest);
        number = is_nearer.select(f64x8::simd_from(simd, f64::from(rival.number)), number);
    }
    let mut numbers = [0.0; LANES];
    number.store_slice(&mut numbers);
    numbers
}

fn merged(mut sums: Vec<Sum>, others: &[Sum]) -> Vec<Sum> {
    for ((sum, count), (other, other_count)) in sums.iter_mut().zip(others) {
        for axis in 0..AXES {
            sum[axis] += other[axis];
        }
        *count += other_count;
    }
    sums
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use proptest::prelude::*;

    use super::super::cubes::squared_distance;
    use super::*;
    use crate::Interrupt;
    use crate::simd::levels;

    proptest! {
        #[test]
        fn pixels_belong_to_the_first_nearest_center(
            centers in prop::collection::vec(prop::array::uniform3(0_u8..20), 1..60),
            positions in prop::collection::vec(prop::array::uniform3(0_u8..25), 1..200),
            flat in any::<bool>(),
        ) {
            let place = |[z, y, x]: [u8; 3]| [if flat { 0.0 } else { f64::from(z) }, f64::from(y), f64::from(x) / 4.0];
            let centers: Vec<_> = centers.into_iter().map(place).collect();
            let positions = positions.into_iter().map(|pixel| pixel.map(i64::from));
            let positions: Vec<_> = positions.map(|[z, y, x]| [if flat { 0 } else { z }, y, x]).collect();
            let volume = Volume { depth: 25, height: 25, width: 25 };
            let mut pixels: Vec<_> = positions.iter().map(|[z, y, x]| (z * 25 + y) * 25 + x).collect();
            pixels.sort_unstable();
            let mut expected = vec![([0; AXES], 0_i64); centers.len()];
            for pixel in &positions {
                let position = pixel.map(|place| place as f64);
                let distances: Vec<f64> = centers.iter().map(|center| squared_distance(position, *center)).collect();
                let least = distances.iter().copied().fold(f64::INFINITY, f64::min);
                let first = distances.iter().position(|distance| distance.total_cmp(&least).is_eq()).unwrap();
                for axis in 0..AXES {
                    expected[first].0[axis] += pixel[axis];
                }
                expected[first].1 += 1;
            }
            let means = centers.iter().zip(expected).map(|(center, (sum, count))| {
                if count > 0 { sum.map(|sum| sum as f64 / count as f64) } else { *center }
            });
            let means: Vec<_> = means.collect();
            let interrupt = Interrupt::default();
            for level in levels() {
                let mut moved = centers.clone();
                spread(&Exec { level, interrupt: &interrupt }, &pixels, volume, &mut moved, 1).unwrap();
                prop_assert_eq!(&moved, &means, "at {:?}", level);
            }
        }
    }

    #[test]
    fn pixels_must_ascend_and_lie_inside() {
        let volume = Volume { depth: 1, height: 2, width: 3 };
        let interrupt = Interrupt::default();
        for pixels in [&[0, 2, 1][..], &[-1, 2], &[0, 6]] {
            let refused = spread(&Exec::new(&interrupt), pixels, volume, &mut [[0.0; AXES]], 1);
            assert!(matches!(refused, Err(Error::Range { argument: "pixels", .. })), "{pixels:?}");
        }
        assert_eq!(spread(&Exec::new(&interrupt), &[], volume, &mut [[0.0; AXES]], 2), Ok(()));
    }

    #[test]
    fn one_center_is_its_own_neighbour() {
        let interrupt = Interrupt::default();
        assert_eq!(nearest_others(&Exec::new(&interrupt), &[[0.0, 1.0, 2.0]]), Ok(vec![0]));
    }
}
