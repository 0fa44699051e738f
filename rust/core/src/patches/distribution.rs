//! Order statistics, mode and entropy of values that come in ascending order, each with how often it occurs.

use std::sync::OnceLock;

use fearless_simd::Level;

use super::bins::Bins;
use super::{Pixel, Statistic};

/// Counts whose share of an entropy is looked up: a table of 32 KiB.
const N_LOOKED_UP: usize = 1 << 12;

/// Counts that are looked at together: four vectors of AVX-512, whose lanes are put together once.
pub(super) const GROUP: usize = 64;

/// Counts whose shares of an entropy are looked up together: most values occur once, and have none.
const SHARED: usize = 16;

/// Sums that take turns, so that one addition need not wait for the one before it.
const N_SUMS: usize = 4;

/// `count * log2(count)` of small counts.
type Shares = [f64; N_LOOKED_UP];

fn shares() -> &'static Shares {
    static SHARES: OnceLock<Shares> = OnceLock::new();
    SHARES.get_or_init(|| std::array::from_fn(|count| share(count as u32)))
}

/// Which of the wanted statistics come from the distribution of values, and at which quantiles they look.
#[derive(Debug)]
pub(super) struct Wanted {
    /// Column of the output, and the statistic.
    columns: Vec<(usize, Statistic)>,
    /// Ascending, each once.
    quantiles: Vec<f64>,
    has_mode: bool,
    has_histogram: bool,
    has_entropy: bool,
    shares: &'static Shares,
}

impl Wanted {
    pub(super) fn new(statistics: &[Statistic]) -> Self {
        let columns: Vec<_> =
            statistics.iter().copied().enumerate().filter(|(_, statistic)| statistic.is_of_order()).collect();
        let has = |wanted: Statistic| columns.iter().any(|(_, statistic)| *statistic == wanted);
        let mut quantiles = Vec::new();
        for (_, statistic) in &columns {
            match statistic {
                Statistic::Quantile(q) => quantiles.push(*q),
                Statistic::Iqr => quantiles.extend([0.25, 0.75]),
                _ => {}
            }
        }
        quantiles.sort_by(f64::total_cmp);
        quantiles.dedup();
        let has_entropy = has(Statistic::Entropy);
        let (has_mode, has_histogram) = (has(Statistic::Mode), has(Statistic::HistogramMode));
        Self { columns, quantiles, has_mode, has_histogram, has_entropy, shares: shares() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.columns.is_empty()
    }

    pub(super) fn describer(&self) -> Describer<'_> {
        let n = self.quantiles.len();
        Describer {
            wanted: self,
            count: 0,
            before: 0,
            positions: vec![Position::default(); n],
            neighbours: vec![[0.0; 2]; n],
            n_found: [0; 2],
            mode: (0.0, 0),
            bins: Bins::new(),
            bins_values: false,
            next_rank: usize::MAX,
            shares: [0.0; N_SUMS],
        }
    }
}

/// Share of a count in an entropy.
fn share(count: u32) -> f64 {
    if count == 0 { 0.0 } else { f64::from(count) * f64::from(count).log2() }
}

/// Where a quantile lies: between two ranks, and how far from the lower one.
#[derive(Debug, Clone, Copy, Default)]
struct Position {
    ranks: [usize; 2],
    fraction: f64,
}

impl Position {
    fn of(quantile: f64, count: usize) -> Self {
        let position = quantile * (count - 1) as f64;
        let below = position.floor();
        let low = (below as usize).min(count - 1);
        Self { ranks: [low, (low + 1).min(count - 1)], fraction: position - below }
    }

    /// As numpy interpolates: from the nearer of the two values.
    fn between(&self, [low, high]: [f64; 2]) -> f64 {
        let difference = high - low;
        if self.fraction < 0.5 { low + difference * self.fraction } else { high - difference * (1.0 - self.fraction) }
    }
}

/// Takes values in ascending order, and writes what is wanted of them.
#[derive(Debug)]
pub(super) struct Describer<'a> {
    wanted: &'a Wanted,
    count: usize,
    /// Values before the next one.
    before: usize,
    positions: Vec<Position>,
    /// Values at the ranks of each quantile.
    neighbours: Vec<[f64; 2]>,
    /// How many lower and upper neighbours are known.
    n_found: [usize; 2],
    /// The most frequent value and how often it occurs.
    mode: (f64, u32),
    bins: Bins,
    /// Whether values go into the bins as they come.
    bins_values: bool,
    /// The lowest rank whose value is not known yet.
    next_rank: usize,
    shares: [f64; N_SUMS],
}

