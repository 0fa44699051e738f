//! Moving the clusters to the means of their pixels, by the pixels that have changed clusters.
//!
//! After a few assignments few pixels change (measured: a third in the second, an eighth in the third, 3 % in the
//! seventh), so that sums are kept and only what changes is added or taken away. The values are rounded to multiples of a
//! power of two and the sums are integers, which no order of additions changes. Means of positions are the same to the last
//! bit. Those of colours are not, as sums in the order of the pixels are rounded after each addition, but the difference
//! has a bound: [`super::nearest`] tells where it might decide.

use rayon::prelude::*;

use super::bands::{Band, Change};
use super::boxes::{Boxes, Cut};
use super::clusters::{AXES, Clusters};
use super::iterate::Settings;
use super::planes::{ANY, Planes};
use crate::simd::prefetch;
use crate::{Exec, Real, Result};

/// Bits of a sum: one is for the sign, one to be sure. Where more are needed before all changes were added, they come right
/// in the end.
const BITS: i32 = 62;

/// Tasks for each thread: pixels change in few places.
const TASKS: usize = 4;

/// So many sums, 1 MiB, are no burden, however few pixels there are.
const FEW_SUMS: usize = 1 << 17;

/// Changes from the one that is added to the one whose colour is asked for: pixels that change lie far apart.
const AHEAD: usize = 32;

/// Sums of the pixels of each cluster, as integers.
#[derive(Debug)]
pub(super) struct Totals {
    /// Shape (`n_clusters` + 1, 4 + `n_channels`): z, y, x, 1, and channels that were multiplied by `scale`. The last row is
    /// for pixels of no cluster.
    sums: Vec<i64>,
    /// How far a channel's sum may be from that of the scaled values of each cluster's pixels; changes do not alter it.
    errors: Vec<f64>,
    n_channels: usize,
    scale: f64,
    /// The largest colour without its sign.
    largest: f64,
}

impl Totals {
    /// Room for sums, if means of them are as good: not in float32, which decides by its roundings, nor where no bound is
    /// known, nor where the pixels have to be looked at for another reason, nor for clusters of a few pixels.
    pub(super) fn new<R: Real>(
        planes: &Planes<R>,
        boxes: &Boxes,
        settings: &Settings<R>,
        n_clusters: usize,
    ) -> Option<Self> {
        let volume = planes.volume();
        let extents = [volume.depth, volume.height, volume.width];
        let n_pixels = volume.n_pixels() as f64;
        let are_places_exact = n_pixels * extents.into_iter().max()? as f64 * R::EPSILON <= 1.0;
        let is_adaptive = settings.is_adaptive && !settings.ignores_colour;
        if size_of::<R>() < size_of::<f64>() || !are_places_exact || is_adaptive || !boxes.are_finite() {
            return None;
        }
        let n_channels = if settings.ignores_colour { 0 } else { planes.n_channels() };
        let n_sums = (n_clusters + 1) * (AXES + 1 + n_channels);
        // Every task has sums of its own: for many small clusters they are more than there are pixels.
        if n_sums * TASKS * rayon::current_num_threads() > volume.n_pixels().max(FEW_SUMS) {
            return None;
        }
        let largest = boxes.largest();
        // No scale is needed where all colours are 0.
        let most = (n_pixels * largest).max(f64::from(-BITS).exp2());
        let scale = (f64::from(BITS) - most.log2().ceil()).exp2();
        Some(Self { sums: vec![0; n_sums], errors: vec![0.0; n_clusters], n_channels, scale, largest })
    }

