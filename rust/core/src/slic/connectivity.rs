//! One label, one piece: what scikit-image does to the labels after the iterations, in linear time.
//!
//! Most pieces keep their extent and need no search: they are found as sets of runs. Only those that are too small, or too
//! large for one label, are walked through as scikit-image does it, since the order of the walk decides.

use super::pieces::{Pieces, decode};
use super::runs::Runs;
use super::{NONE, Volume};
use crate::buffer::Buffer;
use crate::{Error, Exec, Result};

/// Rows between two looks at the flag that stops.
const ROWS_PER_CHECK: usize = 64;

/// Which pieces get a label of their own.
#[derive(Debug, Clone, Copy)]
pub struct Sizes {
    /// Smaller ones join a neighbour.
    pub min: usize,
    /// Larger ones are cut; at least 1.
    pub max: usize,
}

/// Pieces with a label each.
#[derive(Debug)]
pub(super) struct Connected {
    pieces: Pieces,
    /// Labels are below this.
    pub(super) n_labels: usize,
}

/// Gives every piece of equal labels a label of its own, from 0 on in the order of their first pixels.
///
/// scikit-image lets a piece that is too small share a label with the next one if it meets no other first; with `repairs`,
/// the later pieces of such labels get new ones at the end.
///
/// # Errors
/// [`Error::Mismatch`] if there is not one label for each pixel, [`Error::Range`] for more than 2^31 - 1 pixels or a
/// largest size of 0; [`Error::Interrupted`].
pub(super) fn enforce(
    exec: &Exec<'_>,
    labels: &[i32],
    volume: Volume,
    sizes: Sizes,
    repairs: bool,
) -> Result<Connected> {
    let (got, needed) = (labels.len(), volume.n_pixels());
    if got != needed {
        return Err(Error::Mismatch { argument: "labels", dimension: "pixels", got, needed });
    }
    if i32::try_from(got).is_err() {
        let needed = format!("at most {}", i32::MAX);
        return Err(Error::Range { argument: "the number of pixels", got: got.to_string(), needed });
    }
    if sizes.max == 0 {
        return Err(Error::Range { argument: "the largest size", got: "0".into(), needed: "at least 1".into() });
    }
    let runs = Runs::new(exec, labels, volume)?;
    let mut walk = Walk::new(Pieces::new(exec, &runs, volume)?, volume, sizes);
    walk.relabel(exec, &runs)?;
    let is_shared = walk.is_shared;
    let connected = Connected { n_labels: walk.n_labels(), pieces: walk.pieces };
    if is_shared && repairs { connected.repaired(exec, volume) } else { Ok(connected) }
}

impl Connected {
    /// Writes the label of every pixel, [`NONE`] where it had none, as `convert` gives it.
    pub(super) fn write<L: Send>(&self, labels_out: &mut [L], convert: impl Fn(i32) -> L + Sync) {
        self.pieces.write(labels_out, convert);
    }

    /// Gives the later pieces of a label new ones.
    fn repaired(self, exec: &Exec<'_>, volume: Volume) -> Result<Self> {
        let Self { pieces, mut n_labels } = self;
        let mut labels = Buffer::unwritten(volume.n_pixels());
        pieces.write(&mut labels, |label| label);
        drop(pieces);
        let runs = Runs::new(exec, &labels, volume)?;
        let mut pieces = Pieces::new(exec, &runs, volume)?;
        let mut is_taken = vec![false; n_labels];
        for run in (0..runs.len()).filter(|run| runs.is_first(*run)) {
            let taken = &mut is_taken[runs.label(run) as usize];
            pieces.labels[run] = if *taken { n_labels as i32 } else { runs.label(run) };
            n_labels += usize::from(*taken);
            *taken = true;
        }
        Ok(Self { pieces, n_labels })
    }
}

/// Relabelling in progress.
struct Walk {
    pieces: Pieces,
    volume: Volume,
    sizes: Sizes,
    /// The next free label.
    label: i32,
    /// Whether a piece that was too small has the next free label.
    is_borrowed: bool,
    /// Whether two pieces got the same label.
    is_shared: bool,
    /// The pixels that a search found, and room.
    queue: Vec<usize>,
}

impl Walk {
    /// `pieces` have no labels yet.
    fn new(pieces: Pieces, volume: Volume, sizes: Sizes) -> Self {
        Self { pieces, volume, sizes, label: 0, is_borrowed: false, is_shared: false, queue: Vec::new() }
    }

    fn n_labels(&self) -> usize {
        self.label as usize + usize::from(self.is_borrowed)
    }

