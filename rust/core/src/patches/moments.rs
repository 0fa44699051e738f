//! What moments are gathered in, and how what was gathered in parts is put together.

use fearless_simd::Level;

/// Count, mean, central moments (divided by the count) and range of a patch; NaN where there is none.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Moments {
    pub(super) count: f64,
    pub(super) mean: f64,
    pub(super) m2: f64,
    pub(super) m3: f64,
    pub(super) m4: f64,
    pub(super) min: f64,
    pub(super) max: f64,
}

impl Moments {
    /// Of `count` pixels that have no moments: none at all, or a NaN among them.
    pub(super) fn undefined(count: f64) -> Self {
        let nan = f64::NAN;
        Self { count, mean: nan, m2: nan, m3: nan, m4: nan, min: nan, max: nan }
    }

    /// From sums of powers of differences to `center`, an integer near the mean: exact but for the divisions.
    pub(super) fn of_integers(count: u64, center: i64, sums: [i128; 4], range: [i64; 2]) -> Self {
        let n = count as f64;
        let [first, second, third, fourth] = sums.map(|sum| sum as f64 / n);
        // At most 1/2, so that little cancels below.
        let offset = first;
        let squared = offset * offset;
        Self {
            count: n,
            mean: center as f64 + offset,
            m2: second - squared,
            m3: third - 3.0 * offset * second + 2.0 * offset * squared,
            m4: fourth - 4.0 * offset * third + 6.0 * squared * second - 3.0 * squared * squared,
            min: range[0] as f64,
            max: range[1] as f64,
        }
    }
}

/// What is known of a set of pixels, and can be put together with what is known of others.
pub(super) trait Summary: Clone + Send + Sync {
    /// That of no pixels.
    fn empty() -> Self;
    /// Adds other pixels, at a SIMD level.
    fn merge(&mut self, level: Level, other: &Self);
}

/// Gathers pixels.
pub(super) trait Accumulator<T>: Send {
    /// What it gathers.
    type Summary: Summary;
    /// Pixels side by side from which they are read where they lie.
    const MIN_RUN: usize;

    /// Of no pixels, at a SIMD level.
    fn new(level: Level) -> Self;
    /// Adds pixels, at most [`super::plane::PIECE`].
    fn add(&mut self, pixels: &[T]);
    /// Hands over what was gathered, and starts anew.
    fn take(&mut self, summary_out: &mut Self::Summary);
}
