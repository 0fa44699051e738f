"""How many clusters: one sweep over their number, scored by every criterion asked for."""

import os
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from clast._criteria import CRITERIA, Context, default_criteria
from clast._preparation import Prepared, make_scaler, prepare
from clast._result import Segmentation
from clast._selection_fits import Family, family_of
from clast._validation import check_samples
from clast.image import Image, as_image
from clast.image._image import ChannelAxis
from clast.segmentation import to_labels

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

__all__ = ["Selection", "select_k"]


@dataclass(frozen=True, eq=False, repr=False)
class Selection:
    """Scores of clusterings with different numbers of clusters, and the clusterings.

    Attributes
    ----------
    table : pandas.DataFrame
        A row per number of clusters (the index `k`), a column per criterion; ``<criterion>_se`` where a criterion has a
        standard error. NaN where a score is not defined, as most are for one cluster.
    models : dict of int to estimator
        The fitted model of each number of clusters.
    space : str
        The features that models and scores saw, such as "raw" or "standard, PCA(2)": scores of different spaces cannot
        be compared.

    Examples
    --------
    >>> import numpy as np
    >>> import clast
    >>> X = np.concatenate([np.linspace(c, c + 1, 50) for c in (0, 5, 20)])[:, None]
    >>> found = clast.select_k(X, k=range(2, 6), criteria=["silhouette", "davies_bouldin"], random_state=0)
    >>> found.table["silhouette"].round(3).to_dict()
    {2: 0.888, 3: 0.946, 4: 0.837, 5: 0.714}
    >>> found
    Selection(k = 2 to 5 in space 'raw'; silhouette: 3, davies_bouldin: 3)
    """

    table: "pd.DataFrame"
    models: dict[int, Any]
    space: str
    _family: Family = field(repr=False)
    _image: Image | None = field(repr=False)
    _prepared: Prepared = field(repr=False)

    @property
    def criteria(self) -> tuple[str, ...]:
        """The criteria of the table, in its order."""
        return tuple(name for name in self.table.columns if name in CRITERIA)

    def model(self, k: int) -> Any:
        """Return the fitted model with `k` clusters."""
        if k not in self.models:
            raise ValueError(f"'k' is {k}, but was not fitted; there are {', '.join(map(str, self.models))}")
        return self.models[k]

    def best(self, criterion: str) -> int:
        """Find the number of clusters that a criterion prefers.

        Parameters
        ----------
        criterion : str
            One of `criteria`. "silhouette", "calinski_harabasz" and "stability": the highest; "davies_bouldin", "bic",
            "aic" and "icl": the lowest; "gap": the smallest k whose gap is within a standard error of that of k + 1
            (Tibshirani's rule), else the highest; "inertia" and "entropy": the knee of the curve.

        Returns
        -------
        int

        Raises
        ------
        ValueError
            When the criterion is not in the table, or finds nothing, as on a curve without a knee.
        """
        if criterion not in self.criteria:
            raise ValueError(f"'criterion' is {criterion!r}, but must be one of {', '.join(map(repr, self.criteria))}")
        found = self._choose(criterion)
        if found is None:
            raise ValueError(f"{criterion!r} finds no number of clusters here: its curve has no knee; look at plot()")
        return found

    def choices(self) -> dict[str, int | None]:
        """Give what each criterion prefers; None for one that finds nothing."""
        return {name: self._choose(name) for name in self.criteria}

    def segmentation(self, k: int, *, label_order: str | None = None) -> Segmentation:
        """Put the labels of the model with `k` clusters on the image's grid.

        Parameters
        ----------
        k : int
        label_order : {"center", "size"} or None, default=None
            As for `segment`.

        Returns
        -------
        Segmentation

        Raises
        ------
        TypeError
            When the selection was made for samples, not for an image.
        """
        if self._image is None:
            raise TypeError("the selection was made for samples, not for an image: take model(k) and its labels")
        clusters = self._family.labels(self.model(k), self._prepared.samples)
        prepared = self._prepared
        labels, order = to_labels(clusters, k, self._image, prepared.inside, label_order)
        return Segmentation(
            labels, self.models[k], self._image, prepared.inside, prepared.scaler, order, features=prepared.features
        )

    def plot(self) -> "Figure":
        """Draw the curve of each criterion, its errors, and the number of clusters that it prefers.

        Returns
        -------
        matplotlib.figure.Figure
            Not registered with pyplot: save it by its ``savefig``, or let a notebook show it.
        """
        from clast.plot import plot_selection

        return plot_selection(self)

    def _choose(self, criterion: str) -> int | None:
        errors = self.table.get(f"{criterion}_se")
        scores, counts = self.table[criterion].to_numpy(), self.table.index.to_numpy()
        return CRITERIA[criterion].choose(counts, scores, None if errors is None else errors.to_numpy())

    def __repr__(self) -> str:
        """Say what each criterion prefers."""
        chosen = ", ".join(f"{name}: {'-' if k is None else k}" for name, k in self.choices().items())
        return f"Selection(k = {min(self.models)} to {max(self.models)} in space {self.space!r}; {chosen})"


