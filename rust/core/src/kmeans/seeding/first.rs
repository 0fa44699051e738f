//! The first center: one sample, drawn with a probability proportional to its weight.

use crate::Weights;
use crate::lanes::lane_sum;

/// The sample that `RandomState.choice(n_samples, p=weights / sum(weights))` picks for one draw.
///
/// numpy adds the probabilities one by one and divides by the last sum. The same additions give the same sample to the
/// last bit, at a nanosecond each; equal weights need a few dozen of them at most.
pub(super) fn choose_weighted(n_samples: usize, weights: Weights<'_>, draw: f64) -> usize {
    let row = match weights {
        Weights::Unit => choose_equal(n_samples, draw),
        Weights::Each(weights) => choose_unequal(weights, draw),
    };
    row.min(n_samples - 1)
}

fn choose_unequal(weights: &[f64], draw: f64) -> usize {
    let total = lane_sum(weights, |weight| weight);
    let last: f64 = weights.iter().map(|weight| weight / total).sum();
    let mut sum = 0.0;
    let exceeds = |weight: &f64| {
        sum += weight / total;
        sum / last > draw
    };
    weights.iter().position(exceeds).unwrap_or(weights.len())
}

fn choose_equal(n_samples: usize, draw: f64) -> usize {
    let runs = runs_of_sums(1.0 / n_samples as f64, n_samples);
    let last = runs.last().map_or(1.0, |run| run.sum(run.length - 1));
    let mut before = 0;
    for run in runs {
        if run.sum(run.length - 1) / last > draw {
            return before + run.first_above(draw, last);
        }
        before += run.length;
    }
    before
}

/// Consecutive sums of one number that lie equally far apart.
struct Run {
    first: f64,
    step: f64,
    length: usize,
}

impl Run {
    /// Exact: both numbers are small multiples of the last bit of `first`.
    fn sum(&self, index: usize) -> f64 {
        self.first + index as f64 * self.step
    }

    fn first_above(&self, draw: f64, last: f64) -> usize {
        let (mut low, mut high) = (0, self.length - 1);
        while low < high {
            let middle = usize::midpoint(low, high);
            if self.sum(middle) / last > draw {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        low
    }
}

/// The sums of 1, 2, ... `count` times `term` as additions one by one give them.
///
/// Between two powers of two all sums have the same last bit, so each addition rounds `term` to the same step. Only a
/// tie may round differently once, until the last digit is even: two equal steps prove that all further ones are equal.
fn runs_of_sums(term: f64, count: usize) -> Vec<Run> {
    let mut runs = Vec::new();
    let (mut sum, mut done) = (0.0, 0);
    while done < count {
        let first = sum + term;
        let (second, third) = (first + term, first + term + term);
        let (step, next_step) = (second - first, third - second);
        let power = f64::from_bits(((first.to_bits() >> 52) + 1) << 52);
        let is_steady = step.to_bits() == next_step.to_bits();
        let until_power = if is_steady { ((power - first) / step) as usize } else { 0 };
        let run = Run { first, step, length: until_power.clamp(1, count - done) };
        sum = run.sum(run.length - 1);
        done += run.length;
        runs.push(run);
    }
    runs
}
