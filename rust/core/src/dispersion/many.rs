//! Any number of clusters and features: the means first, then deviations from them, so that nothing cancels.

use fearless_simd::dispatch;
use rayon::prelude::*;

use super::Dispersions;
use crate::chunks::Chunks;
use crate::distance::{Centers, OwnDistances};
use crate::features::MAX_FEATURES;
use crate::kmeans::Sums;
use crate::simd::{Level, Tile};
use crate::{Element, Exec, Result, Samples, Weights};

/// Copies of each sum that take turns: an addition would otherwise wait for the one before it.
const TURNS: usize = 8;

pub(super) fn dispersions<T: Element>(
    exec: &Exec<'_>,
    samples: &Samples<'_, T>,
    labels: &[i32],
    n_clusters: usize,
    weights: Weights<'_>,
) -> Result<Dispersions> {
    let sums = cluster_sums(exec, samples, labels, n_clusters, weights)?;
    let mut means = vec![0.0; n_clusters * samples.n_features()];
    sums.centers(&mut means);
    let centers = Centers::new(&means, samples.n_features())?;
    let (squares, distances) = deviations(exec, samples, labels, &centers, weights)?;
    let weights = (0..n_clusters).map(|cluster| sums.weight(cluster)).collect();
    Ok(Dispersions { weights, means, squares, distances })
}

fn cluster_sums<T: Element>(
    exec: &Exec<'_>,
    samples: &Samples<'_, T>,
    labels: &[i32],
    n_clusters: usize,
    weights: Weights<'_>,
) -> Result<Sums> {
    let n_features = samples.n_features();
    let chunks = Chunks::new(samples.n_samples(), n_clusters);
    let partials = (0..chunks.count())
        .into_par_iter()
        .map(|chunk| {
            exec.check()?;
            let mut sums = Sums::new(n_clusters, n_features);
            let mut tile = Tile::<f64>::new(n_features);
            let range = chunks.range(chunk);
            for start in range.clone().step_by(tile.capacity()) {
                let end = (start + tile.capacity()).min(range.end);
                let labels = &labels[start..end];
                if n_features <= MAX_FEATURES {
                    tile.load(exec.level, samples, start..end);
                    tile.set_labels(exec.level, labels);
                    sums.add_tile(exec.level, weights.slice(start, labels.len()), tile.labelled(), labels, None);
                } else {
                    sums.add(exec.level, samples, weights, start, None, labels);
                }
            }
            Ok(sums)
        })
        .collect::<Result<Vec<_>>>()?;
    let mut total = Sums::new(n_clusters, n_features);
    for sums in &partials {
        total.merge(sums);
    }
    Ok(total)
}

/// Weighted sums of squared distances, and of distances, to the own centers.
fn deviations<T: Element>(
    exec: &Exec<'_>,
    samples: &Samples<'_, T>,
    labels: &[i32],
    centers: &Centers<f64>,
    weights: Weights<'_>,
) -> Result<(Vec<f64>, Vec<f64>)> {
    let n_clusters = centers.n_clusters();
    let chunks = Chunks::new(samples.n_samples(), n_clusters);
    let partials = (0..chunks.count())
        .into_par_iter()
        .map(|chunk| {
            exec.check()?;
            let mut own = OwnDistances::new(exec.level, centers);
            let mut sums = Deviations::new(n_clusters);
            let range = chunks.range(chunk);
            for start in range.clone().step_by(own.block()) {
                let labels = &labels[start..(start + own.block()).min(range.end)];
                sums.add(exec.level, own.compute(samples, start, labels), weights.slice(start, labels.len()), labels);
            }
            Ok(sums)
        })
        .collect::<Result<Vec<_>>>()?;
    let mut total = Deviations::new(n_clusters);
    for partial in &partials {
        total.merge(partial);
    }
    let sums = |turns: &[[f64; TURNS]]| turns.iter().map(|turns| turns.iter().sum()).collect();
    Ok((sums(&total.squares), sums(&total.distances)))
}

/// Sums of the squared distances and of the distances of each cluster.
struct Deviations {
    /// Shape (`n_clusters`, [`TURNS`]).
    squares: Vec<[f64; TURNS]>,
    distances: Vec<[f64; TURNS]>,
    /// Weighted, of the block that is added.
    block_squares: Vec<f64>,
    block_distances: Vec<f64>,
}

impl Deviations {
    fn new(n_clusters: usize) -> Self {
        let zeros = vec![[0.0; TURNS]; n_clusters];
        Self { squares: zeros.clone(), distances: zeros, block_squares: vec![], block_distances: vec![] }
    }

    fn add(&mut self, level: Level, squares: &[f64], weights: Weights<'_>, labels: &[i32]) {
        dispatch!(level, _simd => {
            self.load(squares, weights);
            let values = self.block_squares.iter().zip(&self.block_distances);
            for (i, (label, (square, distance))) in labels.iter().zip(values).enumerate() {
                self.squares[*label as usize][i % TURNS] += square;
                self.distances[*label as usize][i % TURNS] += distance;
            }
        });
    }

    #[inline(always)]
    fn load(&mut self, squares: &[f64], weights: Weights<'_>) {
        self.block_squares.clear();
        self.block_squares.extend_from_slice(squares);
        self.block_distances.clear();
        self.block_distances.extend(squares.iter().map(|square| square.sqrt()));
        if let Weights::Each(weights) = weights {
            for ((square, distance), weight) in
                self.block_squares.iter_mut().zip(&mut self.block_distances).zip(weights)
            {
                *square *= weight;
                *distance *= weight;
            }
        }
    }

    fn merge(&mut self, other: &Self) {
        let squares = self.squares.iter_mut().zip(&other.squares);
        for (sum, value) in squares.chain(self.distances.iter_mut().zip(&other.distances)) {
            for (sum, value) in sum.iter_mut().zip(value) {
                *sum += value;
            }
        }
    }
}
