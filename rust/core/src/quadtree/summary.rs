//! What is known of blocks while a pyramid is built, row by row.

use bytemuck::Pod;
use fearless_simd::prelude::*;
use fearless_simd::{Simd, SimdBase, SimdFrom};

use super::pixels::Pixel;
use crate::simd::Level;

/// Numbers that are compared with a threshold.
pub trait Criterion: Pod + PartialOrd + Send + Sync {
    /// The number that those above the threshold are above, too.
    fn limit(threshold: f64) -> Self;
    /// Bit `i` says whether value `i` is above the limit, for up to 64 values.
    fn above<S: Simd>(simd: S, values: &[Self], limit: Self) -> u64;
}

macro_rules! criterion {
    ($type:ty, $vector:ident, $limit:expr) => {
        impl Criterion for $type {
            #[inline(always)]
            fn limit(threshold: f64) -> Self {
                $limit(threshold)
            }

            #[inline(always)]
            fn above<S: Simd>(simd: S, values: &[Self], limit: Self) -> u64 {
                let limits = S::$vector::simd_from(simd, limit);
                let mut bits = 0;
                let mut at = 0;
                for part in values.chunks_exact(S::$vector::LEN) {
                    bits |= S::$vector::from_slice(simd, part).simd_gt(limits).to_bitmask() << at;
                    at += S::$vector::LEN;
                }
                for value in &values[at..] {
                    bits |= u64::from(*value > limit) << at;
                    at += 1;
                }
                bits
            }
        }
    };
}

// Casts to integers saturate and cut the fraction off.
criterion!(u8, u8s, |threshold: f64| threshold as u8);
criterion!(u16, u16s, |threshold: f64| threshold as u16);
criterion!(f32, f32s, |threshold: f64| {
    let nearest = threshold as f32;
    if f64::from(nearest) > threshold { nearest.next_down() } else { nearest }
});
criterion!(f64, f64s, |threshold: f64| threshold);

/// A row of blocks: what is known of each, one plane of numbers after the other.
#[derive(Debug, Clone)]
pub(crate) struct Row<C> {
    numbers: Vec<C>,
    /// From one plane to the next.
    stride: usize,
    width: usize,
}

impl<C: Pod> Row<C> {
    pub(crate) fn new(n_planes: usize, width: usize) -> Self {
        Self { numbers: vec![C::zeroed(); n_planes * width], stride: width, width }
    }

    pub(super) fn width(&self) -> usize {
        self.width
    }

    /// Leaves only the first blocks, or all again.
    pub(crate) fn set_width(&mut self, width: usize) {
        self.width = width.min(self.stride);
    }

    /// One number of each block.
    #[inline(always)]
    pub(super) fn plane(&self, plane: usize) -> &[C] {
        &self.numbers[plane * self.stride..][..self.width]
    }

    #[inline(always)]
    pub(super) fn planes_mut<const P: usize>(&mut self) -> [&mut [C]; P] {
        self.part_mut(0, self.width)
    }

    /// All planes.
    #[inline(always)]
    pub(super) fn all_mut(&mut self) -> impl Iterator<Item = &mut [C]> {
        let width = self.width;
        self.numbers.chunks_exact_mut(self.stride).map(move |plane| &mut plane[..width])
    }

    /// `len` blocks from `start` on.
    #[inline(always)]
    pub(super) fn part_mut<const P: usize>(&mut self, start: usize, len: usize) -> [&mut [C]; P] {
        let mut planes = self.numbers.chunks_exact_mut(self.stride);
        std::array::from_fn(|_| &mut planes.next().unwrap_or_default()[start..start + len])
    }
}

/// How many pixels the blocks of a row have that the border of the image does not hide.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Counts {
    /// Of every block but the last.
    pub(crate) full: usize,
    pub(crate) last: usize,
}

/// What is known of blocks, and how it is put together.
pub(crate) trait Summary<T: Pixel>: Copy + Send + Sync {
    /// The numbers it consists of.
    type Number: Pod + Send + Sync;
    /// What it comes down to.
    type Criterion: Criterion;
    /// Numbers per block.
    fn n_planes(self) -> usize;
    /// Makes blocks of one pixel's width of no pixels.
    fn clear(self, columns: &mut Row<Self::Number>);
    /// Adds rows of pixels to them, or makes them of these rows if they are the first. False if a pixel is not finite: then
    /// the numbers say nothing.
    fn add<const R: usize>(
        self,
        level: Level,
        rows: [&[T]; R],
        is_first: bool,
        columns: &mut Row<Self::Number>,
    ) -> bool;
    /// Adds those pixels of a row that are inside.
    fn add_inside(self, level: Level, pixels: &[T], inside: &[bool], columns: &mut Row<Self::Number>);
    /// Adds a row of blocks to another.
    fn merge(self, level: Level, other: &Row<Self::Number>, row: &mut Row<Self::Number>);
    /// Joins neighbours in a row; the first two become block `at` of `half`.
    fn halve(self, level: Level, row: &Row<Self::Number>, half: &mut Row<Self::Number>, at: usize);
    /// Writes the criterion of each block; that of a block without pixels is 0.
    fn criterion(self, level: Level, row: &Row<Self::Number>, counts: Counts, out: &mut [Self::Criterion]);
}

/// Groups of `N` columns of some rows of pixels, and the two numbers of each of these columns.
pub(super) type Groups<'a, T, C, const R: usize, const N: usize> = ([&'a [[T; N]]; R], [&'a mut [[C; N]]; 2]);

/// Cuts columns into groups of `N`, and the last ones into groups of 1.
#[inline(always)]
pub(super) fn groups<'a, T, C: Pod, const R: usize, const N: usize>(
    rows: [&'a [T]; R],
    columns: &'a mut Row<C>,
) -> (Groups<'a, T, C, R, N>, Groups<'a, T, C, R, 1>) {
    let [first, second] = columns.planes_mut();
    let ((first, first_rest), (second, second_rest)) = (first.as_chunks_mut(), second.as_chunks_mut());
    let rest = rows.map(|row| row.as_chunks::<N>().1.as_chunks().0);
    let groups = (rows.map(|row| row.as_chunks().0), [first, second]);
    (groups, (rest, [first_rest.as_chunks_mut().0, second_rest.as_chunks_mut().0]))
}

/// Joins neighbours of one plane; a last one without neighbour stays.
#[inline(always)]
pub(super) fn join<C: Copy>(plane: &[C], half: &mut [C], join: impl Fn(C, C) -> C) {
    let (pairs, rest) = plane.as_chunks::<2>();
    for (out, pair) in half.iter_mut().zip(pairs) {
        *out = join(pair[0], pair[1]);
    }
    if let ([last], Some(out)) = (rest, half.last_mut()) {
        *out = *last;
    }
}

#[inline(always)]
pub(crate) fn least<C: PartialOrd>(a: C, b: C) -> C {
    if a < b { a } else { b }
}

#[inline(always)]
pub(crate) fn most<C: PartialOrd>(a: C, b: C) -> C {
    if a > b { a } else { b }
}
