"""Pictures of superpixels: their boundaries over the image, and the image in their mean values."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from clast.image import Image
from clast.plot._panels import show, visible
from clast.plot._planes import plane_of, slice_axis_of
from clast.plot._tones import WINDOW, as_colors, white_level

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_BOUNDARY_COLOR = (1.0, 0.85, 0.0)  # yellow, which tissue and landscapes seldom are


def plot_superpixels(image: Image, labels: NDArray[Any]) -> "Figure":
    """Show the boundaries of superpixels over an image, and the image in their mean values.

    Parameters
    ----------
    image : Image
        Shown in its colours, or its first channel; of a volume, the middle slice.
    labels : ndarray of int, of the shape of the image
        0 for pixels without superpixel, which are dark beside.

    Returns
    -------
    matplotlib.figure.Figure
    """
    from matplotlib.figure import Figure

    from clast.regions import boundaries, region_means

    along = None if image.ndim == 2 else slice_axis_of(image, None)
    index = 0 if along is None else image.shape[along] // 2
    plane = plane_of(image, along, index, visible(image.shape))
    shown, regions = plane(image.data if image.is_rgb else image.channel(0)), plane(labels)
    if image.is_rgb:
        colors = as_colors(shown, white_level(shown))
    else:
        inside = shown[(regions > 0) & np.isfinite(shown)]
        low, high = np.percentile(inside, WINDOW) if len(inside) else (0.0, 1.0)
        grey = as_colors(shown.astype(np.float64) - low, float(high - low) or 1.0)
        colors = np.repeat(grey[..., np.newaxis], 3, axis=-1)
    over, means = colors.copy(), np.nan_to_num(region_means(regions, colors))
    over[boundaries(regions)] = _BOUNDARY_COLOR
    figure = Figure(figsize=(10, 5 * plane.height / plane.width + 0.4), dpi=150, layout="constrained")
    for axis, (title, pixels) in zip(
        figure.subplots(1, 2), [("boundaries", over), ("mean of each superpixel", means)], strict=True
    ):
        show(axis, pixels, plane, None)
        axis.set_title(title, fontsize="medium")
    return figure
