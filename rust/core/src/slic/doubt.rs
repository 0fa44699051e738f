//! Whether a cluster wins a pixel, even though colours are not known to the last digit.

use super::clusters::AXES;
use super::iterate::Metric;
use super::nearby::{Candidates, Rival};
use crate::Real;

/// What the distance of a pixel from a cluster is between.
struct Distance<R> {
    low: R,
    high: R,
}

/// A pixel: slice of the slab, row, column, and colour.
pub(super) struct Pixel<'a, R> {
    pub(super) place: [usize; AXES],
    /// The first channel.
    pub(super) values: &'a [R],
    /// From one channel to the next.
    pub(super) stride: usize,
}

impl<R: Real> Pixel<'_, R> {
    /// Whether the candidate of this number is the first of the nearest for sure.
    ///
    /// In an even background distances in space decide alone: what colours add is so small that rounding takes it away.
    pub(super) fn surely_belongs_to(&self, number: R, metric: &Metric<R>, candidates: &Candidates<'_, R>) -> bool {
        let winner = candidates.iter().find(|rival| rival.number == number);
        let Some(Distance { high, .. }) = winner.map(|rival| self.distance(metric, rival)) else { return false };
        candidates.iter().filter(|rival| rival.number != number).all(|rival| {
            let low = self.distance(metric, rival).low;
            if rival.number < number { low > high } else { low >= high }
        })
    }

    /// In the operations and the order of [`super::nearest`], without what zero-parameter SLIC divides by: there colours are
    /// always those that decide.
    fn distance(&self, metric: &Metric<R>, rival: &Rival<'_, R>) -> Distance<R> {
        let mut colour = R::ZERO;
        for (channel, center) in rival.colour.iter().enumerate() {
            let difference = self.values[channel * self.stride] - *center;
            colour += difference * difference;
        }
        let root = colour.square_root();
        let roundings = R::from_f64((rival.colour.len() + 4) as f64 * R::EPSILON);
        let spread = (root + root + rival.error) * rival.error + roundings * colour;
        let [layer, y, x] = self.place;
        let space = (rival.down(metric, [layer, y]) + rival.across_one(metric, x)) * metric.weight;
        let low = colour - spread;
        Distance { low: space + if low > R::ZERO { low } else { R::ZERO }, high: space + (colour + spread) }
    }
}
