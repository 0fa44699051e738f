"""Whether two libraries found the same, before anybody asks how fast."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import pairwise_distances_argmin_min

from inputs import Samples
from peers import Result
from workloads import Em, Lloyd, MixtureFit, Score, ScoredFit, Task

# Rounding moves samples on the border between two clusters, and no others.
MIN_EQUAL = 0.999
MAX_EXCESS = 1e-5
# A library that draws its own initial centers may end in another optimum, but not in one that a user would reject.
MAX_EXCESS_OF_OWN_DRAWS = 0.1
# The means of a mixture: those of float32 sums, and those of clast, which computes in float64 whatever it is given.
MAX_DIFFERENCE = 1e-2
PROMISED = 1e-6
# Scores: rounding, and that of distances from expanded squares.
MAX_SCORE_DIFFERENCE = 1e-6


@dataclass(frozen=True)
class Agreement:
    """How a result stands to the reference over all tasks of a workload."""

    # Whether the same work was done, and ended alike: only then is the time a fair one.
    is_fair: bool
    text: str


def judge(X: Samples, tasks: Sequence[Task], results: Sequence[Result], references: Sequence[Result]) -> Agreement:
    """Compare `results` with `references`, what scikit-learn finds in float64."""
    pairs = list(zip(results, references, strict=True))
    if isinstance(tasks[0], Em | MixtureFit):
        return _judge_means(pairs)
    if isinstance(tasks[0], Score | ScoredFit):
        return _judge_scores(pairs)
    is_fit = not isinstance(tasks[0], Lloyd)
    equal = min(_equal_share(*pair) for pair in pairs)
    if equal >= MIN_EQUAL:
        is_like, text = True, f"{equal:.3%} equal"
    elif is_fit:
        excess = sum(_cost(X, result.answer) for result in results) / sum(_cost(X, r.answer) for r in references) - 1
        is_like, text = excess <= MAX_EXCESS_OF_OWN_DRAWS, f"ends elsewhere, inertia {excess:+.2%}"
    else:
        excess = max((_excess(X, *pair) for pair in pairs), key=abs)
        is_like, text = abs(excess) <= MAX_EXCESS, f"{equal:.3%} equal, inertia {excess:+.1e}"
    has_same_counts = all(result.n_iter in (None, reference.n_iter) for result, reference in pairs)
    # How many iterations a complete fit takes is the library's own affair.
    is_fair = is_like and (is_fit or has_same_counts)
    counts = "" if has_same_counts else ", other numbers of iterations"
    return Agreement(is_fair, f"{'' if is_fair else 'DISAGREES: '}{text}{counts}")


def keeps_promise(X: Samples, tasks: Sequence[Task], results: Sequence[Result], references: Sequence[Result]) -> bool:
    """Whether results are what clast promises: equal, up to rounding where samples, hence distances, are float32."""
    pairs = list(zip(results, references, strict=True))
    if isinstance(tasks[0], Em | MixtureFit):
        return judge(X, tasks, results, references).is_fair and max(_difference(*pair) for pair in pairs) <= PROMISED
    if isinstance(tasks[0], Score | ScoredFit):
        return _judge_scores(pairs).is_fair
    if X.dtype != np.float32:
        return all(
            ours.n_iter == theirs.n_iter and np.array_equal(ours.answer, theirs.answer) for ours, theirs in pairs
        )
    return judge(X, tasks, results, references).is_fair and all(
        _equal_share(*pair) >= MIN_EQUAL or abs(_excess(X, *pair)) <= MAX_EXCESS for pair in pairs
    )


def _judge_means(pairs: list[tuple[Result, Result]]) -> Agreement:
    """Compare the means of mixtures, and their numbers of iterations."""
    difference = max(_difference(*pair) for pair in pairs)
    is_fair = difference <= MAX_DIFFERENCE and all(ours.n_iter == theirs.n_iter for ours, theirs in pairs)
    return Agreement(is_fair, f"{'' if is_fair else 'DISAGREES: '}means within {difference:.0e}")


def _judge_scores(pairs: list[tuple[Result, Result]]) -> Agreement:
    difference = max(float(np.abs(ours.answer / theirs.answer - 1).max()) for ours, theirs in pairs)
    is_fair = difference <= MAX_SCORE_DIFFERENCE
    return Agreement(is_fair, f"{'' if is_fair else 'DISAGREES: '}scores within {difference:.0e}")


def _difference(result: Result, reference: Result) -> float:
    """Largest difference of the means, relative to their spread."""
    means = reference.answer.astype(np.float64)
    scale = np.abs(means - means.mean(axis=0)).max()
    return float(np.abs(result.answer - means).max() / scale)


def _equal_share(result: Result, reference: Result) -> float:
    equal = result.answer == reference.answer
    return float(equal.all(axis=1).mean() if equal.ndim == 2 else equal.mean())


def _excess(X: Samples, result: Result, reference: Result) -> float:
    return _cost(X, result.answer) / _cost(X, reference.answer) - 1


def _cost(X: Samples, answer: NDArray[np.generic]) -> float:
    """Sum of squared distances to the mean of each label, or to the nearest of some centers, in float64."""
    if answer.ndim == 2:
        _, distances = pairwise_distances_argmin_min(X.astype(np.float64), answer.astype(np.float64))
        return float(np.vdot(distances, distances))
    labels = answer.astype(np.intp)
    X = X - X.mean(axis=0, dtype=np.float64)
    sums = np.stack([np.bincount(labels, weights=feature) for feature in X.T])
    return float(np.vdot(X, X) - (sums**2 / np.maximum(np.bincount(labels), 1)).sum())
