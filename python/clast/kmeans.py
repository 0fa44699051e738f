"""K-means clustering with scikit-learn's interface and answers, on kernels that read the data in place."""

import warnings
from collections.abc import Callable
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import _fit_context
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import StrOptions

from clast import _core
from clast._kmeans_base import KMeansBase
from clast._memory import has_room_for
from clast._seeding import PlusPlus, initial_centers, kmeans_plusplus
from clast._validation import center_dtype, check_estimator_samples, check_n_clusters, check_sample_weight

__all__ = ["KMeans", "kmeans_plusplus"]


class FitReport(NamedTuple):
    """What the runs of a fit took, beside what plain iterations of the same runs would have.

    Attributes
    ----------
    n_iter : int
        Iterations of all runs.
    n_iter_ordered : int
        Those that went over the samples in their order in space and skipped what could not change.
    n_points : int
        Samples, or distinct values of integer samples, that the iterations went over.
    n_distances : int
        Distances computed between samples, or boxes around them, and centers.
    n_distances_plain : int
        Distances of plain iterations: ``n_samples * n_clusters`` in each.
    n_bytes : int
        Bytes of samples and boxes read.
    n_bytes_plain : int
        Bytes of plain iterations: all samples in each.
    """

    n_iter: int
    n_iter_ordered: int
    n_points: int
    n_distances: int
    n_distances_plain: int
    n_bytes: int
    n_bytes_plain: int


