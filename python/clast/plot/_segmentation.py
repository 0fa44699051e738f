"""Pictures of segmentations: the image beside its classes."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from clast.plot._colors import paint, palette_of
from clast.plot._legend import legend_entries
from clast.plot._panels import add_scale_bar, add_sides, make_figure, show, visible
from clast.plot._planes import plane_of, slice_axis_of
from clast.plot._slices import chosen_slices, labelled_box
from clast.plot._tones import as_colors, channel_index, grey_window, white_level

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from clast._result import Segmentation

_OVERLAY_ALPHA = 0.65


def plot_segmentation(
    segmentation: "Segmentation",
    *,
    channel: int | str = 0,
    slices: int | Sequence[int] = 5,
    slice_axis: str | None = None,
    names: Sequence[str] | None = None,
    colors: Any = None,
) -> "Figure":
    """Show an image and its classes.

    A photo is shown beside its pixels in the mean colour of their class and beside the classes themselves; another 2-D
    image beside its classes; of a volume several slices, with the classes laid over them in a second row.

    Parameters
    ----------
    segmentation : Segmentation
    channel : int or str, default=0
        The channel to show of an image that is not red, green and blue; its index or name.
    slices : int or sequence of int, default=5
        How many slices to spread over the labelled part of a volume, or which.
    slice_axis : str, optional
        "X", "Y" or "Z"; default Z.
    names : sequence of str, optional
        Names of the classes for the legend; default those of `Segmentation.merge`, or "class 1", ...
    colors : sequence of colours, optional
        One per class, as matplotlib knows them.

    Returns
    -------
    matplotlib.figure.Figure
        Volumes are cropped to their labelled part; those with an affine are shown in radiological convention: right of
        the patient on the left, anterior or superior on top. Grey values are shown between their 2nd and 98th
        percentile inside the mask.

    Raises
    ------
    ValueError
        When a channel, slice or axis does not exist, or there is not one name and colour per class.

    Examples
    --------
    >>> import clast, numpy as np
    >>> result = clast.segment(np.eye(8), clast.KMeans(2, random_state=0))
    >>> result.plot(names=["background", "diagonal"])
    <Figure size ... with 2 Axes>
    """
    image = segmentation.image
    names = segmentation.names if names is None else names
    palette = palette_of(segmentation.n_classes, colors, names)
    index = channel_index(image, channel)
    entries = legend_entries(segmentation, palette, names)
    if image.ndim == 2:
        return _plot_2d(segmentation, index, palette, entries)
    return _plot_slices(segmentation, index, palette, entries, slices, slice_axis)


def _plot_2d(segmentation: "Segmentation", channel: int, palette: NDArray[Any], entries: list[Any]) -> "Figure":
    image = segmentation.image
    plane = plane_of(image, None, 0, visible(image.shape))
    labels = plane(segmentation.labels)
    shown = plane(image.data if image.is_rgb else image.channel(channel))
    title = "image" if image.is_rgb else image.channel_names[channel]
    panels = [(title, shown), ("classes", paint(labels, palette, 1.0))]
    if image.is_rgb:
        white = white_level(shown)
        panels[0] = (title, as_colors(shown, white))
        means = as_colors(segmentation.statistics.means, white)
        panels.insert(1, ("mean color of each class", paint(labels, means, 1.0)))
    figure, axes = make_figure(1, len(panels), plane, entries)
    window = None if image.is_rgb else grey_window(image, segmentation.labels, channel)
    for axis, (title, pixels) in zip(axes[0], panels, strict=True):
        show(axis, pixels, plane, window)
        axis.set_title(title, fontsize="medium")
    add_scale_bar(axes[0][0], plane.height, plane.width, image.unit)
    return figure


def _plot_slices(
    segmentation: "Segmentation",
    channel: int,
    palette: NDArray[Any],
    entries: list[Any],
    slices: int | Sequence[int],
    slice_axis: str | None,
) -> "Figure":
    image, labels = segmentation.image, segmentation.labels
    along = slice_axis_of(image, slice_axis)
    indices = chosen_slices(labels.shape, labels, along, slices)
    crop = visible(image.shape, labelled_box(labels))
    first = plane_of(image, along, indices[0], crop)
    figure, axes = make_figure(2, len(indices), first, entries)
    window = grey_window(image, segmentation.labels, channel)
    for column, index in enumerate(indices):
        plane = plane_of(image, along, index, crop)
        grey = plane(image.channel(channel))
        for row in (0, 1):
            show(axes[row][column], grey, plane, window)
        show(axes[1][column], paint(plane(labels), palette, _OVERLAY_ALPHA), plane, None)
        axes[0][column].set_title(f"{image.axes[along].lower()} = {index}", fontsize="medium")
    axes[0][0].set_ylabel(image.channel_names[channel])
    axes[1][0].set_ylabel("classes")
    add_scale_bar(axes[0][0], first.height, first.width, image.unit)
    add_sides(axes[0][0], first)
    return figure
