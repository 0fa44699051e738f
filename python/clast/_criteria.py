"""Criteria for the number of clusters: what each one computes, and which number it prefers."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import adjusted_rand_score
from sklearn.utils import check_random_state

from clast import metrics
from clast._selection_fits import Family

# Up to here the exact silhouette takes a few hundredths of a second.
_MAX_EXACT_SILHOUETTE = 20_000

_Counts = NDArray[np.int64]
_Scores = NDArray[np.float64]
_Columns = dict[str, _Scores]
_Step = Callable[[], None]


@dataclass(frozen=True, eq=False)
class Context:
    """What all criteria may look at."""

    samples: NDArray[Any]
    family: Family
    sample_size: int
    n_references: int
    n_seeds: int

    @cached_property
    def _kept(self) -> dict[int, tuple[NDArray[Any], metrics.Dispersion]]:
        return {}

    def clustering(self, k: int, model: Any) -> tuple[NDArray[Any], metrics.Dispersion]:
        """Give labels and dispersion of a fit; several criteria need them, and they are computed once."""
        if k not in self._kept:
            labels = self.family.labels(model, self.samples)
            self._kept[k] = labels, metrics.dispersion(self.samples, labels)
        return self._kept[k]

    def seeds(self, n_seeds: int) -> NDArray[np.int64]:
        """Draw seeds, the same ones at each call if the random state is an int."""
        seeds: NDArray[np.int64] = check_random_state(self.family.random_state).randint(2**31 - 1, size=n_seeds)
        return seeds


class Criterion(ABC):
    """One column of the table, and its error if it has one."""

    for_mixtures = False

    def n_sweeps(self, context: Context) -> int:
        """Count the sweeps of fits that it needs beside the one that all share."""
        return 0

    @abstractmethod
    def score(self, context: Context, models: dict[int, Any], step: _Step) -> _Columns:
        """Compute the column for all fits."""

    @abstractmethod
    def choose(self, counts: _Counts, scores: _Scores, errors: _Scores | None) -> int | None:
        """Find the number of clusters that the scores speak for."""


@dataclass(frozen=True)
class _PerFit(Criterion):
    """A number for each fit, of which the highest or the lowest is best, or the knee of its curve."""

    name: str
    of_fit: Callable[[Context, int, Any], float]
    rule: str
    for_mixtures: bool = False

    def score(self, context: Context, models: dict[int, Any], step: _Step) -> _Columns:
        return {self.name: np.array([self.of_fit(context, k, model) for k, model in models.items()])}

    def choose(self, counts: _Counts, scores: _Scores, errors: _Scores | None) -> int | None:
        defined = ~np.isnan(scores)
        if self.rule == "knee":
            return _knee(counts[defined], scores[defined])
        return _highest(counts, scores if self.rule == "highest" else -scores)


def _highest(counts: NDArray[np.int64], scores: NDArray[np.float64]) -> int | None:
    return None if np.isnan(scores).all() else int(counts[np.nanargmax(scores)])


def _knee(counts: NDArray[np.int64], scores: NDArray[np.float64]) -> int | None:
    from kneed import KneeLocator

    if len(scores) < 3:
        return None
    curve, direction = ("convex", "decreasing") if scores[0] > scores[-1] else ("concave", "increasing")
    found = KneeLocator(counts, scores, curve=curve, direction=direction).knee
    return None if found is None else int(found)


class _Silhouette(Criterion):
    def score(self, context: Context, models: dict[int, Any], step: _Step) -> _Columns:
        exact = len(context.samples) <= _MAX_EXACT_SILHOUETTE
        found = [self._estimate(context, k, model, exact) for k, model in models.items()]
        scores, errors = np.array(found).T
        return {"silhouette": scores} if exact else {"silhouette": scores, "silhouette_se": errors}

    def _estimate(self, context: Context, k: int, model: Any, exact: bool) -> tuple[float, float]:
        labels, dispersion = context.clustering(k, model)
        if not 1 < len(dispersion.labels) < len(labels):
            return np.nan, np.nan
        if exact:
            return metrics.silhouette_score(context.samples, labels), 0.0
        seed = int(context.seeds(1)[0])
        estimate = metrics.sampled_silhouette(
            context.samples, labels, sample_size=context.sample_size, random_state=seed
        )
        return estimate.score, estimate.standard_error

    def choose(self, counts: _Counts, scores: _Scores, errors: _Scores | None) -> int | None:
        return _highest(counts, scores)


class _Gap(Criterion):
    def n_sweeps(self, context: Context) -> int:
        return context.n_references

    def score(self, context: Context, models: dict[int, Any], step: _Step) -> _Columns:
        counts = list(models)
        low, high = context.samples.min(axis=0), context.samples.max(axis=0)
        expected = np.empty((context.n_references, len(counts)))
        for reference, seed in zip(expected, context.seeds(context.n_references), strict=True):
            # Tibshirani's first choice: uniform over the range of each feature.
            uniform = check_random_state(int(seed)).uniform(low, high, context.samples.shape)
            fitted = context.family.fit(counts, uniform, step)
            if len(fitted) < len(counts):
                raise KeyboardInterrupt
            reference[:] = [metrics.inertia(uniform, context.family.labels(model, uniform)) for model in fitted]
        within = np.array([context.clustering(k, model)[1].within for k, model in models.items()])
        with np.errstate(divide="ignore"):
            gap = np.log(expected).mean(axis=0) - np.log(within)
            error = np.log(expected).std(axis=0) * np.sqrt(1 + 1 / context.n_references)
        return {"gap": gap, "gap_se": error}

    def choose(self, counts: _Counts, scores: _Scores, errors: _Scores | None) -> int | None:
        enough = scores[:-1] >= (scores - (0 if errors is None else errors))[1:]
        first = np.flatnonzero(enough & (np.diff(counts) == 1))
        return int(counts[first[0]]) if len(first) else _highest(counts, scores)


class _Stability(Criterion):
    def n_sweeps(self, context: Context) -> int:
        return context.n_seeds

    def score(self, context: Context, models: dict[int, Any], step: _Step) -> _Columns:
        counts = list(models)
        sweeps = []
        for seed in context.seeds(context.n_seeds):
            fitted = context.family.fit(counts, context.samples, step, int(seed))
            if len(fitted) < len(counts):
                raise KeyboardInterrupt
            sweeps.append([context.family.labels(model, context.samples) for model in fitted])
        scores = np.array([self._agreement(labels) for labels in zip(*sweeps, strict=True)])
        # One cluster is always stable.
        scores[np.array(counts) == 1] = np.nan
        return {"stability": scores[:, 0], "stability_se": scores[:, 1]}

    def _agreement(self, labels: tuple[NDArray[Any], ...]) -> tuple[float, float]:
        """Give the mean over pairs of seeds, and the jackknife's standard error over seeds."""
        n = len(labels)
        pairs = np.zeros((n, n))
        for a, b in combinations(range(n), 2):
            pairs[a, b] = pairs[b, a] = adjusted_rand_score(labels[a], labels[b])
        if n == 2:
            return float(pairs[0, 1]), np.nan
        total = pairs.sum()
        without = (total - 2 * pairs.sum(axis=1)) / ((n - 1) * (n - 2))
        error = np.sqrt((n - 1) / n * np.sum((without - without.mean()) ** 2))
        return float(total / (n * (n - 1))), float(error)

    def choose(self, counts: _Counts, scores: _Scores, errors: _Scores | None) -> int | None:
        return _highest(counts, scores)


