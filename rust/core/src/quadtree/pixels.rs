//! Rows of pixels of one channel, whatever the layout of the image, and the types pixels may have.

use super::summary::Criterion;
use crate::{Element, Error, Layout, Result, Samples};

/// A type of pixels.
pub trait Pixel: Element + PartialOrd {
    /// What holds the difference of two pixels.
    type Difference: Criterion;
    /// At most every pixel.
    const LOWEST: Self;
    /// At least every pixel.
    const HIGHEST: Self;
    /// Whether pixels are whole numbers.
    const IS_INTEGER: bool = Self::BITS > 0;

    /// `high - low`.
    fn difference(high: Self, low: Self) -> Self::Difference;
    /// `doubt` if the pixel is finite, else NaN: 0 is left as long as all pixels are finite.
    #[must_use]
    fn doubt(self, doubt: Self) -> Self;
    /// The pixel as a number that all types share, exact.
    fn number(self) -> f64;
    /// The pixel of this number.
    fn from_number(number: f64) -> Self;
}

macro_rules! integer_pixel {
    ($type:ty, $difference:ty) => {
        impl Pixel for $type {
            type Difference = $difference;
            const LOWEST: Self = <$type>::MIN;
            const HIGHEST: Self = <$type>::MAX;

            #[inline(always)]
            #[allow(clippy::cast_lossless, reason = "the same line serves all integers")]
            fn difference(high: Self, low: Self) -> $difference {
                high.wrapping_sub(low) as $difference
            }

            #[inline(always)]
            fn doubt(self, doubt: Self) -> Self {
                doubt
            }

            #[inline(always)]
            fn number(self) -> f64 {
                f64::from(self)
            }

            #[inline(always)]
            fn from_number(number: f64) -> Self {
                number as Self
            }
        }
    };
}

macro_rules! float_pixel {
    ($type:ty) => {
        impl Pixel for $type {
            type Difference = $type;
            const LOWEST: Self = <$type>::NEG_INFINITY;
            const HIGHEST: Self = <$type>::INFINITY;

            #[inline(always)]
            fn difference(high: Self, low: Self) -> $type {
                high - low
            }

            #[inline(always)]
            fn doubt(self, doubt: Self) -> Self {
                doubt + (self - self)
            }

            #[inline(always)]
            fn number(self) -> f64 {
                f64::from(self)
            }

            #[inline(always)]
            fn from_number(number: f64) -> Self {
                number as Self
            }
        }
    };
}

integer_pixel!(u8, u8);
integer_pixel!(i16, u16);
integer_pixel!(u16, u16);
float_pixel!(f32);
float_pixel!(f64);

/// Pixels that are looked at together, a few vectors of them.
const GROUP: usize = 32;

/// Whether no pixel is NaN or infinite.
#[inline(always)]
pub(super) fn are_finite<T: Pixel>(row: &[T]) -> bool {
    let mut doubts = [T::zeroed(); GROUP];
    let (groups, rest) = row.as_chunks::<GROUP>();
    for pixels in groups {
        for lane in 0..GROUP {
            doubts[lane] = pixels[lane].doubt(doubts[lane]);
        }
    }
    let rest = rest.iter().fold(T::zeroed(), |doubt, pixel| pixel.doubt(doubt));
    doubts == [T::zeroed(); GROUP] && rest == T::zeroed()
}

/// An image's pixels, and which of them count.
#[derive(Debug, Clone, Copy)]
pub struct Pixels<'a, T> {
    samples: Samples<'a, T>,
    inside: Option<&'a [bool]>,
}

impl<'a, T: Element> Pixels<'a, T> {
    /// Wraps pixels as samples, whose features are channels; all count, or those that are `inside`.
    ///
    /// # Errors
    /// [`Error::Mismatch`] if there is not one pixel and one answer for each place of the grid.
    pub fn new(samples: Samples<'a, T>, inside: Option<&'a [bool]>, n_pixels: usize) -> Result<Self> {
        let counts = [("X", samples.n_samples()), ("inside", inside.map_or(n_pixels, <[bool]>::len))];
        match counts.into_iter().find(|(_, count)| *count != n_pixels) {
            None => Ok(Self { samples, inside }),
            Some((argument, got)) => Err(Error::Mismatch { argument, dimension: "pixels", got, needed: n_pixels }),
        }
    }

    /// Number of channels.
    #[must_use]
    pub fn n_channels(&self) -> usize {
        self.samples.n_features()
    }

    /// Whether not all pixels count.
    pub(crate) fn is_masked(&self) -> bool {
        self.inside.is_some()
    }

    /// All pixels of a channel, if they lie side by side and all count.
    #[inline(always)]
    pub(crate) fn plane(&self, channel: usize) -> Option<&'a [T]> {
        let (values, n_pixels) = (self.samples.values(), self.samples.n_samples());
        let is_plane = self.n_channels() == 1 || self.samples.layout() == Layout::Planes;
        (is_plane && !self.is_masked()).then(|| &values[channel * n_pixels..][..n_pixels])
    }

    /// `len` pixels of a channel from `start` on; `copy` holds them where channels are interleaved.
    #[inline(always)]
    pub(crate) fn row<'b>(&self, channel: usize, start: usize, len: usize, copy: &'b mut Vec<T>) -> &'b [T]
    where
        'a: 'b,
    {
        let (values, n_channels) = (self.samples.values(), self.n_channels());
        if n_channels == 1 {
            return &values[start..start + len];
        }
        match self.samples.layout() {
            Layout::Planes => &values[channel * self.samples.n_samples() + start..][..len],
            Layout::RowMajor => {
                copy.clear();
                let pixels = values[start * n_channels..][..len * n_channels].chunks_exact(n_channels);
                copy.extend(pixels.map(|pixel| pixel[channel]));
                copy
            }
        }
    }

    /// Which of the same pixels count; None if all of the image do.
    #[inline(always)]
    pub(crate) fn inside(&self, start: usize, len: usize) -> Option<&'a [bool]> {
        self.inside.map(|inside| &inside[start..start + len])
    }
}
