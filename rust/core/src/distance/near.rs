//! The nearest center of samples whose last one is known, among the centers that are near to that one.
//!
//! Products screen them as in [`super::screen`], with a lane for each center instead of each sample: rows are read where
//! they lie, and only a few samples must agree on what to look at.

use fearless_simd::{Simd, SimdBase, SimdFloat, SimdFrom, SimdMask, dispatch};

use super::apart::{Apart, Near};
use super::groups::Groups;
use super::nearest_two::Best;
use super::products::{BATCH, products};
use super::scalar::squared_distance_at;
use super::screen::Screen;
use super::{CenterView, Found};
use crate::simd::Level;
use crate::{Element, Real, Samples};

/// Samples, and the labels of their last centers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'a, T> {
    pub(super) samples: &'a Samples<'a, T>,
    pub(super) indices: &'a [usize],
    pub(super) labels: &'a [i32],
}

/// Looks for nearest centers, a batch of samples at a time.
#[derive(Debug)]
pub(super) struct Nearby<'a, R> {
    screen: &'a Screen<R>,
    groups: &'a Groups<R>,
    centers: CenterView<'a, R>,
    /// Samples relative to the middle of the centers, padded with zeros to whole vectors.
    rows: Vec<R>,
    /// The squared length of each, and what rounding may hide.
    squares: [R; BATCH],
    bounds: [R; BATCH],
    /// The square of a distance that no center comes below that is not looked at.
    beyond: [R; BATCH],
    near: Near<R>,
    /// Of the groups that are looked at, shape (groups, samples, lanes).
    products: Vec<R>,
    /// A sample as it is.
    row: Vec<R>,
}

/// What is known of a sample.
#[derive(Debug, Clone, Copy)]
struct Answer<R> {
    label: i32,
    /// A bound from above on the squared distance to that center.
    first: R,
    /// A bound from below on that to any other.
    second: R,
}

impl<'a, R: Real> Nearby<'a, R> {
    pub(super) fn new(screen: &'a Screen<R>, centers: CenterView<'a, R>) -> Self {
        let groups = screen.groups();
        Self {
            screen,
            groups,
            centers,
            rows: vec![R::ZERO; BATCH * groups.width()],
            squares: [R::ZERO; BATCH],
            bounds: [R::ZERO; BATCH],
            beyond: [R::ZERO; BATCH],
            near: Near::new(groups.len()),
            products: vec![R::ZERO; groups.len() * BATCH * R::WIDE_LANES],
            row: vec![R::ZERO; groups.n_features()],
        }
    }

    /// Finds the nearest centers, and adds the samples of which that is not certain to `doubtful_out`, by their number.
    pub(super) fn run<T: Element<Real = R>>(
        &mut self,
        level: Level,
        asked: Asked<'_, T>,
        apart: &Apart<R>,
        found_out: &mut Found<R>,
        doubtful_out: &mut Vec<usize>,
    ) {
        found_out.n_distances = 0;
        for first in (0..asked.indices.len()).step_by(BATCH) {
            let asked = asked.batch(first);
            dispatch!(level, simd => {
                self.load(simd, asked);
                self.choose(simd, asked.labels, apart);
                let rows = std::array::from_fn(|i| row(&self.rows, i));
                products(simd, &rows, self.groups, self.near.groups(), &mut self.products);
                for i in 0..asked.indices.len() {
                    let found = self.find(simd, i);
                    let answer = if found.is_certain() { Some(found) } else { self.decide(simd, asked, i, found) };
                    match answer {
                        Some(answer) => answer.write(first + i, found_out),
                        None => doubtful_out.push(first + i),
                    }
                }
            });
            found_out.n_distances += asked.indices.len() * self.near.groups().len() * R::WIDE_LANES;
        }
    }

    /// Reads samples and moves them.
    #[inline(always)]
    fn load<S: Simd, T: Element<Real = R>>(&mut self, simd: S, asked: Asked<'_, T>) {
        let width = self.groups.width();
        // All are read before the first is moved: a wide load would wait for narrower stores just before it.
        for (row, index) in self.rows.chunks_exact_mut(width).zip(asked.indices) {
            asked.samples.read_row(*index, &mut row[..self.groups.n_features()]);
        }
        let rows = self.rows.chunks_exact_mut(width).zip(&mut self.squares);
        for (row, square) in rows.take(asked.indices.len()) {
            let mut sum = R::Wide::<S>::simd_from(simd, R::ZERO);
            let vectors = row.chunks_exact_mut(R::WIDE_LANES).zip(self.groups.middle().chunks_exact(R::WIDE_LANES));
            for (values, middle) in vectors {
                let moved = R::Wide::<S>::from_slice(simd, values) - R::Wide::<S>::from_slice(simd, middle);
                moved.store_slice(values);
                sum = moved.mul_add(moved, sum);
            }
            *square = R::sum_lanes(sum);
        }
        self.bounds = self.squares.map(|square| self.screen.bound(square));
    }

