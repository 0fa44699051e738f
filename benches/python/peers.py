"""Who is measured: each library behind the same three solvers, so that a comparison never knows whom it times."""

import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from importlib.metadata import version
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import entropy
from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import threadpool_limits

from inputs import Samples
from workloads import Em, Fit, Lloyd, MixtureFit, PlusPlus, Score, ScoredFit, Task


@dataclass(frozen=True)
class Result:
    """What two libraries are compared by."""

    # Label of every sample; from a seeding the centers chosen, from a mixture its means, (n_clusters, n_features);
    # scores.
    answer: NDArray[np.generic]
    # None where the library does not tell.
    n_iter: int | None = None


@dataclass(frozen=True)
class Start:
    """Where iterations begin: the same centers for everyone, and their labels for those who start from labels."""

    centers: NDArray[np.float64]
    labels: NDArray[np.int32]


@dataclass(frozen=True)
class MixtureStart:
    """The same for mixtures."""

    weights: NDArray[np.float64]
    means: NDArray[np.float64]
    covariances: NDArray[np.float64]
    precisions: NDArray[np.float64]


Solver = Callable[[Samples, Any, Any], Result]


@dataclass(frozen=True)
class Peer:
    """A library: how it solves each kind of task it knows, and how its threads are limited."""

    name: str
    version: str
    solvers: dict[type, Solver]
    set_threads: Callable[[int], object]
    # How it solves several tasks of a kind in one call, if it can.
    sweeps: dict[type, Callable[[Samples, tuple[Any, ...], list[Any]], list[Result]]] = field(default_factory=dict)

    def solves(self, tasks: tuple[Task, ...]) -> bool:
        return all(type(task) in self.solvers for task in tasks)

    def run(self, X: Samples, tasks: tuple[Task, ...], starts: list[Any]) -> list[Result]:
        sweep = self.sweeps.get(type(tasks[0]))
        if sweep is not None and len(tasks) > 1:
            return sweep(X, tasks, starts)
        return [self.solvers[type(task)](X, task, start) for task, start in zip(tasks, starts, strict=True)]


@contextmanager
def limited(peers: list[Peer], n_threads: int) -> Iterator[None]:
    """Give every peer, and the BLAS and OpenMP below it, the same number of threads."""
    with ExitStack() as stack:
        stack.enter_context(threadpool_limits(n_threads))
        for peer in peers:
            peer.set_threads(n_threads)
        yield


def available() -> list[Peer]:
    """The peers that are installed, with one line for each that is not; clast and scikit-learn have to be."""
    peers = []
    for name, make in MAKERS.items():
        try:
            peers.append(make())
        except ImportError as error:
            if name in REQUIRED:
                raise
            print(f"skipped: {name} ({error})")
    return peers


def _estimator_solvers(kmeans: Callable[..., Any]) -> dict[type, Solver]:
    def lloyd(X: Samples, task: Lloyd, start: Start) -> Result:
        model = kmeans(task.n_clusters, init=start.centers, n_init=1, max_iter=task.n_iter, tol=0).fit(X)
        return Result(model.labels_, model.n_iter_)

    def fit(X: Samples, task: Fit, _: None) -> Result:
        model = kmeans(task.n_clusters, n_init=task.n_init, random_state=task.random_state).fit(X)
        return Result(model.labels_, model.n_iter_)

    return {Lloyd: lloyd, Fit: fit}


def _score_solvers(kmeans: Callable[..., Any], scores: Any) -> dict[type, Solver]:
    def score(X: Samples, task: Score, start: Start) -> Result:
        return Result(np.array([getattr(scores, task.name)(X, start.labels)]))

    def scored_fit(X: Samples, task: ScoredFit, _: None) -> Result:
        model = kmeans(task.n_clusters, random_state=task.random_state).fit(X)
        return Result(
            np.array(
                [
                    model.inertia_,
                    scores.calinski_harabasz_score(X, model.labels_),
                    scores.davies_bouldin_score(X, model.labels_),
                    entropy(np.bincount(model.labels_), base=2),
                ]
            )
        )

    return {Score: score, ScoredFit: scored_fit}


def _mixture_solvers(mixture: Callable[..., Any]) -> dict[type, Solver]:
    def em(X: Samples, task: Em, start: MixtureStart) -> Result:
        given = {"weights_init": start.weights, "means_init": start.means, "precisions_init": start.precisions}
        given = {name: value.astype(X.dtype) for name, value in given.items()}
        with warnings.catch_warnings():
            # It did not converge: it was not meant to.
            warnings.simplefilter("ignore", ConvergenceWarning)
            model = mixture(task.n_components, max_iter=task.n_iter, tol=0, **given).fit(X)
        return Result(model.means_, model.n_iter_)

    def fit(X: Samples, task: MixtureFit, _: None) -> Result:
        model = mixture(task.n_components, random_state=task.random_state).fit(X)
        return Result(model.means_, model.n_iter_)

    return {Em: em, MixtureFit: fit}


