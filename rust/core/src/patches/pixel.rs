//! What the number types of images have in common, and what sets integers and floats apart.

use super::floats::FloatMoments;
use super::integers::IntegerSums;
use super::moments::{Accumulator, Moments};
use super::reader::CellReader;
use super::statistic::write_moments;
use super::{Grid, Plane, Statistic, shared, sliding};
use crate::histogram::Tabulated;
use crate::{Element, Exec, Result};

/// A summary from which moments follow.
pub(super) trait Describe<T> {
    /// The moments of what it summarises.
    fn moments(&self) -> Moments;
}

/// A number type that images have.
pub trait Pixel: Element + PartialEq {
    #[doc(hidden)]
    fn is_nan(self) -> bool;

    #[doc(hidden)]
    fn value(self) -> f64;

    /// The lowest value of an integer type, 0 for floats.
    #[doc(hidden)]
    fn lowest() -> f64;

    /// Its place among all values of an integer type, 0 for floats.
    #[doc(hidden)]
    fn place(self) -> usize;

    #[doc(hidden)]
    fn sort(values: &mut [Self]);

    /// Puts the value of a rank in its place, smaller ones before it and larger ones behind it.
    #[doc(hidden)]
    fn select(values: &mut [Self], rank: usize);

    #[doc(hidden)]
    fn moments_to_second(
        exec: &Exec<'_>,
        plane: &Plane<'_, Self>,
        grids: Vec<(&Grid, &mut Vec<f64>)>,
        statistics: &[Statistic],
    ) -> Result<()>;

    #[doc(hidden)]
    fn moments_to_fourth(
        exec: &Exec<'_>,
        plane: &Plane<'_, Self>,
        grids: Vec<(&Grid, &mut Vec<f64>)>,
        statistics: &[Statistic],
    ) -> Result<()>;
}

macro_rules! pixel {
    ($type:ty, $accumulator:ident, $is_nan:expr, $lowest:expr, $place:expr, $sort:expr, $select:expr) => {
        impl Pixel for $type {
            #[inline(always)]
            fn is_nan(self) -> bool {
                $is_nan(self)
            }

            #[inline(always)]
            fn value(self) -> f64 {
                f64::from(self)
            }

            fn lowest() -> f64 {
                $lowest
            }

            #[inline(always)]
            fn place(self) -> usize {
                $place(self)
            }

            fn sort(values: &mut [Self]) {
                $sort(values);
            }

            fn select(values: &mut [Self], rank: usize) {
                $select(values, rank);
            }

            fn moments_to_second(
                exec: &Exec<'_>,
                plane: &Plane<'_, Self>,
                grids: Vec<(&Grid, &mut Vec<f64>)>,
                statistics: &[Statistic],
            ) -> Result<()> {
                write_all::<Self, $accumulator<2>>(exec, plane, grids, statistics)
            }

            fn moments_to_fourth(
                exec: &Exec<'_>,
                plane: &Plane<'_, Self>,
                grids: Vec<(&Grid, &mut Vec<f64>)>,
                statistics: &[Statistic],
            ) -> Result<()> {
                write_all::<Self, $accumulator<4>>(exec, plane, grids, statistics)
            }
        }
    };
}

macro_rules! integer {
    ($type:ty) => {
        pixel!(
            $type,
            IntegerSums,
            |_| false,
            f64::from(<$type>::MIN),
            Tabulated::slot,
            <[$type]>::sort_unstable,
            <[$type]>::select_nth_unstable
        );
    };
}

macro_rules! float {
    ($type:ty) => {
        pixel!(
            $type,
            FloatMoments,
            <$type>::is_nan,
            0.0,
            |_| 0,
            |values: &mut [$type]| values.sort_unstable_by(<$type>::total_cmp),
            |values: &mut [$type], rank| {
                values.select_nth_unstable_by(rank, <$type>::total_cmp);
            }
        );
    };
}

integer!(u8);
integer!(i16);
integer!(u16);
float!(f32);
float!(f64);

/// Writes the statistics of moments for all grids: those without overlaps share a read of the plane.
fn write_all<T: Pixel, A: Accumulator<T>>(
    exec: &Exec<'_>,
    plane: &Plane<'_, T>,
    grids: Vec<(&Grid, &mut Vec<f64>)>,
    statistics: &[Statistic],
) -> Result<()>
where
    A::Summary: Describe<T>,
{
    let (overlapping, disjoint): (Vec<_>, Vec<_>) = grids.into_iter().partition(|(grid, _)| grid.overlaps());
    for (grid, values_out) in overlapping {
        sliding::write_moments::<T, A>(exec, plane, grid, statistics, values_out)?;
    }
    let (shared, mut values_out): (Vec<&Grid>, Vec<_>) = disjoint.into_iter().unzip();
    let describer = || {
        |summary: &A::Summary, patch_out: &mut [f64]| {
            write_moments(&summary.moments(), statistics, patch_out);
        }
    };
    shared::write::<T, CellReader<A>, _>(exec, plane, &shared, statistics.len(), describer, &mut values_out)
}
