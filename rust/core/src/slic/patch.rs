//! A piece cut out of the image, to be walked through pixel by pixel.

use super::clusters::AXES;
use super::pieces::Pieces;

/// A cell that belongs to no pixel of the piece, and one that no walk has visited.
const OUTSIDE: i32 = -2;
const UNVISITED: i32 = -1;

/// To the neighbours of a pixel (z, y, x), in scikit-image's order; those along z only in a volume.
const WAYS: [[isize; AXES]; 6] = [[0, 0, 1], [0, 0, -1], [0, 1, 0], [0, -1, 0], [1, 0, 0], [-1, 0, 0]];
const FLAT: usize = 4;

/// The pixels of a piece and around it, with a number for each that was visited.
#[derive(Debug, Default)]
pub(super) struct Patch {
    cells: Vec<i32>,
    is_flat: bool,
    /// The first pixel of the least box around the piece (z, y, x).
    corner: [usize; AXES],
    /// Its cell, so that every pixel of the box has a cell for each neighbour.
    origin: usize,
    /// From a cell to the one below, and to the one in the next slice. A row ends with a cell outside the box, which is the
    /// one before the next row, too; a slice with a row of them.
    row: usize,
    slice: usize,
}

impl Patch {
    /// Turns to a piece; no cell of the one before may be left.
    pub(super) fn enter(&mut self, pieces: &Pieces, piece: usize) {
        let ([z, y], columns) = pieces.place(piece);
        let (mut first, mut end) = ([z, y, columns.start], [z + 1, y + 1, columns.end]);
        for run in pieces.runs_of(piece) {
            let ([z, y], columns) = pieces.place(run);
            for (axis, (from, to)) in [(z, z + 1), (y, y + 1), (columns.start, columns.end)].into_iter().enumerate() {
                first[axis] = first[axis].min(from);
                end[axis] = end[axis].max(to);
            }
        }
        self.is_flat = pieces.volume.depth == 1;
        self.corner = first;
        self.row = end[2] - first[2] + 1;
        self.slice = (end[1] - first[1] + 1) * self.row;
        self.origin = if self.is_flat { self.row } else { self.slice };
        let len = self.origin + (end[0] - first[0]) * self.slice + if self.is_flat { 0 } else { self.slice };
        self.cells.resize(self.cells.len().max(len), OUTSIDE);
        for run in pieces.runs_of(piece) {
            let ([z, y], columns) = pieces.place(run);
            let start = self.cell([z, y, columns.start]);
            self.cells[start..start + columns.len()].fill(UNVISITED);
        }
    }

    /// The cell of a pixel of the box.
    #[inline(always)]
    fn cell(&self, [z, y, x]: [usize; AXES]) -> usize {
        let [z_first, y_first, x_first] = self.corner;
        self.origin + (z - z_first) * self.slice + (y - y_first) * self.row + (x - x_first)
    }

    /// The pixel of a cell of the box.
    fn pixel(&self, cell: usize) -> [usize; AXES] {
        let [z, y, x] = self.corner;
        let place = cell - self.origin;
        [z + place / self.slice, y + place % self.slice / self.row, x + place % self.row]
    }

    /// The number that a pixel of the piece has got, if it was visited.
    pub(super) fn number(&self, pixel: [usize; AXES]) -> Option<usize> {
        usize::try_from(self.cells[self.cell(pixel)]).ok()
    }

    /// From a cell to its neighbours.
    fn steps(&self) -> [isize; 6] {
        let (slice, row) = (self.slice.cast_signed(), self.row.cast_signed());
        WAYS.map(|[z, y, x]| z * slice + y * row + x)
    }
}

/// A walk through a patch, breadth first, and room for the next one.
#[derive(Debug, Default)]
pub(super) struct Walk {
    /// The cells that were visited, and room for more.
    queue: Vec<usize>,
    /// How many were visited, of which the neighbours of so many were looked at.
    count: usize,
    looked_at: usize,
}

impl Walk {
    /// Visits the unvisited pixels that are connected with one of them, or `most` of those, which get a number. Returns how
    /// many it were.
    pub(super) fn visit(&mut self, patch: &mut Patch, pixel: [usize; AXES], number: usize, most: usize) -> usize {
        let (first, number) = (patch.cell(pixel), number as i32);
        let [right, left, below, above, behind, before] = patch.steps();
        if patch.is_flat {
            self.spread([right, left, below, above], &mut patch.cells, first, number, most);
        } else {
            self.spread([right, left, below, above, behind, before], &mut patch.cells, first, number, most);
        }
        self.count
    }

    /// Every neighbour is put behind the queue, where it stays if it counts: what comes next cannot be foreseen, and a
    /// wrong guess costs more than the few instructions that it would save.
    #[allow(clippy::needless_bitwise_bool, reason = "&& would be a branch")]
    fn spread<const N: usize>(&mut self, steps: [isize; N], cells: &mut [i32], first: usize, number: i32, most: usize) {
        // One more than is ever taken: where the next would go.
        self.queue.resize(self.queue.len().max(most.min(cells.len()) + 1), 0);
        let queue = &mut *self.queue;
        queue[0] = first;
        cells[first] = number;
        let (mut looked_at, mut count) = (0, 1);
        while looked_at < count && count < most {
            let cell = queue[looked_at];
            looked_at += 1;
            for step in steps {
                let neighbour = cell.wrapping_add_signed(step);
                let value = cells[neighbour];
                let is_taken = (count < most) & (value == UNVISITED);
                cells[neighbour] = if is_taken { number } else { value };
                queue[count] = neighbour;
                count += usize::from(is_taken);
            }
        }
        (self.count, self.looked_at) = (count, looked_at);
    }

    /// What `look` says of the last pixel beside those visited, of which it says anything, in the order of the walk.
    ///
    /// Pixels are looked at from the last one on, and no further than is needed. A walk that ended at its most pixels is asked
    /// only if these are too few for a label: then no piece has got one, and none is met.
    pub(super) fn last_met<T>(
        &self,
        patch: &Patch,
        pieces: &Pieces,
        look: impl Fn([usize; AXES]) -> Option<T>,
    ) -> Option<T> {
        let (steps, n_ways) = (patch.steps(), if patch.is_flat { FLAT } else { WAYS.len() });
        let extents = [pieces.volume.depth, pieces.volume.height, pieces.volume.width];
        for cell in self.queue[..self.looked_at].iter().rev() {
            let (pixel, number) = (patch.pixel(*cell), patch.cells[*cell]);
            for (way, step) in WAYS[..n_ways].iter().zip(&steps).rev() {
                let neighbour = cell.wrapping_add_signed(*step);
                if patch.cells[neighbour] == number {
                    continue;
                }
                let beside: [usize; AXES] = std::array::from_fn(|axis| pixel[axis].wrapping_add_signed(way[axis]));
                if let Some(found) = (0..AXES).all(|axis| beside[axis] < extents[axis]).then(|| look(beside)).flatten()
                {
                    return Some(found);
                }
            }
        }
        None
    }

    /// Leaves no visited cell behind.
    pub(super) fn clear(&self, patch: &mut Patch) {
        for cell in &self.queue[..self.count] {
            patch.cells[*cell] = OUTSIDE;
        }
    }
}
