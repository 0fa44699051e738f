"""BisectingKMeans: scikit-learn's tree of splits, from the same seed."""

import pickle

import numpy as np
import pytest
import sklearn.cluster
from numpy.testing import assert_allclose, assert_array_equal
from reference import blobs
from sklearn.base import clone
from sklearn.utils.estimator_checks import estimator_checks_generator

import clast
from clast import BisectingKMeans

X = blobs(2003, 3, 6, seed=1, spread=1.5)


# Asks that repeated samples give what weights do; what is drawn then differs, and scikit-learn lists its own class as
# failing. The draws are scikit-learn's, as `test_a_weighted_fit_is_scikit_learns` shows.
DRAWS = "check_sample_weight_equivalence_on_dense_data"


def scikit_learn_checks():
    return [
        pytest.param(estimator, check, id=check.func.__name__)
        for estimator, check in estimator_checks_generator(BisectingKMeans(n_clusters=1))
        if check.func.__name__ != DRAWS
    ]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.filterwarnings("ignore:Can't check dok sparse matrix for nan")
@pytest.mark.parametrize(("estimator", "check"), scikit_learn_checks())
def test_scikit_learn_checks(estimator, check):
    check(estimator)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    "parameters",
    [
        {"n_clusters": 6},
        {"n_clusters": 9, "bisecting_strategy": "largest_cluster"},
        {"n_clusters": 5, "init": "k-means++", "n_init": 3},
        {"n_clusters": 7, "max_iter": 2},
    ],
)
def test_a_fit_is_scikit_learns(parameters, seed):
    parameters = {**parameters, "random_state": seed}
    ours = BisectingKMeans(**parameters).fit(X)
    theirs = sklearn.cluster.BisectingKMeans(**parameters).fit(X)
    assert_allclose(ours.cluster_centers_, theirs.cluster_centers_, rtol=1e-9, atol=1e-9)
    assert_array_equal(ours.labels_, theirs.labels_)
    assert_allclose(ours.inertia_, theirs.inertia_, rtol=1e-9)
    new = blobs(500, 3, 6, seed=2, spread=4)
    assert_array_equal(ours.predict(new), theirs.predict(new))
    assert_allclose(ours.transform(new), theirs.transform(new), atol=1e-6)


@pytest.mark.parametrize("seed", range(3))
def test_a_weighted_fit_is_scikit_learns(seed):
    weight = np.random.default_rng(seed).integers(1, 5, size=len(X)).astype(float)
    ours = BisectingKMeans(5, random_state=seed).fit(X, sample_weight=weight)
    theirs = sklearn.cluster.BisectingKMeans(5, random_state=seed).fit(X, sample_weight=weight)
    assert_array_equal(ours.labels_, theirs.labels_)
    assert_allclose(ours.cluster_centers_, theirs.cluster_centers_, rtol=1e-9)


def test_threads_do_not_change_a_bit():
    results = set()
    for n_threads in (1, 2, 4):
        with clast.threads(n_threads):
            model = BisectingKMeans(7, random_state=0).fit(X)
            results.add((model.cluster_centers_.tobytes(), model.labels_.tobytes(), model.inertia_))
    assert len(results) == 1


def test_clone_and_pickle():
    model = BisectingKMeans(3, random_state=0).fit(X)
    assert_array_equal(clone(model).fit(X).labels_, model.labels_)
    assert_array_equal(pickle.loads(pickle.dumps(model)).predict(X), model.predict(X))


@pytest.mark.parametrize(
    ("parameters", "message"),
    [({"n_clusters": 0}, "n_clusters"), ({"bisecting_strategy": "none"}, "bisecting_strategy")],
)
def test_wrong_parameters_are_named(parameters, message):
    with pytest.raises(ValueError, match=message):
        BisectingKMeans(**parameters).fit(X)
