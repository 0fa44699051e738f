//! One label, one piece: what scikit-image does to the labels after the iterations, in linear time.
//!
//! Most pieces keep their extent and need no search: they are found as sets of runs. Only those that are too small, or too
//! large for one label, are walked through as scikit-image does it, since the order of the walk decides. What those that
//! are too small meet is found beforehand by all threads ([`super::turns`]); labels are then given one after the other.

use std::ops::Range;

use rayon::prelude::*;

use super::clusters::AXES;
use super::patch::{Patch, Walk};
use super::pieces::Pieces;
use super::turns::{Room, Turn, turns};
use super::{NONE, Volume};
use crate::buffer::Buffer;
use crate::{Error, Exec, Result};

/// So many labels are written at once, for most runs are no longer: to ask for their length would take more time.
const SHORT: usize = 8;

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
    labels: Labels,
    /// Labels are below this.
    pub(super) n_labels: usize,
}

/// The labels that pieces have got.
#[derive(Debug)]
struct Labels {
    /// Of each piece at its first run: [`NONE`] before it has one, the complement of a number from 1 on for one that is cut.
    of_pieces: Buffer<i32>,
    /// The pieces that are cut, from number 1 on, and the label of each part.
    patches: Vec<Patch>,
    of_parts: Vec<i32>,
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
    let pieces = Pieces::new(exec, labels, volume)?;
    let mut relabelling = Relabelling::new(&pieces, sizes);
    for turns in turns(exec, &pieces, sizes)? {
        exec.check()?;
        for turn in turns {
            relabelling.take(turn);
        }
    }
    let (n_labels, is_shared) = (relabelling.n_labels(), relabelling.is_shared);
    let connected = Connected { labels: relabelling.labels, n_labels, pieces };
    if is_shared && repairs { connected.repaired(exec, volume) } else { Ok(connected) }
}

impl Connected {
    /// Writes the label of every pixel, [`NONE`] where it had none, as `convert` gives it, run by run in their order.
    pub(super) fn write<L: Send + Copy>(&self, labels_out: &mut [L], convert: impl Fn(i32) -> L + Sync) {
        let Self { pieces, labels, .. } = self;
        labels_out.par_chunks_mut(pieces.volume.width).enumerate().for_each(|(row, labels_out)| {
            for run in pieces.runs.of_row(row) {
                let (piece, ([z, y], columns)) = (pieces.runs.root(run), pieces.place(run));
                match labels.of_piece(piece) {
                    Label::One(label) => fill(labels_out, columns, convert(label)),
                    Label::OfParts(patch) => {
                        for x in columns {
                            labels_out[x] = convert(labels.of_part(patch, [z, y, x]));
                        }
                    }
                }
            }
        });
    }

    /// Gives the later pieces of a label new ones.
    fn repaired(self, exec: &Exec<'_>, volume: Volume) -> Result<Self> {
        let mut labels = Buffer::unwritten(volume.n_pixels());
        self.write(&mut labels, |label| label);
        let mut n_labels = self.n_labels;
        drop(self);
        let pieces = Pieces::new(exec, &labels, volume)?;
        let mut labels = Labels::none(&pieces);
        let mut is_taken = vec![false; n_labels];
        for piece in (0..pieces.runs.len()).filter(|run| pieces.is_piece(*run)) {
            let label = pieces.runs.label(piece);
            let taken = &mut is_taken[label as usize];
            labels.of_pieces[piece] = if *taken { n_labels as i32 } else { label };
            n_labels += usize::from(*taken);
            *taken = true;
        }
        Ok(Self { pieces, labels, n_labels })
    }
}

/// Writes a label to some columns of a row; those behind may change, too.
#[inline(always)]
fn fill<L: Copy>(labels_out: &mut [L], columns: Range<usize>, label: L) {
    match labels_out[columns.start..].first_chunk_mut::<SHORT>() {
        Some(some) if columns.len() <= SHORT => *some = [label; SHORT],
        _ => labels_out[columns].fill(label),
    }
}

/// What is known of the labels of a piece.
enum Label<'a> {
    One(i32),
    OfParts(&'a Patch),
}

impl Labels {
    fn none(pieces: &Pieces) -> Self {
        let mut of_pieces = Buffer::unwritten(pieces.runs.len());
        of_pieces.fill(NONE);
        Self { of_pieces, patches: Vec::new(), of_parts: Vec::new() }
    }

