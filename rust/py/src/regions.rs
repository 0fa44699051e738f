//! Regions of label images.

#![allow(non_snake_case, reason = "X is the field's name for a sample matrix")]
#![allow(clippy::needless_pass_by_value, reason = "arguments arrive from Python as owned borrows of arrays")]

use clast_core::regions::{self, Label, Merge, Stop};
use numpy::{PyArray1, PyArray2, PyArrayMethods, PyReadonlyArray1, PyReadonlyArray2, ToPyArray};
use pyo3::prelude::*;

use crate::arrays::{Matrix, contiguous, with_samples};
use crate::runtime::run;

/// Labels of pixels in one of the types that kernels read as they are.
#[derive(FromPyObject)]
pub(crate) enum Labels<'py> {
    #[pyo3(transparent)]
    I64(PyReadonlyArray1<'py, i64>),
    #[pyo3(transparent)]
    I32(PyReadonlyArray1<'py, i32>),
}

/// Areas, boxes, centroids; means, deviations, lowest and highest values.
type Found<'py> =
    (Bound<'py, PyArray1<u64>>, Bound<'py, PyArray2<u32>>, Bound<'py, PyArray2<f64>>, [Bound<'py, PyArray2<f64>>; 4]);

/// What is in each region of a volume (depth, height, width), whose pixels are `X` in C order.
#[pyfunction]
pub(crate) fn region_statistics<'py>(
    py: Python<'py>,
    labels: Labels<'py>,
    X: Matrix<'py>,
    shape: [usize; 3],
    n_regions: usize,
) -> PyResult<Found<'py>> {
    let (found, n_channels) = with_samples!(&X, samples => {
        let found = match &labels {
            Labels::I64(labels) => {
                let labels = contiguous("labels", labels)?;
                run(py, |exec| regions::statistics(exec, labels, &samples, shape, n_regions))
            }
            Labels::I32(labels) => {
                let labels = contiguous("labels", labels)?;
                run(py, |exec| regions::statistics(exec, labels, &samples, shape, n_regions))
            }
        }?;
        Ok((found, samples.n_features()))
    })?;
    let table = |values: Vec<f64>| PyArray1::from_vec(py, values).reshape([n_regions, n_channels]);
    Ok((
        found.areas.to_pyarray(py),
        found.boxes.as_flattened().to_pyarray(py).reshape([n_regions, 6])?,
        found.centroids.as_flattened().to_pyarray(py).reshape([n_regions, 3])?,
        [table(found.means)?, table(found.deviations)?, table(found.lowest)?, table(found.highest)?],
    ))
}

type Edges<'py> = (Bound<'py, PyArray2<u32>>, Bound<'py, PyArray1<u64>>);

/// Pairs of regions that touch, shape (`n_edges`, 2), and how many pairs of pixels do.
#[pyfunction]
pub(crate) fn region_edges<'py>(
    py: Python<'py>,
    labels: Labels<'py>,
    shape: [usize; 3],
    n_regions: usize,
) -> PyResult<Edges<'py>> {
    match &labels {
        Labels::I64(labels) => edges(py, contiguous("labels", labels)?, shape, n_regions),
        Labels::I32(labels) => edges(py, contiguous("labels", labels)?, shape, n_regions),
    }
}

fn edges<'py>(py: Python<'py>, labels: &[impl Label], shape: [usize; 3], n_regions: usize) -> PyResult<Edges<'py>> {
    let found = run(py, |exec| regions::edges(exec, labels, shape, n_regions))?;
    let (pairs, lengths): (Vec<[u32; 2]>, Vec<u64>) = found.into_iter().unzip();
    let pairs_array = pairs.as_flattened().to_pyarray(py).reshape([pairs.len(), 2])?;
    Ok((pairs_array, lengths.to_pyarray(py)))
}

type Merges<'py> = (Bound<'py, PyArray2<u32>>, Bound<'py, PyArray1<f64>>, Bound<'py, PyArray1<f64>>);

/// Merges of regions, in order: pairs, distances, sizes.
#[pyfunction]
pub(crate) fn region_merges<'py>(
    py: Python<'py>,
    sizes: PyReadonlyArray1<'py, f64>,
    means: PyReadonlyArray2<'py, f64>,
    edges: PyReadonlyArray2<'py, u32>,
    n_regions: usize,
    threshold: f64,
    min_size: f64,
) -> PyResult<Merges<'py>> {
    let (sizes, means) = (contiguous("sizes", &sizes)?, contiguous("means", &means)?);
    let (edges, _) = contiguous("edges", &edges)?.as_chunks::<2>();
    let stop = Stop { n_regions, threshold, min_size };
    let merges = run(py, |exec| regions::merge(exec, sizes, means, edges, stop))?;
    let pairs: Vec<[u32; 2]> = merges.iter().map(|merge| merge.regions).collect();
    let column = |value: fn(&Merge) -> f64| merges.iter().map(value).collect::<Vec<f64>>().to_pyarray(py);
    Ok((
        pairs.as_flattened().to_pyarray(py).reshape([pairs.len(), 2])?,
        column(|merge| merge.distance),
        column(|merge| merge.size),
    ))
}
