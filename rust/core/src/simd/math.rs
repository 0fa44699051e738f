//! Exponential and logarithm of vectors, within 2 ulp of the true value at every level with fused multiply-add.

use fearless_simd::{Bytes, Select, Simd, SimdBase, SimdFloat, SimdFrom};

/// 1.5 * 2^52: a number below 2^51 that is added to it loses its fraction, and its integer shows in the lowest bits.
const INTEGER_IN_BITS: f64 = 6_755_399_441_055_744.0;

/// The high part of ln 2, whose last bits are zero: its product with an exponent is exact.
const LN_2_HIGH: f64 = 6.931_471_803_691_238e-1;
/// The rest of ln 2.
const LN_2_LOW: f64 = 1.908_214_929_270_587_7e-10;

/// Minimax polynomial of `(exp(r) - 1 - r) / r^2` on `|r| <= ln(2) / 2`: `exp` is off by 3.6e-18, relatively.
const EXP: [f64; 10] = [
    0.500_000_000_000_001_1,
    0.166_666_666_666_664_13,
    0.041_666_666_666_530_155,
    0.008_333_333_333_494_463,
    0.001_388_888_894_363_007,
    0.000_198_412_695_065_763_98,
    2.480_149_309_894_754_3e-5,
    2.755_758_637_599_077_3e-6,
    2.763_024_836_611_497e-7,
    2.500_006_091_337_583_8e-8,
];

/// The logarithm's polynomial in `((m - 1) / (m + 1))^2`, as in FreeBSD's `e_log.c`.
const LN: [f64; 7] = [
    6.666_666_666_666_735e-1,
    3.999_999_999_940_942e-1,
    2.857_142_874_366_239e-1,
    2.222_219_843_214_978_4e-1,
    1.818_357_216_161_805e-1,
    1.531_383_769_920_937_3e-1,
    1.479_819_860_511_659e-1,
];

/// Below this the exponential is less than half of the smallest number.
const EXP_ZERO: f64 = -745.2;
/// Above this it is more than the largest number.
const EXP_INFINITE: f64 = 709.782_712_893_384;
/// Below this its exponent leaves the range of full precision: it is computed 2^128 times as large.
const EXP_SMALL: f64 = -700.0;
const TWO_TO_128: f64 = 340_282_366_920_938_463_463_374_607_431_768_211_456.0;

/// Exponential of each lane.
///
/// Method: `exp(x) = 2^n exp(r)` with `|r| <= ln(2) / 2` (Cody and Waite, 1980).
#[inline(always)]
pub(crate) fn exp<S: Simd>(simd: S, x: S::f64s) -> S::f64s {
    let splat = |value: f64| S::f64s::simd_from(simd, value);
    let (zero, one) = (splat(0.0), splat(1.0));
    let is_small = x.simd_lt(splat(EXP_SMALL));
    let rounded = x.mul_add(splat(std::f64::consts::LOG2_E), splat(INTEGER_IN_BITS));
    let n = rounded - splat(INTEGER_IN_BITS);
    let r = n.mul_add(splat(-LN_2_LOW), n.mul_add(splat(-LN_2_HIGH), x));
    let mut tail = splat(EXP[9]);
    for i in (0..9).rev() {
        tail = tail.mul_add(r, splat(EXP[i]));
    }
    let y = (r * r).mul_add(tail, r) + one;
    // The lowest bits of `rounded` are n; the rest leaves on the left, and y's exponent grows by n.
    let lifted = rounded + is_small.select(splat(128.0), zero);
    let scaled: S::f64s = (y.bitcast::<S::u64s>() + (lifted.bitcast::<S::u64s>() << 52)).bitcast();
    let y = scaled * is_small.select(splat(1.0 / TWO_TO_128), one);
    let y = x.simd_lt(splat(EXP_ZERO)).select(zero, y);
    let y = x.simd_gt(splat(EXP_INFINITE)).select(splat(f64::INFINITY), y);
    x.simd_eq(x).select(y, x)
}

