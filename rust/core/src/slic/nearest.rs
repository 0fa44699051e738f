//! The nearest cluster of some pixels, in the operations and the order of scikit-image.
//!
//! Where clusters' colours are not known to the last digit, another one may be the nearest if it is almost as near.

use fearless_simd::Simd;
use fearless_simd::prelude::*;

use super::iterate::Metric;
use super::nearby::Candidates;
use super::planes::ANY;
use crate::Real;

/// Rows side by side: enough that one addition need not wait for another, few enough for the registers.
pub(super) const ROWS: usize = 4;

/// Lanes of the widest vector of any type.
pub(super) const MAX_LANES: usize = 16;

/// Where pixels side by side lie.
pub(super) struct Columns {
    pub(super) first: usize,
    /// From one channel to the next.
    pub(super) stride: usize,
    pub(super) n_channels: usize,
}

impl Columns {
    #[inline(always)]
    fn places<S: Simd, R: Real>(&self, simd: S) -> R::Wide<S> {
        let mut places = [R::ZERO; MAX_LANES];
        for (i, place) in places.iter_mut().enumerate() {
            *place = R::from_f64(f64::from((self.first + i) as u32));
        }
        R::Wide::<S>::from_slice(simd, &places[..R::WIDE_LANES])
    }
}

/// What was found for the pixels of a few rows.
pub(super) struct Found<R> {
    /// The number of the nearest candidate, the first on ties, or -1.
    pub(super) winners: [[R; MAX_LANES]; ROWS],
    /// A bit for each pixel for which that is in doubt.
    pub(super) doubts: [u64; ROWS],
}

/// How many times a distance may be as wrong as one of the two whose difference decides: these are no more than a few
/// times the least of all.
const DOUBT: f64 = 16.0;

/// The nearest candidate of pixels in rows from `first_row` on, of a slice of the slab.
#[inline(always)]
pub(super) fn nearest<S: Simd, R: Real, const C: usize>(
    simd: S,
    metric: &Metric<R>,
    rows: [&[R]; ROWS],
    ([layer, first_row], columns): ([usize; 2], &Columns),
    candidates: &Candidates<'_, R>,
) -> Found<R> {
    let lanes = R::WIDE_LANES;
    let splat = |value: R| R::Wide::<S>::simd_from(simd, value);
    let weight = splat(metric.weight);
    let places = columns.places::<S, R>(simd);
    let mut nearest = [splat(R::from_f64(R::MAX)); ROWS];
    let mut second = [splat(R::INFINITY); ROWS];
    let mut winner = [splat(-R::ONE); ROWS];
    let mut error = R::ZERO;
    for rival in candidates.iter() {
        error = if rival.error > error { rival.error } else { error };
        let mut colour = [splat(R::ZERO); ROWS];
        let n_channels = if C == ANY { rival.colour.len() } else { C };
        let centers = &rival.colour[..n_channels];
        for channel in 0..n_channels {
            let center = splat(centers[channel]);
            for row in 0..ROWS {
                let values = &rows[row][channel * columns.stride..][..lanes];
                let difference = R::Wide::<S>::from_slice(simd, values) - center;
                let square = difference * difference;
                colour[row] = if channel == 0 { square } else { colour[row] + square };
            }
        }
        if metric.is_adaptive {
            let maximum = splat(rival.maximum);
            for row in 0..ROWS {
                colour[row] /= maximum;
            }
        }
        let across = rival.across(simd, metric, places);
        let number = splat(rival.number);
        for row in 0..ROWS {
            let distance = (splat(rival.down(metric, [layer, first_row + row])) + across) * weight + colour[row];
            let closer = distance.simd_lt(nearest[row]);
            second[row] = second[row].min(nearest[row].max(distance));
            nearest[row] = closer.select(distance, nearest[row]);
            winner[row] = closer.select(number, winner[row]);
        }
    }
    let mut found = Found { winners: [[R::ZERO; MAX_LANES]; ROWS], doubts: [0; ROWS] };
    for row in 0..ROWS {
        winner[row].store_slice(&mut found.winners[row][..lanes]);
        if error > R::ZERO {
            let (distance, root) = (nearest[row], nearest[row].sqrt());
            let rounding = splat(R::from_f64((columns.n_channels + 8) as f64 * R::EPSILON)) * distance;
            let margin = splat(R::from_f64(DOUBT)) * ((root + root + splat(error)) * splat(error) + rounding);
            found.doubts[row] = (second[row] - distance).simd_le(margin).to_bitmask();
        }
    }
    found
}
