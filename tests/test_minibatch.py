"""MiniBatchKMeans: scikit-learn's batches, centers and steps, from the same seed."""

import pickle

import numpy as np
import pytest
import sklearn.cluster
from numpy.testing import assert_allclose, assert_array_equal
from reference import blobs
from sklearn.base import clone
from sklearn.utils.estimator_checks import estimator_checks_generator

import clast
from clast import MiniBatchKMeans

X = blobs(3011, 3, 5, seed=0, spread=2)


# Asks that repeated samples give what weights do; what is drawn then differs, and scikit-learn lists its own class as
# failing. The draws are scikit-learn's, as `test_a_weighted_fit_is_scikit_learns` shows.
DRAWS = "check_sample_weight_equivalence_on_dense_data"


def scikit_learn_checks():
    return [
        pytest.param(estimator, check, id=check.func.__name__)
        for estimator, check in estimator_checks_generator(MiniBatchKMeans(n_clusters=1))
        if check.func.__name__ != DRAWS
    ]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.filterwarnings("ignore:Can't check dok sparse matrix for nan")
@pytest.mark.parametrize(("estimator", "check"), scikit_learn_checks())
def test_scikit_learn_checks(estimator, check):
    check(estimator)


def fitted(parameters, X=X, weight=None):
    ours = MiniBatchKMeans(**parameters).fit(X, sample_weight=weight)
    theirs = sklearn.cluster.MiniBatchKMeans(**parameters).fit(X, sample_weight=weight)
    return ours, theirs


def assert_same(ours, theirs):
    assert (ours.n_iter_, ours.n_steps_) == (theirs.n_iter_, theirs.n_steps_)
    assert_allclose(ours.cluster_centers_, theirs.cluster_centers_, rtol=1e-7, atol=1e-9)
    assert_array_equal(ours.labels_, theirs.labels_)
    assert_allclose(ours.inertia_, theirs.inertia_, rtol=1e-9)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    "parameters",
    [
        {"n_clusters": 5},
        {"n_clusters": 8, "batch_size": 100, "init": "random", "n_init": 3},
        {"n_clusters": 12, "batch_size": 64, "reassignment_ratio": 0.3},
        {"n_clusters": 4, "batch_size": 5000, "max_iter": 7},
        {"n_clusters": 6, "tol": 1e-3, "max_no_improvement": None, "max_iter": 5},
        {"n_clusters": 6, "init_size": 200, "n_init": 2, "batch_size": 300},
    ],
)
def test_a_fit_is_scikit_learns(parameters, seed):
    assert_same(*fitted({**parameters, "random_state": seed}))


@pytest.mark.parametrize("seed", range(3))
def test_a_weighted_fit_is_scikit_learns(seed):
    weight = np.random.default_rng(seed).integers(0, 4, size=len(X)).astype(float)
    assert_same(*fitted({"n_clusters": 5, "random_state": seed, "batch_size": 256}, weight=weight))


def test_partial_fit_is_scikit_learns():
    ours, theirs = (cls(n_clusters=4, random_state=3) for cls in (MiniBatchKMeans, sklearn.cluster.MiniBatchKMeans))
    for batch in np.array_split(X, 13):
        ours.partial_fit(batch)
        theirs.partial_fit(batch)
        assert_allclose(ours.cluster_centers_, theirs.cluster_centers_, rtol=1e-9)
        assert_array_equal(ours.labels_, theirs.labels_)
    assert ours.n_steps_ == theirs.n_steps_
    assert_array_equal(ours.predict(X), theirs.predict(X))
    assert_allclose(ours.transform(X), theirs.transform(X), atol=1e-6)
    assert_allclose(ours.score(X), theirs.score(X))


@pytest.mark.parametrize("dtype", [np.float32, np.uint8, np.int16, np.uint16])
@pytest.mark.parametrize("order", ["C", "F"])
def test_dtypes_and_orders_give_the_float64_fit(dtype, order):
    values = (X * 4 + 100).clip(0, 255).round()
    parameters = {"n_clusters": 5, "random_state": 0}
    ours = MiniBatchKMeans(**parameters).fit(values.astype(dtype, order=order))
    expected = sklearn.cluster.MiniBatchKMeans(**parameters).fit(values)
    assert_allclose(ours.cluster_centers_, expected.cluster_centers_, rtol=1e-4)
    assert np.mean(ours.labels_ == expected.labels_) > 0.999


def test_threads_do_not_change_a_bit():
    results = set()
    for n_threads in (1, 2, 4):
        with clast.threads(n_threads):
            model = MiniBatchKMeans(7, random_state=0, batch_size=2000).fit(X)
            results.add((model.cluster_centers_.tobytes(), model.labels_.tobytes(), model.inertia_))
    assert len(results) == 1


def test_clone_and_pickle():
    model = MiniBatchKMeans(3, random_state=0).fit(X)
    assert_array_equal(clone(model).fit(X).labels_, model.labels_)
    assert_array_equal(pickle.loads(pickle.dumps(model)).predict(X), model.predict(X))


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"n_clusters": 0}, "n_clusters"),
        ({"batch_size": 0}, "batch_size"),
        ({"reassignment_ratio": -1}, "reassignment"),
    ],
)
def test_wrong_parameters_are_named(parameters, message):
    with pytest.raises(ValueError, match=message):
        MiniBatchKMeans(**parameters).fit(X)


def test_more_clusters_than_samples():
    with pytest.raises(ValueError, match="n_samples=3 should be >= n_clusters=5"):
        MiniBatchKMeans(5).fit(X[:3])
