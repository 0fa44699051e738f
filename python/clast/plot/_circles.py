"""Clusters as circles, the shape that k-means gives them, in the plane of their principal components."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from clast.plot._legend import add_legend, class_entries, legend_rows
from clast.plot._samples import samples_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from numpy.typing import ArrayLike

    from clast.plot._samples import Data

_WIDTH = 6.5  # inches of the picture
_LABELS = 0.85  # inches for labels, beside and below the panel


def cluster_circles(
    data: "Data",
    labels: "ArrayLike | None" = None,
    *,
    coverage: float = 0.95,
    sample_size: int = 4000,
    names: Sequence[str] | None = None,
    colors: Any = None,
    random_state: Any = 0,
) -> "Figure":
    """Project samples on their first two principal components, with a circle around the center of each cluster.

    k-means divides space as if clusters were balls of one size: where points of a cluster do not fill its circle, or
    fill that of another, its answer is to be doubted.

    Parameters
    ----------
    data : Segmentation, DataFrame or array-like of shape (n_samples, n_features)
        Pixels with a class, scaled as the model saw them; or samples, of which those that are not finite are left out.
    labels : array-like of int, shape (n_samples,), optional
        Clusters of the rows of an array or table; rows of -1 (noise) are left out. A segmentation has its own.
    coverage : float, default=0.95
        Share of a cluster's samples that lie in its circle; 1 draws it through the farthest.
    sample_size : int, default=4000
        Points drawn, from all samples alike. Centers and circles are those of all samples.
    names : sequence of str, optional
        Of the clusters.
    colors : sequence of colours, optional
        One per cluster, as matplotlib knows them.
    random_state : int, optional
        Seed of the sample.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        When an argument has no meaning, shapes do not fit, or there are less than two features.

    References
    ----------
    J. VanderPlas, Python Data Science Handbook, "In Depth: k-Means Clustering"; its circles have a coverage of 1.

    Examples
    --------
    >>> import numpy as np
    >>> import clast
    >>> X = np.random.default_rng(0).normal(size=(500, 3)) * (9, 1, 1)
    >>> clast.plot.cluster_circles(X, clast.KMeans(2, random_state=0).fit_predict(X))
    <Figure size ... with 1 Axes>
    """
    from matplotlib.figure import Figure
    from matplotlib.patches import Circle

    if not 0 < coverage <= 1:
        raise ValueError(f"'coverage' is {coverage}, but must be above 0 and at most 1")
    samples = samples_of(data, labels, names=names, colors=colors, as_model_sees=True)
    if len(samples.features) < 2:
        raise ValueError("a plane needs two features or more, but there is one")
    points, shares = _project(samples.values)
    drawn = samples.draw(sample_size, random_state)
    figure = Figure(figsize=(_WIDTH, _WIDTH), dpi=150, layout="constrained")
    panel = figure.subplots()
    panel.scatter(
        points[drawn, 0],
        points[drawn, 1],
        c=samples.palette[samples.classes[drawn]],
        s=5,
        linewidths=0,
        alpha=0.6,
        rasterized=True,
    )
    for index, color in enumerate(samples.palette):
        members = points[samples.classes == index]
        if len(members):
            center = members.mean(axis=0)
            radius = np.quantile(np.linalg.norm(members - center, axis=1), coverage)
            panel.add_patch(Circle(center, radius, facecolor=(*color, 0.12), edgecolor=0.6 * color, linewidth=1.4))
            panel.plot(*center, "+", color=0.6 * color, markersize=9, markeredgewidth=2)
    panel.set(
        aspect="equal",
        xlabel=f"component 1 ({shares[0]:.1%} of variance)",
        ylabel=f"component 2 ({shares[1]:.1%} of variance)",
    )
    panel.autoscale_view()
    (left, right), (bottom, top) = panel.get_xlim(), panel.get_ylim()
    proportion = min(1.2, max(0.5, (top - bottom) / (right - left)))
    entries = class_entries(samples) if samples.names else []
    figure.set_figheight(proportion * (_WIDTH - _LABELS) + _LABELS + 0.25 * legend_rows(entries, _WIDTH))
    panel.set_title(f"{len(drawn)} of {len(points)} {samples.noun}, {coverage:.0%} in each circle", fontsize="small")
    add_legend(figure, entries)
    return figure


def _project(values: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Coordinates on the two directions of largest variance, and their shares of it."""
    centered = values - values.mean(axis=0, dtype=np.float64)
    variances, directions = np.linalg.eigh(centered.T @ centered)
    plane = directions[:, :-3:-1]
    # As scikit-learn's PCA: the largest weight of each direction is positive.
    plane = plane * np.sign(plane[np.abs(plane).argmax(axis=0), [0, 1]])
    total = variances.sum()
    return centered @ plane, variances[:-3:-1] / (total if total > 0 else 1)
