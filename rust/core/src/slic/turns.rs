//! What becomes of each piece, as far as it can be told beforehand, by all threads.

use std::ops::Range;

use rayon::prelude::*;

use super::NONE;
use super::connectivity::Sizes;
use super::patch::{Patch, Walk};
use super::pieces::Pieces;
use crate::{Exec, Result};

/// Rows of a task.
const ROWS: usize = 64;

/// What is to be done with a run when its turn comes.
#[derive(Debug, Clone, Copy)]
pub(super) enum Turn {
    /// The piece that begins with it gets a label of its own.
    Label(u32),
    /// The piece that begins with it is too small and joins the second one, if that is known; otherwise labels that others
    /// have by then decide.
    Join(u32, Option<u32>),
    /// Its piece is too large and is cut.
    Cut(u32),
}

/// The turns of all runs for which there is something to do, in their order, some rows at a time.
pub(super) fn turns(exec: &Exec<'_>, pieces: &Pieces, sizes: Sizes) -> Result<Vec<Vec<Turn>>> {
    let n_rows = pieces.volume.n_rows();
    let tasks = (0..n_rows.div_ceil(ROWS)).into_par_iter();
    let turns = tasks.map_init(Room::default, |room, task| {
        exec.check()?;
        let mut turns = Vec::new();
        for row in task * ROWS..((task + 1) * ROWS).min(n_rows) {
            room.add_row(pieces, sizes, row, &mut turns);
        }
        Ok(turns)
    });
    turns.collect()
}

/// Room for searches.
#[derive(Debug, Default)]
pub(super) struct Room {
    patch: Patch,
    walk: Walk,
}

impl Room {
    fn add_row(&mut self, pieces: &Pieces, sizes: Sizes, row: usize, turns: &mut Vec<Turn>) {
        let mut beside = row_before(pieces, row).map_or(0..0, |row| pieces.runs.of_row(row));
        // In most images nothing is to be done with runs that begin no piece.
        let are_some_cut = pieces.runs.largest() >= sizes.max;
        for run in pieces.runs.of_row(row).filter(|run| pieces.runs.label(*run) != NONE) {
            let (piece, number) = (pieces.runs.root(run), run as u32);
            if are_some_cut && pieces.size(piece) >= sizes.max {
                turns.push(Turn::Cut(number));
            } else if piece == run {
                let is_small = pieces.size(piece) < sizes.min;
                turns.push(if is_small {
                    Turn::Join(number, self.neighbour(pieces, sizes, piece, &mut beside))
                } else {
                    Turn::Label(number)
                });
            }
        }
    }

    /// The piece that a search through one that is too small would meet last, of those that have a label by then: they begin
    /// before it. `beside` are the runs of the row before that may be beside it, or a later one of its row.
    fn neighbour(&mut self, pieces: &Pieces, sizes: Sizes, piece: usize, beside: &mut Range<usize>) -> Option<u32> {
        // A piece of several labels may not be cut yet where it is met.
        let found = |run: usize| {
            let other = pieces.runs.root(run);
            (pieces.size(other) < sizes.max).then_some(other as u32)
        };
        let has_label = |run: usize| pieces.runs.root(run) < piece && pieces.runs.label(run) != NONE;
        if pieces.is_run(piece) {
            // What comes last is the pixel above the last one, in a volume the one in the slice before.
            let last = pieces.runs.columns(piece).end - 1;
            beside.start += beside.clone().take_while(|run| pieces.runs.columns(*run).end <= last).count();
            if let Some(run) = beside.clone().next().filter(|run| has_label(*run)) {
                return found(run);
            }
        }
        self.search(pieces, piece, |run, _| has_label(run).then(|| found(run))).flatten()
    }

    /// What `look` says of the last run, and its pixel, that a search through a piece meets, of which it says anything.
    pub(super) fn search<T>(
        &mut self,
        pieces: &Pieces,
        piece: usize,
        look: impl Fn(usize, [usize; 3]) -> Option<T>,
    ) -> Option<T> {
        let Self { patch, walk } = self;
        patch.enter(pieces, piece);
        let ([z, y], columns) = pieces.place(piece);
        walk.visit(patch, [z, y, columns.start], 0, usize::MAX);
        let found = walk.last_met(patch, pieces, |pixel| look(pieces.run_at(pixel), pixel));
        walk.clear(patch);
        found
    }
}

/// The row of the neighbours that a search meets last: the one above, in a volume the one in the slice before.
fn row_before(pieces: &Pieces, row: usize) -> Option<usize> {
    let before = if pieces.volume.depth == 1 { 1 } else { pieces.volume.height };
    row.checked_sub(before)
}
