//! The number types that samples may have, and the types they are computed in.

use fearless_simd::prelude::*;
use fearless_simd::{Simd, SimdFloat, SimdFloatElement, f32x16, f64x8};

mod sealed {
    pub trait Sealed {}
    impl Sealed for u8 {}
    impl Sealed for i16 {}
    impl Sealed for u16 {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
}

/// A type that samples are stored in. Integers are converted inside a tile, never as a whole.
pub trait Element: sealed::Sealed + bytemuck::Pod + Default + Send + Sync {
    /// The type distances are computed in: `f32` for `f32`, `f64` for everything else.
    type Real: Real;

    /// Bits of an integer type, 0 for floats.
    const BITS: u32;

    /// The value as a float of the type `R`.
    fn to_real<R: Real>(self) -> R;
    /// The bits of an integer, 0 for floats.
    fn key(self) -> u32;
    /// The integer with the lowest bits of `key`, 0 for floats.
    fn from_key(key: u32) -> Self;
}

/// A float type that kernels compute in.
pub trait Real: Element<Real = Self> + SimdFloatElement {
    /// The native vector of a SIMD level.
    type Vector<S: Simd>: SimdFloat<S, Element = Self>;
    /// A vector of 512 bits at every level, for sums whose order must not depend on the level.
    type Wide<S: Simd>: SimdFloat<S, Element = Self>;
    /// Lanes of [`Real::Wide`].
    const WIDE_LANES: usize;
    /// Positive infinity.
    const INFINITY: Self;
    /// Relative rounding: the distance from 1 to the next number.
    const EPSILON: f64;
    /// Smallest number of full precision.
    const MIN_POSITIVE: f64;
    /// Largest finite number.
    const MAX: f64;
    /// Zero.
    const ZERO: Self;
    /// One.
    const ONE: Self;

    /// Sum over the lanes, halves first: lane `i` and lane `i + n / 2`, until one is left.
    fn sum_lanes<S: Simd>(wide: Self::Wide<S>) -> Self;
    /// The same in float64.
    fn widened_sum<S: Simd>(wide: Self::Wide<S>) -> f64;
    /// Rounds to this type.
    fn from_f64(value: f64) -> Self;
    /// Rounds to this type.
    fn from_f32(value: f32) -> Self;
    /// Exact for both types.
    fn to_f64(self) -> f64;
    /// The label that a lane carries as a float, exact from 0 to 2^23 - 1: a float that is shifted until its last
    /// bit counts units shows the label in its bits, an addition where a checked conversion is a dozen instructions.
    fn to_label(self) -> i32;
    /// `self * factor + addend`, rounded once.
    #[must_use]
    fn fused_mul_add(self, factor: Self, addend: Self) -> Self;
    /// Square root.
    #[must_use]
    fn square_root(self) -> Self;
}

macro_rules! element {
    ($type:ty, $real:ty, $from:ident, $via:ty, $bits:expr, $key:expr, $from_key:expr) => {
        impl Element for $type {
            type Real = $real;
            const BITS: u32 = $bits;

            #[inline(always)]
            fn to_real<R: Real>(self) -> R {
                R::$from(<$via>::from(self))
            }

            #[inline(always)]
            fn key(self) -> u32 {
                $key(self)
            }

            #[inline(always)]
            fn from_key(key: u32) -> Self {
                $from_key(key)
            }
        }
    };
}

// 16-bit integers are exact in f32, the narrower detour.
element!(u8, f64, from_f32, f32, 8, u32::from, |key| key as u8);
element!(i16, f64, from_f32, f32, 16, |value: i16| u32::from(value.cast_unsigned()), |key| key as i16);
element!(u16, f64, from_f32, f32, 16, u32::from, |key| key as u16);
element!(f32, f32, from_f32, f32, 0, |_| 0, |_| 0.0);
element!(f64, f64, from_f64, f64, 0, |_| 0, |_| 0.0);

macro_rules! real {
    ($type:ty, $vector:ident, $wide:ident, $lanes:expr, $sum_lanes:ident, $widened_sum:ident, $unit_bit:expr) => {
        impl Real for $type {
            type Vector<S: Simd> = S::$vector;
            type Wide<S: Simd> = $wide<S>;
            const WIDE_LANES: usize = $lanes;
            const INFINITY: Self = <$type>::INFINITY;
            #[allow(clippy::cast_lossless, reason = "the same line serves f32 and f64")]
            const EPSILON: f64 = <$type>::EPSILON as f64;
            #[allow(clippy::cast_lossless, reason = "the same line serves f32 and f64")]
            const MIN_POSITIVE: f64 = <$type>::MIN_POSITIVE as f64;
            #[allow(clippy::cast_lossless, reason = "the same line serves f32 and f64")]
            const MAX: f64 = <$type>::MAX as f64;
            const ZERO: Self = 0.0;
            const ONE: Self = 1.0;

            #[inline(always)]
            fn sum_lanes<S: Simd>(wide: Self::Wide<S>) -> Self {
                $sum_lanes(wide)
            }

            #[inline(always)]
            fn widened_sum<S: Simd>(wide: Self::Wide<S>) -> f64 {
                $widened_sum(wide)
            }

            #[inline(always)]
            #[allow(clippy::cast_lossless, reason = "the same line serves f32 and f64")]
            fn from_f64(value: f64) -> Self {
                value as Self
            }

            #[inline(always)]
            #[allow(clippy::cast_lossless, reason = "the same line serves f32 and f64")]
            fn from_f32(value: f32) -> Self {
                value as Self
            }

            #[inline(always)]
            #[allow(clippy::cast_lossless, reason = "the same line serves f32 and f64")]
            fn to_f64(self) -> f64 {
                self as f64
            }

            #[inline(always)]
            fn to_label(self) -> i32 {
                ((self + $unit_bit).to_bits() & 0x7f_ffff) as i32
            }

            #[inline(always)]
            fn fused_mul_add(self, factor: Self, addend: Self) -> Self {
                self.mul_add(factor, addend)
            }

            #[inline(always)]
            fn square_root(self) -> Self {
                self.sqrt()
            }
        }
    };
}

#[inline(always)]
fn sum_lanes_f32<S: Simd>(wide: f32x16<S>) -> f32 {
    let (low, high) = wide.split();
    let (low, high) = (low + high).split();
    let quarter = low + high;
    (quarter[0] + quarter[2]) + (quarter[1] + quarter[3])
}

#[inline(always)]
fn widened_sum_f32<S: Simd>(wide: f32x16<S>) -> f64 {
    let (low, high) = wide.widen();
    sum_lanes_f64(low + high)
}

#[inline(always)]
fn sum_lanes_f64<S: Simd>(wide: f64x8<S>) -> f64 {
    let (low, high) = wide.split();
    let (low, high) = (low + high).split();
    let quarter = low + high;
    quarter[0] + quarter[1]
}

real!(f32, f32s, f32x16, 16, sum_lanes_f32, widened_sum_f32, 8_388_608.0);
real!(f64, f64s, f64x8, 8, sum_lanes_f64, sum_lanes_f64, 4_503_599_627_370_496.0);
