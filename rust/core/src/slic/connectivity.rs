//! One label, one piece: what scikit-image does to the labels after the iterations, in linear time.
//!
//! Most components keep their extent and need no search: they are found as sets of runs. Only those that are too small,
//! or too large for one label, are walked through as scikit-image does it, since the order of the walk decides.

use std::ops::Range;

use super::runs::Runs;
use super::{NONE, Volume};
use crate::{Error, Exec, Result};

/// Runs between two looks at the flag that stops.
const RUNS_PER_CHECK: usize = 1 << 14;

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
pub struct Connected {
    /// Label of every pixel, [`NONE`] where it had none.
    pub labels: Vec<i32>,
    /// Labels are below this.
    pub n_labels: usize,
}

/// Gives every component of equal labels a label of its own, from 0 on in the order of their first pixels.
///
/// scikit-image lets a component that is too small share a label with the next one if it meets no other first; with
/// `repairs`, the later pieces of such labels get new ones at the end.
///
/// # Errors
/// [`Error::Mismatch`] if there is not one label for each pixel, [`Error::Range`] for more than 2^31 - 1 pixels or a
/// largest size of 0; [`Error::Interrupted`].
pub fn enforce(exec: &Exec<'_>, labels: &[i32], volume: Volume, sizes: Sizes, repairs: bool) -> Result<Connected> {
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
    let mut walk = Walk::new(labels, volume, sizes);
    walk.relabel(exec, &runs)?;
    let is_shared = walk.is_shared;
    let mut connected = walk.finish();
    if is_shared && repairs {
        connected.repair(exec, volume)?;
    }
    Ok(connected)
}

impl Connected {
    /// Gives the later pieces of a label new ones.
    fn repair(&mut self, exec: &Exec<'_>, volume: Volume) -> Result<()> {
        let runs = Runs::new(exec, &self.labels, volume)?;
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
            self.labels[runs.pixels(run)].fill(label_of[root]);
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
#[derive(Debug, Clone, Copy)]
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
    connected: Vec<i32>,
    /// The next free label.
    label: i32,
    /// Whether a component that was too small has the next free label.
    is_borrowed: bool,
    /// Whether two components got the same label.
    is_shared: bool,
    queue: Vec<Place>,
}

impl<'a> Walk<'a> {
    fn new(labels: &'a [i32], volume: Volume, sizes: Sizes) -> Self {
        let connected = vec![NONE; labels.len()];
        Self { labels, volume, sizes, connected, label: 0, is_borrowed: false, is_shared: false, queue: Vec::new() }
    }

    fn finish(self) -> Connected {
        let n_labels = self.label as usize + usize::from(self.is_borrowed);
        Connected { labels: self.connected, n_labels }
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
                        self.search(pixel);
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
            _ => self.search(run.start),
        }
    }

    /// Labels a component, or as much of it as one label may have, breadth first.
    fn search(&mut self, first: usize) {
        let adjacent = self.spread(first);
        if self.queue.len() >= self.sizes.min {
            self.take_label();
        } else if adjacent == self.label {
            self.is_shared |= self.is_borrowed;
            self.is_borrowed = true;
        } else {
            for place in &self.queue {
                self.connected[place.pixel as usize] = adjacent;
            }
        }
    }

    /// Leaves the component in the queue and returns the last label other than its own that was met, or its own.
    fn spread(&mut self, first: usize) -> i32 {
        let Volume { depth, height, width } = self.volume;
        let [last_z, last_y, last_x] = [depth - 1, height - 1, width - 1].map(|last| last as u32);
        let [slice, row] = [height * width, width].map(|step| step as u32);
        self.queue.clear();
        let (line, x) = (first / width, (first % width) as u32);
        let [z, y] = [line / height, line % height].map(|place| place as u32);
        let component = self.labels[first];
        let mut adjacent = self.label;
        self.take(Place { pixel: first as u32, z, y, x });
        let mut visited = 0;
        while visited < self.queue.len() && self.queue.len() < self.sizes.max {
            let Place { pixel, z, y, x } = self.queue[visited];
            visited += 1;
            // In scikit-image's order.
            let neighbours = [
                (x < last_x, Place { pixel: pixel.wrapping_add(1), z, y, x: x.wrapping_add(1) }),
                (x > 0, Place { pixel: pixel.wrapping_sub(1), z, y, x: x.wrapping_sub(1) }),
                (y < last_y, Place { pixel: pixel.wrapping_add(row), z, y: y.wrapping_add(1), x }),
                (y > 0, Place { pixel: pixel.wrapping_sub(row), z, y: y.wrapping_sub(1), x }),
                (z < last_z, Place { pixel: pixel.wrapping_add(slice), z: z.wrapping_add(1), y, x }),
                (z > 0, Place { pixel: pixel.wrapping_sub(slice), z: z.wrapping_sub(1), y, x }),
            ];
            for (exists, neighbour) in neighbours {
                if !exists {
                    continue;
                }
                let connected = self.connected[neighbour.pixel as usize];
                if connected != NONE {
                    adjacent = if connected == self.label { adjacent } else { connected };
                } else if self.labels[neighbour.pixel as usize] == component {
                    self.take(neighbour);
                    if self.queue.len() >= self.sizes.max {
                        break;
                    }
                }
            }
        }
        adjacent
    }

    #[inline(always)]
    fn take(&mut self, place: Place) {
        self.connected[place.pixel as usize] = self.label;
        self.queue.push(place);
    }
}
