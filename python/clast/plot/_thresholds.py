"""Pictures of thresholds: the image, its histogram with all of them, and what is above each."""

import math
import textwrap
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from clast.plot._panels import add_scale_bar, add_sides, show
from clast.plot._slices import chosen_plane
from clast.plot._tones import window_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from clast._histogram import Histogram
    from clast.thresholds import ThresholdTrial

# Okabe and Ito's blue beside grey: told apart with any kind of colour vision, and in print.
_ABOVE, _BELOW, _BAR = (0.0, 0.45, 0.70), (0.9, 0.9, 0.9), "#B0B0B0"
_PANEL_WIDTH = 2.6  # inches: four of them are as wide as a page
_HISTOGRAM_WIDTH = 6.5  # inches, beside the image and its own scale
_MAX_IN_ROW = 2  # methods that have room between the image and the histogram
_MAX_BARS = 256  # 16-bit images have more grey values than the panel has dots
_NAME_WIDTH = 0.9  # inches that the longest name of a method takes
_NAME_HEIGHT = 0.085  # of the histogram: a line of small text


def plot_thresholds(
    trial: "ThresholdTrial", *, slice_axis: str | None = None, slice_index: int | None = None
) -> "Figure":
    """Show an image, its histogram with the thresholds of several methods, and the pixels above each.

    Parameters
    ----------
    trial : ThresholdTrial
    slice_axis : str, optional
        "X", "Y" or "Z" of a volume; default Z.
    slice_index : int, optional
        Which slice of a volume; default: the one in the middle of the mask.

    Returns
    -------
    matplotlib.figure.Figure
        Volumes are cropped to the mask, and nothing is drawn outside it. The histogram and the shares above the
        thresholds are those of the whole volume.

    Raises
    ------
    ValueError
        When a slice or axis does not exist.

    Examples
    --------
    >>> import numpy as np
    >>> import clast
    >>> clast.plot.plot_thresholds(clast.try_thresholds(np.arange(80).reshape(8, 10), methods=["otsu", "li", "yen"]))
    <Figure size ... with 5 Axes>
    """
    image, mask = trial.image, trial.mask
    plane, where = chosen_plane(image, slice_axis, slice_index, mask)
    shown = plane(image.channel(0))
    inside = np.ones(shown.shape, dtype=np.bool_) if mask is None else plane(mask)

    figure, first, histogram, panels = _lay_out(len(trial.thresholds), plane.height / plane.width)
    show(first, shown, plane, window_of(shown[inside]))
    name = image.channel_names[0] if image.channel_names[0] != "intensity" else "image"
    first.set_title(name + where, fontsize="medium")
    add_scale_bar(first, plane.height, plane.width, image.unit)
    add_sides(first, plane)
    _draw_histogram(histogram, trial.histogram, trial.thresholds)
    histogram.set_ylabel("pixels" if image.ndim == 2 else "voxels", fontsize="small")
    for panel, (method, threshold) in zip(panels, trial.thresholds.items(), strict=False):
        if method in trial.reasons:
            _explain(panel, method, trial.reasons[method], plane.height / plane.width)
        else:
            show(panel, _paint(shown > threshold, inside), plane, None)
            panel.set_title(f"{method}: {threshold:.5g} ({trial.fraction(method):.1%})", fontsize="medium")
    for panel in panels[len(trial.thresholds) :]:
        panel.set_visible(False)
    return figure