/// Natural logarithm of each lane.
///
/// Method: `ln(x) = e ln(2) + ln(m)` with `m` between `sqrt(1/2)` and `sqrt(2)` (as in FreeBSD's `e_log.c`).
#[inline(always)]
pub(crate) fn ln<S: Simd>(simd: S, x: S::f64s) -> S::f64s {
    let splat = |value: f64| S::f64s::simd_from(simd, value);
    let bits = |value: u64| S::u64s::simd_from(simd, value);
    let is_subnormal = x.simd_lt(splat(f64::MIN_POSITIVE));
    let normal = x * is_subnormal.select(splat(TWO_TO_128), splat(1.0));
    // Shifted so that mantissas from sqrt(1/2) on count as the next exponent.
    let shifted = normal.bitcast::<S::u64s>() + bits(1.0_f64.to_bits() - std::f64::consts::FRAC_1_SQRT_2.to_bits());
    let in_bits: S::f64s = ((shifted >> 52) + bits(INTEGER_IN_BITS.to_bits())).bitcast();
    let exponent = in_bits - splat(INTEGER_IN_BITS) - is_subnormal.select(splat(1023.0 + 128.0), splat(1023.0));
    let mantissa = shifted & bits((1 << 52) - 1);
    let m: S::f64s = (mantissa + bits(std::f64::consts::FRAC_1_SQRT_2.to_bits())).bitcast();

    let f = m - splat(1.0);
    let s = f / (f + splat(2.0));
    let z = s * s;
    let mut tail = splat(LN[6]);
    for i in (0..6).rev() {
        tail = tail.mul_add(z, splat(LN[i]));
    }
    let half_square = f * f * splat(0.5);
    let low = s.mul_add(z.mul_add(tail, half_square), exponent * splat(LN_2_LOW));
    let y = exponent.mul_add(splat(LN_2_HIGH), f - (half_square - low));

    let y = x.simd_eq(splat(f64::INFINITY)).select(x, y);
    let y = x.simd_eq(splat(0.0)).select(splat(f64::NEG_INFINITY), y);
    x.simd_ge(splat(0.0)).select(y, splat(f64::NAN))
}

#[cfg(test)]
mod tests {
    use fearless_simd::dispatch;
    use proptest::prelude::*;

    use super::*;
    use crate::simd::{Level, is_fused, levels};

    /// A kernel of one argument on a slice of any length.
    #[derive(Clone, Copy)]
    enum Function {
        Exp,
        Ln,
    }

    #[inline(always)]
    fn apply<S: Simd>(simd: S, function: Function, x: f64) -> f64 {
        let x = S::f64s::simd_from(simd, x);
        match function {
            Function::Exp => exp(simd, x),
            Function::Ln => ln(simd, x),
        }
        .as_slice()[0]
    }

    fn at(level: Level, function: Function, x: f64) -> f64 {
        dispatch!(level, simd => apply(simd, function, x))
    }

    /// Numbers of the type between two results.
    fn ulps(a: f64, b: f64) -> u64 {
        let ordered = |x: f64| if x.is_sign_negative() { -(x.abs().to_bits() as i64) } else { x.to_bits() as i64 };
        ordered(a).abs_diff(ordered(b))
    }

    fn check(function: Function, x: f64, expected: f64) {
        for level in levels() {
            let found = at(level, function, x);
            if expected.is_nan() {
                assert!(found.is_nan(), "{x}: {found}");
            } else {
                // libm itself is within 1 ulp.
                assert!(ulps(found, expected) <= 2, "{x}: {found:e} is not {expected:e}");
            }
            if is_fused(level) {
                let other = at(levels()[levels().len() - 1], function, x);
                assert!(found.to_bits() == other.to_bits() || found.is_nan(), "{x}");
            }
        }
    }

    #[test]
    fn special_values() {
        let edges = [0.0, -0.0, 1.0, -1.0, f64::MIN_POSITIVE, 5e-324, -5e-324, f64::MAX, f64::MIN, f64::NAN];
        let limits =
            [f64::INFINITY, f64::NEG_INFINITY, 709.782_712_893_384, 709.782_712_893_385, -708.4, -745.13, -745.14];
        for x in edges.into_iter().chain(limits) {
            check(Function::Exp, x, x.exp());
            check(Function::Ln, x, x.ln());
        }
        assert_eq!(at(levels()[0], Function::Exp, f64::NEG_INFINITY).to_bits(), 0);
        assert_eq!(at(levels()[0], Function::Exp, 0.0).to_bits(), 1.0_f64.to_bits());
        assert_eq!(at(levels()[0], Function::Ln, 1.0).to_bits(), 0.0_f64.to_bits());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]

        #[test]
        fn exp_is_that_of_libm(x in prop_oneof![-746.0..710.0, -1.0..1.0, -1e-12..1e-12, -745.2..-700.0]) {
            check(Function::Exp, x, x.exp());
        }

        #[test]
        fn ln_is_that_of_libm(x in prop_oneof![any::<f64>().prop_map(f64::abs), 0.5..2.0, 1.0..1.0 + 1e-9, 0.0..1e-307]) {
            check(Function::Ln, x, x.ln());
        }
    }
}
