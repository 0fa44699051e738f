"""What holds for any samples: properties of a k-means result, over generated ones."""

import itertools
import warnings

import hypothesis.extra.numpy as npst
import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from reference import squared_distances

from clast import KMeans, kmeans_plusplus

seeds = st.integers(0, 2**32 - 1)
floats = st.floats(-1e3, 1e3).map(lambda x: round(x, 3))


@st.composite
def samples(draw, elements=floats, dtype=np.float64, max_samples=60):
    shape = (draw(st.integers(1, max_samples)), draw(st.integers(1, 6)))
    return draw(npst.arrays(dtype, shape, elements=elements))


any_samples = st.one_of(
    samples(),
    samples(elements=st.floats(-1e3, 1e3, width=32), dtype=np.float32),
    samples(elements=st.integers(0, 255), dtype=np.uint8),
    samples(elements=st.integers(-32768, 32767), dtype=np.int16),
    samples(elements=st.integers(0, 65535), dtype=np.uint16),
)


def fit(X, n_clusters, seed=0, sample_weight=None, **parameters):
    with warnings.catch_warnings():
        # Generated samples are often fewer distinct rows than clusters.
        warnings.simplefilter("ignore")
        return KMeans(n_clusters, random_state=seed, **parameters).fit(X, sample_weight=sample_weight)


def tolerance(X):
    eps = np.finfo(np.float32).eps if X.dtype == np.float32 else np.finfo(np.float64).eps
    return 50 * eps * max(1.0, float(np.square(X, dtype=np.float64).max()) * X.shape[1])


@given(any_samples, st.integers(1, 6), seeds)
def test_labels_are_the_nearest_centers_and_inertia_is_their_sum(X, n_clusters, seed):
    assume(n_clusters <= len(X))
    model = fit(X, n_clusters, seed)
    distances = squared_distances(X, model.cluster_centers_)
    own = distances[np.arange(len(X)), model.labels_]
    assert_allclose(own, distances.min(axis=1), rtol=0, atol=tolerance(X))
    assert_allclose(model.inertia_, own.sum(), rtol=1e-5, atol=len(X) * tolerance(X))
    assert 1 <= model.n_iter_ <= 300
    assert_array_equal(model.predict(X), model.labels_)


@given(any_samples, st.integers(1, 6), seeds, st.data())
def test_centers_are_the_weighted_means_of_their_samples(X, n_clusters, seed, data):
    assume(n_clusters <= len(X))
    weight = data.draw(npst.arrays(np.float64, len(X), elements=st.integers(1, 9)))
    model = fit(X, n_clusters, seed, weight, tol=0)
    assume(model.n_iter_ < 300)
    for j in np.unique(model.labels_):
        members = model.labels_ == j
        mean = np.average(X[members].astype(np.float64), axis=0, weights=weight[members])
        assert_allclose(model.cluster_centers_[j], mean, rtol=1e-5, atol=np.sqrt(tolerance(X)) * 1e-3)


@given(samples(), st.integers(1, 6), seeds, st.randoms(use_true_random=False))
def test_the_order_of_features_does_not_matter(X, n_clusters, seed, random):
    assume(n_clusters <= len(X))
    order = list(range(X.shape[1]))
    random.shuffle(order)
    init = X[:n_clusters]
    one = fit(X, n_clusters, init=init, n_init=1)
    other = fit(X[:, order], n_clusters, init=init[:, order], n_init=1)
    # Sums of squares in another order round otherwise, so a tie may fall either way; the inertia cannot differ then,
    # unless the tie sends the two runs to different optima.
    if np.array_equal(one.labels_, other.labels_):
        assert_allclose(one.cluster_centers_[:, order], other.cluster_centers_, rtol=1e-9, atol=1e-9)
    else:
        assert has_tie(X, init)


def has_tie(X, init):
    """Whether some sample was as near to two centers in any iteration, up to rounding."""
    centers = init
    for max_iter in range(1, 301):
        distances = np.sort(squared_distances(X, np.unique(centers, axis=0)), axis=1)
        if distances.shape[1] < 2 or (distances[:, 1] - distances[:, 0] <= 1e-6).any():
            return True
        model = fit(X, len(init), init=init, n_init=1, max_iter=max_iter)
        centers = model.cluster_centers_
        if model.n_iter_ < max_iter:
            return len(np.unique(init, axis=0)) < len(init) or len(np.unique(model.labels_)) < len(init)
    return False


@given(samples(elements=st.integers(-1000, 1000).map(float)), st.integers(1, 6), st.integers(-(2**20), 2**20))
def test_moving_integer_samples_moves_the_centers(X, n_clusters, offset):
    assume(n_clusters <= len(X))
    init = X[:n_clusters]
    # Differences of such integers are exact, and one iteration has no rounded centers yet.
    here = fit(X, n_clusters, init=init, n_init=1, max_iter=1, tol=0)
    there = fit(X + offset, n_clusters, init=init + offset, n_init=1, max_iter=1, tol=0)
    assert_allclose(here.cluster_centers_ + offset, there.cluster_centers_, rtol=1e-12, atol=1e-7)
    assert_allclose(here.inertia_, there.inertia_, rtol=1e-6, atol=1e-4)


@given(samples(), st.integers(1, 6), seeds)
def test_an_iteration_never_raises_the_inertia(X, n_clusters, seed):
    assume(n_clusters <= len(X))
    inertias = [fit(X, n_clusters, seed, max_iter=max_iter, tol=0).inertia_ for max_iter in (1, 2, 3, 5, 10)]
    assert all(later <= earlier * (1 + 1e-9) + 1e-9 for earlier, later in itertools.pairwise(inertias))


@given(any_samples, st.integers(1, 6), seeds)
def test_transform_is_the_distance_to_every_center(X, n_clusters, seed):
    assume(n_clusters <= len(X))
    model = fit(X, n_clusters, seed)
    distances = squared_distances(X, model.cluster_centers_)
    assert_allclose(model.transform(X).astype(np.float64) ** 2, distances, rtol=1e-5, atol=tolerance(X))
    assert_allclose(-model.score(X), distances.min(axis=1).sum(), rtol=1e-5, atol=len(X) * tolerance(X))


@given(any_samples, st.integers(1, 6), seeds)
def test_seeds_are_rows_and_reproducible(X, n_clusters, seed):
    assume(n_clusters <= len(X))
    centers, indices = kmeans_plusplus(X, n_clusters, random_state=seed)
    assert_array_equal(centers, X[indices])
    assert_array_equal(kmeans_plusplus(X, n_clusters, random_state=seed)[1], indices)
    n_distinct = len(np.unique(X, axis=0))
    if n_clusters <= n_distinct and X.dtype != np.float32:
        assert len(np.unique(centers, axis=0)) == n_clusters