def select_k(
    X: ArrayLike | Image | str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    model: Any = None,
    *,
    k: Iterable[int] = range(2, 11),
    criteria: Sequence[str] | None = None,
    mask: Any = None,
    features: str | Sequence[str] | None = None,
    scale: Any = None,
    pca: int | float | None = None,
    channel_axis: ChannelAxis = "auto",
    sample_size: int = 1000,
    n_references: int = 10,
    n_seeds: int = 5,
    random_state: Any = None,
    progress: bool = True,
) -> Selection:
    """Fit a model for each number of clusters and score them by several criteria.

    Nothing is chosen for you: the criteria often disagree, and the result shows all of them.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features), Image, path or sequence of paths
        Samples, or an image as for `segment`: a two-dimensional array is taken for samples unless `mask` or
        `features` is given.
    model : KMeans, GaussianMixture or other estimator, default=None
        Unfitted, with ``n_clusters`` or ``n_components``, which `k` replaces; all other parameters are kept. Default:
        ``KMeans(random_state=random_state)``.
    k : iterable of int, default=range(2, 11)
        Numbers of clusters.
    criteria : sequence of str, default=None
        Some of "inertia" (within-cluster sum of squares), "silhouette", "calinski_harabasz", "davies_bouldin",
        "entropy" (of the labels, in bits), "gap" (Tibshirani's statistic), "stability" (mean adjusted Rand index of the
        labels between seeds), and for mixtures "bic", "aic" and "icl" (BIC plus twice the entropy of the posteriors, in
        nats). Default: for mixtures ("bic", "aic", "icl", "silhouette"), else all but "gap" and "stability", which need
        many more fits.
    mask, features, scale, pca, channel_axis
        As for `segment`; `scale` and `pca` serve samples too. Scores are taken in the space that the models see.
    sample_size : int, default=1000
        The silhouette of more than 20 000 samples is estimated from this many, each seen against all others, with its
        standard error.
    n_references : int, default=10
        Uniform samples of the same size and range that the gap statistic is relative to, each a sweep of its own.
    n_seeds : int, default=5
        Seeds that the stability is taken over, each a sweep of its own.
    random_state : int, RandomState instance or None, default=None
        For the references, the seeds and the samples drawn, and for the default model. None takes the model's own.
    progress : bool, default=True
        Show progress on stderr if it is a terminal.

    Returns
    -------
    Selection

    Raises
    ------
    TypeError
        When the model has neither ``n_clusters`` nor ``n_components``, or a criterion does not suit it.
    ValueError
        When an argument has no meaning, or there are fewer samples than clusters.

    Warns
    -----
    UserWarning
        After Ctrl-C, which returns what is finished.

    Notes
    -----
    k-means models are fitted in one sweep that shares the samples' order in space or their distinct values
    (`kmeans_sweep`); the labels of each are those of a fit of its own. Inertia, Calinski-Harabasz and Davies-Bouldin
    come from the same two reads of the samples.

    References
    ----------
    .. [1] R. Tibshirani, G. Walther and T. Hastie, "Estimating the number of clusters in a data set via the gap
       statistic", J. R. Statist. Soc. B 63(2), 2001.
    .. [2] C. Biernacki, G. Celeux and G. Govaert, "Assessing a mixture model for clustering with the integrated
       completed likelihood", IEEE TPAMI 22(7), 2000.
    .. [3] V. Satopaa et al., "Finding a 'kneedle' in a haystack", ICDCS Workshops, 2011.

    Examples
    --------
    >>> from sklearn.datasets import make_blobs
    >>> import clast
    >>> X, _ = make_blobs(n_samples=500, centers=4, cluster_std=0.5, random_state=3)
    >>> found = clast.select_k(X, k=range(2, 8), random_state=0)
    >>> found.best("silhouette"), found.best("calinski_harabasz")
    (4, 4)
    """
    counts = _check_counts(k)
    for name, value, least in (
        ("sample_size", sample_size, 2),
        ("n_references", n_references, 1),
        ("n_seeds", n_seeds, 2),
    ):
        if value < least:
            raise ValueError(f"'{name}' is {value}, but must be at least {least}")
    family = family_of(model, random_state)
    names = _check_criteria(criteria, family)
    scaler, space = make_scaler(scale, pca)
    image = _image_of(X, mask is not None or features is not None, channel_axis)
    prepared = _prepare_samples(X, scaler, space) if image is None else prepare(image, mask, scaler, space, features)
    samples = check_samples(prepared.samples)
    if max(counts) > len(samples):
        raise ValueError(f"'k' goes up to {max(counts)}, but there are {len(samples)} samples")
    context = Context(samples, family, sample_size, n_references, n_seeds)
    table, models = _sweep(context, counts, names, progress)
    return Selection(table, models, prepared.space, family, image, prepared)


