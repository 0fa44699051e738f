//! One channel of an image, handed out in pieces that kernels read one after the other.

use std::ops::Range;

use super::Pixel;
use crate::simd::prefetch;
use crate::{Error, Result};

/// Most pixels of a piece: sums of its fourth powers fit 64 bits in halves, and it stays in the first-level cache.
pub(super) const PIECE: usize = 2048;

/// Bytes between what is read and what is asked for: memory answers in the time that so many take to be counted.
const AHEAD: usize = 2048;

/// One channel of an image, shape (`height`, `width`), and the pixels of it that count.
#[derive(Debug, Clone, Copy)]
pub struct Plane<'a, T> {
    values: &'a [T],
    height: usize,
    width: usize,
    step: usize,
    mask: Option<&'a [bool]>,
    omits_nan: bool,
}

impl<'a, T: Pixel> Plane<'a, T> {
    /// Wraps the values of an image from the first one of the channel on, `step` values from pixel to pixel.
    ///
    /// # Errors
    /// [`Error::Range`] if the image is empty, [`Error::Length`] if the values or the mask do not fit the shape.
    pub fn new(values: &'a [T], height: usize, width: usize, step: usize, mask: Option<&'a [bool]>) -> Result<Self> {
        if height == 0 || width == 0 || step == 0 {
            let (got, needed) = (format!("of shape {height} x {width}"), "an image with pixels".into());
            return Err(Error::Range { argument: "image", got, needed });
        }
        let n_pixels = height.checked_mul(width);
        let last = n_pixels.and_then(|n_pixels| (n_pixels - 1).checked_mul(step));
        if last.is_none_or(|last| last >= values.len()) {
            return Err(Error::Length { argument: "image", got: values.len(), rows: height, columns: width });
        }
        if let Some(mask) = mask.filter(|mask| Some(mask.len()) != n_pixels) {
            return Err(Error::Length { argument: "mask", got: mask.len(), rows: height, columns: width });
        }
        Ok(Self { values, height, width, step, mask, omits_nan: false })
    }

    /// The same without the pixels that are NaN.
    #[must_use]
    pub fn omitting_nan(self) -> Self {
        Self { omits_nan: T::BITS == 0, ..self }
    }

    pub(super) fn height(&self) -> usize {
        self.height
    }

    pub(super) fn width(&self) -> usize {
        self.width
    }

    #[inline(always)]
    fn is_plain(&self) -> bool {
        self.step == 1 && self.mask.is_none() && !self.omits_nan
    }

    /// The pixels of whole rows, if they lie side by side and all of them count.
    pub(super) fn rows(&self, rows: &Range<usize>) -> Option<&'a [T]> {
        self.is_plain().then(|| &self.values[rows.start * self.width..rows.end * self.width])
    }

    /// The pixels of a part of a row, if they lie side by side and all of them count.
    #[inline(always)]
    fn run(&self, row: usize, columns: &Range<usize>) -> Option<&'a [T]> {
        self.is_plain().then(|| &self.values[row * self.width + columns.start..][..columns.len()])
    }

    /// Appends the pixels of a part of a row that count.
    #[inline(always)]
    fn append(&self, row: usize, columns: &Range<usize>, pixels_out: &mut Vec<T>) {
        if let Some(run) = self.run(row, columns) {
            pixels_out.extend_from_slice(run);
            return;
        }
        for column in columns.clone() {
            pixels_out.extend(self.pixel(row, column));
        }
    }

    /// A pixel, if it counts.
    #[inline(always)]
    pub(super) fn pixel(&self, row: usize, column: usize) -> Option<T> {
        let at = row * self.width + column;
        let value = self.values[at * self.step];
        let is_hidden = self.mask.is_some_and(|mask| !mask[at]) || (self.omits_nan && value.is_nan());
        (!is_hidden).then_some(value)
    }

    /// Replaces `pixels_out` by the pixels of a part of the image.
    pub(super) fn gather(&self, rows: &Range<usize>, columns: &Range<usize>, pixels_out: &mut Vec<T>) {
        pixels_out.clear();
        for row in rows.clone() {
            self.append(row, columns, pixels_out);
        }
    }

    /// Calls `use_piece` with the pixels of a part of the image, at most [`PIECE`] at a time. Rows shorter than
    /// `min_run` are put together first.
    #[inline(always)]
    pub(super) fn for_each_piece(
        &self,
        rows: &Range<usize>,
        columns: &Range<usize>,
        min_run: usize,
        buffer: &mut Vec<T>,
        mut use_piece: impl FnMut(&[T]),
    ) {
        buffer.clear();
        let ahead = Ahead::new::<T>(rows.len(), columns.len());
        for row in rows.clone() {
            if let Some(run) = self.run(row, columns) {
                let part = &self.values[rows.start * self.width + columns.start..];
                ahead.prefetch(part, self.width, row - rows.start);
                if columns.len() >= min_run {
                    run.chunks(PIECE).for_each(&mut use_piece);
                    continue;
                }
            }
            for start in columns.clone().step_by(PIECE) {
                let part = start..(start + PIECE).min(columns.end);
                if buffer.len() + part.len() > PIECE {
                    use_piece(buffer);
                    buffer.clear();
                }
                self.append(row, &part, buffer);
            }
        }
        if !buffer.is_empty() {
            use_piece(buffer);
        }
    }
}

/// What to ask for while a part of some rows is read: processors lose track of short parts of rows that lie a page apart.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ahead {
    n_rows: usize,
    n_columns: usize,
    /// Rows between what is read and what is asked for, not further than into the part beside.
    distance: usize,
}

impl Ahead {
    #[inline(always)]
    pub(super) fn new<T>(n_rows: usize, n_columns: usize) -> Self {
        let distance = (AHEAD / size_of::<T>()).div_ceil(n_columns.max(1)).min(n_rows);
        Self { n_rows, n_columns, distance }
    }

    /// Asks for what is read after a row of a part, whose rows begin `stride` values apart: a row below, and after the last
    /// one a row of the part beside.
    #[inline(always)]
    pub(super) fn prefetch<T>(&self, part: &[T], stride: usize, row: usize) {
        let later = row + self.distance;
        let at = if later < self.n_rows { later * stride } else { (later - self.n_rows) * stride + self.n_columns };
        if self.n_columns <= PIECE
            && let Some(later) = part.get(at..at + self.n_columns)
        {
            prefetch(later);
        }
    }
}
