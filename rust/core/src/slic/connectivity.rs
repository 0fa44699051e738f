//! One label, one piece: what scikit-image does to the labels after the iterations, in linear time.
//!
//! Most components keep their extent and need no search: they are found as sets of runs. Only those that are too small,
//! or too large for one label, are walked through as scikit-image does it, since the order of the walk decides.

use std::ops::Range;

use rayon::prelude::*;

use super::runs::Runs;
use super::{NONE, Volume};
use crate::buffer::Buffer;
use crate::{Error, Exec, Result};

/// Runs between two looks at the flag that stops.
const RUNS_PER_CHECK: usize = 1 << 14;

/// Pixels that one thread clears at a time.
const CHUNK: usize = 1 << 16;

/// Which components become a label of their own.
#[derive(Debug, Clone, Copy)]
pub struct Sizes {
    /// Smaller ones join a neighbour.
    pub min: usize,
    /// Larger ones are cut; at least 1.
    pub max: usize,
}

/// Labels of connected pieces.
#[derive(Debug)]
pub(super) struct Connected {
    /// Label of every pixel, [`NONE`] where it had none.
    pub(super) labels: Buffer<i32>,
    /// Labels are below this.
    pub(super) n_labels: usize,
}

/// Gives every component of equal labels a label of its own, from 0 on in the order of their first pixels.
///
/// scikit-image lets a component that is too small share a label with the next one if it meets no other first; with
/// `repairs`, the later pieces of such labels get new ones at the end.
///
/// # Errors
/// [`Error::Mismatch`] if there is not one label for each pixel, [`Error::Range`] for more than 2^31 - 1 pixels or a
/// largest size of 0; [`Error::Interrupted`].
pub(super) fn enforce(
    exec: &Exec<'_>,
    labels: &[i32],
    volume: Volume,
    sizes: Sizes,
    repairs: bool,
) -> Result<Connected> {
    let (got, needed) = (labels.len(), volume.n_pixels());
    if got != needed {
        return Err(Error::Mismatch { argument: "labels", dimension: "pixels", got, needed });
    }
    if i32::try_from(got).is_err() {
        let needed = format!("at most {}", i32::MAX);
        return Err(Error::Range { argument: "the number of pixels", got: got.to_string(), needed });
    }
    if sizes.max == 0 {
        return Err(Error::Range { argument: "the largest size", got: "0".into(), needed: "at least 1".into() });
    }
    let runs = Runs::new(exec, labels, volume)?;
    let mut pixels = Buffer::zeroed(labels.len());
    pixels.par_chunks_mut(CHUNK).for_each(|pixels| pixels.fill(NONE));
    let mut walk = Walk::new(labels, volume, sizes, &mut pixels);
    walk.relabel(exec, &runs)?;
    let (n_labels, is_shared) = (walk.n_labels(), walk.is_shared);
    let mut connected = Connected { labels: pixels, n_labels };
    if is_shared && repairs {
        connected.repair(exec, volume)?;
    }
    Ok(connected)
}

impl Connected {
    /// Gives the later pieces of a label new ones.
    fn repair(&mut self, exec: &Exec<'_>, volume: Volume) -> Result<()> {
        let labels = &mut *self.labels;
        let runs = Runs::new(exec, labels, volume)?;
        let mut is_taken = vec![false; self.n_labels];
        let mut label_of = vec![NONE; runs.len()];
        for run in runs.labelled() {
            let root = runs.root(run);
            if root == run {
                let taken = &mut is_taken[runs.label(run) as usize];
                label_of[run] = if *taken { self.n_labels as i32 } else { runs.label(run) };
                self.n_labels += usize::from(*taken);
                *taken = true;
            }
            labels[runs.pixels(run)].fill(label_of[root]);
        }
        Ok(())
    }
}

/// The components of one label image, as sets of runs.
struct Components {
    /// Number of pixels, at the first run of each.
    sizes: Vec<u32>,
    /// The run of the same component after each, or itself at the end.
    next: Vec<u32>,
}

impl Components {
    fn new(runs: &Runs) -> Self {
        let mut sizes = vec![0; runs.len()];
        let mut next: Vec<u32> = (0..runs.len() as u32).collect();
        let mut last: Vec<u32> = next.clone();
        for run in 0..runs.len() {
            let root = runs.root(run);
            sizes[root] += runs.pixels(run).len() as u32;
            next[last[root] as usize] = run as u32;
            last[root] = run as u32;
        }
        Self { sizes, next }
    }
}

/// A pixel that waits for its neighbours to be looked at.
#[derive(Debug, Clone, Copy, Default)]
struct Place {
    pixel: u32,
    z: u32,
    y: u32,
    x: u32,
}

/// Relabelling in progress.
struct Walk<'a> {
    labels: &'a [i32],
    volume: Volume,
    sizes: Sizes,
    connected: &'a mut [i32],
    /// The next free label.
    label: i32,
    /// Whether a component that was too small has the next free label.
    is_borrowed: bool,
    /// Whether two components got the same label.
    is_shared: bool,
    /// The pixels of the component that is searched, and room.
    queue: Vec<Place>,
}

impl<'a> Walk<'a> {
    /// `connected` has no labels yet.
    fn new(labels: &'a [i32], volume: Volume, sizes: Sizes, connected: &'a mut [i32]) -> Self {
        Self { labels, volume, sizes, connected, label: 0, is_borrowed: false, is_shared: false, queue: Vec::new() }
    }

