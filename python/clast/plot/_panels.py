"""Panels of pictures: their layout, scale bars, and the sides of the patient."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from clast.plot._legend import add_legend, legend_rows
from clast.plot._planes import Plane

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MAX_WIDTH, _MAX_HEIGHT = 13.0, 12.0  # inches of all panels: more is not seen at once
_BAR = 2.5  # points, the width of a scale bar
MAX_PIXELS = 1500  # along an axis; a panel is 600 dots wide


def make_figure(
    n_rows: int, n_columns: int, plane: Plane, entries: list[Any], *, beside: float = 0.0
) -> tuple["Figure", list[list["Axes"]]]:
    """Lay out panels of equal size over a legend, with some inches beside them for scales."""
    from matplotlib.figure import Figure

    proportion = min(2.0, max(0.4, plane.height / plane.width))
    panel_width = min(4.0, _MAX_WIDTH / n_columns, _MAX_HEIGHT / n_rows / proportion)
    panel_height = panel_width * proportion
    width = n_columns * panel_width + beside
    height = n_rows * panel_height + 0.3 + 0.25 * legend_rows(entries, width)
    figure = Figure(figsize=(width, height), dpi=150, layout="constrained")
    figure.get_layout_engine().set(h_pad=0.08)  # type: ignore[union-attr,call-arg]
    add_legend(figure, entries)
    axes = figure.subplots(n_rows, n_columns, squeeze=False)
    return figure, [list(row) for row in axes]


def show(
    axis: "Axes", pixels: NDArray[Any], plane: Plane, window: tuple[float, float] | None, colormap: str = "gray"
) -> None:
    low, high = window or (None, None)
    extent = (0, plane.width, plane.height, 0)
    # Classes must not blend into colours that stand for nothing.
    axis.imshow(pixels, cmap=colormap, vmin=low, vmax=high, extent=extent, interpolation="nearest")
    axis.set(xticks=[], yticks=[])
    axis.spines[:].set_visible(False)


def visible(shape: tuple[int, ...], box: Sequence[slice] | None = None) -> tuple[slice, ...]:
    """Leave out pixels that would fall between those of the picture: at most `MAX_PIXELS` along an axis are shown."""
    parts = box or [slice(0, length) for length in shape]
    return tuple(slice(part.start, part.stop, math.ceil((part.stop - part.start) / MAX_PIXELS)) for part in parts)


def add_scale_bar(axis: "Axes", height: float, width: float, unit: str | None, spacing: float = 1.0) -> None:
    """Draw a bar of a round length, at most a quarter of the width; none without a unit.

    Height and width are those of the panel; one of its units is `spacing` of the `unit` named.
    """
    if unit is None:
        return
    target = width * spacing / 4
    power = 10.0 ** np.floor(np.log10(target))
    length = max(factor * power for factor in (1, 2, 5) if factor * power <= target)
    left, bottom = 0.05 * width, 0.96 * height
    ends = [left, left + length / spacing]
    axis.plot(ends, [bottom, bottom], color="white", linewidth=_BAR, solid_capstyle="butt", path_effects=_outline(_BAR))
    name = "\u00b5m" if unit == "um" else unit
    axis.text(
        left, 0.94 * height, f"{length:g} {name}", fontsize="small", va="bottom", color="white", path_effects=_outline()
    )


def add_sides(axis: "Axes", plane: Plane) -> None:
    """Write which side of the patient is at the left of the picture."""
    if plane.left_side:
        axis.text(
            0.03, 0.97, plane.left_side, transform=axis.transAxes, color="white", va="top", path_effects=_outline()
        )


def _outline(linewidth: float = 0.0) -> list[Any]:
    """Make white lines of a width, or letters, stand out from white images too."""
    from matplotlib.patheffects import withStroke

    return [withStroke(linewidth=linewidth + 2, foreground="black")]  # 1 point to each side
