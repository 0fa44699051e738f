"""Who is measured: each library behind the same three solvers, so that a comparison never knows whom it times."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import version
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from workloads import Fit, Lloyd, PlusPlus, Samples, Task


@dataclass(frozen=True)
class Result:
    """What two libraries are compared by: labels, or chosen samples for a seeding."""

    labels: NDArray[np.integer]
    n_iter: int | None = None


@dataclass(frozen=True)
class Start:
    """Where iterations begin: the same centers for everyone, and their labels for those who start from labels."""

    centers: NDArray[np.float64]
    labels: NDArray[np.int32]


Solver = Callable[[Samples, Any, Start], Result]


@dataclass(frozen=True)
class Peer:
    """A library: how it solves each kind of task it knows, and how its threads are limited."""

    name: str
    version: str
    solvers: dict[type, Solver]
    set_threads: Callable[[int], object]

    def solves(self, task: Task) -> bool:
        return type(task) in self.solvers

    def run(self, X: Samples, task: Task, start: Start) -> Result:
        return self.solvers[type(task)](X, task, start)


@contextmanager
def limited(peers: list[Peer], n_threads: int) -> Iterator[None]:
    """Give every peer, and the BLAS and OpenMP below it, the same number of threads."""
    with ExitStack() as stack:
        stack.enter_context(threadpool_limits(n_threads))
        for peer in peers:
            peer.set_threads(n_threads)
        yield


def available(names: list[str]) -> list[Peer]:
    """The named peers that are installed, with one line for each that is not; clast and scikit-learn have to be."""
    peers = []
    for name in names:
        try:
            peers.append(MAKERS[name]())
        except ImportError as error:
            if name in REQUIRED:
                raise
            print(f"skipped: {name} ({error})")
    return peers


def _estimator_solvers(kmeans: Any) -> dict[type, Solver]:
    def lloyd(X: Samples, task: Lloyd, start: Start) -> Result:
        model = kmeans(task.n_clusters, init=start.centers, n_init=1, max_iter=task.n_iter, tol=0).fit(X)
        return Result(model.labels_, model.n_iter_)

    def fit(X: Samples, task: Fit, _: Start) -> Result:
        model = kmeans(task.n_clusters, n_init=task.n_init, random_state=task.random_state).fit(X)
        return Result(model.labels_, model.n_iter_)

    return {Lloyd: lloyd, Fit: fit}


def _clast() -> Peer:
    import clast

    def plus_plus(X: Samples, task: PlusPlus, _: Start) -> Result:
        return Result(clast.kmeans_plusplus(X, task.n_clusters, random_state=task.random_state)[1])

    solvers = {**_estimator_solvers(clast.KMeans), PlusPlus: plus_plus}
    return Peer("clast", clast.__version__, solvers, clast.set_num_threads)


def _scikit_learn() -> Peer:
    import sklearn
    from sklearn.cluster import KMeans, kmeans_plusplus

    def plus_plus(X: Samples, task: PlusPlus, _: Start) -> Result:
        # Its function, unlike its class, overflows on small integers.
        X = X if X.dtype.kind == "f" else X.astype(np.float64)
        return Result(kmeans_plusplus(X, task.n_clusters, random_state=task.random_state)[1])

    solvers = {**_estimator_solvers(KMeans), PlusPlus: plus_plus}
    return Peer("scikit-learn", sklearn.__version__, solvers, _no_own_threads)


def _scikit_learn_intelex() -> Peer:
    cluster, daal4py = import_module("sklearnex.cluster"), import_module("daal4py")
    return Peer("sklearnex", version("scikit-learn-intelex"), _estimator_solvers(cluster.KMeans), daal4py.daalinit)


def _faiss() -> Peer:
    faiss = import_module("faiss")

    def lloyd(X: Samples, task: Lloyd, start: Start) -> Result:
        X = np.ascontiguousarray(X, dtype=np.float32)
        # faiss trains on a random sample unless told that any number of points per center will do.
        model = faiss.Kmeans(X.shape[1], task.n_clusters, niter=task.n_iter, max_points_per_centroid=len(X))
        model.train(X, init_centroids=start.centers.astype(np.float32))
        return Result(model.index.search(X, 1)[1].ravel(), task.n_iter)

    return Peer("faiss", faiss.__version__, {Lloyd: lloyd}, faiss.omp_set_num_threads)


def _opencv() -> Peer:
    cv2 = import_module("cv2")

    def lloyd(X: Samples, task: Lloyd, start: Start) -> Result:
        X = np.ascontiguousarray(X, dtype=np.float32)
        # OpenCV counts the iteration that only reports the labels.
        stop = (cv2.TERM_CRITERIA_MAX_ITER, task.n_iter + 1, 0)
        labels = start.labels.copy()[:, np.newaxis]
        _, labels, _ = cv2.kmeans(X, task.n_clusters, labels, stop, 1, cv2.KMEANS_USE_INITIAL_LABELS)
        return Result(labels.ravel(), task.n_iter)

    def fit(X: Samples, task: Fit, _: Start) -> Result:
        X = np.ascontiguousarray(X, dtype=np.float32)
        cv2.setRNGSeed(task.random_state)
        # scikit-learn's default tolerance in OpenCV's terms: a distance, not its square.
        eps = float(np.sqrt(1e-4 * X.var(axis=0).mean()))
        stop = (cv2.TERM_CRITERIA_MAX_ITER + cv2.TERM_CRITERIA_EPS, 300, eps)
        _, labels, _ = cv2.kmeans(X, task.n_clusters, None, stop, task.n_init, cv2.KMEANS_PP_CENTERS)
        return Result(labels.ravel())

    return Peer("OpenCV", cv2.__version__, {Lloyd: lloyd, Fit: fit}, cv2.setNumThreads)


def _scipy() -> Peer:
    import scipy
    from scipy.cluster.vq import kmeans2, vq

    def lloyd(X: Samples, task: Lloyd, start: Start) -> Result:
        X = X if X.dtype.kind == "f" else X.astype(np.float64)
        centers, _ = kmeans2(X, start.centers.astype(X.dtype), iter=task.n_iter, minit="matrix", check_finite=False)
        return Result(vq(X, centers, check_finite=False)[0], task.n_iter)

    return Peer("SciPy", scipy.__version__, {Lloyd: lloyd}, _no_own_threads)


def _no_own_threads(_: int) -> None:
    """BLAS and OpenMP are limited for everybody already."""


REQUIRED = ("clast", "scikit-learn")
MAKERS: dict[str, Callable[[], Peer]] = {
    "clast": _clast,
    "scikit-learn": _scikit_learn,
    "scikit-learn-intelex": _scikit_learn_intelex,
    "faiss": _faiss,
    "OpenCV": _opencv,
    "SciPy": _scipy,
}
