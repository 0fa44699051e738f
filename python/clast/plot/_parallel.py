"""Parallel coordinates: every class as a line through all channels, each channel on a scale of its own."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from clast.plot._legend import add_legend, class_entries, legend_rows
from clast.plot._samples import check_percentiles, samples_of
from clast.plot._spreads import class_spreads

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import ArrayLike

    from clast.plot._samples import Data


def parallel_coordinates(
    data: "Data",
    labels: "ArrayLike | None" = None,
    *,
    channels: Sequence[int | str] | None = None,
    percentiles: tuple[float, float] = (1, 99),
    sample_size: int = 300,
    names: Sequence[str] | None = None,
    colors: Any = None,
    random_state: Any = 0,
) -> "Figure":
    """Draw the mean of every class as a line through all channels, over the middle half and a few of its samples.

    Parameters
    ----------
    data : Segmentation, DataFrame or array-like of shape (n_samples, n_features)
        Pixels with a class, in the image's own units; or samples, of which those that are not finite are left out.
    labels : array-like of int, shape (n_samples,), optional
        Classes of the rows of an array or table; rows of -1 (noise) are left out. A segmentation has its own.
    channels : sequence of int or str, optional
        Which to draw, by index or name, and in which order: lines tell most where neighbours belong together.
    percentiles : tuple of float, default=(1, 99)
        From and to which percentile of a channel its axis goes; it has ticks in the channel's own units.
    sample_size : int, default=300
        Samples drawn as thin lines, from all alike; 0 draws none.
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
        When an argument has no meaning, shapes do not fit, or there are less than two channels.

    Examples
    --------
    >>> import numpy as np
    >>> import clast
    >>> image = np.random.default_rng(0).random((16, 16, 4))
    >>> clast.plot.parallel_coordinates(clast.segment(image, clast.KMeans(2, random_state=0)))
    <Figure size ... with 1 Axes>
    """
    from matplotlib.collections import LineCollection
    from matplotlib.figure import Figure

    check_percentiles(percentiles)
    samples = samples_of(data, labels, channels=channels, names=names, colors=colors)
    n_channels = len(samples.features)
    if n_channels < 2:
        raise ValueError("parallel coordinates need two channels or more, but there is one")
    low, high = np.percentile(samples.values, percentiles, axis=0)
    span = np.where(high > low, high - low, 1)
    means, (_, first, _, third, _) = ((values - low) / span for values in class_spreads(samples))
    entries = class_entries(samples) if samples.names else []
    width = max(4.5, 1.3 * n_channels + 0.8)
    height = 4.0 + 0.25 * legend_rows(entries, width)
    figure = Figure(figsize=(width, height), dpi=150, layout="constrained")
    panel = figure.subplots()
    across = np.arange(n_channels)
    if sample_size != 0:
        drawn = samples.draw(sample_size, random_state)
        heights = (samples.values[drawn] - low) / span
        lines = np.stack(np.broadcast_arrays(across, heights), axis=-1)
        colors = samples.palette[samples.classes[drawn]]
        panel.add_collection(LineCollection(list(lines), colors=colors, linewidths=0.4, alpha=0.35, rasterized=True))
    for color, mean, bottom, top in zip(samples.palette, means, first, third, strict=True):
        panel.fill_between(across, bottom, top, color=color, alpha=0.25, linewidth=0)
        panel.plot(across, mean, color=color, linewidth=2.0, marker="o", markersize=4, markeredgecolor="white")
    for channel in range(n_channels):
        _draw_scale(panel, channel, low[channel], low[channel] + span[channel])
    panel.set(xlim=(-0.35, n_channels - 0.85), ylim=(-0.03, 1.03), yticks=[], xticks=across)
    panel.set_xticklabels(samples.features)
    panel.tick_params(axis="x", length=0)
    panel.spines[:].set_visible(False)
    add_legend(figure, entries)
    return figure


def _draw_scale(panel: "Axes", channel: int, low: float, high: float) -> None:
    """Draw the axis of a channel, with ticks of its own."""
    from matplotlib.ticker import MaxNLocator

    panel.axvline(channel, color="0.3", linewidth=0.8)
    ticks = np.asarray(MaxNLocator(5).tick_values(low, high))
    ticks = ticks[(ticks >= low) & (ticks <= high)]
    heights = (ticks - low) / (high - low)
    panel.plot(np.full(len(ticks), channel), heights, linestyle="none", marker=0, color="0.3", markersize=4)
    for tick, height in zip(ticks, heights, strict=True):
        panel.annotate(
            f"{tick:.4g}",
            (channel, height),
            xytext=(-5, 0),
            textcoords="offset points",
            ha="right",
            va="center",
            fontsize="x-small",
            zorder=4,
            bbox={"facecolor": "white", "alpha": 0.7, "edgecolor": "none", "pad": 0.5},
        )