    #[inline(always)]
    fn of_piece(&self, piece: usize) -> Label<'_> {
        let label = self.of_pieces[piece];
        if label < NONE { Label::OfParts(&self.patches[!label as usize - 1]) } else { Label::One(label) }
    }

    fn of_part(&self, patch: &Patch, pixel: [usize; AXES]) -> i32 {
        patch.number(pixel).map_or(NONE, |part| self.of_parts[part])
    }

    /// The label of a pixel of a run.
    fn of_pixel(&self, pieces: &Pieces, run: usize, pixel: [usize; AXES]) -> i32 {
        match self.of_piece(pieces.runs.root(run)) {
            Label::One(label) => label,
            Label::OfParts(patch) => self.of_part(patch, pixel),
        }
    }

    /// The number of a piece that is cut, less 1.
    fn patch_of(&mut self, pieces: &Pieces, piece: usize) -> usize {
        if self.of_pieces[piece] == NONE {
            let mut patch = Patch::default();
            patch.enter(pieces, piece);
            self.patches.push(patch);
            self.of_pieces[piece] = !(self.patches.len() as i32);
        }
        !self.of_pieces[piece] as usize - 1
    }
}

/// Relabelling in progress.
struct Relabelling<'a> {
    pieces: &'a Pieces,
    sizes: Sizes,
    labels: Labels,
    /// The next free label.
    label: i32,
    /// Whether a piece that was too small has the next free label.
    is_borrowed: bool,
    /// Whether two pieces got the same label.
    is_shared: bool,
    room: Room,
    walk: Walk,
}

impl<'a> Relabelling<'a> {
    fn new(pieces: &'a Pieces, sizes: Sizes) -> Self {
        Self {
            pieces,
            sizes,
            labels: Labels::none(pieces),
            label: 0,
            is_borrowed: false,
            is_shared: false,
            room: Room::default(),
            walk: Walk::default(),
        }
    }

    fn n_labels(&self) -> usize {
        self.label as usize + usize::from(self.is_borrowed)
    }

    fn take(&mut self, turn: Turn) {
        match turn {
            Turn::Label(piece) => {
                self.labels.of_pieces[piece as usize] = self.label;
                self.take_label();
            }
            Turn::Join(piece, neighbour) => self.join(piece as usize, neighbour),
            Turn::Cut(run) => self.cut(run as usize),
        }
    }

    fn take_label(&mut self) {
        self.is_shared |= self.is_borrowed;
        self.is_borrowed = false;
        self.label += 1;
    }

    /// Gives a piece that has met no other label the next free one, for which it is too small.
    fn borrow_label(&mut self) {
        self.is_shared |= self.is_borrowed;
        self.is_borrowed = true;
    }

    /// Labels a piece that is too small.
    fn join(&mut self, piece: usize, neighbour: Option<u32>) {
        let Self { pieces, labels, label, .. } = self;
        let known = neighbour.map(|neighbour| labels.of_pieces[neighbour as usize]).filter(|other| other != label);
        let is_other = |other: &i32| *other != NONE && other != label;
        let adjacent = known.or_else(|| {
            self.room.search(pieces, piece, |run, pixel| Some(labels.of_pixel(pieces, run, pixel)).filter(is_other))
        });
        self.labels.of_pieces[piece] = adjacent.unwrap_or(self.label);
        if adjacent.is_none() {
            self.borrow_label();
        }
    }

    /// Labels the pixels of a run that have no label yet, and as many that are connected with each as one label may have.
    fn cut(&mut self, run: usize) {
        let patch = self.labels.patch_of(self.pieces, self.pieces.runs.root(run));
        let ([z, y], columns) = self.pieces.place(run);
        for pixel in columns.map(|x| [z, y, x]) {
            if self.labels.patches[patch].number(pixel).is_none() {
                self.cut_part(patch, pixel);
            }
        }
    }

    fn cut_part(&mut self, patch: usize, pixel: [usize; AXES]) {
        let Self { pieces, sizes, labels, label, .. } = self;
        let part = labels.of_parts.len();
        labels.of_parts.push(*label);
        if self.walk.visit(&mut labels.patches[patch], pixel, part, sizes.max) >= sizes.min {
            self.take_label();
            return;
        }
        let is_other = |other: &i32| *other != NONE && other != label;
        let look = |pixel| Some(labels.of_pixel(pieces, pieces.run_at(pixel), pixel)).filter(is_other);
        match self.walk.last_met(&labels.patches[patch], pieces, look) {
            Some(adjacent) => labels.of_parts[part] = adjacent,
            None => self.borrow_label(),
        }
    }
}

#[cfg(test)]
mod tests;
