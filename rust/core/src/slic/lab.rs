//! From linear RGB to CIE Lab.
//!
//! numpy's last bit depends on the machine. The operations here are those of its fast ways: sums of products are fused as in
//! a matrix product, and cube roots are rounded correctly but for a few in a thousand. Measured with AVX-512, fewer than 1 %
//! of all values differ; without either it is half of them.

use std::ops::Range;

use fearless_simd::prelude::*;
use fearless_simd::{Level, Select, Simd, dispatch};

use super::planes::PADDING;
use crate::Real;

/// Rows of the matrix from linear sRGB to XYZ, as scikit-image rounds them.
const XYZ: [[f64; 3]; 3] =
    [[0.412_453, 0.357_58, 0.180_423], [0.212_671, 0.715_16, 0.072_169], [0.019_334, 0.119_193, 0.950_227]];

/// White of the illuminant D65 for an observer of 2 degrees.
const WHITE: [f64; 3] = [0.95047, 1.0, 1.08883];

/// Below this the cube root gives way to a line.
const LINEAR_BELOW: f64 = 0.008_856;

/// Replaces the three channels of some columns of a row, each channel `stride` after the one before; those beside them
/// may change, too.
pub(super) fn from_linear<R: Real>(level: Level, row: &mut [R], stride: usize, columns: Range<usize>) {
    let blocks = columns.start / PADDING..columns.end.div_ceil(PADDING);
    let (x, rest) = row.split_at_mut(stride);
    let (y, z) = rest.split_at_mut(stride);
    dispatch!(level, simd => {
        let [x, y, z] = [x, y, z].map(|channel| &mut channel.as_chunks_mut().0[blocks.clone()]);
        for ((x, y), z) in x.iter_mut().zip(y).zip(z) {
            convert(simd, [x, y, z]);
        }
    });
}

#[inline(always)]
fn convert<S: Simd, R: Real>(simd: S, block: [&mut [R; PADDING]; 3]) {
    let real = R::from_f64;
    let mut scaled = [[0.0; PADDING]; 3];
    for ((row, white), scaled) in XYZ.iter().zip(WHITE).zip(&mut scaled) {
        let mut tristimulus = [R::ZERO; PADDING];
        multiply(simd, row.map(real), block.each_ref().map(|channel| &channel[..]), &mut tristimulus);
        for (scaled, tristimulus) in scaled.iter_mut().zip(tristimulus) {
            *scaled = (tristimulus / real(white)).to_f64();
        }
    }
    let mut curved = scaled;
    for values in &mut curved {
        cube_roots(simd, values);
    }
    let [l, a, b] = block;
    for i in 0..PADDING {
        let f = |axis: usize| {
            if scaled[axis][i] > real(LINEAR_BELOW).to_f64() {
                real(curved[axis][i])
            } else {
                real(7.787) * real(scaled[axis][i]) + real(16.0 / 116.0)
            }
        };
        let [x, y, z] = [f(0), f(1), f(2)];
        l[i] = real(116.0) * y - real(16.0);
        a[i] = real(500.0) * (x - y);
        b[i] = real(200.0) * (y - z);
    }
}

/// A row of a matrix times pixels, in numpy's order.
#[inline(always)]
fn multiply<S: Simd, R: Real>(simd: S, row: [R; 3], channels: [&[R]; 3], out: &mut [R; PADDING]) {
    let splat = |value: R| R::Vector::<S>::simd_from(simd, value);
    let factors = [splat(row[0]), splat(row[1]), splat(row[2])];
    let len = R::Vector::<S>::LEN;
    for (place, out) in (0..).step_by(len).zip(out.chunks_exact_mut(len)) {
        let values = |channel: usize| R::Vector::<S>::from_slice(simd, &channels[channel][place..][..len]);
        let sum = values(1).mul_add(factors[1], values(0) * factors[0]);
        values(2).mul_add(factors[2], sum).store_slice(out);
    }
}

/// Upper half of the bits of a float within 4 % of `x^(-1/3)`, to which a third of the upper half of those of `x` is
/// to be taken from it.
const INVERSE_CUBE_ROOT_BITS: u32 = 0x553e_f0ff;

/// Added to an integer of up to 51 bits, it shows the integer in the lowest bits of the sum.
const INTEGER_IN_BITS: f64 = 4_503_599_627_370_496.0;

/// Cube root of positive numbers of full precision, 0 for others. Where operations are fused, nearly all are rounded
/// correctly, elsewhere they are right to the last place but one.
///
/// Method: a third of the exponent, then two steps of fourth order towards the inverse cube root, which need no
/// division, and a step of Newton's for the root itself, with its square in two parts.
#[inline(always)]
fn cube_roots<S: Simd>(simd: S, values: &mut [f64; PADDING]) {
    let splat = |value: f64| S::f64s::simd_from(simd, value);
    for values in values.chunks_exact_mut(S::f64s::LEN) {
        let t = S::f64s::from_slice(simd, values);
        let upper = (t.bitcast::<S::u64s>() >> 32) + S::u64s::simd_from(simd, INTEGER_IN_BITS.to_bits());
        let upper = upper.bitcast::<S::f64s>() - splat(INTEGER_IN_BITS);
        let guess = upper.mul_add(splat(-1.0 / 3.0), splat(INTEGER_IN_BITS + f64::from(INVERSE_CUBE_ROOT_BITS)));
        let mut r: S::f64s = (guess.bitcast::<S::u64s>() << 32).bitcast();
        for _ in 0..2 {
            let e = (-(t * r * r)).mul_add(r, splat(1.0));
            let series = e.mul_add(splat(14.0 / 81.0), splat(2.0 / 9.0)).mul_add(e, splat(1.0 / 3.0));
            r = (r * e).mul_add(series, r);
        }
        let root = t * r * r;
        let square = root * root;
        let rest = root.mul_add(root, -square);
        let residue = (-rest).mul_add(root, (-square).mul_add(root, t));
        let root = residue.mul_add(r * r * splat(1.0 / 3.0), root);
        t.simd_gt(splat(0.0)).select(root, splat(0.0)).store_slice(values);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::simd::levels;

    proptest! {
        #[test]
        fn cube_roots_are_those_of_libm(values in prop::array::uniform32(0.008_f64..1.2)) {
            for level in levels() {
                let mut roots = values;
                dispatch!(level, simd => cube_roots(simd, &mut roots));
                for (root, value) in roots.iter().zip(values) {
                    let ulps = root.to_bits().abs_diff(value.cbrt().to_bits());
                    prop_assert!(ulps <= 2, "{value}: {root}, {ulps} ulps off at {level:?}");
                }
            }
        }
    }
}
