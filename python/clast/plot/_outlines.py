"""An image under the outlines of its regions, beside the mean of each region."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from clast.image import Image
from clast.plot._panels import add_scale_bar, add_sides, make_figure, show
from clast.plot._planes import Plane
from clast.plot._tones import as_colors, channel_index, grey_window, white_level

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_DOTS = 600  # of a panel, along its longer axis
_MIN_SIDE = 4  # dots; the outlines of smaller regions would hide the image


def draw_outlines(
    image: Image,
    labels: NDArray[Any],
    regions: NDArray[Any],
    means: NDArray[Any],
    is_wide: NDArray[np.bool_],
    plane: Plane,
    *,
    channel: int | str,
    title: str,
    noun: str,
    entry: str,
    color: Any,
    linewidth: float,
) -> "Figure":
    """Draw the picture.

    Parameters
    ----------
    image : Image
    labels : ndarray of int, of the image's shape
        0 for pixels that are in no region.
    regions : ndarray of int, of the plane's shape
        Neighbours differ where an outline runs.
    means : ndarray of the plane's shape, with channels where the image has them
    is_wide : ndarray of bool, of the plane's shape
        The pixels whose region is outlined.
    plane : Plane
    channel : int or str
        To show of an image that is not red, green and blue.
    title : str
        What follows the name of the channel.
    noun, entry : str
        What a region is, and the legend.
    color : colour
        Of outlines.
    linewidth : float
        In points.

    Returns
    -------
    matplotlib.figure.Figure
    """
    from matplotlib.collections import LineCollection
    from matplotlib.patches import Patch

    index = channel_index(image, channel)
    shown = plane(image.data)
    if image.is_rgb:
        white = white_level(shown)
        name, window = "image", None
        panels = [as_colors(pixels, white) for pixels in (shown, means)]
    else:
        name, window = image.channel_names[index], grey_window(image, labels, index)
        panels = [pixels[..., index] if image.has_channels else pixels for pixels in (shown, means)]
    figure, ((left, right),) = make_figure(1, 2, plane, [Patch(facecolor="none", edgecolor=color, label=entry)])
    for axis, pixels, words in ((left, panels[0], name + title), (right, panels[1], f"mean of each {noun}")):
        show(axis, pixels, plane, window)
        axis.set_title(words, fontsize="medium")
    lines = LineCollection(list(_lines(regions, is_wide, plane)), colors=[color], linewidths=linewidth)
    left.add_collection(lines, autolim=False)
    add_scale_bar(left, plane.height, plane.width, image.unit)
    add_sides(left, plane)
    return figure


def wide_enough(sides: NDArray[Any], shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Say which regions, by their sides in pixels of the picture, have room for an outline."""
    return np.asarray(sides >= _MIN_SIDE * max(shape) / _DOTS)


def _lines(regions: NDArray[Any], is_wide: NDArray[np.bool_], plane: Plane) -> NDArray[np.float64]:
    """Lines between regions, shape (n_lines, 2, 2): both ends as x and y."""
    lines = []
    for axis in (0, 1):
        this, wide = np.moveaxis(regions, axis, 0), np.moveaxis(is_wide, axis, 0)
        edges = (this[1:] != this[:-1]) & (wide[1:] | wide[:-1])
        # Edges side by side are one line: it begins and ends where the padded row changes.
        changes = np.diff(np.pad(edges, ((0, 0), (1, 1))).astype(np.int8), axis=1)
        (across, start), (_, end) = np.nonzero(changes > 0), np.nonzero(changes < 0)
        ends = np.stack([np.stack([along, across + 1], axis=1) for along in (start, end)], axis=1)
        lines.append(ends if axis == 0 else ends[..., ::-1])
    scale = [plane.width / regions.shape[1], plane.height / regions.shape[0]]
    outlines: NDArray[np.float64] = np.concatenate(lines) * scale
    return outlines
