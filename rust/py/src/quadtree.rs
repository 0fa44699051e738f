//! Quadtrees and octrees.

#![allow(non_snake_case, reason = "X is the field's name for a sample matrix")]
#![allow(clippy::needless_pass_by_value, reason = "arguments arrive from Python as owned borrows of arrays")]

use clast_core::quadtree::{self, Criterion, Cut, Grid, Label, Leaves, Measured, Pixel, Pixels, Values};
use clast_core::{Exec, Samples};
use numpy::{
    PyArray1, PyArray2, PyArrayDescrMethods, PyArrayMethods, PyReadonlyArray1, PyReadonlyArray2, PyReadwriteArray1,
    PyUntypedArray, PyUntypedArrayMethods,
};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;

use crate::arrays::{Matrix, contiguous, contiguous_mut, vector, with_samples};
use crate::errors::to_python;
use crate::runtime::{run, run_here};

/// Counts, means, standard deviations, least and largest pixels.
type Measures<'py> = (
    Bound<'py, PyArray1<i64>>,
    Bound<'py, PyArray2<f64>>,
    Bound<'py, PyArray2<f64>>,
    Bound<'py, PyAny>,
    Bound<'py, PyAny>,
);

/// A level of a pyramid.
pub(crate) enum Level<'py> {
    U8(PyReadonlyArray1<'py, u8>),
    U16(PyReadonlyArray1<'py, u16>),
    F32(PyReadonlyArray1<'py, f32>),
    F64(PyReadonlyArray1<'py, f64>),
}

impl<'py> FromPyObject<'_, 'py> for Level<'py> {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        // A failed extraction takes as long as a cut of a small level: only the one that must succeed is tried.
        let dtype = object.cast::<PyUntypedArray>().ok().map(|array| array.dtype());
        match dtype.map(|dtype| (dtype.kind(), dtype.itemsize())) {
            Some((b'u', 1)) => object.extract().map(Self::U8),
            Some((b'u', 2)) => object.extract().map(Self::U16),
            Some((b'f', 4)) => object.extract().map(Self::F32),
            Some((b'f', 8)) => object.extract().map(Self::F64),
            _ => Err(PyTypeError::new_err("a level is no vector of uint8, uint16, float32 or float64")),
        }
    }
}

impl Level<'_> {
    fn values(&self) -> PyResult<Values<'_>> {
        Ok(match self {
            Self::U8(array) => Values::U8(contiguous("levels", array)?),
            Self::U16(array) => Values::U16(contiguous("levels", array)?),
            Self::F32(array) => Values::F32(contiguous("levels", array)?),
            Self::F64(array) => Values::F64(contiguous("levels", array)?),
        })
    }
}

fn grid(shape: &[usize]) -> PyResult<Grid> {
    Grid::new(shape).map_err(|error| to_python(&error))
}

/// The range or the variance of all blocks of levels `first` to `top`; None if a pixel that counts is not finite.
#[pyfunction]
pub(crate) fn quadtree_pyramid<'py>(
    py: Python<'py>,
    X: Matrix<'py>,
    shape: Vec<usize>,
    inside: Option<PyReadonlyArray1<'py, bool>>,
    is_range: bool,
    first: usize,
    top: usize,
) -> PyResult<Option<Vec<Bound<'py, PyAny>>>> {
    let grid = grid(&shape)?;
    if first == 0 || top > grid.root() {
        let needed = format!("levels are from 1 to {}", grid.root());
        return Err(PyValueError::new_err(format!("'first' is {first} and 'top' is {top}, but {needed}")));
    }
    let inside = vector("inside", inside.as_ref())?;
    with_samples!(&X, samples => {
        let pixels = pixels(samples, inside, grid)?;
        if is_range {
            levels(py, grid, pixels.n_channels(), first..=top, |exec, out| quadtree::build(exec, &pixels, grid, first, out))
        } else {
            levels(py, grid, pixels.n_channels(), first..=top, |exec, out| {
                quadtree::build_sums(exec, &pixels, grid, first, out)
            })
        }
    })
}

fn pixels<'a, T: Pixel>(samples: Samples<'a, T>, inside: Option<&'a [bool]>, grid: Grid) -> PyResult<Pixels<'a, T>> {
    Pixels::new(samples, inside, grid.n_pixels()).map_err(|error| to_python(&error))
}

fn levels<R: Criterion + numpy::Element>(
    py: Python<'_>,
    grid: Grid,
    n_channels: usize,
    levels: std::ops::RangeInclusive<usize>,
    build: impl FnOnce(&Exec<'_>, &mut [&mut [R]]) -> clast_core::Result<bool> + Send,
) -> PyResult<Option<Vec<Bound<'_, PyAny>>>> {
    let arrays: Vec<_> =
        levels.map(|level| PyArray1::<R>::zeros(py, n_channels * grid.n_blocks(level), false)).collect();
    let mut views: Vec<_> = arrays.iter().map(PyArrayMethods::readwrite).collect();
    let mut out = views.iter_mut().map(|view| contiguous_mut("levels", view)).collect::<PyResult<Vec<_>>>()?;
    let is_finite = run(py, |exec| build(exec, &mut out))?;
    drop(views);
    Ok(is_finite.then(|| arrays.into_iter().map(Bound::into_any).collect()))
}

/// A tree: a pyramid of levels from `base + 1` on, cut at one threshold for each channel.
#[pyclass(frozen, module = "clast._core")]
pub(crate) struct QuadtreeCut(Cut);

