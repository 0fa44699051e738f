//! Samples as sorted distinct values with weights.

use std::cmp::Ordering;
use std::ops::Range;

use super::interval::Interval;
use super::labels::{label_by_search, label_by_table};
use crate::histogram::{Tabulated, count_values, weigh_values};
use crate::{Element, Error, Exec, Result, Weights};

/// Below this length a sort by one thread costs no more than sharing it.
const SORT_ALONE: usize = 1 << 15;

/// Exponents of scales stay well inside those of float64.
const MAX_EXPONENT: i32 = 1000;

/// Ascending distinct values and their weights, scaled by powers of two so that their squares neither overflow nor
/// vanish.
#[derive(Debug, Clone)]
pub struct Points {
    sorted: Sorted,
    value_scale: f64,
    weight_scale: f64,
}

/// Ascending values and their weights.
#[derive(Debug, Clone, Default)]
pub(super) struct Sorted {
    values: Vec<f64>,
    weights: Vec<f64>,
}

impl Sorted {
    pub(super) fn push(&mut self, value: f64, weight: f64) {
        self.values.push(value);
        self.weights.push(weight);
    }

    pub(super) fn len(&self) -> usize {
        self.values.len()
    }

    pub(super) fn view(&self) -> View<'_> {
        View { values: &self.values, weights: &self.weights }
    }
}

/// Borrowed ascending values and their weights.
#[derive(Debug, Clone, Copy)]
pub(super) struct View<'a> {
    pub(super) values: &'a [f64],
    pub(super) weights: &'a [f64],
}

impl View<'_> {
    pub(super) fn len(&self) -> usize {
        self.values.len()
    }

    /// The same points seen from the last one.
    pub(super) fn mirrored(&self) -> Sorted {
        let values = self.values.iter().rev().map(|value| -value).collect();
        Sorted { values, weights: self.weights.iter().rev().copied().collect() }
    }
}

impl Points {
    /// Takes finite ascending values; equal ones become one point and those without weight none.
    ///
    /// # Errors
    /// [`Error::Range`] if values are not finite or not ascending, or the weights of a value have no finite sum.
    pub fn new(sorted: impl IntoIterator<Item = (f64, f64)>) -> Result<Self> {
        let mut distinct = Sorted::default();
        for (value, weight) in sorted {
            if !value.is_finite() {
                return Err(Error::Range { argument: "values", got: value.to_string(), needed: "finite".into() });
            }
            match distinct.values.last().and_then(|last| last.partial_cmp(&value)) {
                Some(Ordering::Greater) => {
                    let (got, needed) = (format!("{value} after a larger value"), "ascending".into());
                    return Err(Error::Range { argument: "values", got, needed });
                }
                Some(Ordering::Equal) => {
                    if let Some(total) = distinct.weights.last_mut() {
                        *total += weight;
                    }
                }
                _ if weight > 0.0 => distinct.push(value, weight),
                _ => {}
            }
        }
        if let Some(wrong) = distinct.weights.iter().find(|weight| !weight.is_finite()) {
            return Err(Error::Range { argument: "weights", got: wrong.to_string(), needed: "finite in all".into() });
        }
        let (value_scale, weight_scale) = (scale_of(&distinct.values), scale_of(&distinct.weights));
        for (value, weight) in distinct.values.iter_mut().zip(&mut distinct.weights) {
            *value *= value_scale;
            *weight *= weight_scale;
        }
        Ok(Self { sorted: distinct, value_scale, weight_scale })
    }

    /// Number of distinct values.
    #[must_use]
    pub fn len(&self) -> usize {
        self.sorted.len()
    }

    /// Whether there are no values at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn view(&self) -> View<'_> {
        self.sorted.view()
    }

    /// The points of a range as one cluster.
    pub(super) fn interval(&self, range: Range<usize>) -> Interval {
        Interval::empty(range.start).grown(self.view(), range)
    }

    /// Value of point `index` in the units of the samples.
    pub(super) fn value(&self, index: usize) -> f64 {
        self.unscaled(self.sorted.values[index])
    }

    pub(super) fn unscaled(&self, value: f64) -> f64 {
        value / self.value_scale
    }

    pub(super) fn unscaled_cost(&self, cost: f64) -> f64 {
        cost / self.value_scale / self.value_scale / self.weight_scale
    }
}

