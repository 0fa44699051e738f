"""What is measured: kinds of work, and the tables that name the arrays they run on.

A new workload is a line in `WORKLOADS`; a new kind of work is a task class and a solver for it in `peers`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import DTypeLike

from inputs import Samples, Source, components, dithered_photo, hyperspectral, mri, nanosims, photo, thinned, volume


@dataclass(frozen=True)
class Lloyd:
    """Exactly `n_iter` iterations from given centers: no seeding, no tolerance."""

    n_clusters: int
    n_iter: int


@dataclass(frozen=True)
class Fit:
    """A complete fit as a user writes it, seeding, restarts and stopping rule included."""

    n_clusters: int
    n_init: int = 1
    random_state: int = 0


@dataclass(frozen=True)
class PlusPlus:
    """The choice of initial centers alone."""

    n_clusters: int
    random_state: int = 0


@dataclass(frozen=True)
class Em:
    """Exactly `n_iter` iterations of expectation maximisation from given parameters, full covariances."""

    n_components: int
    n_iter: int


@dataclass(frozen=True)
class MixtureFit:
    """A complete fit of a mixture as a user writes it, its k-means start included."""

    n_components: int
    random_state: int = 123


@dataclass(frozen=True)
class Score:
    """A score of given labels."""

    name: str
    n_clusters: int


@dataclass(frozen=True)
class ScoredFit:
    """A complete fit and what is asked of it to choose the number of clusters.

    Inertia, Calinski-Harabasz and Davies-Bouldin scores, entropy of the labels.
    """

    n_clusters: int
    random_state: int = 0


Task = Lloyd | Fit | PlusPlus | Em | MixtureFit | Score | ScoredFit


def size_of(task: Task) -> int:
    """Number of clusters or components."""
    return task.n_components if isinstance(task, Em | MixtureFit) else task.n_clusters


@dataclass(frozen=True)
class Target:
    """How many times longer than clast the others should take."""

    reference: float | None = None
    best_peer: float | None = None


@dataclass(frozen=True)
class Workload:
    """Tasks of one kind that are timed together, one after the other, on the same samples."""

    source: Source
    dtype: DTypeLike
    tasks: tuple[Task, ...]
    target: Target = Target()
    # Peers that take part here only.
    also: tuple[str, ...] = ()

    def samples(self, limit: int | None = None) -> Samples:
        return self.source.samples(self.dtype, limit)


def title(workload: Workload, X: Samples, tasks: tuple[Task, ...]) -> str:
    """What is done to which samples, in one line."""
    shape = " x ".join(f"{size:_}".replace("_", " ") for size in X.shape)
    return f"{workload.source.name} {shape} {X.dtype}, k = {_numbers(tasks)}: {_work(tasks)}"


def n_passes(tasks: tuple[Task, ...]) -> int | None:
    """How often the samples are gone through, if that does not depend on the library."""
    return sum(task.n_iter for task in tasks) if all(isinstance(task, Lloyd | Em) for task in tasks) else None


def _numbers(tasks: tuple[Task, ...]) -> str:
    numbers = [size_of(task) for task in tasks]
    return f"{numbers[0]}..{numbers[-1]}" if len(numbers) > 2 else ", ".join(map(str, numbers))


def _work(tasks: tuple[Task, ...]) -> str:
    match tasks[0]:
        case Lloyd():
            return f"{n_passes(tasks)} iterations"
        case Fit(n_init=n_init):
            return "complete fit, " + ("one run" if n_init == 1 else f"n_init = {n_init}")
        case PlusPlus():
            return "k-means++ alone"
        case Em():
            return f"mixture, {n_passes(tasks)} EM iterations"
        case MixtureFit():
            return "mixture, complete fit"
        case Score(name=name):
            return name
        case ScoredFit():
            return "complete fits and four scores of each"


# scikit-learn reaches none of these iterations' end: k = 2 converges in 11 and k = 3 in 29.
PHOTO_ITERATIONS = {2: 10, 3: 25, 4: 23, 5: 23, 6: 23, 7: 23, 8: 24, 9: 24}

WORKLOADS = (
    Workload(
        photo(411, 760), np.float64, tuple(Lloyd(k, n_iter) for k, n_iter in PHOTO_ITERATIONS.items()), Target(8, 6)
    ),
    Workload(photo(3000, 4000), np.float32, (Lloyd(8, n_iter=50),), Target(best_peer=10)),
    Workload(photo(3000, 4000), np.uint8, (Lloyd(8, n_iter=50),), Target(best_peer=12)),
    Workload(photo(3000, 4000), np.float32, (Fit(8),), Target(reference=15)),
    Workload(mri(), np.float64, (Fit(3, n_init=10), Fit(4, n_init=10)), Target(20, 4)),
    Workload(nanosims(), np.float32, tuple(Fit(k) for k in range(2, 32)), Target(12, 5)),
    Workload(
        hyperspectral(256, 256, 200),
        np.float32,
        (Lloyd(16, n_iter=135),),
        Target(best_peer=2),
        also=("scikit-learn elkan",),
    ),
    Workload(hyperspectral(100, 200, 1000), np.float32, (Lloyd(8, n_iter=10),), Target(best_peer=1.3)),
    Workload(photo(400, 500), np.float32, (Lloyd(256, n_iter=20),), Target(best_peer=12)),
    Workload(hyperspectral(400, 500, 32), np.float32, (Lloyd(256, n_iter=20),), Target(best_peer=2.5)),
    Workload(dithered_photo(800, 1250), np.float64, (PlusPlus(64),), Target(reference=15)),
    Workload(mri(), np.float64, (Em(3, n_iter=8),), Target(100, 3)),
    Workload(mri(), np.float64, (Em(6, n_iter=7),), Target(100, 2.5)),
    Workload(photo(411, 760), np.float64, (Em(2, n_iter=7),), Target(120, 2.5)),
    Workload(mri(), np.float64, (MixtureFit(3),), Target(reference=40)),
    Workload(volume(256, 256, 131), np.float32, (Em(4, n_iter=5),), Target(reference=60)),
    Workload(thinned(mri(), 20_000), np.float64, (Score("silhouette_score", 3),), Target(reference=60)),
    Workload(hyperspectral(1000, 1000, 4), np.float64, (Score("calinski_harabasz_score", 8),), Target(reference=12)),
    Workload(hyperspectral(1000, 1000, 4), np.float64, (Score("davies_bouldin_score", 8),), Target(reference=12)),
    Workload(components(nanosims(), 2), np.float64, tuple(ScoredFit(k) for k in range(2, 32)), Target(reference=15)),
)
# How an iteration's cost grows with the number of samples, of features and of clusters.
CURVES = (
    *(Workload(photo(side, side), np.float32, (Lloyd(8, n_iter=10),)) for side in (32, 100, 320, 1000, 3200)),
    *(
        Workload(hyperspectral(256, 256, n_bands), np.float32, (Lloyd(8, n_iter=10),))
        for n_bands in (1, 2, 4, 8, 16, 32, 64, 128, 256)
    ),
    *(Workload(photo(256, 256), np.float32, (Lloyd(k, n_iter=10),)) for k in (2, 4, 8, 16, 32, 64, 128, 256)),
)
