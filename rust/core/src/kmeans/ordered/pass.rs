//! One pass over ordered samples: labels and sums.

use std::sync::Arc;

use rayon::prelude::*;

use super::filter::{Filter, Survivors};
use super::{BLOCK, BRANCH, Order, UNIT};
use crate::buffer::Buffer;
use crate::chunks::Chunks;
use crate::distance::{Candidates, Centers, distances_to_own, nearest};
use crate::kmeans::lloyd::Work;
use crate::kmeans::sums::Sums;
use crate::simd::Tile;
use crate::{Element, Exec, Result};

/// Label of a block whose samples need not all have the same.
const MIXED: i32 = -1;

/// The labels of ordered samples, brought up to date by each pass.
#[derive(Debug)]
pub(in crate::kmeans) struct OrderedPass<T> {
    order: Arc<Order<T>>,
    /// Samples of one task.
    length: usize,
    /// Label of each sample, in the order.
    labels: Buffer<i32>,
    /// Label of all samples of a block, or [`MIXED`].
    block_labels: Vec<i32>,
    /// Sums of each task, merged in order.
    partials: Vec<Sums>,
}

/// What a task has of its own.
struct Task<'a, T: Element> {
    order: &'a Order<T>,
    exec: &'a Exec<'a>,
    centers: &'a Centers<T::Real>,
    filter: &'a Filter,
    all: &'a [u32],
    sums: &'a mut Sums,
    groups: Survivors,
    blocks: Survivors,
    tile: Tile<T::Real>,
    candidates: Candidates<T::Real>,
    changed: bool,
    work: Work,
}

impl<T: Element> OrderedPass<T> {
    /// Starts from `labels`, given in the order of the samples.
    pub(in crate::kmeans) fn new(order: Arc<Order<T>>, labels: &[i32], n_clusters: usize) -> Self {
        let length = Chunks::new(labels.len(), n_clusters).length().next_multiple_of(UNIT);
        Self {
            length,
            labels: order.arrange(labels),
            block_labels: vec![MIXED; labels.len().div_ceil(BLOCK)],
            partials: vec![Sums::new(n_clusters, order.n_features()); labels.len().div_ceil(length)],
            order,
        }
    }

    /// Labels each sample, adds the sums of each cluster to `sums_out`; returns whether a label changed, and
    /// what it took.
    pub(in crate::kmeans) fn assign_and_sum(
        &mut self,
        exec: &Exec<'_>,
        centers: &Centers<T::Real>,
        sums_out: &mut Sums,
    ) -> Result<(bool, Work)> {
        let passed = self.assign(exec, centers)?;
        for partial in &self.partials {
            sums_out.merge(partial);
        }
        Ok(passed)
    }

    fn assign(&mut self, exec: &Exec<'_>, centers: &Centers<T::Real>) -> Result<(bool, Work)> {
        let filter = Filter::new(centers);
        let all: Vec<u32> = (0..centers.n_clusters() as u32).collect();
        let (order, length) = (&*self.order, self.length);
        self.labels
            .par_chunks_mut(length)
            .zip(self.block_labels.par_chunks_mut(length / BLOCK))
            .zip(&mut self.partials)
            .enumerate()
            .map(|(index, ((labels, block_labels), sums))| {
                exec.check()?;
                sums.clear();
                let mut task = Task {
                    order,
                    exec,
                    centers,
                    filter: &filter,
                    all: &all,
                    sums,
                    groups: Survivors::default(),
                    blocks: Survivors::default(),
                    tile: Tile::with_capacity(order.n_features(), BLOCK),
                    candidates: Candidates::new(order.n_features()),
                    changed: false,
                    work: Work::default(),
                };
                let units = labels.chunks_mut(UNIT).zip(block_labels.chunks_mut(UNIT / BLOCK));
                for (unit, (labels, block_labels)) in units.enumerate() {
                    let unit = index * (length / UNIT) + unit;
                    task.assign_unit(unit, labels, block_labels)?;
                }
                Ok((task.changed, task.work))
            })
            .try_reduce(Default::default, |(changed, work), (other, more)| Ok((changed | other, work.and(more))))
    }

    /// Writes the labels in the order of the samples.
    pub(in crate::kmeans) fn restore(&self, labels_out: &mut [i32]) {
        self.order.restore(&self.labels, labels_out);
    }

