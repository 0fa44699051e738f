//! One pass over ordered samples: labels and sums.

use std::sync::Arc;

use rayon::prelude::*;

use super::filter::{Filter, Survivors};
use super::{BLOCK, BRANCH, Order, UNIT};
use crate::buffer::Buffer;
use crate::chunks::Chunks;
use crate::distance::{Candidates, Centers, distances_to_own, nearest_of};
use crate::kmeans::found::unlabel;
use crate::kmeans::report::Work;
use crate::kmeans::sums::Sums;
use crate::simd::Labelled;
use crate::{Element, Exec, Real, Result};

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

/// The labels of ordered samples after the last pass.
#[derive(Debug)]
pub(in crate::kmeans) struct OrderedLabels<T> {
    order: Arc<Order<T>>,
    labels: Buffer<i32>,
}

impl<T: Element> OrderedLabels<T> {
    /// The labels, in the order.
    pub(in crate::kmeans) fn in_order(&self) -> impl Iterator<Item = i32> {
        self.labels.iter().copied()
    }

    /// The labels, in the order of the samples.
    pub(in crate::kmeans) fn in_given_order(&self) -> impl Iterator<Item = i32> {
        self.order.rank().iter().map(|place| self.labels[*place as usize])
    }

    /// The same, by all threads.
    pub(in crate::kmeans) fn restored(&self) -> Vec<i32> {
        let mut labels = vec![0; self.labels.len()];
        self.order.restore(&self.labels, &mut labels);
        labels
    }
}

/// What a task has of its own.
struct Task<'a, T: Element> {
    order: &'a Order<T>,
    exec: &'a Exec<'a>,
    centers: &'a Centers<T::Real>,
    filter: &'a Filter,
    all: &'a [u32],
    sums: &'a mut Sums,
    scratch: &'a mut Scratch<T::Real>,
    changed: bool,
    work: Work,
}

/// Buffers that tasks hand on: to make them takes as long as a dozen blocks.
struct Scratch<R> {
    groups: Survivors,
    blocks: Survivors,
    candidates: Candidates<R>,
    /// A block in the type that distances are computed in, if its samples are of another one.
    buffer: Vec<R>,
}

impl<R: Real> Scratch<R> {
    fn new(n_features: usize) -> Self {
        let [groups, blocks] = [(); 2].map(|()| Survivors::default());
        Self { groups, blocks, candidates: Candidates::new(n_features), buffer: Vec::new() }
    }
}

impl<T: Element> OrderedPass<T> {
    /// Starts from labels given in the order of the samples, or from none.
    pub(in crate::kmeans) fn new(order: Arc<Order<T>>, labels: Option<&[i32]>, n_clusters: usize) -> Self {
        let n_samples = order.n_samples();
        let length = Chunks::new(n_samples, n_clusters).length().next_multiple_of(UNIT);
        let labels = labels.map_or_else(
            || {
                let mut labels = Buffer::unwritten(n_samples);
                unlabel(&mut labels);
                labels
            },
            |labels| order.arrange(labels),
        );
        Self {
            length,
            labels,
            block_labels: vec![MIXED; n_samples.div_ceil(BLOCK)],
            partials: vec![Sums::new(n_clusters, order.n_features()); n_samples.div_ceil(length)],
            order,
        }
    }

