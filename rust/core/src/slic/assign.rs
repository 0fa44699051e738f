//! The nearest cluster of every pixel of a tile.

use fearless_simd::prelude::*;
use fearless_simd::{Level, Select, Simd, dispatch};

use super::boxes::Tile;
use super::candidates::Candidates;
use super::iterate::Metric;
use super::planes::TILE_WIDTH;
use super::{NONE, Planes};
use crate::Real;

/// Vectors side by side: enough that one addition need not wait for another, few enough for the registers of AVX2.
const VECTORS: usize = 4;

/// Writes the labels of a tile into the rows of its band; pixels that no window holds keep theirs.
pub(super) fn assign<R: Real>(
    level: Level,
    metric: &Metric<R>,
    planes: &Planes<R>,
    mask: Option<&[bool]>,
    tile: &Tile<'_, R>,
    candidates: &Candidates<R>,
    labels_out: &mut [i32],
) {
    let volume = planes.volume();
    let n_kept = candidates.clusters.len();
    let mut winners = [R::ZERO; TILE_WIDTH];
    for (i, y) in tile.rows.clone().enumerate() {
        let row = tile.z * volume.height + y;
        let first = tile.columns.start;
        let pixels = Row { values: &planes.row(row)[first..], stride: planes.stride(), n_channels: tile.colours.len() };
        let down = &candidates.down[i * n_kept..][..n_kept];
        dispatch!(level, simd => nearest_in_row(simd, metric, &pixels, candidates, down, &mut winners));
        let labels = &mut labels_out[i * volume.width..][tile.columns.clone()];
        let mask = mask.map(|mask| &mask[row * volume.width..][tile.columns.clone()]);
        store(&winners, &candidates.clusters, mask, labels);
    }
}

/// The pixels of a row of a tile.
struct Row<'a, R> {
    /// From the first pixel on in the first channel.
    values: &'a [R],
    stride: usize,
    n_channels: usize,
}

/// Writes the place of the nearest candidate, the first on ties, or [`NONE`].
#[inline(always)]
fn nearest_in_row<S: Simd, R: Real>(
    simd: S,
    metric: &Metric<R>,
    row: &Row<'_, R>,
    candidates: &Candidates<R>,
    down: &[R],
    winners_out: &mut [R; TILE_WIDTH],
) {
    if R::Vector::<S>::LEN * VECTORS <= TILE_WIDTH {
        nearest_of_vectors::<S, R, VECTORS>(simd, metric, row, candidates, down, winners_out);
    } else {
        nearest_of_vectors::<S, R, { VECTORS / 2 }>(simd, metric, row, candidates, down, winners_out);
    }
}

#[inline(always)]
fn nearest_of_vectors<S: Simd, R: Real, const N: usize>(
    simd: S,
    metric: &Metric<R>,
    row: &Row<'_, R>,
    candidates: &Candidates<R>,
    down: &[R],
    winners_out: &mut [R; TILE_WIDTH],
) {
    let lanes = R::Vector::<S>::LEN;
    let splat = |value: R| R::Vector::<S>::simd_from(simd, value);
    let (zero, weight) = (splat(R::ZERO), splat(metric.weight));
    for (block, winners) in winners_out.chunks_exact_mut(N * lanes).enumerate() {
        let first = block * N * lanes;
        let mut nearest = [splat(R::from_f64(R::MAX)); N];
        let mut winner = [splat(-R::ONE); N];
        for (place, down) in down.iter().enumerate() {
            let mut colour = [zero; N];
            let center = &candidates.colours[place * row.n_channels..][..row.n_channels];
            for (channel, center) in center.iter().enumerate() {
                let values = &row.values[channel * row.stride + first..][..N * lanes];
                let center = splat(*center);
                for n in 0..N {
                    let difference = R::Vector::<S>::from_slice(simd, &values[n * lanes..][..lanes]) - center;
                    colour[n] = colour[n] + difference * difference;
                }
            }
            if metric.is_adaptive {
                let maximum = splat(candidates.maxima[place]);
                for n in 0..N {
                    colour[n] = colour[n] / maximum;
                }
            }
            let across = &candidates.across[place * TILE_WIDTH + first..][..N * lanes];
            let (down, label) = (splat(*down), splat(R::from_f64(place as f64)));
            for n in 0..N {
                let across = R::Vector::<S>::from_slice(simd, &across[n * lanes..][..lanes]);
                let distance = (down + across) * weight + colour[n];
                let closer = distance.simd_lt(nearest[n]);
                nearest[n] = closer.select(distance, nearest[n]);
                winner[n] = closer.select(label, winner[n]);
            }
        }
        for n in 0..N {
            winner[n].store_slice(&mut winners[n * lanes..][..lanes]);
        }
    }
}

fn store<R: Real>(winners: &[R; TILE_WIDTH], clusters: &[u32], mask: Option<&[bool]>, labels_out: &mut [i32]) {
    for (i, (label, winner)) in labels_out.iter_mut().zip(winners).enumerate() {
        if *winner >= R::ZERO && mask.is_none_or(|mask| mask[i]) {
            *label = clusters.get(winner.to_label() as usize).map_or(NONE, |cluster| *cluster as i32);
        }
    }
}
