//! The cost of making one cluster of consecutive points.

use std::ops::Range;

use super::points::View;

/// Weight, mean and cost of consecutive points, gathered by adding points at either end.
///
/// Every term of the cost is positive (Youngs and Cramer, 1971) and sums are taken around a point of the interval, so
/// the cost is good to many digits for any interval: differences of prefix sums would lose a tight cluster beside a
/// far outlier. Nothing but additions waits for the point before.
#[derive(Debug, Clone, Copy)]
pub(super) struct Interval {
    start: usize,
    end: usize,
    /// The value of one of the points.
    reference: f64,
    weight: f64,
    /// 1 / weight, but 0 for no weight.
    inverse: f64,
    /// Weighted sum of the differences from the reference.
    sum: f64,
    cost: f64,
}

impl Interval {
    /// No points, before point `at`.
    pub(super) fn empty(at: usize) -> Self {
        Self { start: at, end: at, reference: 0.0, weight: 0.0, inverse: 0.0, sum: 0.0, cost: 0.0 }
    }

    /// The first point.
    pub(super) fn start(&self) -> usize {
        self.start
    }

    /// Sum of the weights.
    pub(super) fn weight(&self) -> f64 {
        self.weight
    }

    /// Weighted mean of the points.
    pub(super) fn mean(&self) -> f64 {
        self.reference + self.sum * self.inverse
    }

    /// Weighted sum of squared distances to the mean.
    pub(super) fn cost(&self) -> f64 {
        self.cost
    }

    /// This interval grown to `range`, which holds it; empty if the range is.
    pub(super) fn grown(self, points: View<'_>, range: Range<usize>) -> Self {
        if range.is_empty() {
            return Self::empty(range.start);
        }
        let mut grown = self;
        if self.start == self.end {
            grown = Self { reference: points.values[range.end - 1], ..Self::empty(range.end) };
        }
        while grown.start > range.start {
            grown.extend_left(points);
        }
        while grown.end < range.end {
            grown.extend_right(points);
        }
        grown
    }

    /// Adds the point before the first one.
    #[inline(always)]
    pub(super) fn extend_left(&mut self, points: View<'_>) {
        self.start -= 1;
        self.add(points.values[self.start], points.weights[self.start]);
    }

    /// Adds the point after the last one.
    #[inline(always)]
    pub(super) fn extend_right(&mut self, points: View<'_>) {
        self.add(points.values[self.end], points.weights[self.end]);
        self.end += 1;
    }

    #[inline(always)]
    fn add(&mut self, value: f64, weight: f64) {
        let difference = (value - self.reference) - self.sum * self.inverse;
        let total = self.weight + weight;
        let inverse = 1.0 / total;
        self.cost += difference * difference * (weight * (self.weight * inverse));
        self.sum += weight * (value - self.reference);
        self.weight = total;
        self.inverse = inverse;
    }
}