    /// The labels alone: runs that wait for others keep nothing else.
    pub(in crate::kmeans) fn into_labels(self) -> OrderedLabels<T> {
        OrderedLabels { order: self.order, labels: self.labels }
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
        let scratch = || Scratch::new(order.n_features());
        self.labels
            .par_chunks_mut(length)
            .zip(self.block_labels.par_chunks_mut(length / BLOCK))
            .zip(&mut self.partials)
            .enumerate()
            .map_init(scratch, |scratch, (index, ((labels, block_labels), sums))| {
                exec.check()?;
                sums.clear();
                let (changed, work) = (false, Work::default());
                let mut task = Task { order, exec, centers, filter: &filter, all: &all, sums, scratch, changed, work };
                let units = labels.chunks_mut(UNIT).zip(block_labels.chunks_mut(UNIT / BLOCK));
                for (unit, (labels, block_labels)) in units.enumerate() {
                    let unit = index * (length / UNIT) + unit;
                    task.assign_unit(unit, labels, block_labels);
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
                let mut buffer = Vec::new();
                let mut distances = [0.0; BLOCK];
                let mut sum = 0.0;
                for (i, (labels, block_label)) in labels.chunks(BLOCK).zip(block_labels).enumerate() {
                    let block = unit * (UNIT / BLOCK) + i;
                    if *block_label == MIXED {
                        let features = self.order.block(exec.level, block, &mut buffer);
                        distances_to_own(exec.level, features, &centers, labels, &mut distances);
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
    fn assign_unit(&mut self, unit: usize, labels: &mut [i32], block_labels: &mut [i32]) {
        self.filter.run(self.exec.level, self.order.groups.siblings(unit), self.all, &mut self.scratch.groups);
        self.work = self.work.and(self.work_on_boxes(self.all.len()));
        let parts = labels.chunks_mut(BLOCK * BRANCH).zip(block_labels.chunks_mut(BRANCH));
        for (i, (labels, block_labels)) in parts.enumerate() {
            let group = unit * BRANCH + i;
            if let [only] = self.scratch.groups.of(i) {
                self.order.groups.summary(group).add_to(*only as usize, self.sums);
                for (labels, block_label) in labels.chunks_mut(BLOCK).zip(block_labels) {
                    self.changed |= set_all(*only as i32, labels, block_label);
                }
            } else {
                self.assign_group(group, i, labels, block_labels);
            }
        }
    }

    fn assign_group(&mut self, group: usize, sibling: usize, labels: &mut [i32], block_labels: &mut [i32]) {
        let Scratch { groups, blocks, .. } = &mut *self.scratch;
        let candidates = groups.of(sibling);
        self.filter.run(self.exec.level, self.order.blocks.siblings(group), candidates, blocks);
        for i in (0..block_labels.len()).filter(|i| blocks.of(*i).len() > 1) {
            self.order.prefetch(group * BRANCH + i);
        }
        let n_candidates = candidates.len();
        self.work = self.work.and(self.work_on_boxes(n_candidates));
        for (i, (labels, block_label)) in labels.chunks_mut(BLOCK).zip(block_labels).enumerate() {
            let block = group * BRANCH + i;
            if let [only] = self.scratch.blocks.of(i) {
                self.order.blocks.summary(block).add_to(*only as usize, self.sums);
                self.changed |= set_all(*only as i32, labels, block_label);
            } else {
                *block_label = MIXED;
                self.assign_block(block, i, labels);
            }
        }
    }

    /// The work of finding the survivors for sibling boxes: their middles and sides are read, and as a rule their sums.
    fn work_on_boxes(&self, n_candidates: usize) -> Work {
        Work {
            n_distances: (BRANCH * n_candidates) as u64,
            n_bytes: (BRANCH * (3 * self.order.n_features() + 1) * size_of::<f64>()) as u64,
        }
    }

    fn assign_block(&mut self, block: usize, sibling: usize, labels: &mut [i32]) {
        let level = self.exec.level;
        let Scratch { blocks, candidates, buffer, .. } = &mut *self.scratch;
        let clusters = blocks.of(sibling);
        candidates.choose(self.centers, clusters);
        self.work = self.work.and(Work {
            n_distances: (clusters.len() * BLOCK) as u64,
            n_bytes: (BLOCK * self.order.n_features() * size_of::<T>()) as u64,
        });
        let features = self.order.block(level, block, buffer);
        let mut found = [T::Real::ZERO; BLOCK];
        nearest_of(level, features, candidates.view(), &mut found);
        found[labels.len()..].fill(-T::Real::ONE);
        let found = Labelled { features, labels: &found };
        self.changed |= found.store(level, labels);
        self.sums.add_tile(level, self.order.block_weights(block), found, labels, Some(clusters));
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