def _clast() -> Peer:
    import clast

    def plus_plus(X: Samples, task: PlusPlus, _: None) -> Result:
        return Result(clast.kmeans_plusplus(X, task.n_clusters, random_state=task.random_state)[0])

    def lloyd_sweep(X: Samples, tasks: tuple[Lloyd, ...], starts: list[Start]) -> list[Result]:
        numbers, most = [task.n_clusters for task in tasks], [task.n_iter for task in tasks]
        centers = [start.centers for start in starts]
        models = clast.kmeans_sweep(X, numbers, init=centers, max_iter=most, n_init=1, tol=0)
        return [Result(model.labels_, model.n_iter_) for model in models]

    def fit_sweep(X: Samples, tasks: tuple[Fit, ...], _: list[None]) -> list[Result]:
        (settings,) = {(task.n_init, task.random_state) for task in tasks}
        numbers = [task.n_clusters for task in tasks]
        models = clast.kmeans_sweep(X, numbers, n_init=settings[0], random_state=settings[1])
        return [Result(model.labels_, model.n_iter_) for model in models]

    def scored_sweep(X: Samples, tasks: tuple[ScoredFit, ...], _: list[None]) -> list[Result]:
        (random_state,) = {task.random_state for task in tasks}
        criteria = ["inertia", "calinski_harabasz", "davies_bouldin", "entropy"]
        numbers = [task.n_clusters for task in tasks]
        found = clast.select_k(X, k=numbers, criteria=criteria, random_state=random_state, progress=False)
        return [Result(row) for row in found.table.to_numpy()]

    solvers = {
        **_estimator_solvers(clast.KMeans),
        **_mixture_solvers(clast.GaussianMixture),
        **_score_solvers(clast.KMeans, clast.metrics),
        PlusPlus: plus_plus,
    }
    sweeps = {Lloyd: lloyd_sweep, Fit: fit_sweep, ScoredFit: scored_sweep}
    return Peer("clast", clast.__version__, solvers, clast.set_num_threads, sweeps)


def _scikit_learn() -> Peer:
    import sklearn
    import sklearn.metrics
    from sklearn.cluster import KMeans, kmeans_plusplus
    from sklearn.mixture import GaussianMixture

    def plus_plus(X: Samples, task: PlusPlus, _: None) -> Result:
        return Result(kmeans_plusplus(X, task.n_clusters, random_state=task.random_state)[0])

    solvers = {
        **_estimator_solvers(KMeans),
        **_mixture_solvers(GaussianMixture),
        **_score_solvers(KMeans, sklearn.metrics),
        PlusPlus: plus_plus,
    }
    return Peer("scikit-learn", sklearn.__version__, solvers, _no_own_threads)


def _scikit_learn_elkan() -> Peer:
    import sklearn
    from sklearn.cluster import KMeans

    solvers = _estimator_solvers(partial(KMeans, algorithm="elkan"))
    return Peer("scikit-learn elkan", sklearn.__version__, solvers, _no_own_threads)


def _scikit_learn_intelex() -> Peer:
    cluster, daal4py = import_module("sklearnex.cluster"), import_module("daal4py")

    def plus_plus(X: Samples, task: PlusPlus, _: None) -> Result:
        # oneDAL's own call: greedy with scikit-learn's number of candidates, but with draws of its own.
        seeding = daal4py.kmeans_init(
            task.n_clusters,
            fptype="float" if X.dtype == np.float32 else "double",
            method="plusPlusDense",
            nTrials=2 + int(np.log(task.n_clusters)),
            engine=daal4py.engines_mt2203(seed=task.random_state),
        )
        return Result(seeding.compute(X).centroids)

    def em(X: Samples, task: Em, start: MixtureStart) -> Result:
        # oneDAL's own loop, which scikit-learn-intelex does not offer.
        loop = daal4py.em_gmm(
            nComponents=task.n_components,
            maxIterations=task.n_iter,
            # Less than any change: it makes all iterations.
            accuracyThreshold=1e-300,
            fptype="float" if X.dtype == np.float32 else "double",
            covarianceStorage="full",
        )
        weights, means, covariances = (
            array.astype(X.dtype) for array in (start.weights[np.newaxis], start.means, start.covariances)
        )
        found = loop.compute(X, weights, means, list(covariances))
        return Result(found.means, found.nIterations.item())

    solvers = {**_estimator_solvers(cluster.KMeans), PlusPlus: plus_plus, Em: em}
    return Peer("sklearnex", version("scikit-learn-intelex"), solvers, daal4py.daalinit)


