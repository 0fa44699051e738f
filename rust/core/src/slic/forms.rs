//! Squared distances from clusters, as linear functions of the pixels of a tile.
//!
//! Say that a pixel is at f and a cluster at g, both seen from the middle of a tile, in space and in colour. The squared
//! distance is |f|^2 - 2 f g + |g|^2, of which the first part is the same for all clusters. To compare clusters is left
//! |g|^2 and one product for each axis and channel with -2 f, which is known before the iterations begin.

use fearless_simd::prelude::*;
use fearless_simd::{Select, Simd, f32x8, f32x16};

use super::boxes::{GROUP_COLUMNS, GROUP_ROWS, GROUP_TILES, Group, Lanes};
use super::nearby::Rival;
use super::planes::TILE_WIDTH;
use super::rough::Rough;
use super::tiles::MIDDLE;
use crate::Real;

/// Places of the numbers of a form: the squared distance from the middle, and the way from there along x, y and z.
pub(super) const SQUARE: usize = 0;
pub(super) const ACROSS: usize = 1;
pub(super) const DOWN: usize = 2;
pub(super) const DEPTH: usize = 3;
/// The first channel of the way from the middle colour, as it counts.
pub(super) const COLOUR: usize = 4;

/// First column of each tile of a group, seen from the group's.
const FIRSTS: Lanes = {
    let mut firsts = [0.0; GROUP_TILES];
    let mut lane = 0;
    while lane < GROUP_TILES {
        firsts[lane] = (lane % GROUP_COLUMNS * TILE_WIDTH) as f32;
        lane += 1;
    }
    firsts
};

/// The forms of some clusters in all tiles of a group.
#[derive(Debug, Default)]
pub(super) struct Forms {
    /// Shape (`n_clusters`, `len`), and room for more.
    numbers: Vec<Lanes>,
    /// Numbers of a form: square, way along x, y, z, and each channel, and what colour distances are multiplied by, if clusters
    /// differ in that.
    len: usize,
}

impl Forms {
    /// Turns to forms for some settings.
    #[inline(always)]
    pub(super) fn enter(&mut self, rough: &Rough) {
        self.len = COLOUR + rough.n_channels + usize::from(rough.is_adaptive);
    }

    /// Numbers of a form.
    #[inline(always)]
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// The form that was written to this place.
    #[inline(always)]
    pub(super) fn get(&self, place: usize) -> &[Lanes] {
        &self.numbers[place * self.len..][..self.len]
    }

    /// Writes the form of a rival, with an infinite square where it does not compete, and returns in which tiles it competes
    /// for every pixel.
    #[inline(always)]
    pub(super) fn write<S: Simd, R: Real>(
        &mut self,
        simd: S,
        rough: &Rough,
        place: usize,
        rival: &Rival<'_, R>,
        group: &Group<'_>,
    ) -> <f32x16<S> as SimdBase<S>>::Mask {
        let splat = |value: f32| f32x16::simd_from(simd, value);
        let len = self.len;
        if self.numbers.len() < (place + 1) * len {
            self.numbers.resize((place + 1) * len, [0.0; GROUP_TILES]);
        }
        let form = &mut self.numbers[place * len..][..len];
        let (firsts, origin) = (f32x16::from_slice(simd, &FIRSTS), R::from_f64(group.columns.start as f64));
        let across = rough.along(simd, 2, rival.column - origin, firsts + splat(MIDDLE));
        let mut square = across.mul_add(across, by_row(simd, rival.rough.squares));
        across.store_slice(&mut form[ACROSS]);
        by_row(simd, rival.rough.down).store_slice(&mut form[DOWN]);
        splat(rival.rough.depth).store_slice(&mut form[DEPTH]);
        let inverse = splat(rival.rough.inverse);
        for ((center, middle), out) in rival.rough.colour.iter().zip(group.middles()).zip(&mut form[COLOUR..]) {
            let way = splat(*center) - f32x16::from_slice(simd, middle);
            let counted = way * inverse;
            square = way.mul_add(counted, square);
            counted.store_slice(out);
        }
        if rough.is_adaptive {
            inverse.store_slice(&mut form[len - 1]);
        }
        let lasts = (firsts + splat((TILE_WIDTH - 1) as f32)).min(splat((group.columns.len() - 1) as f32));
        let ([start, end], rows) = (rival.window(simd, origin), by_row(simd, rival.rough.shares));
        let competes = start.simd_le(lasts) & firsts.simd_lt(end) & rows.simd_gt(splat(0.0));
        // A distance that is too large or not a number must not look like that of a cluster that does not compete.
        let largest = splat(f32::MAX);
        let square = square.simd_lt(largest).select(square, largest);
        let square = competes.select(square, splat(f32::INFINITY));
        square.store_slice(&mut form[SQUARE]);
        start.simd_le(firsts) & lasts.simd_lt(end) & rows.simd_ge(splat(1.0))
    }
}

/// The number of each tile's row.
#[inline(always)]
fn by_row<S: Simd>(simd: S, rows: [f32; GROUP_ROWS]) -> f32x16<S> {
    let [above, below] = rows;
    f32x8::simd_from(simd, above).combine(f32x8::simd_from(simd, below))
}