def _inertia(context: Context, k: int, model: Any) -> float:
    inertia = getattr(model, "inertia_", None)
    return context.clustering(k, model)[1].within if inertia is None else float(inertia)


def _calinski_harabasz(context: Context, k: int, model: Any) -> float:
    labels, dispersion = context.clustering(k, model)
    return dispersion.calinski_harabasz() if 1 < len(dispersion.labels) < len(labels) else np.nan


def _davies_bouldin(context: Context, k: int, model: Any) -> float:
    labels, dispersion = context.clustering(k, model)
    return dispersion.davies_bouldin() if 1 < len(dispersion.labels) < len(labels) else np.nan


def _entropy(context: Context, k: int, model: Any) -> float:
    weights = context.clustering(k, model)[1].weights
    shares = weights / weights.sum()
    return float(0.0 - (shares * np.log2(shares)).sum())


def _icl(context: Context, k: int, model: Any) -> float:
    posteriors = np.asarray(model.predict_proba(context.samples), dtype=np.float64)
    logarithms = np.log(posteriors, out=np.zeros_like(posteriors), where=posteriors > 0)
    return float(model.bic(context.samples) - 2 * (posteriors * logarithms).sum())


CRITERIA: dict[str, Criterion] = {
    "inertia": _PerFit("inertia", _inertia, "knee"),
    "silhouette": _Silhouette(),
    "calinski_harabasz": _PerFit("calinski_harabasz", _calinski_harabasz, "highest"),
    "davies_bouldin": _PerFit("davies_bouldin", _davies_bouldin, "lowest"),
    "entropy": _PerFit("entropy", _entropy, "knee"),
    "gap": _Gap(),
    "bic": _PerFit("bic", lambda context, k, model: float(model.bic(context.samples)), "lowest", True),
    "aic": _PerFit("aic", lambda context, k, model: float(model.aic(context.samples)), "lowest", True),
    "icl": _PerFit("icl", _icl, "lowest", True),
    "stability": _Stability(),
}


def default_criteria(family: Family) -> list[str]:
    """Name the criteria that need no fits beside the sweep."""
    if family.is_mixture:
        return ["bic", "aic", "icl", "silhouette"]
    return ["inertia", "silhouette", "calinski_harabasz", "davies_bouldin", "entropy"]
