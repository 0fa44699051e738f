//! The image as the iterations read it: by rows, and by tiles.

use std::ops::Range;

use rayon::prelude::*;

use super::boxes::Boxes;
use super::lab;
use super::planes::{BAND_HEIGHT, Planes, Rows, Volume};
use super::smooth::smooth;
use super::source::Pixels;
use super::tiles::Layer;
use crate::{Error, Exec, Real, Result};

/// What becomes of pixels before they are clustered.
#[derive(Debug, Clone, Copy)]
pub struct Conversion<'a, R> {
    /// Whether they are linear RGB, to be converted to Lab.
    pub to_lab: bool,
    /// Weights that smooth along z, y and x, the central one first; an axis without weights is left as it is.
    pub smoothing: [&'a [f64]; 3],
    /// What all colours are multiplied by in the end.
    pub ratio: R,
}

/// An image, and which of its pixels are to be clustered.
#[derive(Debug)]
pub struct Image<'a, R> {
    pub(super) planes: Planes<R>,
    pub(super) boxes: Boxes,
    pub(super) mask: Option<&'a [bool]>,
}

impl<'a, R: Real> Image<'a, R> {
    /// Reads `pixels`, with channels last, those inside `mask` or all, and converts them.
    ///
    /// # Errors
    /// [`Error::Length`] if there are not `n_channels` values for each pixel, [`Error::Mismatch`] if `mask` has not one for
    /// each, [`Error::Range`] for a volume without pixels or channels or Lab from other than 3 channels,
    /// [`Error::Interrupted`].
    pub fn read(
        exec: &Exec<'_>,
        pixels: &impl Pixels<R>,
        volume: Volume,
        n_channels: usize,
        mask: Option<&'a [bool]>,
        conversion: Conversion<'_, R>,
    ) -> Result<Self> {
        check(pixels, volume, n_channels, mask, conversion.to_lab)?;
        let mut image =
            Self { planes: Planes::unwritten(volume, n_channels), boxes: Boxes::unwritten(volume, n_channels), mask };
        let read = |index: usize, row: &mut [R], stride: usize, columns: Range<usize>| {
            let first = (index * volume.width + columns.start) * n_channels;
            pixels.read(first, columns.len() * n_channels, n_channels, &mut row[columns.start..], stride);
            if conversion.to_lab {
                lab::from_linear(exec.level, row, stride, columns);
            }
        };
        let scale = |row: &mut [R], stride: usize, columns: Range<usize>| {
            for channel in row.chunks_exact_mut(stride) {
                channel[columns.clone()].iter_mut().for_each(|value| *value *= conversion.ratio);
            }
        };
        let all = 0..volume.width;
        if conversion.smoothing.iter().all(|weights| weights.is_empty()) {
            image.write(exec, |index, row, stride| {
                let columns = mask.map_or(all.clone(), |mask| inside(&mask[index * volume.width..][..volume.width]));
                read(index, row, stride, columns.clone());
                scale(row, stride, columns);
            })?;
        } else {
            image.planes.for_each_row(exec, |index, row, stride| read(index, row, stride, all.clone()))?;
            image.planes = smooth(exec, image.planes, conversion.smoothing)?;
            image.write(exec, |_, row, stride| scale(row, stride, all.clone()))?;
        }
        image.boxes.measure();
        Ok(image)
    }

    /// Runs `body` on the number, the values and the stride of every row, and reads the tiles of a band while its rows are in
    /// the cache.
    fn write(&mut self, exec: &Exec<'_>, body: impl Fn(usize, &mut [R], usize) + Sync) -> Result<()> {
        let Self { planes, boxes, mask } = self;
        let (volume, stride, row_len) = (planes.volume(), planes.stride(), planes.row_len());
        let cut = boxes.cut();
        let mut boxes = boxes.bands_mut().into_iter();
        let mut bands = Vec::with_capacity(cut.n_bands(volume));
        for (slab, values) in planes.values_mut().chunks_mut(cut.slab_depth * volume.height * row_len).enumerate() {
            let slices = values.chunks_mut(volume.height * row_len);
            let mut slices: Vec<_> = slices.map(|slice| slice.chunks_mut(BAND_HEIGHT * row_len)).collect();
            for band in 0..cut.bands_per_slice {
                let first = slab * cut.slab_depth * volume.height + band * BAND_HEIGHT;
                let layers: Vec<_> = slices.iter_mut().filter_map(Iterator::next).collect();
                bands.extend(boxes.next().map(|boxes| (first, layers, boxes)));
            }
        }
        bands.into_par_iter().try_for_each(|(first, mut layers, mut boxes)| {
            exec.check()?;
            let first = |layer: usize| first + layer * volume.height;
            for (layer, values) in layers.iter_mut().enumerate() {
                for (row, values) in values.chunks_exact_mut(row_len).enumerate() {
                    body(first(layer) + row, values, stride);
                }
            }
            let layers = layers.iter().enumerate().map(|(layer, values)| {
                let rows = Rows::new(values, volume.width, row_len, stride);
                let mask = mask.map(|mask| &mask[first(layer) * volume.width..][..rows.len() * volume.width]);
                Layer { rows, mask }
            });
            boxes.read(exec.level, &layers.collect::<Vec<_>>());
            Ok(())
        })
    }
}

/// From the first to the last pixel inside: nobody looks at those before and behind.
fn inside(mask: &[bool]) -> Range<usize> {
    let first = mask.iter().position(|is_inside| *is_inside).unwrap_or(mask.len());
    let end = mask.iter().rposition(|is_inside| *is_inside).map_or(first, |last| last + 1);
    first..end
}

fn check<R: Real>(
    pixels: &impl Pixels<R>,
    volume: Volume,
    n_channels: usize,
    mask: Option<&[bool]>,
    to_lab: bool,
) -> Result<()> {
    let n_pixels = volume.n_pixels();
    if n_pixels * n_channels == 0 {
        return Err(Error::Range { argument: "image", got: "empty".into(), needed: "at least one pixel".into() });
    }
    if pixels.len() != n_pixels * n_channels {
        return Err(Error::Length { argument: "image", got: pixels.len(), rows: n_pixels, columns: n_channels });
    }
    if let Some(got) = mask.map(<[bool]>::len).filter(|got| *got != n_pixels) {
        return Err(Error::Mismatch { argument: "mask", dimension: "pixels", got, needed: n_pixels });
    }
    if to_lab && n_channels != 3 {
        let needed = "3 for a conversion from RGB to Lab".into();
        return Err(Error::Range { argument: "n_channels", got: n_channels.to_string(), needed });
    }
    Ok(())
}
