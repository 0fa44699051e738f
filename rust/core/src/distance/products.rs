//! Half squared distances without the samples' part, from products: `|c|^2 / 2 - x c`.

use fearless_simd::{Simd, SimdBase, SimdFloat, SimdFrom};

use super::groups::Groups;
use crate::Real;

/// Samples that are looked at together: with two groups of centers their sums take half of AVX-512's registers, and each
/// center that is read serves eight times.
pub(super) const BATCH: usize = 8;

/// The same where a group of centers takes several registers, of which there are fewer.
const FEW: usize = BATCH / 2;

/// Writes them for rows of samples and the centers of `chosen` groups, shape (chosen, [`BATCH`], lanes).
#[inline(always)]
pub(super) fn products<S: Simd, R: Real>(
    simd: S,
    rows: &[&[R]; BATCH],
    groups: &Groups<R>,
    chosen: &[u32],
    products_out: &mut [R],
) {
    let size = BATCH * R::WIDE_LANES;
    if R::Vector::<S>::LEN == R::WIDE_LANES {
        let (pairs, rest) = chosen.as_chunks::<2>();
        let (of_pairs, of_rest) = products_out.split_at_mut(2 * size * pairs.len());
        for (pair, out) in pairs.iter().zip(of_pairs.chunks_exact_mut(2 * size)) {
            multiply::<S, R, BATCH, 2>(simd, rows, groups, *pair, out);
        }
        if let [group] = rest {
            multiply::<S, R, BATCH, 1>(simd, rows, groups, [*group], of_rest);
        }
    } else {
        let (rows, _) = rows.as_chunks::<FEW>();
        for (group, out) in chosen.iter().zip(products_out.chunks_exact_mut(size)) {
            for (rows, out) in rows.iter().zip(out.chunks_exact_mut(FEW * R::WIDE_LANES)) {
                multiply::<S, R, FEW, 1>(simd, rows, groups, [*group], out);
            }
        }
    }
}

/// A lane holds one center of each group.
#[inline(always)]
fn multiply<S: Simd, R: Real, const N: usize, const G: usize>(
    simd: S,
    rows: &[&[R]; N],
    groups: &Groups<R>,
    chosen: [u32; G],
    products_out: &mut [R],
) {
    let n_features = groups.n_features();
    let rows = rows.map(|row| &row[..n_features]);
    let values = chosen.map(|group| groups.values(group as usize));
    let mut sums = [[R::Wide::<S>::simd_from(simd, R::ZERO); N]; G];
    for g in 0..G {
        sums[g] = [R::Wide::<S>::from_slice(simd, groups.half_squares(chosen[g] as usize)); N];
    }
    for f in 0..n_features {
        let centers =
            values.map(|values| R::Wide::<S>::from_slice(simd, &values[f * R::WIDE_LANES..][..R::WIDE_LANES]));
        for i in 0..N {
            let x = R::Wide::<S>::simd_from(simd, rows[i][f]);
            for g in 0..G {
                sums[g][i] = x.mul_add(centers[g], sums[g][i]);
            }
        }
    }
    for (sum, out) in sums.as_flattened().iter().zip(products_out.chunks_exact_mut(R::WIDE_LANES)) {
        sum.store_slice(out);
    }
}
