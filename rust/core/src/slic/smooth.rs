//! Gaussian smoothing, bit for bit that of scipy's `correlate1d` with symmetric weights.

use fearless_simd::dispatch;

use super::planes::Planes;
use crate::{Exec, Real, Result};

/// Values whose sums stay in the L1 cache while the rows pass by.
const BLOCK: usize = 512;

/// Smooths the image along z, y and x in turn, each with its weights, the central one first; an axis without weights is
/// left as it is. Beyond its border the image is reflected, the last pixel repeated.
pub(super) fn smooth<R: Real>(exec: &Exec<'_>, mut planes: Planes<R>, weights: [&[f64]; 3]) -> Result<Planes<R>> {
    let [slices, rows, pixels] = weights;
    let height = planes.volume().height;
    if !slices.is_empty() {
        planes = across_rows(exec, &planes, slices, planes.volume().depth, |row| (row % height, height, row / height))?;
    }
    if !rows.is_empty() {
        planes = across_rows(exec, &planes, rows, height, |row| (row / height * height, 1, row % height))?;
    }
    if !pixels.is_empty() {
        planes = within_rows(exec, &planes, pixels)?;
    }
    Ok(planes)
}

/// Smooths along an axis of which `line_of` a row tells the first row, the step to the next and the row's own place.
fn across_rows<R: Real>(
    exec: &Exec<'_>,
    planes: &Planes<R>,
    weights: &[f64],
    len: usize,
    line_of: impl Fn(usize) -> (usize, usize, usize) + Sync,
) -> Result<Planes<R>> {
    let mut smoothed = Planes::unwritten(planes.volume(), planes.n_channels());
    smoothed.for_each_row(exec, |row, values_out, _| {
        let (first, step, place) = line_of(row);
        let row_at = |offset: isize| planes.row(first + step * reflected(place as isize + offset, len));
        let pairs = (1..weights.len() as isize).map(|distance| (row_at(-distance), row_at(distance)));
        let pairs: Vec<_> = pairs.collect();
        dispatch!(exec.level, _simd => weigh_rows(row_at(0), &pairs, weights, values_out));
    })?;
    Ok(smoothed)
}

#[inline(always)]
fn weigh_rows<R: Real>(center: &[R], pairs: &[(&[R], &[R])], weights: &[f64], values_out: &mut [R]) {
    let mut sums = [0.0; BLOCK];
    for (block, values_out) in values_out.chunks_mut(BLOCK).enumerate() {
        let part = block * BLOCK..block * BLOCK + values_out.len();
        for (sum, value) in sums.iter_mut().zip(&center[part.clone()]) {
            *sum = value.to_f64() * weights[0];
        }
        for ((before, after), weight) in pairs.iter().zip(&weights[1..]).rev() {
            for (sum, (before, after)) in sums.iter_mut().zip(before[part.clone()].iter().zip(&after[part.clone()])) {
                *sum += (before.to_f64() + after.to_f64()) * weight;
            }
        }
        for (value, sum) in values_out.iter_mut().zip(sums) {
            *value = R::from_f64(sum);
        }
    }
}

fn within_rows<R: Real>(exec: &Exec<'_>, planes: &Planes<R>, weights: &[f64]) -> Result<Planes<R>> {
    let (width, radius) = (planes.volume().width, weights.len() - 1);
    let mut smoothed = Planes::unwritten(planes.volume(), planes.n_channels());
    smoothed.for_each_row(exec, |row, values_out, stride| {
        let mut padded = vec![0.0; width + 2 * radius];
        let mut sums = vec![0.0; width];
        for (values_out, values) in values_out.chunks_exact_mut(stride).zip(planes.row(row).chunks_exact(stride)) {
            for (place, value) in padded.iter_mut().enumerate() {
                *value = values[reflected(place as isize - radius as isize, width)].to_f64();
            }
            dispatch!(exec.level, _simd => weigh_pixels(&padded, weights, &mut sums, values_out));
        }
    })?;
    Ok(smoothed)
}

#[inline(always)]
fn weigh_pixels<R: Real>(padded: &[f64], weights: &[f64], sums: &mut [f64], values_out: &mut [R]) {
    let radius = weights.len() - 1;
    for (sum, value) in sums.iter_mut().zip(&padded[radius..]) {
        *sum = value * weights[0];
    }
    for distance in (1..weights.len()).rev() {
        let pairs = padded[radius - distance..].iter().zip(&padded[radius + distance..]);
        for (sum, (before, after)) in sums.iter_mut().zip(pairs) {
            *sum += (before + after) * weights[distance];
        }
    }
    for (value, sum) in values_out.iter_mut().zip(sums) {
        *value = R::from_f64(*sum);
    }
}

/// The place that an index beyond the ends shows, as in two mirrors that face each other.
fn reflected(index: isize, len: usize) -> usize {
    let place = index.rem_euclid(2 * len as isize) as usize;
    place.min(2 * len - 1 - place)
}