#[pymethods]
impl QuadtreeCut {
    #[new]
    fn new<'py>(
        py: Python<'py>,
        shape: Vec<usize>,
        base: usize,
        levels: Vec<Level<'py>>,
        thresholds: Vec<f64>,
    ) -> PyResult<Self> {
        let grid = grid(&shape)?;
        let values = levels.iter().map(Level::values).collect::<PyResult<Vec<_>>>()?;
        let cut = |exec: &Exec<'_>| quadtree::cut(exec, grid, base, &values, &thresholds);
        let cut = if quadtree::is_short(&grid, base, &values) { run_here(cut) } else { run(py, cut) };
        cut.map(Self)
    }

    /// Number of leaves by level.
    #[getter]
    fn n_leaves(&self) -> Vec<usize> {
        self.0.n_leaves().to_vec()
    }

    /// First pixel of every leaf.
    fn origins<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyArray2<i32>>> {
        let origins = PyArray2::<i32>::zeros(py, [self.0.n_leaves().iter().sum(), self.0.ndim()], false);
        let mut view = origins.readwrite();
        let origins_out = contiguous_mut("origins", &mut view)?;
        run(py, |exec| self.0.origins(exec, origins_out))?;
        drop(view);
        Ok(origins)
    }
}

/// Numbers that describe the pixels of every leaf.
#[pyfunction]
pub(crate) fn quadtree_measure<'py>(
    py: Python<'py>,
    X: Matrix<'py>,
    shape: Vec<usize>,
    inside: Option<PyReadonlyArray1<'py, bool>>,
    origins: PyReadonlyArray2<'py, i32>,
    base: usize,
    n_leaves: Vec<usize>,
) -> PyResult<Measures<'py>> {
    let grid = grid(&shape)?;
    let inside = vector("inside", inside.as_ref())?;
    let origins = origins_of(grid, &origins)?;
    with_samples!(&X, samples => {
        let pixels = pixels(samples, inside, grid)?;
        measured(py, &pixels, origins.len() / grid.ndim(), |exec, out| {
            quadtree::measure(exec, &pixels, &Leaves::new(grid, origins, base, &n_leaves)?, out)
        })
    })
}

fn measured<'py, T: Pixel + numpy::Element>(
    py: Python<'py>,
    pixels: &Pixels<'_, T>,
    n_leaves: usize,
    measure: impl FnOnce(&Exec<'_>, Measured<'_, T>) -> clast_core::Result<()> + Send,
) -> PyResult<Measures<'py>> {
    let shape = [n_leaves, pixels.n_channels()];
    let counts = PyArray1::<i64>::zeros(py, shape[0], false);
    let (means, stds) = (PyArray2::<f64>::zeros(py, shape, false), PyArray2::<f64>::zeros(py, shape, false));
    let (lows, highs) = (PyArray2::<T>::zeros(py, shape, false), PyArray2::<T>::zeros(py, shape, false));
    {
        let mut counts_view = counts.readwrite();
        let (mut means_view, mut stds_view) = (means.readwrite(), stds.readwrite());
        let (mut lows_view, mut highs_view) = (lows.readwrite(), highs.readwrite());
        let out = Measured {
            counts: contiguous_mut("counts", &mut counts_view)?,
            means: contiguous_mut("means", &mut means_view)?,
            stds: contiguous_mut("stds", &mut stds_view)?,
            lows: contiguous_mut("lows", &mut lows_view)?,
            highs: contiguous_mut("highs", &mut highs_view)?,
        };
        run(py, |exec| measure(exec, out))?;
    }
    Ok((counts, means, stds, lows.into_any(), highs.into_any()))
}

fn origins_of<'a>(grid: Grid, origins: &'a PyReadonlyArray2<'_, i32>) -> PyResult<&'a [i32]> {
    if origins.shape()[1] != grid.ndim() {
        let (got, needed) = (origins.shape()[1], grid.ndim());
        return Err(PyValueError::new_err(format!("'origins' has {got} columns, but {needed} are needed")));
    }
    contiguous("origins", origins)
}

/// Writes the label of every leaf, its own or 1, 2, ..., to an array of uint8, uint16 or int32.
#[pyfunction]
#[allow(clippy::too_many_arguments, reason = "the arguments of a Python function, and the interpreter")]
pub(crate) fn quadtree_paint<'py>(
    py: Python<'py>,
    shape: Vec<usize>,
    inside: Option<PyReadonlyArray1<'py, bool>>,
    origins: PyReadonlyArray2<'py, i32>,
    base: usize,
    n_leaves: Vec<usize>,
    labels: Option<PyReadonlyArray1<'py, i32>>,
    out: Bound<'py, PyAny>,
) -> PyResult<()> {
    let inside = vector("inside", inside.as_ref())?;
    let labels = vector("labels", labels.as_ref())?;
    let grid = grid(&shape)?;
    let origins = origins_of(grid, &origins)?;
    let leaves = || Leaves::new(grid, origins, base, &n_leaves);
    if let Ok(out) = out.extract() {
        return paint::<i32>(py, leaves, labels, inside, out);
    }
    if let Ok(out) = out.extract() {
        return paint::<u16>(py, leaves, labels, inside, out);
    }
    let out_u8 =
        out.extract().map_err(|_| PyTypeError::new_err("'out' is no writable vector of uint8, uint16 or int32"))?;
    paint::<u8>(py, leaves, labels, inside, out_u8)
}

fn paint<'a, L: Label + numpy::Element>(
    py: Python<'_>,
    leaves: impl FnOnce() -> clast_core::Result<Leaves<'a>> + Send,
    labels: Option<&[i32]>,
    inside: Option<&[bool]>,
    mut out: PyReadwriteArray1<'_, L>,
) -> PyResult<()> {
    let out = contiguous_mut("out", &mut out)?;
    run(py, |exec| quadtree::paint(exec, &leaves()?, labels, inside, out))
}