    /// Chooses the groups that can hold the nearest center of one of the samples.
    #[inline(always)]
    fn choose<S: Simd>(&mut self, simd: S, labels: &[i32], apart: &Apart<R>) {
        let mut own = self.bounds;
        for (i, (own, label)) in own.iter_mut().zip(labels).enumerate() {
            let mut sum = R::Wide::<S>::simd_from(simd, R::ZERO);
            let center = self.groups.center(*label as usize).chunks_exact(R::WIDE_LANES);
            for (x, c) in row(&self.rows, i).chunks_exact(R::WIDE_LANES).zip(center) {
                let difference = R::Wide::<S>::from_slice(simd, x) - R::Wide::<S>::from_slice(simd, c);
                sum = difference.mul_add(difference, sum);
            }
            *own += R::sum_lanes(sum);
        }
        own = own.map(R::square_root);
        self.near.clear();
        for (own, label) in own.iter().zip(labels) {
            self.near.add(simd, *own, apart.from(*label as usize));
        }
        self.near.choose(simd);
        for ((beyond, own), label) in self.beyond.iter_mut().zip(own).zip(labels) {
            *beyond = self.near.beyond(simd, own, apart.from(*label as usize));
        }
    }

    /// What products say about a sample.
    #[inline(always)]
    fn find<S: Simd>(&self, simd: S, i: usize) -> Answer<R> {
        let mut best = Best::<R::Wide<S>>::new(simd);
        for (group, products) in self.products_of(i) {
            let labels = R::Wide::<S>::from_slice(simd, self.groups.labels(group));
            best.offer(R::Wide::<S>::from_slice(simd, products), labels);
        }
        let [least, second, label] = best.least();
        let second = second + second + self.squares[i];
        let second = if self.beyond[i] < second { self.beyond[i] } else { second };
        Answer {
            label: label.to_label(),
            first: least + least + self.squares[i] + self.bounds[i],
            second: second - self.bounds[i],
        }
    }

    /// Lets differences decide between the centers that products do not tell apart, if these are all that can be nearest.
    #[inline(always)]
    fn decide<S: Simd, T: Element<Real = R>>(
        &mut self,
        simd: S,
        asked: Asked<'_, T>,
        i: usize,
        found: Answer<R>,
    ) -> Option<Answer<R>> {
        asked.samples.read_row(asked.indices[i], &mut self.row);
        let bound = self.bounds[i];
        // Half of the least that was found, and 1.5 bounds: a center above that is farther than it by more than a bound.
        let limit = (found.first - self.squares[i]).fused_mul_add(R::from_f64(0.5), bound);
        let mut answer = Answer { label: i32::MAX, first: R::INFINITY, second: found.first + bound };
        for (group, products) in self.products_of(i) {
            let mut left = R::Wide::<S>::from_slice(simd, products).simd_le(limit).to_bitmask();
            while left != 0 {
                let label = self.groups.labels(group)[left.trailing_zeros() as usize].to_label();
                let center = self.centers.center(label as usize);
                answer.offer(label, squared_distance_at(simd.level(), &self.row, center));
                left &= left - 1;
            }
        }
        let beyond = self.beyond[i] - bound;
        let second = if beyond < answer.second { beyond } else { answer.second };
        (beyond > answer.first).then_some(Answer { second, ..answer })
    }

    /// Products of a sample with the groups that are looked at.
    #[inline(always)]
    fn products_of(&self, sample: usize) -> impl Iterator<Item = (usize, &[R])> {
        let groups = self.near.groups().iter().zip(self.products.chunks_exact(BATCH * R::WIDE_LANES));
        groups.map(move |(group, products)| (*group as usize, &products[sample * R::WIDE_LANES..][..R::WIDE_LANES]))
    }
}

#[inline(always)]
fn row<R>(rows: &[R], sample: usize) -> &[R] {
    let width = rows.len() / BATCH;
    &rows[sample * width..][..width]
}

impl<R: Real> Answer<R> {
    #[inline(always)]
    fn is_certain(self) -> bool {
        self.first < self.second
    }

    /// Takes a center into account, the one of the lowest label on ties.
    #[inline(always)]
    fn offer(&mut self, label: i32, distance: R) {
        let is_nearer = distance < self.first || (distance == self.first && label < self.label);
        let beaten = if is_nearer { self.first } else { distance };
        self.second = if beaten < self.second { beaten } else { self.second };
        if is_nearer {
            (self.label, self.first) = (label, distance);
        }
    }

    #[inline(always)]
    fn write(self, at: usize, found_out: &mut Found<R>) {
        found_out.labels[at] = self.label;
        found_out.first[at] = self.first;
        found_out.second[at] = self.second;
    }
}

impl<T: Element> Asked<'_, T> {
    /// Those of a batch that begins at `first`; asks for those after them.
    #[inline(always)]
    fn batch(&self, first: usize) -> Self {
        let range = first..(first + BATCH).min(self.indices.len());
        for index in &self.indices[range.end..(range.end + BATCH).min(self.indices.len())] {
            self.samples.prefetch(*index..index + 1);
        }
        Self { samples: self.samples, indices: &self.indices[range.clone()], labels: &self.labels[range] }
    }
}
