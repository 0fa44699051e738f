"""Pictures of segmentations and of patches, by matplotlib's objects alone: no pyplot state, no backend is touched."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from clast._colors import class_colors
from clast._heatmap import patch_heatmap
from clast._planes import Plane, plane_of, slice_axis_of
from clast._result import pixel_size
from clast.image import Image
from clast.regions import boundaries, region_means

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from clast._quadtree import QuadTree
    from clast._result import Segmentation

__all__ = ["class_colors", "patch_heatmap", "plot_segmentation"]

_MAX_LEGEND = 12
_WINDOW = (2, 98)  # percentiles between which grey values are shown: a few bright voxels would darken all others
_MAX_PIXELS = 1500  # along an axis; a panel is 600 dots wide
_OVERLAY_ALPHA = 0.65
_BOUNDARY_COLOR = (1.0, 0.85, 0.0)  # yellow, which tissue and landscapes seldom are
_UNITS = {"ml": "mL", "um3": "\u00b5m\u00b3", "mm2": "mm\u00b2", "um2": "\u00b5m\u00b2"}


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
    from matplotlib.colors import to_rgba_array

    image = segmentation.image
    names = segmentation.names if names is None else names
    palette = class_colors(segmentation.n_classes) if colors is None else to_rgba_array(colors)[:, :3]
    for argument, values in (("names", names), ("colors", palette)):
        if values is not None and len(values) != segmentation.n_classes:
            raise ValueError(f"'{argument}' has {len(values)} entries, but there are {segmentation.n_classes} classes")
    index = _channel_index(image, channel)
    entries = _legend_entries(segmentation, palette, names)
    if image.ndim == 2:
        return _plot_2d(segmentation, index, palette, entries)
    return _plot_slices(segmentation, index, palette, entries, slices, slice_axis)


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

    along = None if image.ndim == 2 else slice_axis_of(image, None)
    index = 0 if along is None else image.shape[along] // 2
    plane = plane_of(image, along, index, _visible(image.shape))
    shown, regions = plane(image.data if image.is_rgb else image.channel(0)), plane(labels)
    if image.is_rgb:
        colors = _as_colors(shown, _white(shown))
    else:
        inside = shown[(regions > 0) & np.isfinite(shown)]
        low, high = np.percentile(inside, _WINDOW) if len(inside) else (0.0, 1.0)
        grey = _as_colors(shown.astype(np.float64) - low, float(high - low) or 1.0)
        colors = np.repeat(grey[..., np.newaxis], 3, axis=-1)
    over, means = colors.copy(), np.nan_to_num(region_means(regions, colors))
    over[boundaries(regions)] = _BOUNDARY_COLOR
    figure = Figure(figsize=(10, 5 * plane.height / plane.width + 0.4), dpi=150, layout="constrained")
    for axis, (title, pixels) in zip(
        figure.subplots(1, 2), [("boundaries", over), ("mean of each superpixel", means)], strict=True
    ):
        _show(axis, pixels, plane, None)
        axis.set_title(title, fontsize="medium")
    return figure


def _plot_2d(segmentation: "Segmentation", channel: int, palette: NDArray[Any], entries: list[Any]) -> "Figure":
    image = segmentation.image
    plane = plane_of(image, None, 0, _visible(image.shape))
    labels = plane(segmentation.labels)
    shown = plane(image.data if image.is_rgb else image.channel(channel))
    title = "image" if image.is_rgb else image.channel_names[channel]
    panels = [(title, shown), ("classes", _paint(labels, palette, 1.0))]
    if image.is_rgb:
        white = _white(shown)
        panels[0] = (title, _as_colors(shown, white))
        means = _as_colors(segmentation.statistics.means, white)
        panels.insert(1, ("mean color of each class", _paint(labels, means, 1.0)))
    figure, axes = _make_figure(1, len(panels), plane, entries)
    window = None if image.is_rgb else _window(segmentation, channel)
    for axis, (title, pixels) in zip(axes[0], panels, strict=True):
        _show(axis, pixels, plane, window)
        axis.set_title(title, fontsize="medium")
    _add_scale_bar(axes[0][0], plane, image.unit)
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
    indices = _spread_slices(labels, along, slices) if isinstance(slices, int) else list(slices)
    if not indices or not all(0 <= index < labels.shape[along] for index in indices):
        raise ValueError(f"'slices' is {slices}, but slices 0 to {labels.shape[along] - 1} exist")
    crop = _visible(image.shape, _labelled_box(labels))
    first = plane_of(image, along, indices[0], crop)
    figure, axes = _make_figure(2, len(indices), first, entries)
    window = _window(segmentation, channel)
    for column, index in enumerate(indices):
        plane = plane_of(image, along, index, crop)
        grey = plane(image.channel(channel))
        for row in (0, 1):
            _show(axes[row][column], grey, plane, window)
        _show(axes[1][column], _paint(plane(labels), palette, _OVERLAY_ALPHA), plane, None)
        axes[0][column].set_title(f"{image.axes[along].lower()} = {index}", fontsize="medium")
    axes[0][0].set_ylabel(image.channel_names[channel])
    axes[1][0].set_ylabel("classes")
    _add_scale_bar(axes[0][0], first, image.unit)
    _add_sides(axes[0][0], first)
    return figure


def _make_figure(n_rows: int, n_columns: int, plane: Plane, entries: list[Any]) -> tuple["Figure", list[list["Axes"]]]:
    """Lay out panels of equal size over a legend."""
    from matplotlib.figure import Figure

    panel_width = min(4.0, 13.0 / n_columns)
    panel_height = panel_width * min(2.0, max(0.4, plane.height / plane.width))
    width = n_columns * panel_width
    # A character of the default font is about 0.08 inches wide, the patch and the gaps around it 0.7.
    entry_width = 0.7 + 0.08 * max(len(entry.get_label()) for entry in entries)
    n_legend_rows = math.ceil(len(entries) / max(1, int(width / entry_width)))
    height = n_rows * panel_height + 0.3 + 0.25 * n_legend_rows
    figure = Figure(figsize=(width, height), dpi=150, layout="constrained")
    figure.get_layout_engine().set(h_pad=0.08)  # type: ignore[union-attr,call-arg]
    figure.legend(
        handles=entries,
        loc="outside lower center",
        ncols=math.ceil(len(entries) / n_legend_rows),
        frameon=False,
        fontsize="medium",
    )
    axes = figure.subplots(n_rows, n_columns, squeeze=False)
    return figure, [list(row) for row in axes]


def _show(axis: "Axes", pixels: NDArray[Any], plane: Plane, window: tuple[float, float] | None) -> None:
    low, high = window or (None, None)
    extent = (0, plane.width, plane.height, 0)
    # Classes must not blend into colours that stand for nothing.
    axis.imshow(pixels, cmap="gray", vmin=low, vmax=high, extent=extent, interpolation="nearest")
    axis.set(xticks=[], yticks=[])
    axis.spines[:].set_visible(False)


def _paint(labels: NDArray[Any], palette: NDArray[Any], alpha: float) -> NDArray[np.float64]:
    """Labels as RGBA, the background transparent."""
    colors = np.zeros((len(palette) + 1, 4))
    colors[1:, :3] = palette
    colors[1:, 3] = alpha
    painted: NDArray[np.float64] = colors[labels]
    return painted


def _white(pixels: NDArray[Any]) -> float:
    """Find the value to show as white: cameras of 12 bits leave most of 16 unused, and floats have no range."""
    if pixels.dtype == np.uint8:
        return 255.0
    return float(np.percentile(pixels[np.isfinite(pixels)], _WINDOW[1])) or 1.0


def _as_colors(values: NDArray[Any], white: float) -> NDArray[np.float64]:
    scaled = np.nan_to_num(np.asarray(values, dtype=np.float64) / white, posinf=1.0)
    return np.clip(scaled, 0.0, 1.0)


def _window(segmentation: "Segmentation | QuadTree", channel: int) -> tuple[float, float]:
    # Percentiles of every second or third pixel are as good to look at.
    steps = _visible(segmentation.labels.shape)
    values = segmentation.image.channel(channel)[steps][segmentation.labels[steps] > 0]
    low, high = np.percentile(values, _WINDOW) if len(values) else (0.0, 1.0)
    return float(low), float(high if high > low else low + 1)


def _channel_index(image: Image, channel: int | str) -> int:
    names = list(image.channel_names)
    if isinstance(channel, str) and channel in names:
        return names.index(channel)
    if isinstance(channel, int) and 0 <= channel < len(names):
        return channel
    raise ValueError(f"'channel' is {channel!r}, but the image has channels {', '.join(names)}")


def _spread_slices(labels: NDArray[Any], along: int, n_slices: int) -> list[int]:
    """Slices at equal distances through the labelled part, its ends left out because little is to be seen there."""
    others = tuple(axis for axis in range(labels.ndim) if axis != along)
    labelled = np.flatnonzero(labels.any(axis=others))
    low, high = (labelled[0], labelled[-1]) if len(labelled) else (0, labels.shape[along] - 1)
    positions = np.linspace(low, high, n_slices + 2)[1:-1]
    return sorted({round(float(position)) for position in positions})


def _visible(shape: tuple[int, ...], box: Sequence[slice] | None = None) -> tuple[slice, ...]:
    """Leave out pixels that would fall between those of the picture: at most `_MAX_PIXELS` along an axis are shown."""
    parts = box or [slice(0, length) for length in shape]
    return tuple(slice(part.start, part.stop, math.ceil((part.stop - part.start) / _MAX_PIXELS)) for part in parts)


def _labelled_box(labels: NDArray[Any]) -> tuple[slice, ...]:
    """Find the part of a volume that has labels, with a margin of a twentieth on each side."""
    box = []
    for axis, length in enumerate(labels.shape):
        others = tuple(other for other in range(labels.ndim) if other != axis)
        labelled = np.flatnonzero(labels.any(axis=others))
        low, high = (int(labelled[0]), int(labelled[-1]) + 1) if len(labelled) else (0, length)
        margin = math.ceil((high - low) / 20)
        box.append(slice(max(0, low - margin), min(length, high + margin)))
    return tuple(box)


def _legend_entries(segmentation: "Segmentation", palette: NDArray[Any], names: Sequence[str] | None) -> list[Any]:
    from matplotlib.patches import Patch

    counts = segmentation.statistics.counts
    size = pixel_size(segmentation.image)
    entries = []
    for index in range(min(len(palette), _MAX_LEGEND)):
        name = f"class {index + 1}" if names is None else names[index]
        share = f"{counts[index] / max(1, counts.sum()):.1%}"
        if size is None:
            amount = f"{counts[index]:,} px".replace(",", "\u2009")
        else:
            unit = size[0].partition("_")[2]
            amount = f"{counts[index] * size[1]:.4g} {_UNITS.get(unit, unit)}".rstrip()
        entries.append(Patch(facecolor=palette[index], label=f"{name}: {amount} ({share})"))
    if len(palette) > _MAX_LEGEND:
        entries.append(Patch(alpha=0, label=f"and {len(palette) - _MAX_LEGEND} more"))
    return entries


def _add_scale_bar(axis: "Axes", plane: Plane, unit: str | None) -> None:
    """Draw a bar of a round length, at most a quarter of the width; none without a unit."""
    if unit is None:
        return
    target = plane.width / 4
    power = 10.0 ** np.floor(np.log10(target))
    length = max(factor * power for factor in (1, 2, 5) if factor * power <= target)
    left, bottom = 0.05 * plane.width, 0.96 * plane.height
    style: dict[str, Any] = {"color": "white", "path_effects": _outline()}
    axis.plot([left, left + length], [bottom, bottom], linewidth=2.5, solid_capstyle="butt", **style)
    name = "\u00b5m" if unit == "um" else unit
    label = f"{length:g} {name}"
    axis.text(left, 0.94 * plane.height, label, fontsize="small", va="bottom", **style)


def _add_sides(axis: "Axes", plane: Plane) -> None:
    """Write which side of the patient is at the left of the picture."""
    if plane.left_side:
        axis.text(
            0.03, 0.97, plane.left_side, transform=axis.transAxes, color="white", va="top", path_effects=_outline()
        )


def _outline() -> list[Any]:
    from matplotlib.patheffects import withStroke

    return [withStroke(linewidth=1.5, foreground="black")]
