//! Merging neighbours that are alike, the most alike first.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use crate::{Error, Exec, Result};

/// Merges between two looks at the flag that stops.
const MERGES_PER_CHECK: usize = 256;

/// When to stop.
#[derive(Debug, Clone, Copy)]
pub struct Stop {
    /// Number of regions left.
    pub n_regions: usize,
    /// Neighbours farther apart than this stay apart.
    pub threshold: f64,
    /// Smaller regions are merged first, the smallest first, whatever their distance.
    pub min_size: f64,
}

/// Two regions become one, which is numbered after all others so far.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Merge {
    /// The lower and the higher number.
    pub regions: [u32; 2],
    /// Distance of their means.
    pub distance: f64,
    /// Size of the new region.
    pub size: f64,
}

/// Merges regions of given sizes and means, shape (regions, channels), along `edges`; distances are Euclidean.
///
/// # Errors
/// [`Error::Length`] if sizes and means do not fit, [`Error::Range`] for an edge of a region that is not there;
/// [`Error::Interrupted`].
pub fn merge(exec: &Exec<'_>, sizes: &[f64], means: &[f64], edges: &[[u32; 2]], stop: Stop) -> Result<Vec<Merge>> {
    let n_channels = means.len().checked_div(sizes.len()).unwrap_or(0);
    if means.len() != sizes.len() * n_channels {
        let (rows, columns) = (sizes.len(), n_channels);
        return Err(Error::Length { argument: "means", got: means.len(), rows, columns });
    }
    if let Some(region) = edges.iter().flatten().find(|region| **region as usize >= sizes.len()) {
        let needed = format!("below {}", sizes.len());
        return Err(Error::Range { argument: "a region of an edge", got: region.to_string(), needed });
    }
    let mut forest = Forest::new(sizes, means, n_channels, edges);
    forest.absorb_small(exec, stop)?;
    forest.join_alike(exec, stop)?;
    Ok(forest.merges)
}

/// A float that is ordered as [`f64::total_cmp`] does.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Key(f64);

impl Eq for Key {}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Key {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}

/// Regions, those of merges included.
struct Forest {
    sizes: Vec<f64>,
    means: Vec<f64>,
    n_channels: usize,
    /// Of regions that are left; the numbers may be those of regions merged since.
    neighbours: Vec<Vec<u32>>,
    /// The region that each has become part of, itself at first.
    parents: Vec<u32>,
    n_left: usize,
    merges: Vec<Merge>,
}

impl Forest {
    fn new(sizes: &[f64], means: &[f64], n_channels: usize, edges: &[[u32; 2]]) -> Self {
        let mut neighbours = vec![Vec::new(); sizes.len()];
        for [a, b] in edges {
            neighbours[*a as usize].push(*b);
            neighbours[*b as usize].push(*a);
        }
        Self {
            sizes: sizes.to_vec(),
            means: means.to_vec(),
            n_channels,
            neighbours,
            parents: (0..sizes.len() as u32).collect(),
            n_left: sizes.len(),
            merges: Vec::new(),
        }
    }

    /// Merges regions that are too small with their most similar neighbours.
    fn absorb_small(&mut self, exec: &Exec<'_>, stop: Stop) -> Result<()> {
        let small = (0..self.sizes.len()).filter(|region| self.sizes[*region] < stop.min_size);
        let mut queue: BinaryHeap<_> = small.map(|region| Reverse((Key(self.sizes[region]), region as u32))).collect();
        while let Some(Reverse((_, region))) = queue.pop() {
            if !self.is_left(region) {
                continue;
            }
            let neighbours = self.take_neighbours(region).into_iter();
            let Some((distance, nearest)) = neighbours.map(|other| (Key(self.distance(region, other)), other)).min()
            else {
                continue;
            };
            let merged = self.join(exec, region, nearest, distance.0)?;
            if self.sizes[merged as usize] < stop.min_size {
                queue.push(Reverse((Key(self.sizes[merged as usize]), merged)));
            }
        }
        Ok(())
    }

    /// Merges the most similar neighbours until `stop`.
    fn join_alike(&mut self, exec: &Exec<'_>, stop: Stop) -> Result<()> {
        let mut queue = BinaryHeap::new();
        for region in 0..self.sizes.len() as u32 {
            if self.is_left(region) {
                for other in self.take_neighbours(region) {
                    if region < other {
                        queue.push(Reverse((Key(self.distance(region, other)), region, other)));
                    }
                }
            }
        }
        while self.n_left > stop.n_regions {
            let Some(Reverse((distance, a, b))) = queue.pop() else { break };
            if distance.0 > stop.threshold {
                break;
            }
            if self.is_left(a) && self.is_left(b) {
                let merged = self.join(exec, a, b, distance.0)?;
                for other in self.take_neighbours(merged) {
                    queue.push(Reverse((Key(self.distance(other, merged)), other, merged)));
                }
            }
        }
        Ok(())
    }

    fn is_left(&self, region: u32) -> bool {
        self.parents[region as usize] == region
    }

    fn mean(&self, region: u32) -> &[f64] {
        &self.means[region as usize * self.n_channels..][..self.n_channels]
    }

    fn distance(&self, a: u32, b: u32) -> f64 {
        self.mean(a).iter().zip(self.mean(b)).map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt()
    }

    /// The region that `region` is part of by now; halves the way there.
    fn find(&mut self, mut region: u32) -> u32 {
        while !self.is_left(region) {
            let parent = self.parents[region as usize];
            self.parents[region as usize] = self.parents[parent as usize];
            region = self.parents[region as usize];
        }
        region
    }

    /// The neighbours of a region that is left, ascending.
    fn take_neighbours(&mut self, region: u32) -> Vec<u32> {
        let mut neighbours = std::mem::take(&mut self.neighbours[region as usize]);
        for neighbour in &mut neighbours {
            *neighbour = self.find(*neighbour);
        }
        neighbours.sort_unstable();
        neighbours.dedup();
        neighbours.retain(|neighbour| *neighbour != region);
        self.neighbours[region as usize].clone_from(&neighbours);
        neighbours
    }

    fn join(&mut self, exec: &Exec<'_>, a: u32, b: u32, distance: f64) -> Result<u32> {
        if self.merges.len().is_multiple_of(MERGES_PER_CHECK) {
            exec.check()?;
        }
        let merged = self.sizes.len() as u32;
        let [size_a, size_b] = [self.sizes[a as usize], self.sizes[b as usize]];
        let size = size_a + size_b;
        let means = self.mean(a).iter().zip(self.mean(b)).map(|(a, b)| (a * size_a + b * size_b) / size);
        let means: Vec<f64> = means.collect();
        self.means.extend(means);
        self.sizes.push(size);
        let mut neighbours = std::mem::take(&mut self.neighbours[a as usize]);
        neighbours.append(&mut self.neighbours[b as usize]);
        self.neighbours.push(neighbours);
        self.parents[a as usize] = merged;
        self.parents[b as usize] = merged;
        self.parents.push(merged);
        self.n_left -= 1;
        self.merges.push(Merge { regions: [a.min(b), a.max(b)], distance, size });
        Ok(merged)
    }
}
