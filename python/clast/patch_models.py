"""Which grid of patches, number of clusters and projection suit a set of images."""

import time
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, clone

from clast._patch_grids import FEATURES, Size, statistic_names
from clast._tiles import Tiles
from clast.kmeans import KMeans
from clast.tiles import features_of, grid_label, patch_table

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["patch_search"]

_SCORES = ("silhouette", "calinski_harabasz", "davies_bouldin")

Score = str | Callable[[NDArray[np.float64], NDArray[Any]], float]


def patch_search(
    images: Tiles,
    *,
    grids: Sequence[Size],
    n_clusters: Iterable[int] = (2, 3, 4),
    statistics: Sequence[str | float] = FEATURES,
    scale: bool = True,
    pca: Sequence[int | None] = (None,),
    model: str | Any = "kmeans",
    score: Score = "silhouette",
    n_init: int = 20,
    random_state: int | None = 0,
    edges: str = "drop",
    nan_policy: str = "propagate",
    flatfield: Any = None,
    skip_black: float | None = 0.5,
    axes: str | None = None,
    progress: bool = False,
) -> "pd.DataFrame":
    """Cluster the patches of images for many grids, numbers of clusters and projections, and score each clustering.

    Parameters
    ----------
    images : folder, glob pattern, path, array, or sequence of these
        Tiles, as for `patch_table`.
    grids : sequence of int and tuple of int
        Numbers of patches along the height and the width of each tile.
    n_clusters : iterable of int, default=(2, 3, 4)
        Numbers of clusters.
    statistics : sequence of str and float
        The features of a patch; see `patch_statistics`.
    scale : bool, default=True
        Whether to bring all features to mean 0 and variance 1 first.
    pca : sequence of int and None, default=(None,)
        Numbers of principal components to project on; None takes the features as they are.
    model : "kmeans", "agglomerative" or clusterer, default="kmeans"
        `clast.KMeans`, scikit-learn's `AgglomerativeClustering` (Ward), or any clusterer with a parameter `n_clusters`,
        which is copied for every fit.
    score : "silhouette", "calinski_harabasz", "davies_bouldin" or callable, default="silhouette"
        What to measure, in the space that was clustered. A callable gets that space and the labels.
    n_init : int, default=20
        Number of starts of "kmeans".
    random_state : int or None, default=0
        Seed of "kmeans".
    edges : "drop" or "partial", default="drop"
        What happens to pixels where sizes do not divide; see `patch_statistics`.
    nan_policy : "propagate", "omit" or "raise", default="propagate"
        What a NaN in an image does; see `patch_statistics`.
    flatfield : array_like, path or "auto", optional
        Correction of uneven lighting; see `patch_table`.
    skip_black : float or None, default=0.5
        Which tiles are left out; see `patch_table`.
    axes : str, optional
        Meaning of the axes of TIFF and .npy files that do not say it.
    progress : bool, default=False
        Whether to show a bar.

    Returns
    -------
    pandas.DataFrame
        A row for each combination: grid, n_patches, n_undefined (patches left out because a statistic of them is none,
        such as the skewness of a constant patch), pca, space ("raw", "scaled", "scaled, 2 components": where the
        clusters were found and the score was taken), model, n_clusters, the score under its name, and seconds.

    Raises
    ------
    ImageError
        If a file cannot be read.
    TypeError, ValueError
        If an argument is none of its choices, a grid does not fit the images, or there are more clusters than patches.

    Warns
    -----
    UserWarning
        If tiles are left out.

    See Also
    --------
    patch_table : The features themselves.
    PatchStatistics : The chosen combination as a pipeline.

    Notes
    -----
    Scores of different spaces and grids do not measure the same: compare rows of one space, and look at the heat maps.

    Images are read once for all grids. Features are scaled once for each grid and projected once for each `pca`. Cost:
    the clusterings, and for each silhouette all pairs of patches.

    Examples
    --------
    >>> import numpy as np
    >>> from clast import patch_search
    >>> rough = np.random.default_rng(0).integers(0, 64, (64, 64))
    >>> image = np.where(np.indices((64, 64))[1] < 32, rough // 8 + 28, rough).astype(np.uint8)
    >>> found = patch_search(image, grids=[4, 8], n_clusters=[2, 3], statistics=["std", "range"])
    >>> found.sort_values("silhouette", ascending=False)[["grid", "space", "n_clusters"]]
       grid   space  n_clusters
    0     4  scaled           2
    2     8  scaled           2
    1     4  scaled           3
    3     8  scaled           3
    >>> scores = found.pivot(index="grid", columns="n_clusters", values="silhouette")  # scores.plot() shows them
    """
    import pandas as pd

    names = statistic_names(statistics)
    score_name, measure = _measure(score)
    n_clusters, grids = list(n_clusters), list(grids)
    _check_model(model)
    table = patch_table(
        images,
        grid=grids,
        statistics=statistics,
        edges=edges,
        nan_policy=nan_policy,
        flatfield=flatfield,
        skip_black=skip_black,
        axes=axes,
        progress=progress,
    )
    rows = []
    for grid in grids:
        of_grid = features_of(table[table["grid"] == grid_label(grid)], names)
        features = of_grid[np.isfinite(of_grid).all(axis=1)]
        if len(features) <= max(n_clusters):
            raise ValueError(f"grid {grid} has {len(features)} patches, too few for {max(n_clusters)} clusters")
        for n_components in pca:
            space, samples = _space(features, scale, n_components)
            for k in n_clusters:
                start = time.perf_counter()
                labels = _clusterer(model, k, n_init, random_state).fit_predict(samples)
                rows.append(
                    {
                        "grid": grid_label(grid),
                        "n_patches": len(of_grid),
                        "n_undefined": len(of_grid) - len(features),
                        "pca": n_components,
                        "space": space,
                        "model": model if isinstance(model, str) else type(model).__name__,
                        "n_clusters": k,
                        score_name: float(measure(samples, labels)),
                        "seconds": time.perf_counter() - start,
                    }
                )
    found = pd.DataFrame(rows).astype({"pca": "Int64"})
    found.attrs["skipped"] = table.attrs["skipped"]
    return found