    fn n_labels(&self) -> usize {
        self.label as usize + usize::from(self.is_borrowed)
    }

    fn relabel(&mut self, exec: &Exec<'_>, runs: &Runs) -> Result<()> {
        let components = Components::new(runs);
        for run in runs.labelled() {
            if run % RUNS_PER_CHECK == 0 {
                exec.check()?;
            }
            let size = components.sizes[runs.root(run)] as usize;
            let (is_large, is_small) = (size >= self.sizes.max, size < self.sizes.min);
            if is_small && !is_large && size == runs.pixels(run).len() {
                self.search_run(runs.pixels(run));
            } else if is_large || is_small {
                for pixel in runs.pixels(run) {
                    if self.connected[pixel] == NONE {
                        self.search(pixel, size);
                    }
                }
            } else if runs.root(run) == run {
                self.fill(runs, &components, run);
            }
        }
        Ok(())
    }

    /// Labels a whole component, from its first run on.
    fn fill(&mut self, runs: &Runs, components: &Components, mut run: usize) {
        loop {
            self.connected[runs.pixels(run)].fill(self.label);
            let next = components.next[run] as usize;
            if next == run {
                break;
            }
            run = next;
        }
        self.take_label();
    }

    fn take_label(&mut self) {
        self.is_shared |= self.is_borrowed;
        self.is_borrowed = false;
        self.label += 1;
    }

    /// Labels a component that is one run and too small. The last neighbour that a search would meet is the one above its
    /// last pixel, in a volume the one in the slice before: nearly always labelled by then, and so the one to join.
    fn search_run(&mut self, run: Range<usize>) {
        let Volume { depth, height, width } = self.volume;
        let step = if depth == 1 { width } else { height * width };
        match (run.end - 1).checked_sub(step).map(|neighbour| self.connected[neighbour]) {
            Some(adjacent) if adjacent != NONE && adjacent != self.label => self.connected[run].fill(adjacent),
            _ => self.search(run.start, run.len()),
        }
    }

    /// Labels a component of so many pixels, or as much of it as one label may have, breadth first.
    fn search(&mut self, first: usize, size: usize) {
        let most = size.min(self.sizes.max);
        // One more than is ever taken: where the next would go.
        self.queue.resize(self.queue.len().max(most + 1), Place::default());
        let is_image = self.volume.depth == 1;
        let (count, adjacent) = if is_image { self.spread::<4>(first) } else { self.spread::<6>(first) };
        if count >= self.sizes.min {
            self.take_label();
        } else if adjacent == self.label {
            self.is_shared |= self.is_borrowed;
            self.is_borrowed = true;
        } else {
            for place in &self.queue[..count] {
                self.connected[place.pixel as usize] = adjacent;
            }
        }
    }

    /// Leaves the component, of which every pixel has `N` neighbours, in the queue, and returns the number of its pixels and
    /// the last label other than its own that was met, or its own.
    ///
    /// Every neighbour is put behind the queue, where it stays if it counts: what comes next cannot be foreseen, and a
    /// wrong guess costs more than the few instructions that it would save.
    #[allow(clippy::needless_bitwise_bool, reason = "each && would be a branch")]
    fn spread<const N: usize>(&mut self, first: usize) -> (usize, i32) {
        let Volume { height, width, .. } = self.volume;
        let (line, x) = (first / width, (first % width) as u32);
        let [z, y] = [line / height, line % height].map(|place| place as u32);
        let (component, label) = (self.labels[first], self.label);
        let mut adjacent = label;
        self.connected[first] = label;
        self.queue[0] = Place { pixel: first as u32, z, y, x };
        let (mut visited, mut count) = (0, 1);
        while visited < count && count < self.sizes.max {
            let place = self.queue[visited];
            visited += 1;
            for direction in 0..N {
                let Some(neighbour) = self.neighbour(place, direction) else { continue };
                let pixel = neighbour.pixel as usize;
                let (connected, is_open) = (self.connected[pixel], count < self.sizes.max);
                let is_free = connected == NONE;
                let is_other = is_open & !is_free & (connected != label);
                let is_taken = is_open & is_free & (self.labels[pixel] == component);
                adjacent = if is_other { connected } else { adjacent };
                self.connected[pixel] = if is_taken { label } else { connected };
                self.queue[count] = neighbour;
                count += usize::from(is_taken);
            }
        }
        (count, adjacent)
    }

    /// In scikit-image's order.
    #[inline(always)]
    fn neighbour(&self, Place { pixel, z, y, x }: Place, direction: usize) -> Option<Place> {
        let Volume { depth, height, width } = self.volume;
        let (row, slice) = (width as u32, (height * width) as u32);
        match direction {
            0 if (x as usize) < width - 1 => Some(Place { pixel: pixel + 1, z, y, x: x + 1 }),
            1 if x > 0 => Some(Place { pixel: pixel - 1, z, y, x: x - 1 }),
            2 if (y as usize) < height - 1 => Some(Place { pixel: pixel + row, z, y: y + 1, x }),
            3 if y > 0 => Some(Place { pixel: pixel - row, z, y: y - 1, x }),
            4 if (z as usize) < depth - 1 => Some(Place { pixel: pixel + slice, z: z + 1, y, x }),
            5 if z > 0 => Some(Place { pixel: pixel - slice, z: z - 1, y, x }),
            _ => None,
        }
    }
}
