//! Thresholds between classes by Otsu's criterion, as scikit-image finds them.
//!
//! `skimage.filters.threshold_multiotsu` compares all sets of thresholds by sums in float32. Its rounding decides
//! between sets that are nearly as good, on about one image in fifty, so agreeing with it takes the same sums in the same
//! order. Only the sets that rounding could make the best are summed: a dynamic program in float64 from either end
//! tells which thresholds occur in them.

use rayon::prelude::*;

use crate::{Error, Exec, Result};

/// Largest relative error of one float32 addition.
const UNIT_ROUNDOFF: f64 = (f32::EPSILON / 2.0) as f64;

/// Entries of a row that one thread computes: fewer cost less than handing them over.
const SHARE_MIN: usize = 1 << 6;

/// Largest number of bins: the time grows with their square, and for 4096 it is still some tens of milliseconds.
pub const MAX_BINS: usize = 1 << 12;

/// Indices of the bins that end the classes, the last class excepted, for the frequencies of the bins.
///
/// As in scikit-image, bin 0 counts with the level of bin 1, unless it is a class of its own, and of equally good sets
/// the first in lexicographic order is returned. Cost: O(`n_classes` m²) for m bins that are not empty.
///
/// # Errors
/// [`Error::Range`] for a number of bins over [`MAX_BINS`] or none but `n_classes` or more that are not empty, for
/// fewer than 2 classes, or frequencies that are negative, not finite, or too large to be squared;
/// [`Error::Interrupted`].
pub fn multiotsu(exec: &Exec<'_>, frequencies: &[f32], n_classes: usize) -> Result<Vec<usize>> {
    let search = Search::new(exec, frequencies, n_classes)?;
    Ok(search.best_set()?.into_iter().map(|place| search.places.bins[place]).collect())
}

/// The bins where a threshold may lie, and the last bin; place 0 is before the first bin.
struct Places {
    bins: Vec<usize>,
    /// Sum of the frequencies up to each place, in float32 and bin by bin.
    zeroth: Vec<f32>,
    /// Sum of the frequencies times their levels.
    first: Vec<f32>,
}

impl Places {
    /// Of a run of empty bins only the first `n_thresholds` are kept: more thresholds cannot lie in it, and the others
    /// are no different.
    fn new(frequencies: &[f32], n_thresholds: usize) -> Self {
        let mut places = Self { bins: vec![0], zeroth: vec![0.0], first: vec![0.0] };
        let (mut zeroth, mut first, mut n_empty) = (0.0, 0.0, 0);
        for (bin, frequency) in frequencies.iter().enumerate() {
            zeroth += frequency;
            first += bin.max(1) as f32 * frequency;
            n_empty = if *frequency > 0.0 { 0 } else { n_empty + 1 };
            if n_empty <= n_thresholds || bin + 1 == frequencies.len() {
                places.bins.push(bin);
                places.zeroth.push(zeroth);
                places.first.push(first);
            }
        }
        places
    }

    fn last(&self) -> usize {
        self.bins.len() - 1
    }

    /// The criterion of the class of the bins above `below` up to and including `end`.
    #[inline(always)]
    fn class(&self, below: usize, end: usize) -> f32 {
        let weight = self.zeroth[end] - self.zeroth[below];
        let moment = self.first[end] - self.first[below];
        if weight > 0.0 && (below, end) != (0, 1) { moment * moment / weight } else { 0.0 }
    }
}

struct Search<'a> {
    exec: &'a Exec<'a>,
    places: Places,
    /// For each threshold in turn the places it has in sets that rounding could make the best, ascending.
    candidates: Vec<Vec<usize>>,
}

impl<'a> Search<'a> {
    fn new(exec: &'a Exec<'a>, frequencies: &[f32], n_classes: usize) -> Result<Self> {
        check(frequencies, n_classes)?;
        let places = Places::new(frequencies, n_classes - 1);
        let candidates = candidates(exec, &places, n_classes)?;
        Ok(Self { exec, places, candidates })
    }

    /// The best set in scikit-image's arithmetic: the criterion of the first class plus that of the last, then those
    /// in between in ascending order.
    fn best_set(&self) -> Result<Vec<usize>> {
        let lasts = self.candidates.last().map_or(&[][..], Vec::as_slice);
        let best_sum = |last: &usize| {
            self.exec.check()?;
            Ok(self.best_sum(*last))
        };
        let sums = lasts.par_iter().map(best_sum).collect::<Result<Vec<f32>>>()?;
        let best = sums.iter().copied().fold(0.0, f32::max);
        let mut sets = Vec::new();
        for (last, _) in lasts.iter().zip(sums).filter(|(_, sum)| *sum >= best) {
            self.exec.check()?;
            sets.push(self.first_set(*last, best));
        }
        Ok(sets.into_iter().min().unwrap_or_default())
    }

    /// The best sum with a given last threshold. Rounding never turns two sums round, so for each place of a threshold
    /// the best sum up to there is all that matters.
    fn best_sum(&self, last: usize) -> f32 {
        let mut sums = vec![(0, self.places.class(last, self.places.last()))];
        for candidates in &self.candidates[..self.candidates.len() - 1] {
            let ends = candidates.iter().take_while(|end| **end < last);
            sums = ends.filter_map(|end| Some((*end, self.best_extension(&sums, *end)?))).collect();
        }
        self.best_extension(&sums, last).unwrap_or_default()
    }