    /// Squared distances of the samples to the centers of their labels, added up.
    pub(in crate::kmeans) fn inertia(&self, exec: &Exec<'_>, centers: &[f64]) -> Result<f64> {
        let n_features = self.order.n_features();
        let centers = Centers::<f64>::new(centers, n_features)?;
        let partials = self
            .labels
            .par_chunks(UNIT)
            .zip(self.block_labels.par_chunks(UNIT / BLOCK))
            .enumerate()
            .map(|(unit, (labels, block_labels))| {
                exec.check()?;
                let mut tile = Tile::with_capacity(n_features, BLOCK);
                let mut distances = [0.0; BLOCK];
                let mut sum = 0.0;
                for (i, (labels, block_label)) in labels.chunks(BLOCK).zip(block_labels).enumerate() {
                    let block = unit * (UNIT / BLOCK) + i;
                    if *block_label == MIXED {
                        tile.load(exec.level, &self.order.block(block)?, 0..BLOCK);
                        distances_to_own(exec.level, &tile, &centers, labels, &mut distances);
                        sum += self.order.block_weights(block).weighted_sum(0, &distances[..labels.len()]);
                    } else {
                        let center = centers.center(*block_label as usize);
                        sum += self.order.blocks.summary(block).inertia(center);
                    }
                }
                Ok(sum)
            })
            .collect::<Result<Vec<f64>>>()?;
        Ok(partials.iter().sum())
    }
}

impl<T: Element> Task<'_, T> {
    fn assign_unit(&mut self, unit: usize, labels: &mut [i32], block_labels: &mut [i32]) -> Result<()> {
        self.filter.run(self.exec.level, self.order.groups.siblings(unit), self.all, &mut self.groups);
        self.work = self.work.and(self.work_on_boxes(self.all.len()));
        let parts = labels.chunks_mut(BLOCK * BRANCH).zip(block_labels.chunks_mut(BRANCH));
        for (i, (labels, block_labels)) in parts.enumerate() {
            let group = unit * BRANCH + i;
            if let [only] = self.groups.of(i) {
                self.order.groups.summary(group).add_to(*only as usize, self.sums);
                for (labels, block_label) in labels.chunks_mut(BLOCK).zip(block_labels) {
                    self.changed |= set_all(*only as i32, labels, block_label);
                }
            } else {
                self.assign_group(group, i, labels, block_labels)?;
            }
        }
        Ok(())
    }

    fn assign_group(
        &mut self,
        group: usize,
        sibling: usize,
        labels: &mut [i32],
        block_labels: &mut [i32],
    ) -> Result<()> {
        let candidates = self.groups.of(sibling);
        self.filter.run(self.exec.level, self.order.blocks.siblings(group), candidates, &mut self.blocks);
        self.work = self.work.and(self.work_on_boxes(candidates.len()));
        for (i, (labels, block_label)) in labels.chunks_mut(BLOCK).zip(block_labels).enumerate() {
            let block = group * BRANCH + i;
            if let [only] = self.blocks.of(i) {
                self.order.blocks.summary(block).add_to(*only as usize, self.sums);
                self.changed |= set_all(*only as i32, labels, block_label);
            } else {
                *block_label = MIXED;
                self.assign_block(block, i, labels)?;
            }
        }
        Ok(())
    }

    /// The work of finding the survivors for sibling boxes: their middles and sides are read, and as a rule their sums.
    fn work_on_boxes(&self, n_candidates: usize) -> Work {
        Work {
            n_distances: (BRANCH * n_candidates) as u64,
            n_bytes: (BRANCH * (3 * self.order.n_features() + 1) * size_of::<f64>()) as u64,
        }
    }

    fn assign_block(&mut self, block: usize, sibling: usize, labels: &mut [i32]) -> Result<()> {
        let level = self.exec.level;
        let clusters = self.blocks.of(sibling);
        self.candidates.choose(self.centers, clusters);
        self.work = self.work.and(Work {
            n_distances: (clusters.len() * BLOCK) as u64,
            n_bytes: (BLOCK * self.order.n_features() * size_of::<T>()) as u64,
        });
        self.tile.load(level, &self.order.block(block)?, 0..labels.len());
        nearest(level, &mut self.tile, self.candidates.view());
        self.changed |= self.tile.store_labels(level, labels);
        self.sums.add_tile(level, self.order.block_weights(block), &self.tile, labels, Some(clusters));
        Ok(())
    }
}

/// Gives all samples of a block one label; returns whether that changed any of them.
#[inline(always)]
fn set_all(label: i32, labels: &mut [i32], block_label: &mut i32) -> bool {
    if *block_label == label {
        return false;
    }
    *block_label = label;
    let changed = labels.iter().any(|old| *old != label);
    labels.fill(label);
    changed
}