def _faiss() -> Peer:
    faiss = import_module("faiss")

    def lloyd(X: Samples, task: Lloyd, start: Start) -> Result:
        X = np.ascontiguousarray(X, dtype=np.float32)
        # faiss trains on a random sample unless told that any number of points per center will do, and warns of few.
        model = faiss.Kmeans(
            X.shape[1], task.n_clusters, niter=task.n_iter, max_points_per_centroid=len(X), min_points_per_centroid=1
        )
        model.train(X, init_centroids=start.centers.astype(np.float32))
        return Result(model.index.search(X, 1)[1].ravel(), task.n_iter)

    return Peer("faiss", faiss.__version__, {Lloyd: lloyd}, faiss.omp_set_num_threads)


def _opencv() -> Peer:
    cv2 = import_module("cv2")

    def lloyd(X: Samples, task: Lloyd, start: Start) -> Result:
        X = np.ascontiguousarray(X, dtype=np.float32)
        # It starts from labels, not from centers, and counts the iteration that only reports the labels.
        stop = (cv2.TERM_CRITERIA_MAX_ITER, task.n_iter + 1, 0)
        labels = start.labels.copy()[:, np.newaxis]
        _, labels, _ = cv2.kmeans(X, task.n_clusters, labels, stop, 1, cv2.KMEANS_USE_INITIAL_LABELS)
        return Result(labels.ravel(), task.n_iter)

    def fit(X: Samples, task: Fit, _: None) -> Result:
        X = np.ascontiguousarray(X, dtype=np.float32)
        cv2.setRNGSeed(task.random_state)
        # scikit-learn's default tolerance in OpenCV's terms: a distance, not its square.
        eps = float(np.sqrt(1e-4 * X.var(axis=0).mean()))
        stop = (cv2.TERM_CRITERIA_MAX_ITER + cv2.TERM_CRITERIA_EPS, 300, eps)
        _, labels, _ = cv2.kmeans(X, task.n_clusters, None, stop, task.n_init, cv2.KMEANS_PP_CENTERS)
        return Result(labels.ravel())

    def plus_plus(X: Samples, task: PlusPlus, _: None) -> Result:
        X = np.ascontiguousarray(X, dtype=np.float32)
        cv2.setRNGSeed(task.random_state)
        # It cannot be asked for less than one iteration after the seeding.
        stop = (cv2.TERM_CRITERIA_MAX_ITER, 1, 0)
        _, _, centers = cv2.kmeans(X, task.n_clusters, None, stop, 1, cv2.KMEANS_PP_CENTERS)
        return Result(centers)

    return Peer("OpenCV", cv2.__version__, {Lloyd: lloyd, Fit: fit, PlusPlus: plus_plus}, cv2.setNumThreads)


def _scipy() -> Peer:
    import scipy
    from scipy.cluster.vq import kmeans2, vq

    def lloyd(X: Samples, task: Lloyd, start: Start) -> Result:
        X = X if X.dtype.kind == "f" else X.astype(np.float64)
        centers, _ = kmeans2(X, start.centers.astype(X.dtype), iter=task.n_iter, minit="matrix", check_finite=False)
        # Its own labels are those of the iteration before.
        return Result(vq(X, centers, check_finite=False)[0], task.n_iter)

    def plus_plus(X: Samples, task: PlusPlus, _: None) -> Result:
        # It cannot be asked for less than one iteration after the seeding.
        centers, _ = kmeans2(X, task.n_clusters, iter=1, minit="++", rng=task.random_state, check_finite=False)
        return Result(centers)

    return Peer("SciPy", scipy.__version__, {Lloyd: lloyd, PlusPlus: plus_plus}, _no_own_threads)


def _mlpack() -> Peer:
    mlpack = import_module("mlpack")

    def lloyd(X: Samples, task: Lloyd, start: Start) -> Result:
        found = mlpack.kmeans(
            # It computes in double only.
            input_=np.ascontiguousarray(X, dtype=np.float64),
            clusters=task.n_clusters,
            # It writes into the centers it is given.
            initial_centroids=start.centers.copy(),
            max_iterations=task.n_iter,
            # Its fastest algorithm, with few features by far.
            algorithm="pelleg-moore",
            labels_only=True,
        )
        return Result(found["output"].ravel(), task.n_iter)

    return Peer("mlpack", mlpack.__version__, {Lloyd: lloyd}, _no_own_threads)


def _no_own_threads(_: int) -> None:
    """BLAS and OpenMP are limited for everybody already."""


REQUIRED = ("clast", "scikit-learn")
MAKERS: dict[str, Callable[[], Peer]] = {
    "clast": _clast,
    "scikit-learn": _scikit_learn,
    "scikit-learn elkan": _scikit_learn_elkan,
    "scikit-learn-intelex": _scikit_learn_intelex,
    "faiss": _faiss,
    "OpenCV": _opencv,
    "SciPy": _scipy,
    "mlpack": _mlpack,
}
# Peers that measure only the workloads that name them.
ON_REQUEST = ("scikit-learn elkan",)