    /// Rows of consecutive clusters, and their errors.
    pub(super) fn groups(&mut self, n_clusters: usize) -> impl Iterator<Item = Group<'_>> {
        let (scale, largest, row_len) = (self.scale, self.largest, AXES + 1 + self.n_channels);
        let groups = self.sums.chunks_mut(n_clusters * row_len).zip(self.errors.chunks_mut(n_clusters));
        groups.map(move |(sums, errors)| Group { sums, errors, row_len, scale, largest })
    }

    /// Adds and takes away what has changed.
    pub(super) fn follow<R: Real>(
        &mut self,
        exec: &Exec<'_>,
        planes: &Planes<R>,
        bands: &[Band],
        cut: Cut,
    ) -> Result<()> {
        let min_len = bands.len().div_ceil(TASKS * rayon::current_num_threads());
        let parts = bands.par_iter().enumerate().with_min_len(min_len).try_fold(
            || vec![0; self.sums.len()],
            |mut sums, (index, band)| {
                exec.check()?;
                let (z, lines) = cut.band(index, planes.volume().height);
                let first_row = z * planes.volume().height + lines.start;
                let mover =
                    Mover { planes, n_channels: self.n_channels, scale: self.scale, z, y: lines.start, first_row };
                mover.add(&band.changes, &mut sums);
                Ok(sums)
            },
        );
        let none = || vec![0; self.sums.len()];
        let all = parts.try_reduce(none, |mut sums, part| {
            add_to(&mut sums, &part);
            Ok(sums)
        })?;
        add_to(&mut self.sums, &all);
        Ok(())
    }

    /// Writes the means, and how far they may be from those of sums in the order of the pixels.
    pub(super) fn write_means<R: Real>(&self, clusters: &mut Clusters<R>) {
        let rows = self.sums.chunks_exact(AXES + 1 + self.n_channels);
        for (cluster, (row, error)) in rows.zip(&self.errors).enumerate() {
            let (values, error_out) = clusters.row_mut(cluster);
            let count = row[AXES] as f64;
            for (mean, sum) in values.iter_mut().zip(&row[..AXES]) {
                *mean = R::from_f64(*sum as f64 / count);
            }
            for (mean, sum) in values[AXES..].iter_mut().zip(&row[AXES + 1..]) {
                *mean = R::from_f64(*sum as f64 / self.scale / count);
            }
            // Each channel's sum was rounded, and is without every digit beyond the scale; so would the other one be.
            let of_sum = error + count / self.scale + rounding::<R>(count, self.largest);
            // The last is for the division.
            let of_mean = of_sum / count + 2.0 * R::EPSILON * self.largest;
            *error_out = if row[AXES] > 0 { R::from_f64(of_mean * (self.n_channels as f64).sqrt()) } else { R::ZERO };
        }
    }
}

/// Integers may be added in any order.
fn add_to(sums: &mut [i64], changes: &[i64]) {
    for (sum, change) in sums.iter_mut().zip(changes) {
        *sum = sum.wrapping_add(*change);
    }
}

/// How much a sum of numbers may be wrong that is rounded after each addition.
fn rounding<R: Real>(count: f64, largest: f64) -> f64 {
    count * count * largest * R::EPSILON
}

/// Consecutive clusters.
pub(super) struct Group<'a> {
    sums: &'a mut [i64],
    errors: &'a mut [f64],
    row_len: usize,
    scale: f64,
    largest: f64,
}

impl Group<'_> {
    /// Begins with what was added in the order of the pixels: z, y, x, 1, and channels.
    pub(super) fn set<R: Real>(&mut self, place: usize, sums: &[R]) {
        let row = &mut self.sums[place * self.row_len..][..self.row_len];
        for (i, (total, sum)) in row.iter_mut().zip(sums).enumerate() {
            let scale = if i > AXES { self.scale } else { 1.0 };
            *total = (sum.to_f64() * scale) as i64;
        }
        let count = row[AXES] as f64;
        self.errors[place] = rounding::<R>(count, self.largest) + (count + 1.0) / self.scale;
    }
}

/// Moves pixels of a band.
struct Mover<'a, R> {
    planes: &'a Planes<R>,
    n_channels: usize,
    scale: f64,
    /// Slice and first row, and the same counted through all slices.
    z: usize,
    y: usize,
    first_row: usize,
}