impl Describer<'_> {
    /// Whether it must be known how often each value occurs.
    pub(super) fn needs_counts(&self) -> bool {
        self.wanted.has_mode || self.wanted.has_entropy
    }

    /// Whether the values at some ranks must be known.
    pub(super) fn needs_ranks(&self) -> bool {
        !self.wanted.quantiles.is_empty()
    }

    /// Takes all values for the bins at once, in any order.
    pub(super) fn bin_pixels<T: Pixel>(&mut self, level: Level, pixels: &[T]) {
        if self.bins_values {
            self.bins.push_pixels(level, pixels);
            self.bins_values = false;
        }
    }

    /// Expects `count` values, at least one; the lowest and the highest of them are asked for if they matter.
    pub(super) fn start(&mut self, count: u64, range: impl FnOnce() -> [f64; 2]) {
        self.count = count as usize;
        for (position, quantile) in self.positions.iter_mut().zip(&self.wanted.quantiles) {
            *position = Position::of(*quantile, self.count);
        }
        (self.before, self.n_found, self.mode) = (0, [0; 2], (f64::NAN, 0));
        self.shares = [0.0; N_SUMS];
        self.find_next_rank();
        self.bins_values = self.wanted.has_histogram;
        if self.bins_values {
            let [low, high] = range();
            self.bins.span(low, high);
        }
    }

    /// Takes `n` equal values.
    #[inline(always)]
    pub(super) fn push(&mut self, value: f64, n: u32) {
        self.count_up_to(value, n);
        if n > self.mode.1 {
            self.mode = (value, n);
        }
        if self.wanted.has_entropy {
            self.shares[0] += self.wanted.shares.get(n as usize).copied().unwrap_or_else(|| share(n));
        }
        if self.bins_values {
            self.bins.push(value, n);
        }
    }

    /// Takes the values from `lowest` on in steps of 1, each as often as counted. What most of them have nothing to do
    /// with is decided for a group of them.
    #[inline(always)]
    pub(super) fn push_counts(&mut self, lowest: f64, counts: &[u32; GROUP]) {
        let (mut total, mut most) = (0, 0);
        for n in counts {
            total += n;
            most = most.max(*n);
        }
        if total == 0 {
            return;
        }
        if most > self.mode.1 {
            let slot = counts.iter().position(|n| *n == most).unwrap_or(0);
            self.mode = (lowest + slot as f64, most);
        }
        if self.before + total as usize > self.next_rank {
            for (slot, n) in counts.iter().enumerate() {
                self.count_up_to(lowest + slot as f64, *n);
            }
        } else {
            self.before += total as usize;
        }
        if most > 1 && self.wanted.has_entropy {
            let (parts, _) = counts.as_chunks::<SHARED>();
            for part in parts.iter().filter(|part| part.iter().fold(0, |any, n| any | n) > 1) {
                self.add_shares(part, most);
            }
        }
        if self.bins_values {
            for (slot, n) in counts.iter().enumerate().filter(|(_, n)| **n > 0) {
                self.bins.push(lowest + slot as f64, *n);
            }
        }
    }

    #[inline(always)]
    fn add_shares(&mut self, counts: &[u32; SHARED], most: u32) {
        let known = self.wanted.shares;
        for (slot, n) in counts.iter().enumerate() {
            self.shares[slot % N_SUMS] +=
                if (most as usize) < N_LOOKED_UP { known[*n as usize % N_LOOKED_UP] } else { share(*n) };
        }
    }

    /// Passes `n` equal values, and keeps them for the quantiles that lie there.
    #[inline(always)]
    fn count_up_to(&mut self, value: f64, n: u32) {
        self.before += n as usize;
        if self.before <= self.next_rank {
            return;
        }
        for side in 0..2 {
            let found = &mut self.n_found[side];
            while self.positions.get(*found).is_some_and(|position| position.ranks[side] < self.before) {
                self.neighbours[*found][side] = value;
                *found += 1;
            }
        }
        self.find_next_rank();
    }

    fn find_next_rank(&mut self) {
        let rank = |side: usize| self.positions.get(self.n_found[side]).map_or(usize::MAX, |p| p.ranks[side]);
        self.next_rank = rank(0).min(rank(1));
    }

    /// Writes the statistics to their columns.
    pub(super) fn finish(&mut self, row_out: &mut [f64]) {
        for (column, statistic) in &self.wanted.columns {
            row_out[*column] = match statistic {
                Statistic::Quantile(q) => self.quantile(*q),
                Statistic::Iqr => self.quantile(0.75) - self.quantile(0.25),
                Statistic::Mode => self.mode.0,
                Statistic::HistogramMode => self.bins.take_fullest(),
                _ => self.entropy(),
            };
        }
    }

    /// Asks for the values at the ranks of the quantiles, ascending.
    pub(super) fn take_ranks(&mut self, mut value_at: impl FnMut(usize) -> f64) {
        let mut ranks: Vec<usize> = self.positions.iter().flat_map(|position| position.ranks).collect();
        ranks.sort_unstable();
        ranks.dedup();
        let known: Vec<(usize, f64)> = ranks.into_iter().map(|rank| (rank, value_at(rank))).collect();
        for (position, neighbours) in self.positions.iter().zip(&mut self.neighbours) {
            let value = |rank: usize| known.iter().find(|(known, _)| *known == rank).map_or(f64::NAN, |known| known.1);
            *neighbours = position.ranks.map(value);
        }
    }

    fn quantile(&self, quantile: f64) -> f64 {
        let place = self.wanted.quantiles.iter().position(|known| known.to_bits() == quantile.to_bits());
        place.map_or(f64::NAN, |place| self.positions[place].between(self.neighbours[place]))
    }

    fn entropy(&self) -> f64 {
        // The difference of logarithms would leave a rounding error where there is nothing to be told apart.
        if self.mode.1 as usize == self.count {
            return 0.0;
        }
        let shares: f64 = self.shares.iter().sum();
        (self.count as f64).log2() - shares / self.count as f64
    }
}
