//! Where the leaves of a tree lie.

use std::ops::Range;

use fearless_simd::dispatch;
use rayon::prelude::*;

use super::cut::Cut;
use super::leaves::slices_of;
use crate::{Error, Exec, Result};

/// Every second bit. The smallest leaves lie side by side, and are written two at a time.
const ALTERNATE: u64 = 0x5555_5555_5555_5555;

impl Cut {
    /// Writes the first pixel of every leaf, one index per axis of the image: the largest leaves first, those of a level in
    /// raster order.
    ///
    /// # Errors
    /// [`Error::Length`] if there is not room for every leaf, [`Error::Interrupted`].
    pub fn origins(&self, exec: &Exec<'_>, origins_out: &mut [i32]) -> Result<()> {
        let n_leaves = self.n_leaves().iter().sum();
        let ndim = self.grid.ndim();
        if origins_out.len() != n_leaves * ndim {
            let (got, columns) = (origins_out.len(), ndim);
            return Err(Error::Length { argument: "origins", got, rows: n_leaves, columns });
        }
        let parts = self.parts(exec)?;
        let slices = slices_of(origins_out, parts.iter().map(|part| part.n_leaves * ndim));
        parts.into_par_iter().zip(slices).try_for_each(|(part, origins)| {
            exec.check()?;
            if ndim == 2 {
                dispatch!(exec.level, _simd => self.write_origins::<2>(part, origins));
            } else {
                dispatch!(exec.level, _simd => self.write_origins::<3>(part, origins));
            }
            Ok(())
        })
    }

    /// In the order of leaves: levels above the bands, then every band of each level.
    fn parts(&self, exec: &Exec<'_>) -> Result<Vec<Part>> {
        let top = self.base + self.n_leaves().len() - 1;
        let bands = self.grid.bands(self.base, top);
        let whole = |level: usize| [0..self.grid.blocks(level)[0], 0..self.grid.blocks(level)[1]];
        let high = (bands.level + 1..=top).rev().map(|level| (level, whole(level)));
        let low = (self.base..=bands.level).rev();
        let low = low.flat_map(|level| (0..bands.count()).map(move |band| (level, bands.places(band, level))));
        let places: Vec<_> = high.chain(low).collect();
        let part = |(level, rows): (usize, [Range<usize>; 2])| {
            exec.check()?;
            let n_leaves = dispatch!(exec.level, _simd => self.n_leaves_in(level, rows.clone()));
            Ok(Part { level, rows, n_leaves })
        };
        places.into_par_iter().map(part).collect()
    }

    #[inline(always)]
    fn write_origins<const D: usize>(&self, part: Part, origins: &mut [i32]) {
        let Part { level, rows: [planes, lines], .. } = part;
        let mut left = origins.as_chunks_mut::<D>().0;
        for z in planes {
            for y in lines.clone() {
                for (word, mut bits) in self.leaves(level, [z, y]).enumerate() {
                    if bits == 0 {
                        continue;
                    }
                    let first = |bits: u64| 64 * word + bits.trailing_zeros() as usize;
                    let mut pairs = bits & ALTERNATE;
                    if pairs | pairs << 1 == bits {
                        while pairs != 0 {
                            let Some((two, others)) = std::mem::take(&mut left).split_first_chunk_mut() else { return };
                            *two = [origin(level, [z, y, first(pairs)]), origin(level, [z, y, first(pairs << 1)])];
                            left = others;
                            pairs &= pairs - 1;
                        }
                        continue;
                    }
                    while bits != 0 {
                        let Some((one, others)) = std::mem::take(&mut left).split_first_mut() else { return };
                        *one = origin(level, [z, y, first(bits)]);
                        left = others;
                        bits &= bits - 1;
                    }
                }
            }
        }
    }
}

/// Leaves of a level that one thread writes.
struct Part {
    level: usize,
    /// Planes and rows of blocks.
    rows: [Range<usize>; 2],
    n_leaves: usize,
}

/// The first pixel of a block, in the last `D` axes.
#[inline(always)]
fn origin<const D: usize>(level: usize, place: [usize; 3]) -> [i32; D] {
    let mut origin = [0; D];
    for axis in 0..D {
        origin[axis] = (place[3 - D + axis] << level) as i32;
    }
    origin
}
