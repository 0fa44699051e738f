//! Seeds inside a mask: k-means of the positions alone.

use rayon::prelude::*;

use super::clusters::AXES;
use crate::{Exec, Result};

/// Pixels that one thread assigns at a time.
const CHUNK: usize = 1 << 10;

/// Moves `centers` by iterations of Lloyd over the positions of pixels; a center without pixels stays.
///
/// Sums of positions are integers, so they are exact in any order, and ties go to the lowest center.
///
/// # Errors
/// [`crate::Error::Interrupted`].
pub fn spread(exec: &Exec<'_>, pixels: &[[i64; AXES]], centers: &mut [[f64; AXES]], max_iter: usize) -> Result<()> {
    for _ in 0..max_iter {
        let grid = Grid::new(centers);
        let chunks = pixels.par_chunks(CHUNK).map(|pixels| {
            exec.check()?;
            let positions = pixels.iter().map(|pixel| pixel.map(|place| place as f64));
            Ok(positions.map(|position| grid.nearest(position, usize::MAX, squared_distance) as u32).collect())
        });
        let labels = chunks.collect::<Result<Vec<Vec<u32>>>>()?;
        let mut sums = vec![([0_i64; AXES], 0_i64); centers.len()];
        for (pixel, label) in pixels.iter().zip(labels.iter().flatten()) {
            let (sum, count) = &mut sums[*label as usize];
            for axis in 0..AXES {
                sum[axis] += pixel[axis];
            }
            *count += 1;
        }
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
    let grid = Grid::new(centers);
    let chunks = centers.par_chunks(CHUNK).enumerate().map(|(chunk, some)| {
        exec.check()?;
        let own = chunk * CHUNK..;
        // Roots, as two squares that differ may have the same root.
        Ok(own
            .zip(some)
            .map(|(own, center)| grid.nearest(*center, own, |a, b| squared_distance(a, b).sqrt()))
            .collect())
    });
    Ok(chunks.collect::<Result<Vec<Vec<usize>>>>()?.concat())
}

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
    fn new(centers: &'a [[f64; AXES]]) -> Self {
        let (mut low, mut high) = ([f64::INFINITY; AXES], [f64::NEG_INFINITY; AXES]);
        for center in centers {
            for axis in 0..AXES {
                low[axis] = low[axis].min(center[axis]);
                high[axis] = high[axis].max(center[axis]);
            }
        }
        let extents: [f64; AXES] = std::array::from_fn(|axis| high[axis] - low[axis] + 1.0);
        let edge = edge_for(extents, centers.len());
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

    /// The nearest center but `excluded`, the first on ties.
    fn nearest(
        &self,
        position: [f64; AXES],
        excluded: usize,
        distance: impl Fn([f64; AXES], [f64; AXES]) -> f64,
    ) -> usize {
        let center = self.cube(position);
        let mut nearest = (f64::INFINITY, if excluded < self.centers.len() { excluded } else { 0 });
        let reach = self.shape.iter().copied().max().unwrap_or(1);
        for radius in 0..reach {
            // All that is not within `radius` cubes is farther than this; rounding is far below the margin.
            let beyond = radius as f64 * self.edge * (1.0 - 1e-9);
            let mut beyond_point = [0.0; AXES];
            beyond_point[0] = beyond;
            self.visit_shell(center, radius, |member| {
                if member != excluded {
                    let found = (distance(position, self.centers[member]), member);
                    if found < nearest {
                        nearest = found;
                    }
                }
            });
            if nearest.0 < distance(beyond_point, [0.0; AXES]) {
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

/// Edge of cubes that hold one center each on average; axes shorter than the edge do not count.
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

    proptest! {
        #[test]
        fn the_grid_finds_the_first_nearest(
            centers in prop::collection::vec(prop::array::uniform3(0_u8..20), 1..60),
            positions in prop::collection::vec(prop::array::uniform3(0_u8..25), 1..20),
            flat in any::<bool>(),
        ) {
            let place = |[z, y, x]: [u8; 3]| [if flat { 0.0 } else { f64::from(z) }, f64::from(y), f64::from(x) / 4.0];
            let centers: Vec<_> = centers.into_iter().map(place).collect();
            let grid = Grid::new(&centers);
            for position in positions.into_iter().map(place) {
                let distances: Vec<f64> = centers.iter().map(|center| squared_distance(position, *center)).collect();
                let least = distances.iter().copied().fold(f64::INFINITY, f64::min);
                let first = distances.iter().position(|distance| distance.total_cmp(&least).is_eq()).unwrap();
                prop_assert_eq!(grid.nearest(position, usize::MAX, squared_distance), first);
            }
        }
    }

    #[test]
    fn one_center_is_its_own_neighbour() {
        let interrupt = Interrupt::default();
        assert_eq!(nearest_others(&Exec::new(&interrupt), &[[0.0, 1.0, 2.0]]), Ok(vec![0]));
    }
}
