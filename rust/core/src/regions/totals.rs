//! Sums of the values of a channel in a region, from which mean and standard deviation follow.

/// How much of the squares may come from where values are seen from: more would leave too few digits of the deviation.
/// A first value within 3.8 standard deviations of the mean has less than this, and integers are then added exactly.
const MOST: f64 = 15.0 / 16.0;

#[derive(Debug, Clone, Copy)]
pub(super) struct Totals {
    /// What values are seen from: the first one, or the mean of the first ones where that one lies far from them.
    origin: f64,
    /// Of the differences to it.
    sum: f64,
    squares: f64,
    pub(super) lowest: f64,
    pub(super) highest: f64,
}

impl Totals {
    /// Of no value.
    pub(super) const NONE: Self =
        Self { origin: 0.0, sum: 0.0, squares: 0.0, lowest: f64::INFINITY, highest: f64::NEG_INFINITY };

    /// Sees values from `origin` before there are any.
    #[inline(always)]
    pub(super) fn begin(&mut self, origin: f64) {
        self.origin = origin;
    }

    #[inline(always)]
    pub(super) fn add(&mut self, values: impl Iterator<Item = f64>) {
        let Self { origin, mut sum, mut squares, mut lowest, mut highest } = *self;
        for value in values {
            let difference = value - origin;
            sum += difference;
            squares += difference * difference;
            lowest = if value < lowest { value } else { lowest };
            highest = if value > highest { value } else { highest };
        }
        *self = Self { origin, sum, squares, lowest, highest };
    }

    /// Sees the values from their mean, if they lie far from what they are seen from.
    pub(super) fn center(&mut self, count: f64) {
        let mean = self.sum / count;
        if mean * self.sum > MOST * self.squares && self.squares.is_finite() {
            self.see_from(self.origin + mean, count);
        }
    }

    fn see_from(&mut self, origin: f64, count: f64) {
        let by = origin - self.origin;
        self.squares = (self.squares + by * (count * by - 2.0 * self.sum)).max(0.0);
        self.sum -= count * by;
        self.origin = origin;
    }

    /// Adds other values, each seen from where the most are.
    pub(super) fn merge(&mut self, count: f64, mut other: Self, other_count: f64) {
        if other_count > count {
            self.see_from(other.origin, count);
        } else {
            other.see_from(self.origin, other_count);
        }
        self.sum += other.sum;
        self.squares += other.squares;
        self.lowest = self.lowest.min(other.lowest);
        self.highest = self.highest.max(other.highest);
    }

    pub(super) fn mean(&self, count: f64) -> f64 {
        self.origin + self.sum / count
    }

    /// Standard deviation of the values as a whole population; infinite where squares are, which have an infinite mean.
    pub(super) fn deviation(&self, count: f64) -> f64 {
        let mean = self.sum / count;
        // Rounding may leave less than nothing.
        let variance =
            if self.squares.is_finite() { (self.squares / count - mean * mean).max(0.0) } else { f64::INFINITY };
        variance.sqrt()
    }
}