    fn relabel(&mut self, exec: &Exec<'_>, runs: &Runs) -> Result<()> {
        let n_pixels = runs.sizes();
        for row in 0..self.volume.n_rows() {
            if row % ROWS_PER_CHECK == 0 {
                exec.check()?;
            }
            let first = self.pieces.grid.row(row);
            for run in runs.of_row(row).filter(|run| runs.label(*run) != NONE) {
                let piece = runs.root(run);
                let size = n_pixels[piece] as usize;
                let columns = runs.columns(run);
                let pixels = first + columns.start..first + columns.end;
                if size >= self.sizes.max {
                    for pixel in pixels {
                        if self.pieces.of[pixel] == piece as i32 {
                            self.cut(pixel)?;
                        }
                    }
                } else if piece == run && size < self.sizes.min {
                    let adjacent = self.neighbour_of_run(pixels.end - 1).filter(|_| size == pixels.len());
                    match adjacent {
                        Some(adjacent) => self.pieces.labels[piece] = adjacent,
                        None => self.join(pixels.start, piece, size),
                    }
                } else if piece == run {
                    self.pieces.labels[piece] = self.label;
                    self.take_label();
                }
            }
        }
        Ok(())
    }

    fn take_label(&mut self) {
        self.is_shared |= self.is_borrowed;
        self.is_borrowed = false;
        self.label += 1;
    }

    /// The label that a piece which is too small and one run ends up with. The last neighbour that a search would meet is the
    /// one above its last pixel, in a volume the one in the slice before: nearly always labelled by then.
    fn neighbour_of_run(&self, last: usize) -> Option<i32> {
        let [.., above, _, before] = self.pieces.grid.steps();
        let step = if self.volume.depth == 1 { above } else { before };
        let label = self.pieces.labels[self.pieces.owner(last.wrapping_add_signed(step))];
        (label != NONE && label != self.label).then_some(label)
    }

    /// Labels a piece of so many pixels that is too small.
    fn join(&mut self, first: usize, piece: usize, size: usize) {
        self.pieces.labels[piece] = self.label;
        let (_, adjacent) = self.search(first, !(piece as i32), size);
        self.pieces.labels[piece] = adjacent;
        if adjacent == self.label {
            self.is_shared |= self.is_borrowed;
            self.is_borrowed = true;
        }
    }

    /// Labels as much of a piece that is too large as one label may have.
    fn cut(&mut self, first: usize) -> Result<()> {
        let part = self.pieces.push(self.label)?;
        let (count, adjacent) = self.search(first, !part, self.sizes.max);
        if count >= self.sizes.min {
            self.take_label();
        } else if adjacent == self.label {
            self.is_shared |= self.is_borrowed;
            self.is_borrowed = true;
        } else {
            self.pieces.labels[part as usize] = adjacent;
        }
        Ok(())
    }

    /// Visits a piece of no more than `size` pixels from its `first` one on, breadth first, or as much of it as one label may
    /// have. The pixels become `visited`; returns how many they are, and the last label other than its own that was met, or
    /// its own.
    fn search(&mut self, first: usize, visited: i32, size: usize) -> (usize, i32) {
        // One more than is ever taken: where the next would go.
        self.queue.resize(self.queue.len().max(size + 1), 0);
        let [right, left, below, above, behind, before] = self.pieces.grid.steps();
        if self.volume.depth == 1 {
            self.spread([right, left, below, above], first, visited)
        } else {
            self.spread([right, left, below, above, behind, before], first, visited)
        }
    }

    /// Every neighbour is put behind the queue, where it stays if it counts: what comes next cannot be foreseen, and a
    /// wrong guess costs more than the few instructions that it would save.
    #[allow(clippy::needless_bitwise_bool, reason = "each && would be a branch")]
    fn spread<const N: usize>(&mut self, steps: [isize; N], first: usize, visited: i32) -> (usize, i32) {
        let (label, most) = (self.label, self.sizes.max);
        let Pieces { of, labels, .. } = &mut self.pieces;
        let (of, queue) = (&mut **of, &mut *self.queue);
        let unvisited = std::mem::replace(&mut of[first], visited);
        queue[0] = first;
        let (mut looked_at, mut count, mut adjacent) = (0, 1, label);
        while looked_at < count && count < most {
            let pixel = queue[looked_at];
            looked_at += 1;
            for step in steps {
                let neighbour = pixel.wrapping_add_signed(step);
                let (piece, is_open) = (of[neighbour], count < most);
                let other = labels[decode(piece)];
                let is_other = is_open & (other != NONE) & (other != label);
                let is_taken = is_open & (piece == unvisited);
                adjacent = if is_other { other } else { adjacent };
                of[neighbour] = if is_taken { visited } else { piece };
                queue[count] = neighbour;
                count += usize::from(is_taken);
            }
        }
        (count, adjacent)
    }
}
