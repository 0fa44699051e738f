//! Superpixels.

#![allow(clippy::needless_pass_by_value, reason = "arguments arrive from Python as owned borrows of arrays")]

use clast_core::slic::{self, Coded, Conversion, Image, Pixels, Plan, Scaled, Settings, Sizes, Volume};
use clast_core::{Element, Real};
use numpy::{
    PyArray1, PyReadonlyArray1, PyReadonlyArray2, PyReadonlyArray4, PyReadwriteArray1, PyReadwriteArray2,
    PyUntypedArrayMethods,
};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;

use crate::arrays::{contiguous, contiguous_mut};
use crate::runtime::run;

/// How integers become floats: what each stands for.
type Table<'py> = PyReadonlyArray1<'py, f64>;

/// Lowest value and span, and whether to undo the curve of sRGB.
type Scale = (f64, f64, bool);

/// What is asked for, but for the image.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Request<'py> {
    to_lab: bool,
    smoothing: [Vec<f64>; 3],
    ratio: f64,
    seeds: PyReadonlyArray2<'py, f64>,
    mask: Option<PyReadonlyArray1<'py, bool>>,
    spacing: [f64; 3],
    weight: f64,
    window: [usize; 3],
    max_num_iter: usize,
    slic_zero: bool,
    sizes: Option<(usize, usize)>,
    repair_labels: bool,
    start_label: i64,
}

/// Writes the superpixel of every pixel of an image of shape (depth, height, width, channels); returns how many labels
/// there may be. `conversion` is a table for uint8 and uint16, and (lowest value, span, is sRGB) for floats.
#[pyfunction]
pub(crate) fn slic_segment<'py>(
    py: Python<'py>,
    image: Bound<'py, PyAny>,
    conversion: Bound<'py, PyAny>,
    request: Request<'py>,
    labels_out: PyReadwriteArray1<'py, i64>,
) -> PyResult<usize> {
    if let Ok(image) = image.extract() {
        return coded::<u8>(py, image, conversion.extract()?, &request, labels_out);
    }
    if let Ok(image) = image.extract() {
        return coded::<u16>(py, image, conversion.extract()?, &request, labels_out);
    }
    if let Ok(image) = image.extract() {
        return scaled::<f32>(py, image, conversion.extract()?, &request, labels_out);
    }
    if let Ok(image) = image.extract() {
        return scaled::<f64>(py, image, conversion.extract()?, &request, labels_out);
    }
    Err(PyTypeError::new_err("'image' is no array of uint8, uint16, float32 or float64 with 4 dimensions"))
}

fn coded<T: Element + numpy::Element>(
    py: Python<'_>,
    image: PyReadonlyArray4<'_, T>,
    table: Table<'_>,
    request: &Request<'_>,
    labels_out: PyReadwriteArray1<'_, i64>,
) -> PyResult<usize> {
    let (codes, table) = (contiguous("image", &image)?, contiguous("table", &table)?);
    if table.is_empty() {
        return Err(PyValueError::new_err("'table' is empty"));
    }
    segment(py, &Coded { codes, table }, image.shape(), request, labels_out)
}

fn scaled<R: Real + numpy::Element>(
    py: Python<'_>,
    image: PyReadonlyArray4<'_, R>,
    (low, span, is_srgb): Scale,
    request: &Request<'_>,
    labels_out: PyReadwriteArray1<'_, i64>,
) -> PyResult<usize> {
    let values = contiguous("image", &image)?;
    let pixels = Scaled { values, low: R::from_f64(low), span: R::from_f64(span), is_srgb };
    segment(py, &pixels, image.shape(), request, labels_out)
}

fn segment<R: Real>(
    py: Python<'_>,
    pixels: &impl Pixels<R>,
    shape: &[usize],
    request: &Request<'_>,
    mut labels_out: PyReadwriteArray1<'_, i64>,
) -> PyResult<usize> {
    let volume = Volume { depth: shape[0], height: shape[1], width: shape[2] };
    let plan = Plan {
        seeds: contiguous("seeds", &request.seeds)?,
        settings: Settings {
            spacing: request.spacing.map(R::from_f64),
            weight: R::from_f64(request.weight),
            window: request.window,
            max_num_iter: request.max_num_iter,
            is_adaptive: request.slic_zero,
            ignores_colour: false,
        },
        sizes: request.sizes.map(|(min, max)| Sizes { min, max }),
        repairs: request.repair_labels,
        start_label: request.start_label,
    };
    let labels_out = contiguous_mut("labels_out", &mut labels_out)?;
    let mask = request.mask.as_ref().map(|mask| contiguous("mask", mask)).transpose()?;
    let smoothing = request.smoothing.each_ref().map(Vec::as_slice);
    let conversion = Conversion { to_lab: request.to_lab, smoothing, ratio: R::from_f64(request.ratio) };
    run(py, |exec| {
        let image = Image::read(exec, pixels, volume, shape[3], mask, conversion)?;
        slic::segment(exec, &image, &plan, labels_out)
    })
}

/// Which codes occur inside a mask: shape (256,) for uint8, (65536,) for uint16.
#[pyfunction]
pub(crate) fn slic_occurring<'py>(
    py: Python<'py>,
    image: Bound<'py, PyAny>,
    mask: PyReadonlyArray1<'py, bool>,
) -> PyResult<Bound<'py, PyArray1<bool>>> {
    if let Ok(image) = image.extract() {
        return occurring::<u8>(py, image, &mask);
    }
    if let Ok(image) = image.extract() {
        return occurring::<u16>(py, image, &mask);
    }
    Err(PyTypeError::new_err("'image' is no array of uint8 or uint16 with 4 dimensions"))
}

fn occurring<'py, T: Element + numpy::Element>(
    py: Python<'py>,
    image: PyReadonlyArray4<'_, T>,
    mask: &PyReadonlyArray1<'_, bool>,
) -> PyResult<Bound<'py, PyArray1<bool>>> {
    let (codes, mask, n_channels) = (contiguous("image", &image)?, contiguous("mask", mask)?, image.shape()[3]);
    let found = run(py, |exec| slic::occurring(exec, codes, n_channels, mask))?;
    Ok(PyArray1::from_vec(py, found))
}

/// Moves centers (z, y, x) by k-means of the positions of pixels, given by their ascending numbers in a volume of `shape`
/// (depth, height, width), and finds the nearest other center of each.
#[pyfunction]
pub(crate) fn slic_spread<'py>(
    py: Python<'py>,
    pixels: PyReadonlyArray1<'py, i64>,
    shape: [usize; 3],
    mut centers: PyReadwriteArray2<'py, f64>,
    max_iter: usize,
) -> PyResult<Bound<'py, PyArray1<usize>>> {
    let [depth, height, width] = shape;
    let (pixels, volume) = (contiguous("pixels", &pixels)?, Volume { depth, height, width });
    let (centers, _) = contiguous_mut("centers", &mut centers)?.as_chunks_mut::<3>();
    let nearest = run(py, |exec| {
        slic::spread(exec, pixels, volume, centers, max_iter)?;
        slic::nearest_others(exec, centers)
    })?;
    Ok(PyArray1::from_vec(py, nearest))
}
