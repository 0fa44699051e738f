//! Mean distances of every sample to every cluster, each pair computed once.

use std::ops::Range;

use rayon::prelude::*;

use super::grouped::Stretch;
use super::pairs::{LANES, Pairs};
use super::{Grouped, Means, own_mean};
use crate::{Exec, Result};

/// Stretches that the samples are cut into: enough for 16 threads, whose work shrinks along the triangle of pairs.
const STRETCHES: usize = 64;

/// Most rows in a band: what a band leaves in memory for each stretch is then small.
const MAX_BAND: usize = 8192;

/// Pairs between two looks at the interrupt, about a millisecond.
const PAIRS_PER_CHECK: usize = 1 << 20;

/// The means for all grouped samples, in memory for a few numbers each.
///
/// Clusters come one after the other, in bands of rows: the distances between a band and all later samples serve both
/// ends. Sums over a cluster are complete, and forgotten, before the next cluster comes.
pub(super) fn means(exec: &Exec<'_>, grouped: &Grouped) -> Result<Means> {
    let n_places = grouped.n_places();
    let stretches = grouped.stretches(n_places.div_ceil(STRETCHES).next_multiple_of(LANES));
    let mut sums =
        Sums { own: vec![0.0; n_places], other: vec![f64::INFINITY; n_places], cluster: vec![0.0; n_places] };
    let mut first = 0;
    for cluster in 0..grouped.n_clusters() {
        sums.cluster.fill(0.0);
        while stretches.get(first).is_some_and(|stretch| stretch.cluster == cluster) {
            let band = band(&stretches[first..]);
            let partials = add_band(exec, grouped, &stretches[first..], &band, &mut sums.cluster)?;
            sums.add_rows(grouped, &stretches[first..], &band, &partials);
            first += stretches[first..].iter().take_while(|stretch| stretch.places.end <= band.end).count();
        }
        sums.finish_cluster(grouped, cluster);
    }
    for cluster in 0..grouped.n_clusters() {
        let places = grouped.places(cluster);
        for (sum, weight) in sums.own[places.clone()].iter_mut().zip(&grouped.weights()[places]) {
            *sum = own_mean(*sum, grouped.total(cluster), *weight);
        }
    }
    Ok(Means { own: sums.own, other: sums.other })
}

/// The first of the stretches that belong to the cluster of the first, as many as make a band.
fn band(stretches: &[Stretch]) -> Range<usize> {
    let (start, cluster) = (stretches[0].places.start, stretches[0].cluster);
    let fits = |stretch: &&Stretch| stretch.cluster == cluster && stretch.places.end <= start + MAX_BAND;
    let end = stretches.iter().take_while(fits).last().unwrap_or(&stretches[0]).places.end;
    start..end
}

/// Adds the distances of the band to each later sample, and gives those of each row of the band to each stretch, shape
/// (`n_stretches`, rows of the band).
fn add_band(
    exec: &Exec<'_>,
    grouped: &Grouped,
    stretches: &[Stretch],
    band: &Range<usize>,
    column_sums_out: &mut [f64],
) -> Result<Vec<f64>> {
    let mut partials = vec![0.0; stretches.len() * band.len()];
    let mut rest = &mut column_sums_out[band.start..];
    let mut columns = Vec::with_capacity(stretches.len());
    for stretch in stretches {
        let (sums, later) = rest.split_at_mut(stretch.places.len());
        columns.push(sums);
        rest = later;
    }
    let pairs = Pairs::new(exec.level, grouped, grouped);
    stretches.par_iter().zip(columns).zip(partials.par_chunks_exact_mut(band.len())).try_for_each(
        |((stretch, column_sums), row_sums)| {
            // Rows before the stretch; those within meet each other twice.
            let before = band.start..stretch.places.start.min(band.end);
            let length = (PAIRS_PER_CHECK / stretch.places.len()).next_multiple_of(LANES);
            for start in before.clone().step_by(length) {
                exec.check()?;
                let rows = start..(start + length).min(before.end);
                let sums = &mut row_sums[rows.start - band.start..rows.end - band.start];
                pairs.add_to_both(rows, stretch.places.clone(), sums, column_sums);
            }
            if stretch.places.start < band.end {
                exec.check()?;
                pairs.add_to_rows(stretch.places.clone(), stretch.places.clone(), column_sums);
            }
            Ok(())
        },
    )?;
    Ok(partials)
}

struct Sums {
    /// Distances to the own cluster.
    own: Vec<f64>,
    /// Smallest mean distance to another cluster so far.
    other: Vec<f64>,
    /// Distances of the samples from the present cluster on to this cluster.
    cluster: Vec<f64>,
}

impl Sums {
    /// Takes the sums of the rows of a band to this cluster and to later ones, stretch by stretch.
    fn add_rows(&mut self, grouped: &Grouped, stretches: &[Stretch], band: &Range<usize>, partials: &[f64]) {
        let own_cluster = stretches[0].cluster;
        let mut rows = partials.chunks_exact(band.len());
        let mut total = vec![0.0; band.len()];
        for stretches in stretches.chunk_by(|a, b| a.cluster == b.cluster) {
            total.fill(0.0);
            for row_sums in rows.by_ref().take(stretches.len()) {
                for (total, sum) in total.iter_mut().zip(row_sums) {
                    *total += sum;
                }
            }
            let cluster = stretches[0].cluster;
            if cluster == own_cluster {
                add(&mut self.own[band.clone()], &total);
            } else {
                lower(&mut self.other[band.clone()], &total, grouped.total(cluster));
            }
        }
    }

    /// Takes the sums of this cluster's own and all later samples to it.
    fn finish_cluster(&mut self, grouped: &Grouped, cluster: usize) {
        let own = grouped.places(cluster);
        add(&mut self.own[own.clone()], &self.cluster[own.clone()]);
        lower(&mut self.other[own.end..], &self.cluster[own.end..], grouped.total(cluster));
    }
}

fn add(sums_out: &mut [f64], values: &[f64]) {
    for (sum, value) in sums_out.iter_mut().zip(values) {
        *sum += value;
    }
}

/// Lowers means to those of a cluster, which counts only if it weighs something.
pub(super) fn lower(means_out: &mut [f64], sums: &[f64], weight: f64) {
    if weight > 0.0 {
        for (mean, sum) in means_out.iter_mut().zip(sums) {
            *mean = mean.min(sum / weight);
        }
    }
}
