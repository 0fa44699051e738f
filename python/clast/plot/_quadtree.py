"""Pictures of decompositions: the image under the outlines of its blocks, and the mean of each block."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from clast._lookup import look_up
from clast.plot._panels import make_figure, show, visible
from clast.plot._planes import Plane, plane_of, slice_axis_of
from clast.plot._tones import as_colors, channel_index, grey_window, white_level

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from clast._quadtree import QuadTree

_OUTLINE = (0.90, 0.62, 0.0)  # orange of Okabe and Ito, seen on dark and on bright ground
_DOTS = 600  # of a panel, along its longer axis
_MIN_SIDE = 4  # dots; the outlines of smaller blocks would hide the image


def plot_quadtree(
    tree: "QuadTree", *, channel: int | str = 0, slice_axis: str | None = None, slice_index: int | None = None
) -> "Figure":
    """Show an image under the outlines of its blocks, beside the mean of each block.

    Parameters
    ----------
    tree : QuadTree
    channel : int or str, default=0
        The channel to show of an image that is not red, green and blue; its index or name.
    slice_axis : str, optional
        "X", "Y" or "Z" of a volume; default Z.
    slice_index : int, optional
        Which slice of a volume; default: the one in the middle.

    Returns
    -------
    matplotlib.figure.Figure
        Blocks that would be smaller than a few dots have no outlines.

    Raises
    ------
    ValueError
        When a channel, slice or axis does not exist.
    """
    from matplotlib.collections import LineCollection
    from matplotlib.patches import Patch

    image = tree.image
    index = channel_index(image, channel)
    along = slice_axis_of(image, slice_axis) if image.ndim == 3 else None
    if along is not None and slice_index is None:
        slice_index = image.shape[along] // 2
    if along is not None and not 0 <= (slice_index or 0) < image.shape[along]:
        raise ValueError(f"'slice_index' is {slice_index}, but slices 0 to {image.shape[along] - 1} exist")
    plane = plane_of(image, along, slice_index or 0, visible(image.shape))
    title = "image" if image.is_rgb else image.channel_names[index]
    if along is not None:
        title += f", {image.axes[along].lower()} = {slice_index}"
    panels = [image.data, tree.mean_image()]
    if image.is_rgb:
        white = white_level(plane(image.data))
        panels = [as_colors(plane(pixels), white) for pixels in panels]
    else:
        panels = [plane(pixels[..., index] if image.has_channels else pixels) for pixels in panels]
    window = None if image.is_rgb else grey_window(tree, index)
    sizes = f"{tree.sizes.min()} to {tree.sizes.max()}"
    label = f"{tree.n_leaves:,} blocks of {sizes} pixels".replace(",", "\u2009")
    figure, axes = make_figure(1, 2, plane, [Patch(facecolor="none", edgecolor=_OUTLINE, label=label)])
    for axis, pixels, name in zip(axes[0], panels, (title, "mean of each block"), strict=True):
        show(axis, pixels, plane, window)
        axis.set_title(name, fontsize="medium")
    lines = _outlines(plane(tree.leaf_image), tree.sizes, plane)
    axes[0][0].add_collection(LineCollection(list(lines), colors=[_OUTLINE], linewidths=0.5), autolim=False)
    return figure


def _outlines(leaves: NDArray[np.int32], sizes: NDArray[np.int32], plane: Plane) -> NDArray[np.float64]:
    """Lines between leaves, shape (n_lines, 2, 2): both ends as x and y; none between leaves of too few dots."""
    is_wide = look_up(sizes >= _MIN_SIDE * max(leaves.shape) / _DOTS, leaves)
    lines = []
    for axis in (0, 1):
        this, wide = np.moveaxis(leaves, axis, 0), np.moveaxis(is_wide, axis, 0)
        edges = (this[1:] != this[:-1]) & (wide[1:] | wide[:-1])
        # Edges side by side are one line: it begins and ends where the padded row changes.
        changes = np.diff(np.pad(edges, ((0, 0), (1, 1))).astype(np.int8), axis=1)
        (across, start), (_, end) = np.nonzero(changes > 0), np.nonzero(changes < 0)
        ends = np.stack([np.stack([along, across + 1], axis=1) for along in (start, end)], axis=1)
        lines.append(ends if axis == 0 else ends[..., ::-1])
    scale = [plane.width / leaves.shape[1], plane.height / leaves.shape[0]]
    outlines: NDArray[np.float64] = np.concatenate(lines) * scale
    return outlines
