"""Sample weights of GaussianMixture: the same as repeating samples, in the fit and in every criterion."""

import numpy as np
import pytest
import sklearn.mixture
from numpy.testing import assert_allclose, assert_array_equal
from reference import assert_same_mixture, assert_same_parameters, blobs

from clast import GaussianMixture

COVARIANCES = ["full", "tied", "diag", "spherical"]
X = blobs(613, 3, 4, seed=1, spread=2)
WEIGHT = np.random.default_rng(0).integers(0, 4, size=len(X))
REPEATED = X.repeat(WEIGHT, axis=0)
MEANS = X[[0, 100, 200, 300]] * 3


@pytest.mark.parametrize("covariance_type", COVARIANCES)
@pytest.mark.parametrize("init_params", ["k-means++", "kmeans"])
def test_integers_repeat_samples(covariance_type, init_params):
    parameters = {"covariance_type": covariance_type, "init_params": init_params, "random_state": 0}
    ours = GaussianMixture(4, **parameters).fit(X, sample_weight=WEIGHT)
    theirs = sklearn.mixture.GaussianMixture(4, **parameters).fit(REPEATED)
    assert_same_mixture(ours, theirs, X)


@pytest.mark.parametrize("covariance_type", COVARIANCES)
@pytest.mark.parametrize("dtype", [np.uint8, np.int16])
def test_integers_repeat_integers(covariance_type, dtype):
    samples = (X * 3).round().astype(dtype)
    ours = GaussianMixture(4, covariance_type=covariance_type, means_init=MEANS, random_state=0)
    theirs = sklearn.mixture.GaussianMixture(4, covariance_type=covariance_type, means_init=MEANS, random_state=0)
    ours.fit(samples, sample_weight=WEIGHT.astype(np.float64))
    theirs.fit(samples.repeat(WEIGHT, axis=0).astype(np.float64))
    assert_same_mixture(ours, theirs, samples.astype(np.float64))


@pytest.mark.parametrize("covariance_type", COVARIANCES)
def test_criteria(covariance_type):
    ours = GaussianMixture(3, covariance_type=covariance_type, random_state=0).fit(X)
    theirs = sklearn.mixture.GaussianMixture(3, covariance_type=covariance_type, random_state=0).fit(X)
    for name in ("score", "bic", "aic"):
        found = getattr(ours, name)(X, sample_weight=WEIGHT)
        assert found == pytest.approx(getattr(theirs, name)(REPEATED), rel=1e-10)


# Not 'random_from_data': equal samples are drawn by a permutation, as in scikit-learn, others by their probability.
@pytest.mark.parametrize("init_params", ["kmeans", "k-means++", "random"])
def test_unit_weights_change_nothing(init_params):
    plain = GaussianMixture(4, init_params=init_params, random_state=0).fit(X)
    weighted = GaussianMixture(4, init_params=init_params, random_state=0).fit(X, sample_weight=np.ones(len(X)))
    assert_same_parameters(weighted, plain, rtol=1e-12)


@pytest.mark.parametrize("init_params", ["kmeans", "k-means++", "random_from_data"])
def test_weight_zero_never_starts_a_component(init_params):
    weight = np.zeros(len(X))
    weight[:8] = 1
    for seed in range(10):
        model = GaussianMixture(3, init_params=init_params, random_state=seed, max_iter=0).fit(X, sample_weight=weight)
        assert (model.means_ >= X[:8].min(axis=0) - 1e-9).all()
        assert (model.means_ <= X[:8].max(axis=0) + 1e-9).all()


def test_one_component_is_the_weighted_moments():
    weight = np.random.default_rng(3).exponential(size=len(X))
    model = GaussianMixture(1, reg_covar=0).fit(X, sample_weight=weight)
    assert_allclose(model.means_[0], np.average(X, axis=0, weights=weight), rtol=1e-12)
    assert_allclose(model.covariances_[0], np.cov(X.T, aweights=weight, bias=True), rtol=1e-10)
    assert_array_equal(model.weights_, [1.0])


def test_scaled_weights_change_no_parameter():
    weight = np.random.default_rng(2).uniform(size=len(X))
    one = GaussianMixture(4, random_state=0).fit(X, sample_weight=weight)
    other = GaussianMixture(4, random_state=0).fit(X, sample_weight=8 * weight)
    assert_same_parameters(other, one, rtol=1e-10)
    assert one.score(X, sample_weight=weight) == pytest.approx(one.score(X, sample_weight=8 * weight), rel=1e-12)


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        (np.ones(5), r"sample_weight.shape == \(5,\), expected \(613,\)"),
        (np.full(len(X), -1.0), "Negative values in data passed to `sample_weight`"),
        (np.zeros(len(X)), "Sample weights must contain at least one non-zero number"),
        (np.full(len(X), np.nan), "contains NaN"),
        (np.ones((len(X), 2)), "Sample weights must be 1D array or scalar"),
    ],
)
def test_what_is_no_weight(weight, message):
    model = GaussianMixture(2, random_state=0).fit(X)
    for method in ("fit", "fit_predict", "partial_fit", "score", "bic", "aic", "statistics"):
        with pytest.raises(ValueError, match=message):
            getattr(model, method)(X, sample_weight=weight)
