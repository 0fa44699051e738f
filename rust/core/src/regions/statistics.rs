//! All numbers of all regions in one pass.

use rayon::prelude::*;

use super::totals::Totals;
use super::{Label, region};
use crate::{Element, Error, Exec, Layout, Result, Samples};

/// Most parts that are counted side by side.
const MAX_PARTS: usize = 16;

/// Pixels of a part for each region, so that tables of regions do not outgrow the image.
const PIXELS_PER_REGION: usize = 8;

/// Rows between two looks at the flag that stops.
const ROWS_PER_CHECK: usize = 64;

/// Pixels of a region after which, and each time they have doubled, it is asked whether their values are seen from afar.
const FEW: u64 = 16;

/// Axes of a volume.
const AXES: usize = 3;

/// What is in each region; numbers of regions without pixels mean nothing.
#[derive(Debug, Clone)]
pub struct Statistics {
    /// Number of pixels.
    pub areas: Vec<u64>,
    /// First pixel along z, y and x, and one past the last.
    pub boxes: Vec<[u32; 2 * AXES]>,
    /// Mean place along z, y and x.
    pub centroids: Vec<[f64; AXES]>,
    /// Mean of each channel; shape (regions, channels).
    pub means: Vec<f64>,
    /// Standard deviation of each channel, of the region as a whole population.
    pub deviations: Vec<f64>,
    /// Lowest value of each channel.
    pub lowest: Vec<f64>,
    /// Highest value of each channel.
    pub highest: Vec<f64>,
}

/// Counts the regions of a volume of shape (depth, height, width), whose pixels are `samples` in row-major layout.
///
/// # Errors
/// [`Error::Mismatch`] if labels or pixels do not fit the shape, [`Error::Range`] for a label that is not from 0 to
/// `n_regions` - 1, or for planes; [`Error::Interrupted`].
pub fn statistics<L: Label, T: Element>(
    exec: &Exec<'_>,
    labels: &[L],
    samples: &Samples<'_, T>,
    shape: [usize; AXES],
    n_regions: usize,
) -> Result<Statistics> {
    let n_pixels = shape.iter().product::<usize>();
    for (argument, got) in [("labels", labels.len()), ("image", samples.n_samples())] {
        if got != n_pixels {
            return Err(Error::Mismatch { argument, dimension: "pixels", got, needed: n_pixels });
        }
    }
    if samples.layout() != Layout::RowMajor {
        let needed = "channels last".into();
        return Err(Error::Range { argument: "the layout of 'image'", got: "channels first".into(), needed });
    }
    let n_rows = shape[0] * shape[1];
    let n_parts = (n_pixels / (PIXELS_PER_REGION * n_regions.max(1))).clamp(1, MAX_PARTS).min(n_rows.max(1));
    let rows_per_part = n_rows.div_ceil(n_parts).max(1);
    let parts = (0..n_parts).into_par_iter().map(|part| {
        let mut table = Table::new(n_regions, samples.n_features());
        for row in part * rows_per_part..((part + 1) * rows_per_part).min(n_rows) {
            if row % ROWS_PER_CHECK == 0 {
                exec.check()?;
            }
            table.add_row(labels, samples.values(), shape, row)?;
        }
        Ok(table)
    });
    let mut parts = parts.collect::<Result<Vec<_>>>()?.into_iter();
    let mut table = parts.next().unwrap_or_else(|| Table::new(n_regions, samples.n_features()));
    for part in parts {
        table.merge(&part);
    }
    Ok(table.finish())
}

/// Sums of some pixels.
struct Table {
    areas: Vec<u64>,
    boxes: Vec<[u32; 2 * AXES]>,
    places: Vec<[u64; AXES]>,
    /// Shape (regions, channels).
    channels: Vec<Totals>,
    n_channels: usize,
}

impl Table {
    fn new(n_regions: usize, n_channels: usize) -> Self {
        let empty = [u32::MAX, u32::MAX, u32::MAX, 0, 0, 0];
        Self {
            areas: vec![0; n_regions],
            boxes: vec![empty; n_regions],
            places: vec![[0; AXES]; n_regions],
            channels: vec![Totals::NONE; n_regions * n_channels],
            n_channels,
        }
    }

