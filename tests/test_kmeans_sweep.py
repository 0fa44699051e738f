"""Fits for several numbers of clusters at once are the fits that each would be alone."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.cluster import KMeans as SkKMeans

from clast import KMeans, kmeans_sweep

RNG = np.random.default_rng(0)
# Enough samples, iterations and clusters for an order; and bytes, which are fitted as distinct values.
MANY = RNG.standard_normal((20_000, 3)) + 3 * RNG.integers(0, 4, size=(20_000, 1))
BYTES = RNG.integers(0, 40, size=(20_000, 2)).astype(np.uint8)
WIDE = RNG.standard_normal((500, 30)).astype(np.float32)


@pytest.mark.parametrize("X", [MANY, BYTES, WIDE], ids=["many", "bytes", "wide"])
@pytest.mark.parametrize("parameters", [{}, {"init": "random", "n_init": 3}, {"tol": 0, "max_iter": 7}])
def test_same_as_one_by_one(X, parameters):
    models = kmeans_sweep(X, range(2, 12, 3), random_state=3, **parameters)
    for model, k in zip(models, range(2, 12, 3), strict=True):
        alone = KMeans(k, random_state=3, **parameters).fit(X)
        assert model.n_clusters == k
        assert model.n_iter_ == alone.n_iter_
        assert_array_equal(model.labels_, alone.labels_)
        assert_allclose(model.cluster_centers_, alone.cluster_centers_, rtol=1e-12, atol=1e-12)
        assert_allclose(model.inertia_, alone.inertia_, rtol=1e-12)
        assert_array_equal(model.predict(X[:100]), alone.labels_[:100])
        assert model.fit_report_.n_iter >= model.n_iter_


def test_same_as_scikit_learn():
    for model in kmeans_sweep(MANY, [3, 8], random_state=0):
        theirs = SkKMeans(model.n_clusters, random_state=0).fit(MANY)
        assert model.n_iter_ == theirs.n_iter_
        assert_array_equal(model.labels_, theirs.labels_)


def test_the_order_serves_all_fits():
    models = kmeans_sweep(MANY, [8, 9, 10], random_state=0, tol=0)
    alone = KMeans(10, random_state=0, tol=0).fit(MANY)
    first, *others = (model.fit_report_ for model in models)
    assert first.n_iter_ordered < first.n_iter
    assert all(report.n_iter_ordered == report.n_iter for report in others)
    assert others[-1].n_distances < alone.fit_report_.n_distances


def test_weights():
    weights = RNG.integers(1, 4, size=len(WIDE)).astype(float)
    (model,) = kmeans_sweep(WIDE, [4], sample_weight=weights, random_state=1)
    assert_array_equal(model.labels_, KMeans(4, random_state=1).fit(WIDE, sample_weight=weights).labels_)


def test_feature_names():
    for model in kmeans_sweep(pd.DataFrame(MANY[:200], columns=["a", "b", "c"]), [2, 3], random_state=0):
        assert list(model.feature_names_in_) == ["a", "b", "c"]
        assert model.n_features_in_ == 3


def test_nothing_asked_for():
    assert kmeans_sweep(MANY, []) == []


@pytest.mark.parametrize(
    ("n_clusters", "parameters", "message"),
    [
        ([2, 501], {}, "n_samples=500 should be >= n_clusters=501"),
        ([2, 0], {}, "'n_clusters' parameter"),
        ([2], {"tol": -1}, "'tol' parameter"),
    ],
)
def test_refuses(n_clusters, parameters, message):
    with pytest.raises(ValueError, match=message):
        kmeans_sweep(WIDE, n_clusters, **parameters)
