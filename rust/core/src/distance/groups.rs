//! Centers in groups of neighbours, as wide as a vector.

use crate::Real;

/// Centers relative to a point among them, so that an offset common to all samples does not cancel.
#[derive(Debug, Clone)]
pub(super) struct Groups<R> {
    /// That point, padded with zeros to whole vectors.
    middle: Vec<R>,
    n_features: usize,
    /// The centers, negated since products are subtracted: shape (groups, features, lanes), the last group filled up with
    /// zeros.
    values: Vec<R>,
    /// Half of the squared length of each; infinite where there is none.
    half_squares: Vec<R>,
    /// Label of each as a float.
    labels: Vec<R>,
    /// The centers by their labels, row by row, padded as the point among them is.
    centers: Vec<R>,
    /// Place of each center in the groups, by its label.
    places: Vec<u32>,
    /// The largest length of a center.
    longest: R,
}

impl<R: Real> Groups<R> {
    pub(super) fn new(centers: &[R], n_features: usize) -> Self {
        let n_clusters = centers.len() / n_features;
        let (width, n_places) =
            (n_features.next_multiple_of(R::WIDE_LANES), n_clusters.next_multiple_of(R::WIDE_LANES));
        let mean = |f: usize| centers.iter().skip(f).step_by(n_features).map(|c| c.to_f64()).sum::<f64>();
        let mut middle: Vec<R> = (0..n_features).map(|f| R::from_f64(mean(f) / n_clusters as f64)).collect();
        middle.resize(width, R::ZERO);
        let mut moved = vec![R::ZERO; n_clusters * width];
        for (row, center) in moved.chunks_exact_mut(width).zip(centers.chunks_exact(n_features)) {
            for (f, (out, c)) in row.iter_mut().zip(center).enumerate() {
                *out = R::from_f64(c.to_f64() - middle[f].to_f64());
            }
        }
        let mut groups = Self {
            middle,
            n_features,
            values: vec![R::ZERO; n_places * n_features],
            half_squares: vec![R::INFINITY; n_places],
            labels: vec![R::ZERO; n_places],
            centers: moved,
            places: vec![0; n_clusters],
            longest: R::ZERO,
        };
        groups.fill();
        groups
    }

    fn fill(&mut self) {
        let mut order: Vec<usize> = (0..self.places.len()).collect();
        gather(&mut order, &self.centers, self.width(), R::WIDE_LANES);
        let mut longest = 0.0;
        for (place, label) in order.into_iter().enumerate() {
            let (group, lane) = (place / R::WIDE_LANES, place % R::WIDE_LANES);
            let mut square = 0.0;
            for f in 0..self.n_features {
                let value = self.centers[label * self.width() + f];
                self.values[(group * self.n_features + f) * R::WIDE_LANES + lane] = -value;
                square += value.to_f64() * value.to_f64();
            }
            self.half_squares[place] = R::from_f64(square / 2.0);
            self.labels[place] = R::from_f64(label as f64);
            self.places[label] = place as u32;
            longest = f64::max(longest, square);
        }
        self.longest = R::from_f64(longest.sqrt());
    }

    /// Number of groups.
    pub(super) fn len(&self) -> usize {
        self.labels.len() / R::WIDE_LANES
    }

    pub(super) fn n_clusters(&self) -> usize {
        self.places.len()
    }

    pub(super) fn n_features(&self) -> usize {
        self.n_features
    }

    /// Values of a row.
    #[inline(always)]
    pub(super) fn width(&self) -> usize {
        self.middle.len()
    }

    #[inline(always)]
    pub(super) fn middle(&self) -> &[R] {
        &self.middle
    }

    #[inline(always)]
    pub(super) fn longest(&self) -> R {
        self.longest
    }

    /// Place of each center, by its label.
    pub(super) fn places(&self) -> &[u32] {
        &self.places
    }

    /// The center of a label.
    #[inline(always)]
    pub(super) fn center(&self, label: usize) -> &[R] {
        &self.centers[label * self.width()..][..self.width()]
    }

    /// The centers of a group, negated, feature by feature.
    #[inline(always)]
    pub(super) fn values(&self, group: usize) -> &[R] {
        let size = self.n_features * R::WIDE_LANES;
        &self.values[group * size..][..size]
    }

    #[inline(always)]
    pub(super) fn half_squares(&self, group: usize) -> &[R] {
        &self.half_squares[group * R::WIDE_LANES..][..R::WIDE_LANES]
    }

    #[inline(always)]
    pub(super) fn labels(&self, group: usize) -> &[R] {
        &self.labels[group * R::WIDE_LANES..][..R::WIDE_LANES]
    }
}

/// Sorts rows by halving along the feature in which they spread the most, down to groups of `size`.
fn gather<R: Real>(order: &mut [usize], rows: &[R], width: usize, size: usize) {
    if order.len() <= size {
        return;
    }
    let at = |row: usize, f: usize| rows[row * width + f];
    let spread = |f: usize| {
        let around =
            |[low, high]: [f64; 2], row: &usize| [low.min(at(*row, f).to_f64()), high.max(at(*row, f).to_f64())];
        let [low, high] = order.iter().fold([f64::INFINITY, f64::NEG_INFINITY], around);
        high - low
    };
    let spreads: Vec<f64> = (0..width).map(spread).collect();
    let widest = (0..width).max_by(|a, b| spreads[*a].total_cmp(&spreads[*b])).unwrap_or(0);
    let middle = order.len().div_ceil(size) / 2 * size;
    order.select_nth_unstable_by(middle, |a, b| {
        at(*a, widest).to_f64().total_cmp(&at(*b, widest).to_f64()).then(a.cmp(b))
    });
    let (left, right) = order.split_at_mut(middle);
    gather(left, rows, width, size);
    gather(right, rows, width, size);
}
