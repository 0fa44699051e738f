//! Statistics of the patches of an image, for several grids of patches from one read.
//!
//! Moments and 8-bit histograms are gathered in cells, the parts into which the lines of all grids together cut the
//! image, and added up to the patches of every grid (`shared`, `reader`); where patches overlap, two stacks keep the sums of a
//! sliding window without ever subtracting (`sliding`). Order statistics of wider types need the pixels of each patch
//! together: counted in a table that slides along, or sorted (`ordered`).

mod bins;
mod bytes;
mod distribution;
mod floats;
mod grid;
mod integers;
mod moments;
mod ordered;
mod pixel;
mod plane;
mod powers;
mod reader;
mod shared;
mod sliding;
mod statistic;
#[cfg(test)]
mod tests;

pub use grid::Grid;
pub use pixel::Pixel;
pub use plane::Plane;
pub use statistic::Statistic;

use rayon::prelude::*;

use crate::{Exec, Result};
use bytes::Histogram;
use distribution::Wanted;

/// Pixels per patch from which a histogram of bytes, 1 KiB, is small beside the patch.
const MIN_HISTOGRAM: usize = 1 << 8;

/// Statistics of all patches of each grid: for each grid shape (`n_planes`, `n_rows`, `n_columns`, `n_statistics`).
///
/// Statistics of a patch without pixels are NaN, and so are those of a patch that holds a NaN which is not omitted;
/// only the count is always a number.
///
/// # Errors
/// [`crate::Error::Mismatch`] if a grid is made for another size, [`crate::Error::Interrupted`].
pub fn statistics<T: Pixel>(
    exec: &Exec<'_>,
    planes: &[Plane<'_, T>],
    grids: &[Grid],
    statistics: &[Statistic],
) -> Result<Vec<Vec<f64>>> {
    for (plane, grid) in planes.iter().flat_map(|plane| grids.iter().map(move |grid| (plane, grid))) {
        grid.check(plane.height(), plane.width())?;
    }
    let wanted = Wanted::new(statistics);
    let of_planes = planes
        .par_iter()
        .map(|plane| plane_statistics(exec, plane, grids, statistics, &wanted))
        .collect::<Result<Vec<_>>>()?;
    let mut values: Vec<Vec<f64>> = grids.iter().map(|_| Vec::new()).collect();
    for of_grids in of_planes {
        for (values, more) in values.iter_mut().zip(of_grids) {
            if values.is_empty() {
                *values = more;
            } else {
                values.extend(more);
            }
        }
    }
    Ok(values)
}

fn plane_statistics<T: Pixel>(
    exec: &Exec<'_>,
    plane: &Plane<'_, T>,
    grids: &[Grid],
    statistics: &[Statistic],
    wanted: &Wanted,
) -> Result<Vec<Vec<f64>>> {
    let mut values: Vec<Vec<f64>> = grids.iter().map(|grid| vec![f64::NAN; grid.len() * statistics.len()]).collect();
    let needs_order = !wanted.is_empty();
    let has_histograms = |grid: &Grid| {
        let is_wide = grid.n_pixels() >= MIN_HISTOGRAM * grid.len();
        needs_order && T::BITS == 8 && is_wide && !grid.overlaps()
    };
    let mut by_histogram = Vec::new();
    let mut by_moments = Vec::new();
    for (grid, values_out) in grids.iter().zip(&mut values) {
        if has_histograms(grid) {
            by_histogram.push((grid, values_out));
        } else {
            by_moments.push((grid, values_out));
        }
    }
    if !by_histogram.is_empty() {
        let (shared, mut values_out): (Vec<&Grid>, Vec<_>) = by_histogram.into_iter().unzip();
        let describer = || {
            let mut describer = wanted.describer();
            move |histogram: &Histogram, patch_out: &mut [f64]| {
                histogram.describe(exec.level, &mut describer, patch_out);
                statistic::write_moments(&histogram.moments(exec.level), statistics, patch_out);
            }
        };
        shared::write::<T, bytes::Counter, _>(exec, plane, &shared, statistics.len(), describer, &mut values_out)?;
    }
    let by_moments: Vec<_> = if statistics.iter().all(Statistic::is_of_order) { Vec::new() } else { by_moments };
    if statistics.iter().any(Statistic::is_of_shape) {
        T::moments_to_fourth(exec, plane, by_moments, statistics)?;
    } else {
        T::moments_to_second(exec, plane, by_moments, statistics)?;
    }
    // Moments are written with room for all statistics, hence before those of order.
    for (grid, values_out) in grids.iter().zip(&mut values).filter(|(grid, _)| needs_order && !has_histograms(grid)) {
        ordered::order_statistics(exec, plane, grid, wanted, statistics.len(), values_out)?;
    }
    Ok(values)
}
