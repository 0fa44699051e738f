//! A mixture as kernels read it, and the log density of every component at the samples of a tile.

use std::f64::consts::{FRAC_1_SQRT_2, PI};

use fearless_simd::{Level, dispatch};

use super::many::{self, Differences};
use super::{Parameters, diagonal, few};
use crate::features::MAX_FEATURES;
use crate::simd::Tile;
use crate::with_features;

/// Means, factors and constants of all components. Factors are divided by `sqrt(2)`, so that the exponent of a density
/// is a plain sum of squares.
#[derive(Debug)]
pub(super) struct Densities {
    pub(super) kind: Kind,
    pub(super) n_components: usize,
    n_features: usize,
    /// Shape (`n_components`, `n_features`).
    means: Vec<f64>,
    /// As the kernel of this kind wants them.
    factors: Vec<f64>,
    /// Logarithm of weight and normalisation of each component.
    offsets: Vec<f64>,
}

/// Which kernels suit a mixture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Independent features.
    Diagonal,
    /// As many features as the compiler knows.
    Few,
    /// More.
    Many,
}

/// One component.
#[derive(Debug, Clone, Copy)]
pub(super) struct Component<'a> {
    pub(super) mean: &'a [f64],
    pub(super) factor: &'a [f64],
    pub(super) offset: f64,
}

impl Densities {
    pub(super) fn new(parameters: &Parameters) -> Self {
        let (n_components, n_features) = (parameters.n_components(), parameters.n_features());
        let kind = Kind::of(parameters.covariance.is_diagonal(), n_features);
        let mut factors = Vec::new();
        let mut offsets = Vec::with_capacity(n_components);
        for component in 0..n_components {
            let diagonal: f64 = match kind {
                Kind::Diagonal => {
                    let scales = (0..n_features).map(|f| parameters.scale(component, f));
                    factors.extend(scales.clone().map(|scale| scale * FRAC_1_SQRT_2));
                    scales.map(f64::ln).sum()
                }
                Kind::Few | Kind::Many => {
                    let lower = |i: usize, j: usize| parameters.factor(component, j, i) * FRAC_1_SQRT_2;
                    if kind == Kind::Few {
                        factors.extend((0..n_features).flat_map(|i| (0..=i).map(move |j| lower(i, j))));
                    } else {
                        many::pack(n_features, lower, &mut factors);
                    }
                    (0..n_features).map(|f| parameters.factor(component, f, f).ln()).sum()
                }
            };
            offsets.push(parameters.weights[component].ln() - 0.5 * n_features as f64 * (2.0 * PI).ln() + diagonal);
        }
        Self { kind, n_components, n_features, means: parameters.means.clone(), factors, offsets }
    }

    /// Points to take moments around, without densities.
    pub(super) fn around(kind: Kind, reference: &[f64], n_features: usize) -> Self {
        let n_components = reference.len() / n_features;
        let (factors, offsets) = (Vec::new(), vec![0.0; n_components]);
        Self { kind, n_components, n_features, means: reference.to_vec(), factors, offsets }
    }

    #[inline(always)]
    pub(super) fn component(&self, component: usize) -> Component<'_> {
        let size = self.factors.len() / self.n_components;
        Component {
            mean: &self.means[component * self.n_features..][..self.n_features],
            factor: &self.factors[component * size..][..size],
            offset: self.offsets[component],
        }
    }

    /// Writes weight times density of each component at each sample of the tile, as logarithms: rows of the tile's
    /// capacity, of which as many values are written as the tile holds, padded to whole vectors.
    pub(super) fn log_densities(&self, level: Level, tile: &Tile<f64>, differences: &mut Differences, out: &mut [f64]) {
        let len = padded(tile.len());
        dispatch!(level, simd => for (index, out) in out.chunks_exact_mut(tile.capacity()).enumerate() {
            let (component, out) = (self.component(index), &mut out[..len]);
            match self.kind {
                Kind::Diagonal => diagonal::log_densities(simd, tile, component, out),
                Kind::Few => {
                    with_features!(self.n_features, D => few::log_densities::<_, D>(simd, tile, component, out));
                }
                Kind::Many => many::log_densities(simd, tile, component, differences, out),
            }
        });
    }

    /// Adds the moments of the samples of the tile around the mean of one component.
    pub(super) fn add_moments(
        &self,
        level: Level,
        tile: &Tile<f64>,
        index: usize,
        responsibilities: &[f64],
        into: Target<'_>,
    ) {
        let component = self.component(index);
        dispatch!(level, simd => match into {
            Target::Sums(differences, sums) => {
                many::add_moments(simd, tile, component, responsibilities, differences, sums);
            }
            Target::Lanes(lanes) if self.kind == Kind::Diagonal => {
                diagonal::add_moments(simd, tile, component, responsibilities, lanes);
            }
            Target::Lanes(lanes) => with_features!(self.n_features, D => {
                few::add_moments::<_, D>(simd, tile, component, responsibilities, lanes);
            }),
        });
    }
}

/// Where the moments of a tile go.
pub(super) enum Target<'a> {
    /// Added up at once, with room for the differences.
    Sums(&'a mut Differences, &'a mut [f64]),
    /// Lane by lane.
    Lanes(&'a mut [[f64; LANES]]),
}

impl Kind {
    pub(super) fn of(is_diagonal: bool, n_features: usize) -> Self {
        match (is_diagonal, n_features <= MAX_FEATURES) {
            (true, _) => Self::Diagonal,
            (false, true) => Self::Few,
            (false, false) => Self::Many,
        }
    }
}

/// Lanes of all sums over samples, whatever the level: a narrower vector goes over them in parts.
pub(super) const LANES: usize = 8;

/// Samples of a tile, filled up to whole vectors.
#[inline(always)]
pub(super) fn padded(len: usize) -> usize {
    len.next_multiple_of(LANES)
}
