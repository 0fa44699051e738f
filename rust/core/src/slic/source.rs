//! Where pixels come from: converted while they are read, so that no converted copy of the image exists before.

use rayon::prelude::*;

use crate::{Element, Error, Exec, Real, Result};

/// Pixels with channels last, converted to what the kernels compute with.
pub trait Pixels<R>: Sync {
    /// Number of values.
    fn len(&self) -> usize;

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Writes `len` values from `start` on to planes, each `stride` after the one before.
    fn read(&self, start: usize, len: usize, n_channels: usize, planes_out: &mut [R], stride: usize);
}

/// Integers of up to 16 bits, whose conversion is a table.
#[derive(Debug, Clone, Copy)]
pub struct Coded<'a, T> {
    /// The image.
    pub codes: &'a [T],
    /// What each integer stands for.
    pub table: &'a [f64],
}

/// Pixels that one thread looks at before it looks at the flag that stops.
const CHUNK: usize = 1 << 16;

/// Which integers occur among the `n_channels` values of the pixels inside a mask, of all that the type has.
///
/// # Errors
/// [`Error::Length`] if there are not `n_channels` values for each pixel of the mask, [`Error::Interrupted`].
pub fn occurring<T: Element>(exec: &Exec<'_>, codes: &[T], n_channels: usize, mask: &[bool]) -> Result<Vec<bool>> {
    if codes.len() != mask.len() * n_channels {
        return Err(Error::Length { argument: "image", got: codes.len(), rows: mask.len(), columns: n_channels });
    }
    let none = || vec![false; 1 << T::BITS];
    let chunks = codes.par_chunks(CHUNK * n_channels.max(1)).zip(mask.par_chunks(CHUNK));
    let found = chunks.try_fold(none, |mut found, (codes, mask)| {
        exec.check()?;
        let mut start = 0;
        for run in mask.chunk_by(|is_inside, next| is_inside == next) {
            let end = start + run.len() * n_channels;
            if run[0] {
                for code in &codes[start..end] {
                    found[code.key() as usize] = true;
                }
            }
            start = end;
        }
        Ok(found)
    });
    found.try_reduce(none, |mut found, other| {
        found.iter_mut().zip(other).for_each(|(found, other)| *found |= other);
        Ok(found)
    })
}

impl<T: Element> Pixels<f64> for Coded<'_, T> {
    fn len(&self) -> usize {
        self.codes.len()
    }

    fn read(&self, start: usize, len: usize, n_channels: usize, planes_out: &mut [f64], stride: usize) {
        let last = self.table.len() - 1;
        let value = |code: T| self.table[(code.key() as usize).min(last)];
        deinterleave(&self.codes[start..][..len], n_channels, planes_out, stride, value);
    }
}

/// Floats, of which `low` is subtracted and which are then divided by `span`.
#[derive(Debug, Clone, Copy)]
pub struct Scaled<'a, R> {
    /// The image.
    pub values: &'a [R],
    /// The lowest value.
    pub low: R,
    /// The highest value less the lowest, 1 if they are equal.
    pub span: R,
    /// Whether the values are RGB on the curve of the sRGB standard, to be made linear.
    pub is_srgb: bool,
}

impl<R: Real> Pixels<R> for Scaled<'_, R> {
    fn len(&self) -> usize {
        self.values.len()
    }

    fn read(&self, start: usize, len: usize, n_channels: usize, planes_out: &mut [R], stride: usize) {
        let values = &self.values[start..][..len];
        let rescaled = |value: R| (value - self.low) / self.span;
        if self.is_srgb {
            deinterleave(values, n_channels, planes_out, stride, |value| linear(rescaled(value)));
        } else {
            deinterleave(values, n_channels, planes_out, stride, rescaled);
        }
    }
}

fn deinterleave<T: Copy, R>(
    values: &[T],
    n_channels: usize,
    planes_out: &mut [R],
    stride: usize,
    convert: impl Fn(T) -> R,
) {
    if n_channels == 3 {
        let (red, rest) = planes_out.split_at_mut(stride);
        let (green, blue) = rest.split_at_mut(stride);
        let channels = red.iter_mut().zip(green).zip(blue);
        for (((red, green), blue), pixel) in channels.zip(values.as_chunks::<3>().0) {
            (*red, *green, *blue) = (convert(pixel[0]), convert(pixel[1]), convert(pixel[2]));
        }
        return;
    }
    // The last plane may end early.
    for (channel, plane) in planes_out.chunks_mut(stride).enumerate().take(n_channels) {
        for (out, value) in plane.iter_mut().zip(values.iter().skip(channel).step_by(n_channels)) {
            *out = convert(*value);
        }
    }
}

/// Undoes the curve of the sRGB standard.
fn linear<R: Real>(value: R) -> R {
    let real = R::from_f64;
    if value > real(0.04045) {
        real(((value + real(0.055)) / real(1.055)).to_f64().powf(real(2.4).to_f64()))
    } else {
        value / real(12.92)
    }
}
