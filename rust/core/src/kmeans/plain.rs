//! One pass over samples as they lie: labels and sums.

use rayon::prelude::*;

use super::sums::Sums;
use crate::chunks::Chunks;
use crate::distance::{Assigner, Centers};
use crate::{Element, Exec, Result, Samples, Weights};

/// The buffers of a pass that reads every sample.
#[derive(Debug)]
pub(super) struct PlainPass {
    chunks: Chunks,
    /// Sums of each chunk, merged in chunk order.
    partials: Vec<Sums>,
}

impl PlainPass {
    pub(super) fn new(n_samples: usize, n_clusters: usize, n_features: usize) -> Self {
        let chunks = Chunks::new(n_samples, n_clusters);
        Self { chunks, partials: vec![Sums::new(n_clusters, n_features); chunks.count()] }
    }

    /// Labels each sample, adds the sums of each cluster to `sums_out`; returns whether a label changed.
    pub(super) fn assign_and_sum<T: Element>(
        &mut self,
        exec: &Exec<'_>,
        samples: &Samples<'_, T>,
        weights: Weights<'_>,
        centers: &Centers<T::Real>,
        labels_out: &mut [i32],
        sums_out: &mut Sums,
    ) -> Result<bool> {
        let length = self.chunks.length();
        let changed = labels_out
            .par_chunks_mut(length)
            .zip(&mut self.partials)
            .enumerate()
            .map(|(chunk, (labels, sums))| {
                exec.check()?;
                sums.clear();
                let mut assigner = Assigner::new(exec.level, centers);
                let mut changed = false;
                let block = assigner.block();
                for (index, labels) in labels.chunks_mut(block).enumerate() {
                    let start = chunk * length + index * block;
                    changed |= assigner.assign(samples, start..start + labels.len(), labels);
                    sums.add(exec.level, samples, weights, start, assigner.tile(), labels);
                }
                Ok(changed)
            })
            .try_reduce(|| false, |a, b| Ok(a | b))?;
        for partial in &self.partials {
            sums_out.merge(partial);
        }
        Ok(changed)
    }
}