impl<R: Real> Mover<'_, R> {
    /// Takes pixels from the clusters that they had and adds them to those that they have.
    fn add(&self, changes: &[Change], sums: &mut [i64]) {
        match self.n_channels {
            0 => self.add_pixels::<0>(changes, sums),
            1 => self.add_pixels::<1>(changes, sums),
            3 => self.add_pixels::<3>(changes, sums),
            _ => self.add_pixels::<ANY>(changes, sums),
        }
    }

    fn add_pixels<const C: usize>(&self, changes: &[Change], sums: &mut [i64]) {
        let stride = self.planes.stride();
        let n_channels = if C == ANY { self.n_channels } else { C };
        let row_len = AXES + 1 + n_channels;
        let none = sums.len() / row_len - 1;
        let first = |label: i32| (label.cast_unsigned() as usize).min(none) * row_len;
        let values = |change: &Change| &self.planes.row(self.first_row + change.row as usize)[change.column as usize..];
        for (i, change) in changes.iter().enumerate() {
            if let Some(later) = changes.get(i + AHEAD) {
                let values = values(later);
                for channel in 0..n_channels {
                    prefetch(&values[channel * stride..][..1]);
                }
            }
            let place = [self.z, self.y + change.row as usize, change.column as usize, 1];
            let values = values(change);
            for (label, sign) in [(change.from, -1), (change.to, 1)] {
                let (places, channels) = sums[first(label)..][..row_len].split_at_mut(AXES + 1);
                for (sum, number) in places.iter_mut().zip(place) {
                    *sum += sign * number as i64;
                }
                for (channel, sum) in channels.iter_mut().enumerate() {
                    let value = values[channel * stride].to_f64();
                    *sum = sum.wrapping_add(sign * (value * self.scale) as i64);
                }
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::float_cmp, reason = "a test may panic, and some numbers are the same")]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Interrupt;
    use crate::slic::planes::{BAND_HEIGHT, Volume};
    use crate::slic::update::{Labels, update};
    use crate::slic::{Conversion, Image, NONE, Scaled};

    const VOLUME: Volume = Volume { depth: 2, height: 40, width: 30 };
    const N_CLUSTERS: usize = 3;
    const SETTINGS: Settings<f64> = Settings {
        spacing: [1.0; AXES],
        weight: 1.0,
        window: [1; AXES],
        max_num_iter: 1,
        is_adaptive: false,
        ignores_colour: false,
    };

    /// Bands of which each pixel that differs is noted.
    fn bands(cut: Cut, before: &[i32], after: &[i32]) -> Vec<Band> {
        let mut bands = vec![Band::default(); cut.n_bands(VOLUME)];
        for (index, band) in bands.iter_mut().enumerate() {
            let (z, rows) = cut.band(index, VOLUME.height);
            let first = (z * VOLUME.height + rows.start) * VOLUME.width;
            let pixels = first..first + rows.len() * VOLUME.width;
            assert!(rows.len() <= BAND_HEIGHT);
            band.measure(&after[pixels.clone()]);
            for (place, pixel) in pixels.enumerate().filter(|(_, pixel)| before[*pixel] != after[*pixel]) {
                let (row, column) = ((place / VOLUME.width) as u32, (place % VOLUME.width) as u32);
                band.changes.push(Change { row, column, from: before[pixel], to: after[pixel] });
            }
        }
        bands
    }

    fn labels() -> impl Strategy<Value = Vec<i32>> {
        prop::collection::vec(NONE..N_CLUSTERS as i32, VOLUME.n_pixels())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn means_are_as_near_as_promised_to_those_of_ordered_sums(
            n_channels in 1_usize..5,
            values in prop::collection::vec(-100.0..100.0, VOLUME.n_pixels() * 4),
            labels in prop::array::uniform3(labels()),
        ) {
            let interrupt = Interrupt::default();
            let exec = Exec::new(&interrupt);
            let values = &values[..VOLUME.n_pixels() * n_channels];
            let pixels = Scaled { values, low: 0.0, span: 1.0, is_srgb: false };
            let conversion = Conversion { to_lab: false, smoothing: [&[]; 3], ratio: 1.0 };
            let image = Image::read(&exec, &pixels, VOLUME, n_channels, None, conversion).unwrap();
            let Image { planes, boxes, .. } = &image;
            let cut = boxes.cut();
            let seeds = [0.0; N_CLUSTERS * AXES];
            let [mut followed, mut ordered] = [0, 1].map(|_| Clusters::at(&seeds, n_channels).unwrap());
            let mut totals = Totals::new(planes, boxes, &SETTINGS, N_CLUSTERS).unwrap();
            let [first, rest @ ..] = &labels;
            let start = Labels { pixels: first, bands: &bands(cut, first, first), cut };
            update(&exec, planes, start, true, false, &mut followed, Some(&mut totals)).unwrap();
            for (before, after) in labels.iter().zip(rest) {
                let bands = bands(cut, before, after);
                totals.follow(&exec, planes, &bands, cut).unwrap();
                totals.write_means(&mut followed);
                update(&exec, planes, Labels { pixels: after, bands: &bands, cut }, true, false, &mut ordered, None).unwrap();
                for cluster in 0..N_CLUSTERS {
                    let error = followed.error(cluster);
                    prop_assert!(error > 0.0 && error < 1e-9, "{error} says little");
                    prop_assert_eq!(followed.position(cluster), ordered.position(cluster));
                    let pairs = followed.colour(cluster).iter().zip(ordered.colour(cluster));
                    let distance = pairs.map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt();
                    prop_assert!(distance <= error, "{distance} is more than {error}");
                    prop_assert_eq!(ordered.error(cluster), 0.0);
                }
            }
        }
    }
}
