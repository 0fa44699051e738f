//! Statistics of patches.

#![allow(clippy::needless_pass_by_value, reason = "arguments arrive from Python as owned borrows of arrays")]

use std::ops::Range;

use clast_core::patches::{self, Grid, Pixel, Plane, Statistic};
use numpy::ndarray::ArrayView1;
use numpy::{IntoPyArray, PyArray2, PyArrayMethods, PyReadonlyArray2, PyReadonlyArray3, PyUntypedArrayMethods};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::arrays::{Matrix, contiguous};
use crate::errors::to_python;
use crate::runtime::run;

/// Start and stop of each interval, shape (`n_intervals`, 2).
type Intervals<'py> = PyReadonlyArray2<'py, isize>;

/// Statistics of the patches of several grids, for each grid shape (`n_planes * n_patches`, `n_statistics`).
///
/// `X` has the shape (`n_images * height * width`, `n_channels`); a plane is a channel of an image, those of an image
/// following each other. The mask has the shape (`n_images`, `height`, `width`).
#[pyfunction]
#[allow(non_snake_case, reason = "X is the field's name for a sample matrix")]
pub(crate) fn patch_statistics<'py>(
    py: Python<'py>,
    X: Matrix<'py>,
    shape: (usize, usize),
    grids: Vec<(Intervals<'py>, Intervals<'py>)>,
    statistics: Vec<(String, f64)>,
    mask: Option<PyReadonlyArray3<'py, bool>>,
    omit_nan: bool,
) -> PyResult<Vec<Bound<'py, PyArray2<f64>>>> {
    let grids = grids.into_iter().map(grid).collect::<PyResult<Vec<_>>>()?;
    let statistics = statistics.iter().map(|(name, q)| statistic(name, *q)).collect::<PyResult<Vec<_>>>()?;
    let mask = mask.as_ref().map(|mask| contiguous("mask", mask)).transpose()?;
    let image = Image { shape, mask, omit_nan };
    let found = match &X {
        Matrix::U8(array) => image.describe(py, array, &grids, &statistics),
        Matrix::I16(array) => image.describe(py, array, &grids, &statistics),
        Matrix::U16(array) => image.describe(py, array, &grids, &statistics),
        Matrix::F32(array) => image.describe(py, array, &grids, &statistics),
        Matrix::F64(array) => image.describe(py, array, &grids, &statistics),
    }?;
    let rows = |values: Vec<f64>| {
        let n_rows = values.len() / statistics.len();
        values.into_pyarray(py).reshape([n_rows, statistics.len()])
    };
    found.into_iter().map(rows).collect()
}

struct Image<'a> {
    shape: (usize, usize),
    mask: Option<&'a [bool]>,
    omit_nan: bool,
}

impl Image<'_> {
    fn describe<T: Pixel + numpy::Element>(
        &self,
        py: Python<'_>,
        array: &PyReadonlyArray2<'_, T>,
        grids: &[Grid],
        statistics: &[Statistic],
    ) -> PyResult<Vec<Vec<f64>>> {
        let values = contiguous("X", array)?;
        let (height, width) = self.shape;
        let (n_pixels, n_channels) = (height * width, array.shape()[1]);
        let n_images = array.shape()[0].checked_div(n_pixels).unwrap_or(0);
        if n_channels == 0 || n_images == 0 || n_images * n_pixels != array.shape()[0] {
            return Err(PyValueError::new_err(format!("'X' does not hold images of shape ({height}, {width})")));
        }
        if let Some(mask) = self.mask.filter(|mask| mask.len() != n_images * n_pixels) {
            let got = mask.len();
            return Err(PyValueError::new_err(format!("'mask' has {got} values, but {} are needed", array.shape()[0])));
        }
        let plane = |index: usize| {
            let (image, channel) = (index / n_channels, index % n_channels);
            let mask = self.mask.map(|mask| &mask[image * n_pixels..][..n_pixels]);
            let values = &values[image * n_pixels * n_channels..][..n_pixels * n_channels];
            let plane = Plane::new(&values[channel..], height, width, n_channels, mask);
            plane.map(|plane| if self.omit_nan { plane.omitting_nan() } else { plane })
        };
        let planes: clast_core::Result<Vec<_>> = (0..n_images * n_channels).map(plane).collect();
        let planes = planes.map_err(|error| to_python(&error))?;
        run(py, |exec| patches::statistics(exec, &planes, grids, statistics))
    }
}

fn grid((rows, columns): (Intervals<'_>, Intervals<'_>)) -> PyResult<Grid> {
    let grid = Grid::new(ranges(&rows)?, ranges(&columns)?);
    grid.map_err(|error| to_python(&error))
}

fn ranges(intervals: &Intervals<'_>) -> PyResult<Vec<Range<usize>>> {
    let range = |interval: ArrayView1<'_, isize>| match interval.to_vec()[..] {
        [start, stop] => Ok(usize::try_from(start)?..usize::try_from(stop)?),
        _ => Err(PyValueError::new_err("'grids' has intervals without a start and a stop")),
    };
    intervals.as_array().rows().into_iter().map(range).collect()
}

fn statistic(name: &str, quantile: f64) -> PyResult<Statistic> {
    Ok(match name {
        "count" => Statistic::Count,
        "mean" => Statistic::Mean,
        "std" => Statistic::Std,
        "relative_std" => Statistic::RelativeStd,
        "var" => Statistic::Var,
        "min" => Statistic::Min,
        "max" => Statistic::Max,
        "range" => Statistic::Range,
        "skewness" => Statistic::Skewness,
        "kurtosis" => Statistic::Kurtosis,
        "quantile" if (0.0..=1.0).contains(&quantile) => Statistic::Quantile(quantile),
        "iqr" => Statistic::Iqr,
        "mode" => Statistic::Mode,
        "histogram_mode" => Statistic::HistogramMode,
        "entropy" => Statistic::Entropy,
        _ => return Err(PyValueError::new_err(format!("'statistics' has '{name}' {quantile}, which is none"))),
    })
}