/// The power of two that brings the largest magnitude between 1 and 2.
fn scale_of(numbers: &[f64]) -> f64 {
    let largest = numbers.iter().fold(0.0, |largest: f64, number| largest.max(number.abs()));
    let exponent = (largest.to_bits() >> 52) as i32 - 1023;
    2_f64.powi(-exponent.clamp(-MAX_EXPONENT, MAX_EXPONENT))
}

/// A type of samples that can be clustered in one dimension.
pub trait Scalar: Element {
    /// Sorted distinct values of samples with their weights.
    ///
    /// # Errors
    /// [`Error::Range`] if a value is not finite, [`Error::Interrupted`].
    fn points(exec: &Exec<'_>, values: &[Self], weights: Weights<'_>) -> Result<Points>;

    /// Labels each value with the number of thresholds below it.
    ///
    /// # Errors
    /// [`Error::Interrupted`].
    fn label(exec: &Exec<'_>, values: &[Self], thresholds: &[f64], labels_out: &mut [i32]) -> Result<()>;
}

macro_rules! scalar {
    ($type:ty, $points:ident, $label:ident) => {
        impl Scalar for $type {
            fn points(exec: &Exec<'_>, values: &[Self], weights: Weights<'_>) -> Result<Points> {
                $points(exec, values, weights)
            }

            fn label(exec: &Exec<'_>, values: &[Self], thresholds: &[f64], labels_out: &mut [i32]) -> Result<()> {
                $label(exec, values, thresholds, labels_out)
            }
        }
    };
}

scalar!(u8, points_by_table, label_by_table);
scalar!(i16, points_by_table, label_by_table);
scalar!(u16, points_by_table, label_by_table);
scalar!(f32, points_by_sort, label_by_search);
scalar!(f64, points_by_sort, label_by_search);

fn points_by_table<T: Tabulated>(exec: &Exec<'_>, values: &[T], weights: Weights<'_>) -> Result<Points> {
    let slots = (0..T::N_SLOTS).map(|slot| f64::from(T::in_slot(slot)));
    match weights {
        Weights::Unit => {
            let counts = count_values(exec, values)?;
            Points::new(slots.zip(counts.into_iter().map(|count| count as f64)))
        }
        Weights::Each(weights) => Points::new(slots.zip(weigh_values(exec, values, weights)?)),
    }
}

fn points_by_sort<T: Element>(exec: &Exec<'_>, values: &[T], weights: Weights<'_>) -> Result<Points> {
    let keys = values.iter().map(|value| to_key(value.to_real()));
    match weights {
        Weights::Unit => {
            let mut keys: Vec<i64> = keys.collect();
            sort(exec, &mut keys)?;
            Points::new(keys.into_iter().map(|key| (from_key(key), 1.0)))
        }
        Weights::Each(weights) => {
            // With the weights in the order, equal values are summed in one order for any number of threads.
            let mut keys: Vec<(i64, i64)> = keys.zip(weights.iter().map(|weight| to_key(*weight))).collect();
            sort(exec, &mut keys)?;
            Points::new(keys.into_iter().map(|(key, weight)| (from_key(key), from_key(weight))))
        }
    }
}

/// An integer that orders as the float does, with NaN at either end: integers are sorted twice as fast.
fn to_key(value: f64) -> i64 {
    let bits = value.to_bits() as i64;
    bits ^ ((bits >> 63) as u64 >> 1) as i64
}

/// The float of a key.
fn from_key(key: i64) -> f64 {
    f64::from_bits((key ^ ((key >> 63) as u64 >> 1) as i64) as u64)
}

/// Sorts in parallel, halving by selection, so that it can be stopped between two halves.
fn sort<T: Ord + Send>(exec: &Exec<'_>, numbers: &mut [T]) -> Result<()> {
    exec.check()?;
    if numbers.len() <= SORT_ALONE {
        numbers.sort_unstable();
        return Ok(());
    }
    let (low, _, high) = numbers.select_nth_unstable(numbers.len() / 2);
    let (low, high) = rayon::join(|| sort(exec, low), || sort(exec, high));
    low.and(high)
}
