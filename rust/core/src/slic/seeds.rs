//! Seeds inside a mask: k-means of the positions alone.

use fearless_simd::prelude::*;
use fearless_simd::{Select, Simd, dispatch, f64x8};
use rayon::prelude::*;

use super::clusters::AXES;
use crate::{Exec, Result};

/// Edge of the cubes that centers are put in, in units of the distance between centers: the pixels of a smaller cube have
/// fewer centers to choose from, but there are more cubes.
const EDGE: f64 = 0.5;

/// Pixels that one thread assigns at a time.
const CHUNK: usize = 1 << 10;

/// Centers that a pixel is compared with at once.
const LANES: usize = 8;

/// Moves `centers` by iterations of Lloyd over the positions of pixels; a center without pixels stays.
///
/// Sums of positions are integers, so they are exact in any order, and ties go to the lowest center.
///
/// # Errors
/// [`crate::Error::Interrupted`].
pub fn spread(exec: &Exec<'_>, pixels: &[[i64; AXES]], centers: &mut [[f64; AXES]], max_iter: usize) -> Result<()> {
    let (mut low, mut high) = ([f64::INFINITY; AXES], [f64::NEG_INFINITY; AXES]);
    for pixel in pixels {
        for axis in 0..AXES {
            low[axis] = low[axis].min(pixel[axis] as f64);
            high[axis] = high[axis].max(pixel[axis] as f64);
        }
    }
    for _ in 0..max_iter {
        let grid = Grid::new(centers, low, high);
        let rivals: Vec<_> = (0..grid.n_cubes()).into_par_iter().map(|cube| grid.rivals(cube)).collect();
        let none = || vec![([0; AXES], 0); grid.centers.len()];
        let parts = pixels.par_chunks(CHUNK).try_fold(none, |mut sums, pixels| {
            exec.check()?;
            dispatch!(exec.level, simd => add_pixels(simd, &grid, &rivals, pixels, &mut sums));
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

/// Adds pixels to the sums of their nearest centers.
#[inline(always)]
fn add_pixels<S: Simd>(simd: S, grid: &Grid<'_>, rivals: &[Vec<Block>], pixels: &[[i64; AXES]], sums: &mut [Sum]) {
    for pixel in pixels {
        let position = pixel.map(|place| place as f64);
        let (sum, count) = &mut sums[first_nearest(simd, position, &rivals[grid.index(grid.cube(position))])];
        for axis in 0..AXES {
            sum[axis] += pixel[axis];
        }
        *count += 1;
    }
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

/// Centers side by side, infinitely far where there are fewer.
#[derive(Debug, Clone, Copy)]
struct Block {
    places: [[f64; LANES]; AXES],
    numbers: [f64; LANES],
}

impl Block {
    fn new(centers: &[[f64; AXES]], numbers: &[usize]) -> Self {
        let mut block = Self { places: [[f64::INFINITY; LANES]; AXES], numbers: [f64::INFINITY; LANES] };
        for (lane, number) in numbers.iter().enumerate() {
            block.numbers[lane] = *number as f64;
            for axis in 0..AXES {
                block.places[axis][lane] = centers[*number][axis];
            }
        }
        block
    }
}

/// The nearest of some centers, the first on ties.
#[inline(always)]
fn first_nearest<S: Simd>(simd: S, position: [f64; AXES], rivals: &[Block]) -> usize {
    let splat = |value: f64| f64x8::simd_from(simd, value);
    let load = |lanes: &[f64; LANES]| f64x8::from_slice(simd, lanes);
    let position = position.map(splat);
    let infinity = splat(f64::INFINITY);
    let (mut nearest, mut number) = (infinity, infinity);
    for rival in rivals {
        let mut distance = splat(0.0);
        for axis in 0..AXES {
            let difference = position[axis] - load(&rival.places[axis]);
            distance += difference * difference;
        }
        let is_nearer = distance.simd_lt(nearest);
        nearest = is_nearer.select(distance, nearest);
        number = is_nearer.select(load(&rival.numbers), number);
    }
    let is_nearest = nearest.simd_eq(splat(nearest.reduce_min()));
    is_nearest.select(number, infinity).reduce_min() as usize
}

#[inline(always)]
fn squared_distance(a: [f64; AXES], b: [f64; AXES]) -> f64 {
    let mut sum = 0.0;
    for axis in 0..AXES {
        let difference = a[axis] - b[axis];
        sum += difference * difference;
    }
    sum
}

/// Centers by the cubes of a grid that they lie in.
struct Grid<'a> {
    centers: &'a [[f64; AXES]],
    low: [f64; AXES],
    /// Edge of a cube.
    edge: f64,
    /// Cubes along each axis.
    shape: [usize; AXES],
    /// First member of each cube, and the end.
    starts: Vec<u32>,
    members: Vec<u32>,
}

impl<'a> Grid<'a> {
    /// A grid over the space from `low` to `high`, where all centers are.
    fn new(centers: &'a [[f64; AXES]], low: [f64; AXES], high: [f64; AXES]) -> Self {
        let extents: [f64; AXES] = std::array::from_fn(|axis| high[axis] - low[axis] + 1.0);
        let edge = EDGE * edge_for(extents, centers.len());
        let shape = extents.map(|extent| (extent / edge) as usize + 1);
        let mut grid = Self { centers, low, edge, shape, starts: Vec::new(), members: Vec::new() };
        let cubes: Vec<usize> = centers.iter().map(|center| grid.index(grid.cube(*center))).collect();
        grid.starts = vec![0; shape.iter().product::<usize>() + 1];
        for cube in &cubes {
            grid.starts[cube + 1] += 1;
        }
        for cube in 1..grid.starts.len() {
            grid.starts[cube] += grid.starts[cube - 1];
        }
        grid.members = (0..centers.len() as u32).collect();
        grid.members.sort_by_key(|center| cubes[*center as usize]);
        grid
    }

    fn cube(&self, position: [f64; AXES]) -> [usize; AXES] {
        std::array::from_fn(|axis| {
            (((position[axis] - self.low[axis]) / self.edge).max(0.0) as usize).min(self.shape[axis] - 1)
        })
    }

    fn index(&self, [z, y, x]: [usize; AXES]) -> usize {
        (z * self.shape[1] + y) * self.shape[2] + x
    }

    fn n_cubes(&self) -> usize {
        self.starts.len() - 1
    }

    /// All that is not within `radius` cubes is farther than this; rounding is far below the margin.
    fn beyond(&self, radius: usize) -> f64 {
        radius as f64 * self.edge * (1.0 - 1e-9)
    }

    /// The centers that may be the nearest to a position in a cube, ascending.
    fn rivals(&self, cube: usize) -> Vec<Block> {
        let [_, height, width] = self.shape;
        let cube = [cube / (height * width), cube / width % height, cube % width];
        // Positions are put into cubes with rounding.
        let margin = 1e-6 * self.edge;
        let first: [f64; AXES] = std::array::from_fn(|axis| self.low[axis] + cube[axis] as f64 * self.edge - margin);
        let (mut found, mut ceiling) = (Vec::new(), f64::INFINITY);
        for radius in 0..self.reach() {
            if ceiling < self.beyond(radius.saturating_sub(1)).powi(2) {
                break;
            }
            self.visit_shell(cube, radius, |member| {
                let (mut near, mut far) = (0.0, 0.0);
                for axis in 0..AXES {
                    let before = first[axis] - self.centers[member][axis];
                    let after = before + self.edge + 2.0 * margin;
                    near += before.max(-after).max(0.0).powi(2);
                    far += before.abs().max(after.abs()).powi(2);
                }
                ceiling = ceiling.min(far);
                found.push((near, member));
            });
        }
        // As above: what decides is far above the rounding of both.
        found.retain(|(near, _)| *near <= ceiling * (1.0 + 1e-9));
        found.sort_unstable_by_key(|(_, member)| *member);
        let members: Vec<usize> = found.into_iter().map(|(_, member)| member).collect();
        members.chunks(LANES).map(|members| Block::new(self.centers, members)).collect()
    }

    /// Cubes from one end to the other.
    fn reach(&self) -> usize {
        self.shape.iter().copied().max().unwrap_or(1)
    }

    /// The nearest center but `own`, the first on ties.
    fn nearest_other(&self, position: [f64; AXES], own: usize) -> usize {
        let cube = self.cube(position);
        let mut nearest = (f64::INFINITY, own);
        for radius in 0..self.reach() {
            self.visit_shell(cube, radius, |member| {
                if member != own {
                    // Roots, as two squares that differ may have the same root.
                    let found = (squared_distance(position, self.centers[member]).sqrt(), member);
                    if found < nearest {
                        nearest = found;
                    }
                }
            });
            if nearest.0 < self.beyond(radius) {
                break;
            }
        }
        nearest.1
    }

    /// Visits the members of all cubes `radius` away along the axis where they are farthest.
    fn visit_shell(&self, [z, y, x]: [usize; AXES], radius: usize, mut visit: impl FnMut(usize)) {
        let around =
            |place: usize, axis: usize| place.saturating_sub(radius)..(place + radius + 1).min(self.shape[axis]);
        for cube_z in around(z, 0) {
            for cube_y in around(y, 1) {
                let is_face = cube_z.abs_diff(z) == radius || cube_y.abs_diff(y) == radius;
                let columns = around(x, 2);
                let step = if is_face || radius == 0 { 1 } else { 2 * radius };
                let first = if is_face || x >= radius { columns.start } else { x + radius };
                for cube_x in (first..columns.end).step_by(step) {
                    let cube = self.index([cube_z, cube_y, cube_x]);
                    let members = self.starts[cube] as usize..self.starts[cube + 1] as usize;
                    self.members[members].iter().for_each(|member| visit(*member as usize));
                }
            }
        }
    }
}

/// Distance between centers, if they lie on a grid; axes shorter than it do not count.
fn edge_for(mut extents: [f64; AXES], n_centers: usize) -> f64 {
    extents.sort_by(f64::total_cmp);
    for axis in 0..AXES {
        let long = &extents[axis..];
        let edge = (long.iter().product::<f64>() / n_centers as f64).powf(1.0 / long.len() as f64);
        if long[0] >= edge || long.len() == 1 {
            return edge.max(1.0);
        }
    }
    1.0
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use proptest::prelude::*;

    use super::*;
    use crate::Interrupt;
    use crate::simd::levels;

    proptest! {
        #[test]
        fn pixels_belong_to_the_first_nearest_center(
            centers in prop::collection::vec(prop::array::uniform3(0_u8..20), 1..60),
            positions in prop::collection::vec(prop::array::uniform3(0_u8..25), 1..20),
            flat in any::<bool>(),
        ) {
            let place = |[z, y, x]: [u8; 3]| [if flat { 0.0 } else { f64::from(z) }, f64::from(y), f64::from(x) / 4.0];
            let centers: Vec<_> = centers.into_iter().map(place).collect();
            let pixels: Vec<_> = positions.iter().map(|pixel| pixel.map(i64::from)).collect();
            let pixels: Vec<_> = pixels.into_iter().map(|[z, y, x]| [if flat { 0 } else { z }, y, x]).collect();
            let mut expected = vec![([0; AXES], 0_i64); centers.len()];
            for pixel in &pixels {
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
                spread(&Exec { level, interrupt: &interrupt }, &pixels, &mut moved, 1).unwrap();
                prop_assert_eq!(&moved, &means, "at {:?}", level);
            }
        }
    }

    #[test]
    fn one_center_is_its_own_neighbour() {
        let interrupt = Interrupt::default();
        assert_eq!(nearest_others(&Exec::new(&interrupt), &[[0.0, 1.0, 2.0]]), Ok(vec![0]));
    }
}