    /// Adds the pixels of a row, run by run of equal labels.
    fn add_row<L: Label, T: Element>(
        &mut self,
        labels: &[L],
        values: &[T],
        [_, height, width]: [usize; AXES],
        row: usize,
    ) -> Result<()> {
        let labels = &labels[row * width..][..width];
        let values = &values[row * width * self.n_channels..][..width * self.n_channels];
        let [z, y] = [row / height, row % height];
        let n_regions = self.areas.len();
        let mut start = 0;
        while start < width {
            let region = region(labels[start], n_regions)?;
            let same = labels[start..].iter().take_while(|label| **label == labels[start]).count();
            let end = start + same;
            let bounds = &mut self.boxes[region];
            for (axis, (first, last)) in [(z, z), (y, y), (start, end - 1)].into_iter().enumerate() {
                bounds[axis] = bounds[axis].min(first as u32);
                bounds[AXES + axis] = bounds[AXES + axis].max(last as u32 + 1);
            }
            let places = &mut self.places[region];
            for (place, total) in places.iter_mut().zip([z * same, y * same, (start + end - 1) * same / 2]) {
                *place += total as u64;
            }
            self.add_values(region, &values[start * self.n_channels..end * self.n_channels]);
            start = end;
        }
        Ok(())
    }

    /// Counts pixels of a region and adds their values, no more at once than there are already: where the first ones lie far
    /// from the others, few are seen from there.
    #[inline(always)]
    fn add_values<T: Element>(&mut self, region: usize, mut values: &[T]) {
        let n_channels = self.n_channels;
        let (area, channels) = (&mut self.areas[region], &mut self.channels[region * n_channels..][..n_channels]);
        if *area == 0 {
            for (totals, value) in channels.iter_mut().zip(values) {
                totals.begin(value.to_real());
            }
        }
        while !values.is_empty() {
            let doubled = (*area + 1).next_power_of_two().max(FEW);
            let n_pixels = ((doubled - *area) as usize).min(values.len() / n_channels);
            let (some, rest) = values.split_at(n_pixels * n_channels);
            for (channel, totals) in channels.iter_mut().enumerate() {
                totals.add(some[channel..].iter().step_by(n_channels).map(|value| value.to_real()));
            }
            *area += n_pixels as u64;
            if *area == doubled {
                for totals in channels.iter_mut() {
                    totals.center(doubled as f64);
                }
            }
            values = rest;
        }
    }

    /// Adds what another table has counted, after what this one has.
    fn merge(&mut self, other: &Self) {
        for region in 0..self.areas.len() {
            let (n, m) = (self.areas[region], other.areas[region]);
            for axis in 0..AXES {
                self.boxes[region][axis] = self.boxes[region][axis].min(other.boxes[region][axis]);
                self.boxes[region][AXES + axis] = self.boxes[region][AXES + axis].max(other.boxes[region][AXES + axis]);
                self.places[region][axis] += other.places[region][axis];
            }
            self.areas[region] += m;
            let range = region * self.n_channels..(region + 1) * self.n_channels;
            for (totals, added) in self.channels[range.clone()].iter_mut().zip(&other.channels[range]) {
                if n == 0 {
                    *totals = *added;
                } else if m > 0 {
                    totals.merge(n as f64, *added, m as f64);
                }
            }
        }
    }

    fn finish(self) -> Statistics {
        let n = self.channels.len();
        let mut found = Statistics {
            centroids: self.places.iter().zip(&self.areas).map(|(p, n)| p.map(|p| p as f64 / *n as f64)).collect(),
            areas: self.areas,
            boxes: self.boxes,
            means: Vec::with_capacity(n),
            deviations: Vec::with_capacity(n),
            lowest: Vec::with_capacity(n),
            highest: Vec::with_capacity(n),
        };
        for (index, totals) in self.channels.into_iter().enumerate() {
            let area = found.areas[index / self.n_channels] as f64;
            found.means.push(totals.mean(area));
            found.deviations.push(totals.deviation(area));
            found.lowest.push(totals.lowest);
            found.highest.push(totals.highest);
        }
        found
    }
}