def _check_counts(k: Iterable[int]) -> list[int]:
    counts = sorted(set(int(count) for count in k))
    if not counts:
        raise ValueError("'k' is empty, but must be some numbers of clusters, such as range(2, 11)")
    if counts[0] < 1:
        raise ValueError(f"'k' goes down to {counts[0]}, but must be at least 1")
    return counts


def _check_criteria(criteria: Sequence[str] | None, family: Family) -> list[str]:
    if criteria is None:
        return default_criteria(family)
    names = [criteria] if isinstance(criteria, str) else list(dict.fromkeys(criteria))
    for name in names:
        if name not in CRITERIA:
            raise ValueError(f"'criteria' has {name!r}, but must be some of {', '.join(map(repr, CRITERIA))}")
        if CRITERIA[name].for_mixtures and not family.is_mixture:
            raise TypeError(f"{name!r} needs the likelihood of a mixture such as clast.GaussianMixture()")
    if not names:
        raise ValueError(f"'criteria' is empty, but must be some of {', '.join(map(repr, CRITERIA))}")
    return names


def _image_of(X: Any, is_image: bool, channel_axis: ChannelAxis) -> Image | None:
    is_file = isinstance(X, str | os.PathLike) or (
        isinstance(X, list | tuple) and len(X) > 0 and isinstance(X[0], str | os.PathLike)
    )
    if isinstance(X, Image) or is_file or is_image or np.ndim(X) > 2:
        return as_image(X, channel_axis=channel_axis)
    return None


def _prepare_samples(X: Any, scaler: Any, space: str) -> Prepared:
    samples = check_samples(X)
    return Prepared(samples if scaler is None else scaler.fit_transform(samples), None, scaler, space)


def _sweep(
    context: Context, counts: list[int], names: list[str], progress: bool
) -> tuple["pd.DataFrame", dict[int, Any]]:
    """Fit all, then score them criterion by criterion; Ctrl-C ends with what is complete."""
    import pandas as pd

    columns: dict[str, NDArray[np.float64]] = {}
    with _bar(len(counts) * (1 + sum(CRITERIA[name].n_sweeps(context) for name in names)), progress) as step:
        models = context.family.fit(counts, context.samples, step)
        if not models:
            raise KeyboardInterrupt
        finished = dict(zip(counts, models, strict=False))
        try:
            if len(models) < len(counts):
                raise KeyboardInterrupt
            for name in names:
                columns |= CRITERIA[name].score(context, finished, step)
        except KeyboardInterrupt:
            done = f"{len(finished)} of {len(counts)} fits and {len(columns)} columns of the table"
            warnings.warn(f"interrupted: the result holds {done}", UserWarning, stacklevel=4)
    return pd.DataFrame(columns, index=pd.Index(list(finished), name="k")), finished


@contextmanager
def _bar(n_steps: int, shown: bool) -> Iterator[Callable[[], None]]:
    """Show progress, counted in fits, where stderr is a terminal."""
    from tqdm import tqdm

    with tqdm(total=n_steps, leave=False, disable=None if shown else True, desc="select k") as bar:
        yield lambda: (bar.update(), None)[1]
