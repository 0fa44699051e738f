"""Many panels on shared scales: channels and segmentations by slices."""

from collections.abc import Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from clast.image import Image
from clast.plot._colors import paint, palette_of
from clast.plot._layers import Layer, Rows, rows_of, windows_of
from clast.plot._legend import legend_entries, name_entries
from clast.plot._panels import add_scale_bar, add_sides, make_figure, show, visible
from clast.plot._planes import Plane, plane_of, slice_axis_of
from clast.plot._slices import chosen_slices, labelled_box

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from clast._result import Segmentation
    from clast.plot._layers import Sources

_Cell = tuple[Layer, int, str]
_SCALE = 0.6  # inches of a scale and its numbers
_MAX_COLUMNS = 4  # of a 2-D image's panels; narrower ones show too little


def montage(
    images: "Sources",
    *,
    slices: int | Sequence[int] = 5,
    slice_axis: str | None = None,
    channels: Sequence[int | str] | None = None,
    under: int | str | None = "auto",
    alpha: float = 0.65,
    shared_scale: bool = False,
    colormap: str = "gray",
    names: Sequence[str] | None = None,
    colors: Any = None,
) -> "Figure":
    """Lay out channels and segmentations as rows and the slices of a volume as columns, each row on one scale.

    Parameters
    ----------
    images : Segmentation, Image, or sequence or mapping of these
        An image gives a row for each channel; a segmentation one row of its classes, and alone the channels of its
        image above it. The keys of a mapping name the rows. Where rows are themselves sequences or mappings, their
        items are the columns, all at the middle one of the slices: models by modalities, say. All must lie on one grid.
        Panels of a 2-D image follow each other, four in a row.
    slices : int or sequence of int, default=5
        How many slices to spread over the labelled part of a volume, or which.
    slice_axis : str, optional
        "X", "Y" or "Z"; default Z.
    channels : sequence of int or str, optional
        Which channels of images to show, by index or name; default all.
    under : int, str or None, default="auto"
        Channel that shows through the classes, by index or name; None for classes alone. "auto" takes the first of a
        volume, and none of a 2-D image.
    alpha : float, default=0.65
        Opacity of the classes over it, from 0 to 1.
    shared_scale : bool, default=False
        Show all channels between the same two values, for channels of one unit; otherwise each has a scale of its own.
    colormap : str, default="gray"
        Of channels.
    names : sequence of str, optional
        Of the classes; default those of the segmentation with most classes.
    colors : sequence of colours, optional
        One per class, as matplotlib knows them.

    Returns
    -------
    matplotlib.figure.Figure
        Volumes are cropped to their labelled part, and turned as by `plot_segmentation`. Values are shown between the
        2nd and the 98th percentile of the labelled part, the same for every slice.

    Raises
    ------
    ValueError
        When there is nothing to show, grids differ, or a channel, slice or axis does not exist.

    Examples
    --------
    >>> import numpy as np
    >>> import clast
    >>> volume = np.random.default_rng(0).random((6, 16, 16, 2))
    >>> image = clast.Image(volume, axes="ZYX", channel_names=["T1", "FLAIR"])
    >>> two, three = (clast.segment(image, clast.KMeans(k, random_state=0)) for k in (2, 3))
    >>> clast.plot.montage(two, slices=[1, 3, 5])  # T1, FLAIR and classes by three slices
    <Figure size ... with 9 Axes>
    >>> clast.plot.montage({"k = 2": two, "k = 3": three}, slices=4)
    <Figure size ... with 8 Axes>
    """
    if not 0 <= alpha <= 1:
        raise ValueError(f"'alpha' is {alpha}, but must be from 0 to 1")
    rows = rows_of(images, channels, under)
    palette, entries = _classes(rows.segmentations, names, colors)
    image, inside = rows.first.image, rows.inside
    along = None if image.ndim == 2 else slice_axis_of(image, slice_axis)
    indices = [0] if along is None else chosen_slices(image.shape, inside, along, slices)
    crop = visible(image.shape, None if inside is None or along is None else labelled_box(inside))
    cells = _arrange(rows, along, indices)
    plane = plane_of(image, along, indices[0], crop)
    has_scales = rows.columns is None and any(layer.segmentation is None for layer in rows)
    n_scales = has_scales * (1 if image.ndim == 3 else len(cells[0]))
    figure, panels = make_figure(len(cells), len(cells[0]), plane, entries, beside=n_scales * _SCALE)
    windows = windows_of(rows, shared=shared_scale)
    for panel_row, cell_row in zip(panels, cells, strict=True):
        for panel, cell in zip_longest(panel_row, cell_row):
            if cell is None:
                panel.set_visible(False)
                continue
            layer, index, title = cell
            _draw(panel, layer, plane_of(image, along, index, crop), windows.get(layer), colormap, palette, alpha)
            panel.set_title(title, fontsize="medium")
    if image.ndim == 3 or rows.columns is not None:
        for panel_row, name in zip(panels, rows.names, strict=True):
            panel_row[0].set_ylabel(name)
    if along is not None and rows.columns is not None:
        figure.suptitle(_slice_name(image, along, _middle(indices)), fontsize="medium")
    if has_scales:
        _add_scales(figure, panels, cells)
    add_scale_bar(panels[0][0], plane.height, plane.width, image.unit)
    add_sides(panels[0][0], plane)
    return figure


