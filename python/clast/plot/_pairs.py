"""Every pair of channels against each other: as two-dimensional histograms, or as a sample of points."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from clast.plot._bins import Bins, bins_of, class_histograms, pair_histograms
from clast.plot._legend import class_entries, legend_width
from clast.plot._samples import Samples, check_percentiles, samples_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import ArrayLike

    from clast.plot._samples import Data

_KINDS = ("density", "scatter")
_MAX_CHANNELS = 12  # 78 panels: more are neither legible nor quick
_MAX_BINS = 80  # along a panel of some 270 dots
_SIDE = 1.8  # inches of a panel
_GAPS = (0.42, 0.2)  # inches between columns, for the counts beside the diagonal, and between rows
_MARGIN = 0.4  # inches for the name of an axis at the left, and for counts at the right
_TOP, _BOTTOM = 0.25, 0.5  # inches for the title of a panel, and for numbers and the name of an axis
_CHARACTER = 0.07  # inches of a digit
_FAINTEST = 0.2  # opacity of a bin with hardly any samples, so that it is seen
_DARKER = 0.6  # ellipses than the bins below them


def pairplot(
    data: "Data",
    labels: "ArrayLike | None" = None,
    *,
    kind: str = "density",
    channels: Sequence[int | str] | None = None,
    bins: int | None = None,
    gamma: float = 0.3,
    percentiles: tuple[float, float] = (0.1, 99.9),
    sample_size: int = 4000,
    names: Sequence[str] | None = None,
    colors: Any = None,
    random_state: Any = 0,
) -> "Figure":
    """Draw every pair of channels against each other, and each channel by class on the diagonal.

    Parameters
    ----------
    data : Segmentation, DataFrame or array-like of shape (n_samples, n_features)
        Pixels with a class, in the image's own units; or samples, of which those that are not finite are left out.
    labels : array-like of int, shape (n_samples,), optional
        Classes of the rows of an array or table; rows of -1 (noise) are left out. A segmentation has its own.
    kind : {"density", "scatter"}, default="density"
        Below the diagonal: histograms of all samples with the mean and the one-standard-deviation ellipse of every
        class, or a sample of points in the colours of their classes.
    channels : sequence of int or str, optional
        Which to draw, by index or name, and in which order; default all.
    bins : int, optional
        Along each channel; default twice the cube root of the number of samples (Rice's rule), at most 80. Fewer where
        values are whole numbers, so that no bin holds more of them than its neighbour.
    gamma : float, default=0.3
        Counts are shown as their power of this exponent: 1 is proportional, less makes sparse tissue visible.
    percentiles : tuple of float, default=(0.1, 99.9)
        From and to which percentile of a channel its axis goes: a few bright pixels would squeeze all others. (0, 100)
        shows all.
    sample_size : int, default=4000
        Points of a scatter plot, drawn from all samples alike.
    names : sequence of str, optional
        Of the classes; default those of `Segmentation.merge`, or "class 1", ...
    colors : sequence of colours, optional
        One per class, as matplotlib knows them.
    random_state : int, optional
        Seed of the sample.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        When an argument has no meaning, shapes do not fit, or there are more than 12 channels.

    Notes
    -----
    Histograms are counted once for each pair over all samples: O(n_samples n_channels^2).

    Examples
    --------
    >>> import numpy as np
    >>> import clast
    >>> X = np.random.default_rng(0).normal(size=(1000, 3))
    >>> clast.plot.pairplot(X, X[:, 0] > 1, names=["rest", "right"])
    <Figure size ... with 7 Axes>
    """
    if kind not in _KINDS:
        raise ValueError(f"'kind' is {kind!r}, but must be 'density' or 'scatter'")
    if not ((bins is None or bins >= 2) and gamma > 0):
        raise ValueError(
            f"'bins' is {bins} and 'gamma' {gamma}, but at least 2 bins and an exponent above 0 are needed"
        )
    check_percentiles(percentiles)
    samples = samples_of(data, labels, channels=channels, names=names, colors=colors)
    n_channels = len(samples.features)
    if n_channels > _MAX_CHANNELS:
        raise ValueError(f"there are {n_channels} channels, but {_MAX_CHANNELS} can be drawn; choose by 'channels'")
    if bins is None:
        bins = min(_MAX_BINS, math.ceil(2 * len(samples.values) ** (1 / 3)))
    binned = [bins_of(values, bins, percentiles) for values in samples.values.T]
    figure, panels = _corner(samples, binned)
    for channel, panel in enumerate(panels):
        _draw_classes(panel[channel], samples, binned[channel])
    if kind == "density":
        _draw_densities(figure, panels, samples, binned, gamma)
        if samples.names:
            _draw_ellipses(panels, samples)
        note = "ellipses: one standard deviation" if n_channels > 1 else ""
    else:
        drawn = samples.draw(sample_size, random_state)
        _draw_points(panels, samples, drawn)
        note = f"{len(drawn)} of {len(samples.values)} {samples.noun} drawn"
    if samples.names:
        figure.legend(
            handles=class_entries(samples),
            loc="upper right",
            frameon=False,
            fontsize="small",
            title=note,
            title_fontsize="x-small",
        )
    return figure


def _corner(samples: Samples, binned: list[Bins]) -> tuple["Figure", list[list["Axes"]]]:
    """Lay out the panels on and below the diagonal, with channels named at the left and at the bottom.

    By margins in inches: matplotlib's own layouts measure every label, which takes longer than to draw them all.
    """
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    n_channels = len(binned)
    figure = Figure(dpi=150)
    grid = figure.add_gridspec(n_channels, n_channels)
    panels = [[figure.add_subplot(grid[row, column]) for column in range(row + 1)] for row in range(n_channels)]
    for row, column in np.ndindex(n_channels, n_channels):
        if column <= row:
            panel = panels[row][column]
            panel.set(xlim=binned[column].edges[[0, -1]], ylim=binned[row].edges[[0, -1]])
            for axis in (panel.xaxis, panel.yaxis):
                axis.set_major_locator(MaxNLocator(3))
                axis.get_offset_text().set_fontsize("x-small")
            panel.tick_params(labelsize="x-small", labelbottom=row == n_channels - 1, labelleft=column == 0 < row)
    longest = max((_longest_label(row[0]) for row in panels[1:]), default=0)
    left = _MARGIN + _CHARACTER * longest
    for row, name in enumerate(samples.features):
        panels[-1][row].set_xlabel(name, fontsize="small")
        if row > 0:
            panels[row][0].set_ylabel(name, fontsize="small")
            panels[row][0].yaxis.set_label_coords((0.15 - left) / _SIDE, 0.5)
    right = _MARGIN + _room_for_names(samples, n_channels)
    width = left + n_channels * _SIDE + (n_channels - 1) * _GAPS[0] + right
    height = _TOP + n_channels * _SIDE + (n_channels - 1) * _GAPS[1] + _BOTTOM
    figure.set_size_inches(width, height)
    figure.subplots_adjust(
        left=left / width,
        right=1 - right / width,
        bottom=_BOTTOM / height,
        top=1 - _TOP / height,
        wspace=_GAPS[0] / _SIDE,
        hspace=_GAPS[1] / _SIDE,
    )
    return figure, panels


def _room_for_names(samples: Samples, n_channels: int) -> float:
    """Inches beside the panels: only three channels or more leave a corner that holds the legend and a scale."""
    return legend_width(class_entries(samples)) if samples.names and n_channels < 3 else 0.0


def _longest_label(panel: "Axes") -> int:
    """Characters of the longest number beside a panel."""
    low, high = panel.get_ylim()
    ticks = [tick for tick in panel.get_yticks() if low <= tick <= high]
    return max(map(len, panel.yaxis.get_major_formatter().format_ticks(ticks)), default=0)


def _draw_classes(panel: "Axes", samples: Samples, bins: Bins) -> None:
    from matplotlib.ticker import EngFormatter

    counts = class_histograms(bins, samples.classes, samples.n_classes)
    for color, heights in zip(samples.palette, counts, strict=True):
        panel.stairs(heights, bins.edges, fill=True, facecolor=(*color, 0.25), edgecolor=color, linewidth=1.0)
    panel.set_ylim(0, 1.05 * max(1, counts.max()))
    panel.tick_params(left=False, right=True, labelright=True)
    panel.yaxis.set_major_formatter(EngFormatter(sep=""))
    panel.set_title(f"{samples.noun} per bin", loc="right", fontsize="x-small", pad=2)
    panel.spines[["top", "left"]].set_visible(False)


def _draw_densities(
    figure: "Figure", panels: list[list["Axes"]], samples: Samples, binned: list[Bins], gamma: float
) -> None:
    """Draw histograms in the colours of the classes that bins mostly belong to, and the scale of their counts."""
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import LinearSegmentedColormap, PowerNorm

    pairs = [(row, column) for row in range(len(binned)) for column in range(row)]
    if not pairs:
        return
    counts = [pair_histograms(binned[column], binned[row], samples.classes, samples.n_classes) for row, column in pairs]
    # One scale for all pairs, for they hold the same samples; a pair whose samples fall into few bins must not set it.
    fullest = [int(pair.sum(axis=0).max()) for pair in counts]
    top = max(1.0, float(np.median(fullest)))
    norm = PowerNorm(gamma, vmin=0, vmax=top, clip=True)
    for (row, column), pair in zip(pairs, counts, strict=True):
        x, y = binned[column].edges, binned[row].edges
        panels[row][column].imshow(
            _shades(pair, samples.palette, norm),
            extent=(x[0], x[-1], y[0], y[-1]),
            origin="lower",
            aspect="auto",
            interpolation="nearest",
        )
    greys = LinearSegmentedColormap.from_list("opacity", [(1 - _FAINTEST,) * 3, (0, 0, 0)])
    above = panels[min(1, len(panels) - 2)][0].get_position()
    beside = panels[-1][-1].get_position()
    frame = figure.add_axes((beside.x0, above.y0 + 0.3 * above.height, beside.width, 0.07 * above.height))
    bar = figure.colorbar(
        ScalarMappable(norm, greys),
        cax=frame,
        orientation="horizontal",
        ticks=_decades(norm),
        extend="max" if max(fullest) > top else "neither",
    )
    bar.set_label(f"{samples.noun} per bin", fontsize="x-small")
    frame.tick_params(labelsize="x-small")


def _shades(counts: NDArray[np.intp], palette: NDArray[np.float64], norm: Any) -> NDArray[np.float64]:
    """Colour bins by their largest class, the more opaque the more samples they hold; empty ones are transparent."""
    totals = counts.sum(axis=0)
    opacity = np.where(totals > 0, _FAINTEST + (1 - _FAINTEST) * norm(totals), 0)
    return np.concatenate([palette[counts.argmax(axis=0)], opacity[..., np.newaxis]], axis=-1)


def _decades(norm: Any) -> list[int]:
    """Powers of ten that are far enough from each other on a scale, the largest first."""
    ticks: list[int] = []
    for power in range(int(np.log10(norm.vmax)), -1, -1):
        if norm(10**power) > 0.1 and (not ticks or norm(ticks[-1]) - norm(10**power) > 0.15):
            ticks.append(10**power)
    return [0, *reversed(ticks)]


def _draw_ellipses(panels: list[list["Axes"]], samples: Samples) -> None:
    """Draw where each class is: its mean, and one standard deviation in every direction."""
    from matplotlib.collections import LineCollection
    from matplotlib.patheffects import withStroke

    present = np.unique(samples.classes)
    members = [samples.values[samples.classes == index].astype(np.float64) for index in present]
    means = np.array([values.mean(axis=0) for values in members])
    covariances = [np.atleast_2d(np.cov(values, rowvar=False, bias=True)) for values in members]
    colors = _DARKER * samples.palette[present]
    halo = [withStroke(linewidth=2.5, foreground="white", alpha=0.8)]
    for row in range(len(panels)):
        for column in range(row):
            pair = np.ix_([column, row], [column, row])
            outlines = [
                _ellipse(mean[[column, row]], spread[pair]) for mean, spread in zip(means, covariances, strict=True)
            ]
            panel = panels[row][column]
            panel.add_collection(
                LineCollection(outlines, colors=colors, linewidths=1.2, path_effects=halo), autolim=False
            )
            panel.scatter(means[:, column], means[:, row], c=colors, s=10, edgecolors="white", linewidths=0.5, zorder=3)


def _ellipse(mean: NDArray[np.float64], covariance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points on the ellipse one standard deviation from a mean, shape (n_points, 2)."""
    turn = np.linspace(0, 2 * np.pi, 73)
    variances, directions = np.linalg.eigh(covariance)
    radii = np.sqrt(np.maximum(variances, 0))  # rounding may leave them below zero
    points: NDArray[np.float64] = mean + np.stack([np.cos(turn), np.sin(turn)], axis=1) * radii @ directions.T
    return points


def _draw_points(panels: list[list["Axes"]], samples: Samples, drawn: NDArray[np.intp]) -> None:
    values, colors = samples.values[drawn], samples.palette[samples.classes[drawn]]
    for row in range(len(panels)):
        for column in range(row):
            # As pixels, the PDF of a paper stays small.
            panels[row][column].scatter(
                values[:, column], values[:, row], c=colors, s=3, linewidths=0, alpha=0.7, rasterized=True
            )
