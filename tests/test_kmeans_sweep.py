"""Fits for several numbers of clusters at once are the fits that each would be alone."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.cluster import KMeans as SkKMeans

from clast import KMeans, _core, kmeans_sweep

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
    assert all(model.fit_report_.n_iter_ordered == model.fit_report_.n_iter for model in models)
    assert alone.fit_report_.n_iter_ordered < alone.fit_report_.n_iter
    assert models[-1].fit_report_.n_distances < alone.fit_report_.n_distances


def test_fewer_centers_are_the_first_of_more(monkeypatch):
    chosen = []
    choose = _core.kmeans_plusplus

    def count(X, sample_weight, first_draws, draws):
        chosen.append((len(draws), draws.shape[1] + 1))
        return choose(X, sample_weight, first_draws, draws)

    monkeypatch.setattr(_core, "kmeans_plusplus", count)
    # Up to 7 clusters, k-means++ tries 3 candidates for each center, and from 8 on 4.
    models = kmeans_sweep(MANY, range(3, 12), random_state=0)
    assert chosen == [(1, 11), (1, 7)]
    chosen.clear()
    # Only the first of several runs begins with the same draws for any number of clusters.
    kmeans_sweep(MANY, [8, 9], n_init=3, random_state=0)
    assert chosen == [(3, 9), (2, 8)]
    monkeypatch.undo()
    for model in models:
        assert_array_equal(model.labels_, SkKMeans(model.n_clusters, random_state=0).fit(MANY).labels_)


def test_a_random_state_is_drawn_from_in_turn():
    models = kmeans_sweep(MANY, [5, 3, 4], init="random", n_init=2, random_state=np.random.RandomState(7))
    random_state = np.random.RandomState(7)
    for model in models:
        theirs = SkKMeans(model.n_clusters, init="random", n_init=2, random_state=random_state).fit(MANY)
        assert_array_equal(model.labels_, theirs.labels_)


def test_weights():
    weights = RNG.integers(1, 4, size=len(WIDE)).astype(float)
    (model,) = kmeans_sweep(WIDE, [4], sample_weight=weights, random_state=1)
    assert_array_equal(model.labels_, KMeans(4, random_state=1).fit(WIDE, sample_weight=weights).labels_)


def test_feature_names():
    for model in kmeans_sweep(pd.DataFrame(MANY[:200], columns=["a", "b", "c"]), [2, 3], random_state=0):
        assert list(model.feature_names_in_) == ["a", "b", "c"]
        assert model.n_features_in_ == 3


@pytest.mark.parametrize("X", [MANY, BYTES, WIDE], ids=["many", "bytes", "wide"])
def test_centers_and_iterations_of_each(X):
    numbers, most = [3, 9, 5], [2, 40, 7]
    # On no sample: integers that are equally near to two centers are a matter of rounding.
    centers = [X[RNG.choice(len(X), k, replace=False)] + RNG.uniform(-1e-3, 1e-3, (k, X.shape[1])) for k in numbers]
    models = kmeans_sweep(X, numbers, init=centers, max_iter=most, n_init=1, tol=0)
    for model, k, start, max_iter in zip(models, numbers, centers, most, strict=True):
        theirs = SkKMeans(k, init=start, n_init=1, max_iter=max_iter, tol=0).fit(X.astype(np.float64))
        assert model.n_iter_ == theirs.n_iter_
        assert_array_equal(model.labels_, theirs.labels_)
        assert model.init is start
        assert model.max_iter == max_iter


def test_one_list_of_centers_is_that_of_all():
    start = [[0.0, 0.0, 0.0], [3.0, 3.0, 3.0]]
    (model,) = kmeans_sweep(MANY, [2], init=start, n_init=1)
    assert_array_equal(model.labels_, SkKMeans(2, init=np.array(start), n_init=1).fit(MANY).labels_)


def test_nothing_asked_for():
    assert kmeans_sweep(MANY, []) == []


@pytest.mark.parametrize(
    ("n_clusters", "parameters", "message"),
    [
        ([2, 501], {}, "n_samples=500 should be >= n_clusters=501"),
        ([2, 0], {}, "'n_clusters' parameter"),
        ([2], {"tol": -1}, "'tol' parameter"),
        ([2, 3], {"max_iter": [5]}, "'max_iter' has 1 values for 2 numbers of clusters: give one for each"),
        ([2, 3], {"max_iter": [5, 0]}, "'max_iter' parameter"),
        ([2, 3], {"init": [WIDE[:2]]}, "'init' has 1 values for 2 numbers of clusters: give one for each"),
        ([2, 3], {"init": [WIDE[:2], WIDE[:2]]}, r"initial centers \(2, 30\) does not match the number of clusters 3"),
    ],
)
def test_refuses(n_clusters, parameters, message):
    with pytest.raises(ValueError, match=message):
        kmeans_sweep(WIDE, n_clusters, **parameters)
