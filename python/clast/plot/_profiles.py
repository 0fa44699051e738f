"""What clusters are made of: mean and spread of every channel, in the units of the channel."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from clast.plot._samples import samples_of
from clast.plot._spreads import class_spreads

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from numpy.typing import ArrayLike

    from clast.plot._samples import Data

_MAX_COLUMNS = 4


def profiles(
    data: "Data",
    labels: "ArrayLike | None" = None,
    *,
    channels: Sequence[int | str] | None = None,
    names: Sequence[str] | None = None,
    colors: Any = None,
) -> "Figure":
    """Draw mean and spread of every class in every channel, a panel for each channel on its own scale.

    Parameters
    ----------
    data : Segmentation, DataFrame or array-like of shape (n_samples, n_features)
        Pixels with a class, in the image's own units; or samples, of which those that are not finite are left out.
    labels : array-like of int, shape (n_samples,), optional
        Classes of the rows of an array or table; rows of -1 (noise) are left out. A segmentation has its own.
    channels : sequence of int or str, optional
        Which to draw, by index or name, and in which order; default all.
    names : sequence of str, optional
        Of the classes; default those of `Segmentation.merge`, or "class 1", ...
    colors : sequence of colours, optional
        One per class, as matplotlib knows them.

    Returns
    -------
    matplotlib.figure.Figure
        Thick bars hold the middle half of a class, thin ones 5 to 95 %; dots are means.

    Raises
    ------
    ValueError
        When an argument has no meaning, or shapes do not fit.

    Examples
    --------
    >>> import numpy as np
    >>> import clast
    >>> image = np.random.default_rng(0).random((16, 16, 4))
    >>> clast.plot.profiles(clast.segment(image, clast.KMeans(2, random_state=0)))
    <Figure size ... with 4 Axes>
    """
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    samples = samples_of(data, labels, channels=channels, names=names, colors=colors)
    n_channels = len(samples.features)
    n_columns = min(_MAX_COLUMNS, n_channels)
    n_rows = math.ceil(n_channels / n_columns)
    height = 0.26 * samples.n_classes + 0.75
    figure = Figure(figsize=(2.5 * n_columns + 1.0, n_rows * height + 0.2), dpi=150, layout="constrained")
    panels = figure.subplots(n_rows, n_columns, squeeze=False, sharey=True).ravel()
    means, (low, first, _, third, high) = class_spreads(samples)
    classes = range(samples.n_classes)
    for channel, (panel, name) in enumerate(zip(panels, samples.features, strict=False)):
        panel.hlines(classes, low[:, channel], high[:, channel], colors=samples.palette, linewidth=1.2)
        panel.hlines(classes, first[:, channel], third[:, channel], colors=samples.palette, linewidth=5, alpha=0.6)
        panel.scatter(means[:, channel], classes, c=samples.palette, s=26, edgecolors="black", linewidths=0.8, zorder=3)
        panel.set_xlabel(name, fontsize="small")
        panel.tick_params(labelsize="small", left=False)
        panel.xaxis.set_major_locator(MaxNLocator(4))
        panel.xaxis.get_offset_text().set_fontsize("x-small")
        panel.spines[["top", "right", "left"]].set_visible(False)
        panel.grid(axis="y", color="0.92", linewidth=6)
        panel.set_axisbelow(True)
    panels[0].set(yticks=classes, yticklabels=samples.names or ["all"], ylim=(samples.n_classes - 0.4, -0.6))
    figure.supxlabel("dot: mean, thick line: 25 to 75 %, thin line: 5 to 95 %", fontsize="x-small", color="0.4")
    for panel in panels[n_channels:]:
        panel.set_visible(False)
    return figure