def _lay_out(n_methods: int, aspect: float) -> tuple["Figure", "Axes", "Axes", list["Axes"]]:
    """Place the image, the histogram, and a panel for each method: few in one row, many below."""
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch

    n_columns = 2 + n_methods if n_methods <= _MAX_IN_ROW else min(4, n_methods)
    n_rows = 1 if n_methods <= _MAX_IN_ROW else 1 + math.ceil(n_methods / n_columns)
    row_height = _PANEL_WIDTH * min(2.0, max(0.5, aspect)) + 0.3
    figure = Figure(figsize=(_PANEL_WIDTH * n_columns, row_height * n_rows + 0.4), dpi=150, layout="constrained")
    if n_rows == 1:
        first, *panels, histogram = figure.subplots(1, n_columns)
    else:
        # Apart, so that the scale of the histogram does not move the panels below.
        top, bottom = figure.subfigures(2, 1, height_ratios=[1, n_rows - 1])  # type: ignore[misc]
        first, histogram = top.subplots(1, 2, width_ratios=[1, n_columns - 1])
        panels = list(bottom.subplots(n_rows - 1, n_columns, squeeze=False).ravel())
    entries = [
        Patch(facecolor=_ABOVE, label="above the threshold (share of all)"),
        Patch(facecolor=_BELOW, label="not above"),
    ]
    figure.legend(handles=entries, loc="outside lower center", ncols=2, frameon=False, fontsize="small")
    return figure, first, histogram, panels


def _paint(above: NDArray[np.bool_], inside: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Pixels as bytes, which matplotlib draws several times as fast as floats; those outside are transparent."""
    palette = (np.array([[0, 0, 0, 0], [*_BELOW, 1], [*_ABOVE, 1]]) * 255).round().astype(np.uint8)
    painted: NDArray[np.uint8] = palette[np.where(inside, 1 + above.view(np.uint8), 0)]
    return painted


def _draw_histogram(panel: "Axes", histogram: "Histogram", thresholds: Mapping[str, Any]) -> None:
    values = histogram.values(histogram.bins).astype(np.float64)
    n_bars = min(_MAX_BARS, int(histogram.bins[-1] - histogram.bins[0]) + 1)
    counts, edges = np.histogram(values, bins=n_bars, weights=histogram.counts)
    panel.stairs(counts, edges, fill=True, color=_BAR)
    found = sorted((float(threshold), method) for method, threshold in thresholds.items() if not np.isnan(threshold))
    width = _NAME_WIDTH / (_HISTOGRAM_WIDTH if len(thresholds) > _MAX_IN_ROW else _PANEL_WIDTH)
    rows = _rows([threshold for threshold, _ in found], width * float(edges[-1] - edges[0]))
    for (threshold, method), row in zip(found, rows, strict=True):
        top = 1 - _NAME_HEIGHT * row
        panel.axvline(threshold, ymax=top, color="black", linewidth=0.8)
        panel.annotate(
            method,
            (threshold, top),
            xycoords=panel.get_xaxis_transform(),
            xytext=(3, 0),
            textcoords="offset points",
            fontsize="small",
            va="top",
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5},
        )
    # The background would hide all else; the names are above the bars.
    panel.set_yscale("log")
    panel.set_ylim(0.5, 0.5 * (2 * counts.max()) ** (1 / (1 - _NAME_HEIGHT * (1 + max(rows, default=0)))))
    panel.set_title("histogram", fontsize="medium")
    panel.set_xlabel("grey value", fontsize="small")
    panel.tick_params(labelsize="small")
    panel.spines[["top", "right"]].set_visible(False)


def _rows(places: list[float], width: float) -> list[int]:
    """Put names that begin at ascending places into rows so that they do not overlap."""
    ends: list[float] = []
    rows = []
    for place in places:
        row = next((row for row, end in enumerate(ends) if end <= place), len(ends))
        ends[row : row + 1] = [place + width]
        rows.append(row)
    return rows


def _explain(panel: "Axes", method: str, reason: str, aspect: float) -> None:
    panel.set_title(f"{method}: none", fontsize="medium")
    panel.text(
        0.5, 0.5, textwrap.fill(reason, 34), transform=panel.transAxes, fontsize="x-small", ha="center", va="center"
    )
    panel.set_box_aspect(aspect)
    panel.set(xticks=[], yticks=[])
    panel.spines[:].set_color(_BELOW)