def _space(features: NDArray[np.float64], scale: bool, n_components: int | None) -> tuple[str, NDArray[np.float64]]:
    """Name a space, and bring the features there."""
    from sklearn.decomposition import PCA
    from sklearn.preprocessing import StandardScaler

    name, samples = ("scaled", StandardScaler().fit_transform(features)) if scale else ("raw", features)
    if n_components is None:
        return name, samples
    if not 1 <= n_components <= min(samples.shape):
        raise ValueError(f"'pca' has {n_components}, but must be None or from 1 to {min(samples.shape)}")
    plural = "" if n_components == 1 else "s"
    return f"{name}, {n_components} component{plural}", PCA(n_components, random_state=0).fit_transform(samples)


def _clusterer(model: Any, n_clusters: int, n_init: int, random_state: int | None) -> Any:
    if model == "kmeans":
        return KMeans(n_clusters, n_init=n_init, random_state=random_state)
    if model == "agglomerative":
        from sklearn.cluster import AgglomerativeClustering

        return AgglomerativeClustering(n_clusters)
    return clone(model).set_params(n_clusters=n_clusters)


def _check_model(model: Any) -> None:
    if isinstance(model, str) and model in ("kmeans", "agglomerative"):
        return
    if not isinstance(model, BaseEstimator) or "n_clusters" not in model.get_params():
        raise ValueError(
            f"'model' is {model!r}, but must be 'kmeans', 'agglomerative' or a clusterer with a parameter 'n_clusters'"
        )


def _measure(score: Score) -> tuple[str, Callable[[NDArray[np.float64], NDArray[Any]], float]]:
    if callable(score):
        return getattr(score, "__name__", "score"), score
    if score not in _SCORES:
        raise ValueError(f"'score' is {score!r}, but must be one of {', '.join(map(repr, _SCORES))}, or callable")
    from clast import metrics

    return score, getattr(metrics, f"{score}_score")
