//! Silhouettes of a few samples among all.

use rayon::prelude::*;

use super::every::lower;
use super::pairs::{LANES, Pairs};
use super::{Grouped, own_mean, silhouette};
use crate::{Element, Exec, Result, Samples};

/// Rows handed to a thread at a time: each then reads all samples, from L2 or beyond, for this many.
const BAND: usize = 32;

/// Silhouettes of the samples `rows` among the samples that are grouped; `weights` are those of all samples equal to each
/// of them in its cluster.
pub(super) fn silhouettes<T: Element>(
    exec: &Exec<'_>,
    samples: &Samples<'_, T>,
    labels: &[i32],
    rows: &[i64],
    weights: &[f64],
    grouped: &Grouped,
) -> Result<Vec<f64>> {
    let few = Grouped::of_rows(samples, rows);
    let pairs = Pairs::new(exec.level, &few, grouped);
    let starts: Vec<usize> = (0..few.n_places()).step_by(BAND).collect();
    let bands = starts.into_par_iter().map(|start| {
        let places = start..(start + BAND).min(few.n_places());
        let (mut own, mut other) = (vec![f64::INFINITY; BAND], vec![f64::INFINITY; BAND]);
        let mut sums = vec![0.0; places.len()];
        let labels: Vec<usize> = rows[start..].iter().take(BAND).map(|row| labels[*row as usize] as usize).collect();
        for cluster in 0..grouped.n_clusters() {
            exec.check()?;
            sums.fill(0.0);
            pairs.add_to_rows(places.clone(), grouped.places(cluster), &mut sums);
            for (i, label) in labels.iter().enumerate() {
                if *label == cluster {
                    own[i] = own_mean(sums[i], grouped.total(cluster), weights[start + i]);
                } else {
                    lower(&mut other[i..=i], &sums[i..=i], grouped.total(cluster));
                }
            }
        }
        Ok((0..labels.len()).map(|i| silhouette(own[i], other[i])).collect())
    });
    Ok(bands.collect::<Result<Vec<Vec<f64>>>>()?.concat())
}

const _: () = assert!(BAND.is_multiple_of(LANES), "rows are taken in whole vectors");
