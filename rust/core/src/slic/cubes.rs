//! Centers in the cubes of a grid: which of them may be the nearest to a position.

use super::clusters::AXES;

/// Edge of the cubes that centers are put in, in units of the distance between centers: the pixels of a smaller cube have
/// fewer centers to choose from, but there are more cubes.
const EDGE: f64 = 0.5;

/// A center that may be the nearest.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rival {
    pub(super) place: [f64; AXES],
    pub(super) number: u32,
}

#[inline(always)]
pub(super) fn squared_distance(a: [f64; AXES], b: [f64; AXES]) -> f64 {
    let mut sum = 0.0;
    for axis in 0..AXES {
        let difference = a[axis] - b[axis];
        sum += difference * difference;
    }
    sum
}

/// Centers by the cubes of a grid that they lie in.
pub(super) struct Grid<'a> {
    pub(super) centers: &'a [[f64; AXES]],
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
    pub(super) fn new(centers: &'a [[f64; AXES]], low: [f64; AXES], high: [f64; AXES]) -> Self {
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

    pub(super) fn cube(&self, position: [f64; AXES]) -> [usize; AXES] {
        std::array::from_fn(|axis| {
            (((position[axis] - self.low[axis]) / self.edge).max(0.0) as usize).min(self.shape[axis] - 1)
        })
    }

    pub(super) fn index(&self, [z, y, x]: [usize; AXES]) -> usize {
        (z * self.shape[1] + y) * self.shape[2] + x
    }

    pub(super) fn n_cubes(&self) -> usize {
        self.starts.len() - 1
    }

    /// All that is not within `radius` cubes is farther than this; rounding is far below the margin.
    fn beyond(&self, radius: usize) -> f64 {
        radius as f64 * self.edge * (1.0 - 1e-9)
    }

    /// The centers that may be the nearest to a position in a cube, ascending.
    pub(super) fn rivals(&self, cube: usize) -> Vec<Rival> {
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
        found.into_iter().map(|(_, number)| Rival { place: self.centers[number], number: number as u32 }).collect()
    }

    /// Cubes from one end to the other.
    fn reach(&self) -> usize {
        self.shape.iter().copied().max().unwrap_or(1)
    }

    /// The nearest center but `own`, the first on ties.
    pub(super) fn nearest_other(&self, position: [f64; AXES], own: usize) -> usize {
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
