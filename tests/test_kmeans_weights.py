"""Sample weights: the same as repeating samples, ignored when all alike, and followed by the random draws."""

import numpy as np
import pytest
import sklearn.cluster
from numpy.testing import assert_allclose, assert_array_equal
from reference import absolute_tol, assert_same_fit, assert_same_fit_in_any_order, blobs, lloyd, same_state

from clast import KMeans, kmeans_plusplus

X = blobs(809, 3, 5, seed=1, spread=2)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("init", ["k-means++", "random"])
def test_random_weights_against_scikit_learn(init, seed):
    weight = np.random.default_rng(seed).exponential(size=len(X))
    weight[seed::5] = 0
    states = np.random.RandomState(seed), np.random.RandomState(seed)
    ours = KMeans(6, init=init, n_init=3, random_state=states[0]).fit(X, sample_weight=weight)
    theirs = sklearn.cluster.KMeans(6, init=init, n_init=3, random_state=states[1]).fit(X, sample_weight=weight)
    assert same_state(*states)
    assert_same_fit(ours, theirs, X)


@pytest.mark.parametrize("seed", range(8))
def test_empty_clusters_against_scikit_learn(seed):
    weight = np.random.default_rng(seed).exponential(size=len(X))
    init = np.concatenate([X[:3], np.full((3, 3), 1e4)])
    ours = KMeans(6, init=init, n_init=1).fit(X, sample_weight=weight)
    theirs = sklearn.cluster.KMeans(6, init=init, n_init=1).fit(X, sample_weight=weight)
    assert_same_fit_in_any_order(ours, theirs)


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.uint8])
def test_integer_weights_repeat_samples(dtype):
    samples = (X * 4).round().astype(dtype)
    weight = np.random.default_rng(0).integers(0, 5, size=len(X))
    init = samples[:4].astype(np.float64)
    # The tolerance follows the unweighted variance, which repetition changes.
    weighted = KMeans(4, init=init, n_init=1, tol=0).fit(samples, sample_weight=weight)
    repeated = KMeans(4, init=init, n_init=1, tol=0).fit(samples.repeat(weight, axis=0))
    assert_array_equal(weighted.labels_.repeat(weight), repeated.labels_)
    assert_allclose(weighted.cluster_centers_, repeated.cluster_centers_, rtol=1e-6)
    assert weighted.inertia_ == pytest.approx(repeated.inertia_, rel=1e-6)
    assert weighted.n_iter_ == repeated.n_iter_


@pytest.mark.parametrize("weight", [1, 1.0, np.ones(len(X)), np.ones(len(X), dtype=np.float32), [1] * len(X)])
def test_unit_weights_change_nothing(weight):
    weighted = KMeans(5, random_state=0).fit(X, sample_weight=weight)
    plain = KMeans(5, random_state=0).fit(X)
    assert_array_equal(weighted.labels_, plain.labels_)
    assert_allclose(weighted.cluster_centers_, plain.cluster_centers_, rtol=1e-13)
    assert weighted.inertia_ == pytest.approx(plain.inertia_, rel=1e-13)


def test_scaled_weights_scale_the_inertia_alone():
    weight = np.random.default_rng(2).uniform(size=len(X))
    one = KMeans(5, random_state=0).fit(X, sample_weight=weight)
    half = KMeans(5, random_state=0).fit(X, sample_weight=0.5 * weight)
    assert_array_equal(one.labels_, half.labels_)
    assert_array_equal(one.cluster_centers_, half.cluster_centers_)
    assert half.inertia_ == one.inertia_ / 2


def test_against_the_reference():
    weight = np.random.default_rng(3).uniform(size=len(X))
    model = KMeans(5, init=X[:5], n_init=1).fit(X, sample_weight=weight)
    labels, centers, inertia, n_iter = lloyd(X, X[:5], weight, tol=absolute_tol(X, 1e-4))
    assert_array_equal(model.labels_, labels)
    assert_allclose(model.cluster_centers_, centers, rtol=1e-12)
    assert model.inertia_ == pytest.approx(inertia, rel=1e-12)
    assert model.n_iter_ == n_iter


@pytest.mark.parametrize("init", ["k-means++", "random"])
@pytest.mark.parametrize("seed", range(10))
def test_a_sample_of_weight_0_is_no_initial_center(init, seed):
    weight = np.ones(len(X))
    weight[::2] = 0
    seen = []
    model = KMeans(20, init=init, n_init=1, max_iter=1, random_state=seed)
    model.fit(X, sample_weight=weight)
    _, indices = kmeans_plusplus(X, 20, sample_weight=weight, random_state=seed)
    seen.extend(indices)
    assert (np.array(seen) % 2 == 1).all()
    # The samples without weight do not pull at the centers either.
    alone = KMeans(20, init=init, n_init=1, max_iter=1, random_state=seed).fit(X[1::2])
    if init == "random":
        assert_allclose(model.cluster_centers_, alone.cluster_centers_, rtol=1e-12)


def test_fewer_weighted_samples_than_clusters():
    weight = np.zeros(len(X))
    weight[:3] = 1
    with pytest.raises(ValueError, match="Fewer non-zero entries in p than size"):
        KMeans(5, init="random").fit(X, sample_weight=weight)


def test_float32_weights_are_not_rounded_into_the_samples():
    weight = np.random.default_rng(4).uniform(size=len(X))
    ours = KMeans(5, random_state=0).fit(X.astype(np.float32), sample_weight=weight)
    theirs = sklearn.cluster.KMeans(5, random_state=0).fit(X.astype(np.float32).astype(float), sample_weight=weight)
    assert_array_equal(ours.labels_, theirs.labels_)
    assert ours.inertia_ == pytest.approx(theirs.inertia_, rel=1e-5)