def _classes(
    segmentations: list["Segmentation"], names: Sequence[str] | None, colors: Any
) -> tuple[NDArray[np.float64], list[Any]]:
    """Colours and legend: with the sizes of the classes of one segmentation, with the names alone of several."""
    if not segmentations:
        return np.empty((0, 3)), []
    largest = max(segmentations, key=lambda segmentation: segmentation.n_classes)
    palette = palette_of(largest.n_classes, colors, names)
    if len(segmentations) == 1:
        return palette, legend_entries(largest, palette, largest.names if names is None else names)
    return palette, name_entries(palette, largest.class_names if names is None else names)


def _arrange(rows: Rows, along: int | None, indices: list[int]) -> list[list[_Cell]]:
    """Say what every panel shows, of which slice, under which title."""
    if rows.columns is not None:
        cells = [[(layer, _middle(indices), "") for layer in row] for row in rows.layers]
        titles = rows.columns
    elif along is not None:
        cells = [[(layer, index, "") for index in indices] for (layer,) in rows.layers]
        titles = [_slice_name(rows.first.image, along, index) for index in indices]
    else:
        line = [(layer, 0, name) for (layer,), name in zip(rows.layers, rows.names, strict=True)]
        return [line[start : start + _MAX_COLUMNS] for start in range(0, len(line), _MAX_COLUMNS)]
    cells[0] = [(layer, index, title) for (layer, index, _), title in zip(cells[0], titles, strict=True)]
    return cells


def _middle(indices: list[int]) -> int:
    return indices[len(indices) // 2]


def _slice_name(image: Image, along: int, index: int) -> str:
    return f"{image.axes[along].lower()} = {index}"


def _draw(
    panel: "Axes",
    layer: Layer,
    plane: Plane,
    window: tuple[float, float] | None,
    colormap: str,
    palette: NDArray[np.float64],
    alpha: float,
) -> None:
    if layer.channel is not None:
        # Below classes, only grey leaves their colours what they are.
        below = "gray" if layer.segmentation else colormap
        show(panel, plane(layer.image.channel(layer.channel)), plane, window, below)
    if layer.segmentation is not None:
        opacity = 1.0 if layer.channel is None else alpha
        show(panel, paint(plane(layer.segmentation.labels), palette, opacity), plane, None)


def _add_scales(figure: "Figure", panels: list[list["Axes"]], cells: list[list[_Cell]]) -> None:
    """Put a scale beside every row of slices, or every panel of a 2-D image, that shows a channel alone."""
    from matplotlib.ticker import MaxNLocator

    for panel_row, cell_row in zip(panels, cells, strict=True):
        shown = [panel for panel, (layer, *_) in zip(panel_row, cell_row, strict=False) if layer.segmentation is None]
        is_row = len({layer for layer, *_ in cell_row}) == 1
        for panel in shown[-1:] if is_row else shown:
            # Inside the panel's own frame, so that panels with and without a scale stay in line.
            frame = panel.inset_axes((1.03, 0.05, 0.05, 0.9))
            bar = figure.colorbar(panel.images[0], cax=frame, ticks=MaxNLocator(4))
            bar.ax.tick_params(labelsize="x-small")