    /// The best sum with one class more, which ends at `end`.
    fn best_extension(&self, sums: &[(usize, f32)], end: usize) -> Option<f32> {
        let below = sums.iter().take_while(|(below, _)| *below < end);
        below.map(|(below, sum)| sum + self.places.class(*below, end)).reduce(f32::max)
    }

    /// The first set in lexicographic order with this last threshold and this sum.
    fn first_set(&self, last: usize, sum: f32) -> Vec<usize> {
        let mut walk = Walk { search: self, last, sum, set: Vec::new(), failed: Vec::new() };
        walk.failed.resize(self.candidates.len(), vec![f32::NEG_INFINITY; self.places.bins.len()]);
        walk.descend(0, self.places.class(last, self.places.last()));
        walk.set.push(last);
        walk.set
    }
}

/// Depth-first search for a set with a given last threshold and sum.
struct Walk<'a> {
    search: &'a Search<'a>,
    last: usize,
    sum: f32,
    set: Vec<usize>,
    /// The largest sum with which each place of each threshold was found to fall short.
    failed: Vec<Vec<f32>>,
}

impl Walk<'_> {
    fn descend(&mut self, below: usize, sum: f32) -> bool {
        let (search, last, depth) = (self.search, self.last, self.set.len());
        let places = &search.places;
        if depth + 1 == search.candidates.len() {
            return sum + places.class(below, last) >= self.sum;
        }
        for end in search.candidates[depth].iter().copied().filter(|end| (below + 1..last).contains(end)) {
            let extended = sum + places.class(below, end);
            if extended > self.failed[depth][end] {
                self.set.push(end);
                if self.descend(end, extended) {
                    return true;
                }
                self.set.pop();
                self.failed[depth][end] = extended;
            }
        }
        false
    }
}

fn check(frequencies: &[f32], n_classes: usize) -> Result<()> {
    let range = |argument, got: String, needed: String| Err(Error::Range { argument, got, needed });
    if frequencies.len() > MAX_BINS {
        return range("n_bins", frequencies.len().to_string(), format!("at most {MAX_BINS}"));
    }
    let n_filled = frequencies.iter().filter(|frequency| **frequency > 0.0).count();
    if !(2..=n_filled).contains(&n_classes) {
        return range("n_classes", n_classes.to_string(), format!("between 2 and {n_filled}, the bins not empty"));
    }
    let total: f32 = frequencies.iter().sum();
    let most = f32::MAX.sqrt() / frequencies.len() as f32;
    let is_negative = frequencies.iter().any(|frequency| *frequency < 0.0);
    // Written so that NaN is refused.
    if is_negative || !(0.0..=most).contains(&total) {
        let got = format!("{}numbers with a sum of {total}", if is_negative { "partly negative " } else { "" });
        return range("frequencies", got, format!("at least 0, with a sum of at most {most}"));
    }
    Ok(())
}

/// The places of each threshold in the sets whose sum in float64 is so near the best that rounding may hide it.
fn candidates(exec: &Exec<'_>, places: &Places, n_classes: usize) -> Result<Vec<Vec<usize>>> {
    let (before, after) = (best_before(exec, places, n_classes)?, best_after(exec, places, n_classes)?);
    let sums_of =
        |threshold: usize| before[threshold].iter().zip(&after[n_classes - 2 - threshold]).map(|(a, b)| a + b);
    let best = sums_of(0).fold(f64::NEG_INFINITY, f64::max);
    // A set's sum has one rounding for each class but the first, and so has the best set's.
    let least = best * (1.0 - 4.0 * n_classes as f64 * UNIT_ROUNDOFF);
    let near = |threshold| sums_of(threshold).enumerate().filter(|(_, sum)| *sum >= least).map(|(place, _)| place);
    Ok((0..n_classes - 1).map(|threshold| near(threshold).collect()).collect())
}

/// Best sums of 1, 2, ... `n_classes - 1` classes from the first bin up to each place.
fn best_before(exec: &Exec<'_>, places: &Places, n_classes: usize) -> Result<Vec<Vec<f64>>> {
    let one = |end| if end == 0 { f64::NEG_INFINITY } else { f64::from(places.class(0, end)) };
    rows(exec, places, n_classes - 1, one, |row, end| {
        (1..end).map(|below| row[below] + f64::from(places.class(below, end))).fold(f64::NEG_INFINITY, f64::max)
    })
}

/// Best sums of 1, 2, ... `n_classes - 1` classes from each place up to the last bin.
fn best_after(exec: &Exec<'_>, places: &Places, n_classes: usize) -> Result<Vec<Vec<f64>>> {
    let last = places.last();
    let one = |below| if below == last { f64::NEG_INFINITY } else { f64::from(places.class(below, last)) };
    rows(exec, places, n_classes - 1, one, |row, below| {
        (below + 1..last).map(|end| f64::from(places.class(below, end)) + row[end]).fold(f64::NEG_INFINITY, f64::max)
    })
}

/// Rows with an entry for each place: the first from `one`, each other from the one before it.
fn rows(
    exec: &Exec<'_>,
    places: &Places,
    n_rows: usize,
    one: impl Fn(usize) -> f64,
    next: impl Fn(&[f64], usize) -> f64 + Sync,
) -> Result<Vec<Vec<f64>>> {
    let mut rows = vec![(0..=places.last()).map(one).collect()];
    for row in 1..n_rows {
        exec.check()?;
        let row: &Vec<f64> = &rows[row - 1];
        rows.push((0..row.len()).into_par_iter().with_min_len(SHARE_MIN).map(|place| next(row, place)).collect());
    }
    Ok(rows)
}