class KMeans(KMeansBase):
    """K-means clustering by Lloyd's algorithm.

    A drop-in for :class:`sklearn.cluster.KMeans` on dense data: with the same `random_state` it starts from the same
    samples and gives the same labels and the same number of iterations, up to the rounding of floating-point sums.

    Parameters
    ----------
    n_clusters : int, default=8
        Number of clusters and of centers.
    init : {'k-means++', 'random'}, callable or array-like of shape (n_clusters, n_features), default='k-means++'
        Where a run starts:

        - 'k-means++': greedy k-means++, each center drawn with probability proportional to the squared distance to the
          centers chosen so far, the best of several candidates.
        - 'random': `n_clusters` distinct samples.
        - array-like: these centers.
        - callable: called as ``init(X, n_clusters, random_state=random_state)`` and returns the centers. As in
          scikit-learn, it is given `X` minus the mean of every feature (as float32 or float64) and answers in those
          coordinates; an answer made of rows of what it is given needs no care.
    n_init : 'auto' or int, default='auto'
        Number of runs from different initial centers, of which the one with the smallest inertia is kept. 'auto' is 1
        for 'k-means++' and an array, and 10 for 'random' and a callable.
    max_iter : int, default=300
        Largest number of iterations of one run.
    tol : float, default=1e-4
        A run stops when the squared movement of the centers, summed, is at most `tol` times the mean variance of the
        features.
    verbose : int, default=0
        If not 0, print the inertia after every iteration.
    random_state : int, RandomState instance or None, default=None
        Source of the random draws; all runs share it in turn. An int makes the result reproducible.
    copy_x : bool, default=True
        Has no effect: `X` is neither copied nor changed. Kept for scikit-learn's signature.
    algorithm : {'lloyd', 'elkan'}, default='lloyd'
        Has no effect: both names give the same answer by the same code. Kept for scikit-learn's signature.

    Attributes
    ----------
    cluster_centers_ : ndarray of shape (n_clusters, n_features)
        Centers; float32 if `X` was float32, else float64.
    labels_ : ndarray of shape (n_samples,), int32
        Cluster of every sample: the index of its nearest center.
    inertia_ : float
        Weighted sum of the squared distances of the samples to their centers, in squared units of `X`.
    n_iter_ : int
        Iterations of the run that was kept.
    fit_report_ : FitReport
        Iterations, distances and bytes of all runs, beside what plain iterations would have taken.
    n_features_in_ : int
        Number of features of `X`.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features, if `X` was a data frame with names that are all strings.

    Warns
    -----
    ConvergenceWarning
        If fewer than `n_clusters` clusters hold a sample, which happens when `X` has too few distinct rows.
    RuntimeWarning
        If `init` is an array and `n_init` is not 1, or `algorithm` is 'elkan' and `n_clusters` is 1.

    See Also
    --------
    kmeans_plusplus : The initialisation alone.
    kmeans_sweep : Several numbers of clusters at once.
    segment : Cluster the pixels of an image and get an image of labels.

    Notes
    -----
    Cost: at most O(n_samples * n_clusters * n_features) for an iteration. With up to 8 features, samples are copied
    once along a k-d tree as soon as that pays; an iteration then skips every block of them that can only belong to one
    cluster [3]_. With more features, a sample is read only when the centers have moved far enough for its label to
    change. Integer samples of at most 24 bits (one 16-bit channel, 8-bit colours) are fitted as their distinct values
    and counts where these are few. None of this changes the answer; `fit_report_` says what was skipped.

    Memory beyond `X`: the int32 labels of two runs and the centers; with the copy, its size and 16 bytes a sample (no
    copy is made where less than twice its size is free). Before, k-means++ takes up to 3 bytes a sample, and for
    several runs together up to 8 MB, no more than `X` or, with more than 8 features, a twentieth of it. uint8, int16,
    uint16, float32 and float64 arrays in C or Fortran order are read as they are; other dtypes are converted to float64
    and other strides copied, once. A callable `init` costs one centered copy.

    float32 samples are computed in float32 with sums in float64, all others in float64. Labels, centers and inertia are
    the same bits for any number of threads. A sample equally near to two centers goes to the lower index.

    References
    ----------
    .. [1] S. Lloyd, "Least squares quantization in PCM", IEEE Transactions on Information Theory 28(2), 1982.
       :doi:`10.1109/TIT.1982.1056489`
    .. [2] D. Arthur and S. Vassilvitskii, "k-means++: the advantages of careful seeding", SODA 2007.
    .. [3] T. Kanungo et al., "An efficient k-means clustering algorithm: analysis and implementation", IEEE
       Transactions on Pattern Analysis and Machine Intelligence 24(7), 2002. :doi:`10.1109/TPAMI.2002.1017616`

    Examples
    --------
    >>> import numpy as np
    >>> from clast import KMeans
    >>> X = np.array([[1, 2], [1, 4], [1, 0], [10, 2], [10, 4], [10, 0]])
    >>> kmeans = KMeans(n_clusters=2, random_state=0).fit(X)
    >>> kmeans.labels_
    array([1, 1, 1, 0, 0, 0], dtype=int32)
    >>> kmeans.predict([[0, 0], [12, 3]])
    array([1, 0], dtype=int32)
    >>> kmeans.cluster_centers_
    array([[10.,  2.],
           [ 1.,  2.]])
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **KMeansBase._parameter_constraints,
        "copy_x": ["boolean"],
        "algorithm": [StrOptions({"lloyd", "elkan"})],
    }

    n_iter_: int
    fit_report_: FitReport

    def __init__(
        self,
        n_clusters: int = 8,
        *,
        init: str | ArrayLike | Callable[..., ArrayLike] = "k-means++",
        n_init: str | int = "auto",
        max_iter: int = 300,
        tol: float = 1e-4,
        verbose: int = 0,
        random_state: int | np.random.RandomState | None = None,
        copy_x: bool = True,
        algorithm: str = "lloyd",
    ) -> None:
        self.n_clusters = n_clusters
        self.init = init
        self.n_init = n_init
        self.max_iter = max_iter
        self.tol = tol
        self.verbose = verbose
        self.random_state = random_state
        self.copy_x = copy_x
        self.algorithm = algorithm

    @_fit_context(prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator]
    def fit(self, X: ArrayLike, y: Any = None, sample_weight: ArrayLike | None = None) -> "KMeans":
        """Find the cluster centers of `X`.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Samples, finite. Sparse matrices are refused: pass ``X.toarray()``.
        y : None
            Ignored.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of every sample, at least 0; None weighs all alike. The draws of 'k-means++' and 'random' follow it.

        Returns
        -------
        KMeans
            The estimator itself.

        Raises
        ------
        TypeError
            If `X` is sparse.
        ValueError
            If a parameter is out of range, `X` is empty, not two-dimensional, not numeric or not finite, or has fewer
            samples than `n_clusters`, or the initial centers or the weights do not fit it.
        """
        X = check_estimator_samples(self, X, reset=True)
        check_n_clusters(X, self.n_clusters)
        tol = self._absolute_tol(X)
        weights = check_sample_weight(sample_weight, X.shape[0])
        starts = self._starts(X, weights)
        found = _core.kmeans_lloyd(X, starts, weights, self.max_iter, tol, has_room_for(X.nbytes), self._progress(tol))
        return self._keep(X, found)

    def _starts(
        self, X: NDArray[Any], sample_weight: NDArray[np.float64] | None, plusplus: PlusPlus | None = None
    ) -> NDArray[np.float64]:
        """Return the initial centers of all runs, shape (n_runs, n_clusters, n_features)."""
        self._n_init = self._resolve_n_init(n_random_runs=10)
        if self.algorithm == "elkan" and self.n_clusters == 1:
            warnings.warn(
                "algorithm='elkan' doesn't make sense for a single cluster. Using 'lloyd' instead.",
                RuntimeWarning,
                stacklevel=3,
            )
        random_state = check_random_state(self.random_state)
        return initial_centers(
            self.init, X, self.n_clusters, sample_weight, random_state, plusplus=plusplus, n_runs=self._n_init
        )

    def _keep(
        self, X: NDArray[Any], found: tuple[NDArray[np.int32], NDArray[np.float64], float, int, dict[str, int]]
    ) -> "KMeans":
        self.labels_, centers, self.inertia_, self.n_iter_, report = found
        self.cluster_centers_ = centers.astype(center_dtype(X), copy=False)
        self.fit_report_ = FitReport(**report)
        self._n_features_out = self.n_clusters
        self._warn_of_empty_clusters()
        return self
