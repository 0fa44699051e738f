//! The statistics there are, and those that follow from moments.

use super::moments::Moments;

/// Relative difference from the mean up to which scipy takes values for constant.
const RESOLUTION: f64 = 1e-15;

/// A statistic of the pixels of a patch, by the definitions of numpy and `scipy.stats`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Statistic {
    /// Number of pixels.
    Count,
    /// Arithmetic mean.
    Mean,
    /// Population standard deviation.
    Std,
    /// Standard deviation by mean (`scipy.stats.variation`).
    RelativeStd,
    /// Population variance.
    Var,
    /// Smallest value.
    Min,
    /// Largest value.
    Max,
    /// Difference of both.
    Range,
    /// Third central moment by the 3/2 power of the second (`scipy.stats.skew`); NaN for constant patches.
    Skewness,
    /// Fourth central moment by the square of the second, minus 3 (`scipy.stats.kurtosis`); NaN for constant patches.
    Kurtosis,
    /// Quantile by linear interpolation (`numpy.quantile`), from 0 to 1.
    Quantile(f64),
    /// Difference of the quantiles 0.75 and 0.25.
    Iqr,
    /// Most frequent value, the smallest of equally frequent ones (`scipy.stats.mode`).
    Mode,
    /// Centre of the fullest of 1024 bins from the smallest to the largest value (`numpy.histogram`).
    HistogramMode,
    /// Shannon entropy of the distinct values in bits.
    Entropy,
}

impl Statistic {
    /// Whether it needs values in order, or how often each occurs.
    pub(super) fn is_of_order(&self) -> bool {
        matches!(self, Self::Quantile(_) | Self::Iqr | Self::Mode | Self::HistogramMode | Self::Entropy)
    }

    /// Whether it needs moments beyond the second.
    pub(super) fn is_of_shape(&self) -> bool {
        matches!(self, Self::Skewness | Self::Kurtosis)
    }

    fn of(self, moments: &Moments) -> f64 {
        let Moments { count, mean, m2, m3, m4, min, max } = *moments;
        let is_constant = m2 <= (RESOLUTION * mean).powi(2);
        match self {
            Self::Count => count,
            Self::Mean => mean,
            Self::Std => m2.sqrt(),
            Self::RelativeStd => m2.sqrt() / mean,
            Self::Var => m2,
            Self::Min => min,
            Self::Max => max,
            Self::Range => max - min,
            Self::Skewness if !is_constant => m3 / (m2 * m2.sqrt()),
            Self::Kurtosis if !is_constant => m4 / (m2 * m2) - 3.0,
            _ => f64::NAN,
        }
    }
}

/// Writes those statistics of a patch that follow from moments; the others stay.
pub(super) fn write_moments(moments: &Moments, statistics: &[Statistic], row_out: &mut [f64]) {
    for (out, statistic) in row_out.iter_mut().zip(statistics).filter(|(_, statistic)| !statistic.is_of_order()) {
        *out = statistic.of(moments);
    }
}
