"""GaussianMixture over chunks: one pass is one M step of the whole, here, in other processes, and after a pickle."""

import functools
import pickle
import warnings

import numpy as np
import pytest
import sklearn.mixture
from numpy.testing import assert_allclose, assert_array_equal
from reference import assert_same_parameters, blobs
from sklearn.exceptions import ConvergenceWarning, NotFittedError

from clast import GaussianMixture

COVARIANCES = ["full", "tied", "diag", "spherical"]
X = blobs(2011, 3, 4, seed=2, spread=2)
CHUNKS = np.array_split(X, [100, 101, 900, 1500])


def started(**parameters):
    """A model at its start: no iteration done."""
    return GaussianMixture(4, random_state=0, max_iter=0, **parameters).fit(X)


def one_iteration(n_iter=1, **parameters):
    """What scikit-learn makes of all samples at once."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return sklearn.mixture.GaussianMixture(4, random_state=0, max_iter=n_iter, tol=0, **parameters).fit(X)


@pytest.mark.parametrize("covariance_type", COVARIANCES)
def test_a_pass_over_chunks_is_an_iteration_over_all(covariance_type):
    model = started(covariance_type=covariance_type)
    for n_passes in (1, 2, 3):
        for chunk in CHUNKS:
            model.partial_fit(chunk)
        expected = one_iteration(n_passes, covariance_type=covariance_type)
        assert_same_parameters(model, expected)
        assert model.n_iter_ == n_passes
        assert len(model.lower_bounds_) == n_passes
        assert model.lower_bound_ == model.lower_bounds_[-1] == pytest.approx(expected.lower_bound_, rel=1e-10)
        model.next_pass()


def test_within_a_pass_the_parameters_are_those_of_what_has_come():
    model = started()
    theirs = sklearn.mixture.GaussianMixture(
        4, weights_init=model.weights_, means_init=model.means_, precisions_init=model.precisions_, max_iter=1
    )
    seen = CHUNKS[0]
    model.partial_fit(CHUNKS[0])
    for chunk in CHUNKS[1:3]:
        seen = np.concatenate([seen, chunk])
        model.partial_fit(chunk)
        with pytest.warns(ConvergenceWarning, match="did not converge"):
            theirs.fit(seen)
        assert_same_parameters(model, theirs)


def test_weights():
    weight = np.random.default_rng(0).integers(0, 3, size=len(X))
    model = started()
    theirs = sklearn.mixture.GaussianMixture(
        4, weights_init=model.weights_, means_init=model.means_, precisions_init=model.precisions_, max_iter=1
    )
    with pytest.warns(ConvergenceWarning, match="did not converge"):
        theirs.fit(X.repeat(weight, axis=0))
    for part in np.array_split(np.arange(len(X)), 5):
        model.partial_fit(X[part], sample_weight=weight[part])
    assert_same_parameters(model, theirs)
    assert model.lower_bound_ == pytest.approx(theirs.lower_bound_, rel=1e-10)


def test_the_first_chunk_chooses_the_start():
    model = GaussianMixture(4, random_state=3).partial_fit(CHUNKS[2])
    with pytest.warns(ConvergenceWarning, match="did not converge"):
        expected = sklearn.mixture.GaussianMixture(4, random_state=3, max_iter=1).fit(CHUNKS[2])
    assert_same_parameters(model, expected)


def test_passes_converge_to_the_fit():
    model = started(tol=1e-4)
    while not model.converged_:
        for chunk in CHUNKS:
            model.partial_fit(chunk)
        model.next_pass()
        assert model.n_iter_ < 500
    expected = sklearn.mixture.GaussianMixture(4, random_state=0, max_iter=500, tol=1e-4).fit(X)
    assert_same_parameters(model, expected)
    assert model.n_iter_ == expected.n_iter_


@pytest.mark.parametrize("covariance_type", COVARIANCES)
@pytest.mark.parametrize("n_features", [1, 3])
def test_statistics_of_other_processes_make_the_same_step(covariance_type, n_features):
    samples = X[:, :n_features]
    model = GaussianMixture(4, covariance_type=covariance_type, random_state=0, max_iter=0).fit(samples)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        expected = sklearn.mixture.GaussianMixture(4, covariance_type=covariance_type, random_state=0, max_iter=1).fit(
            samples
        )
    before = model.means_.copy()
    sent = pickle.dumps(model)
    found = [pickle.loads(pickle.dumps(pickle.loads(sent).statistics(part))) for part in np.array_split(samples, 7)]
    assert_array_equal(model.means_, before)
    merged = functools.reduce(lambda a, b: a.merge(b), found)
    assert merged.total_weight == len(X)
    assert merged.totals.sum() == pytest.approx(len(X))
    model.update(merged)
    assert_same_parameters(model, expected)


def test_statistics_are_the_sums_they_are_said_to_be():
    model = started()
    weight = np.random.default_rng(0).exponential(size=len(X))
    found = model.statistics(X, sample_weight=weight)
    responsibilities = model.predict_proba(X) * weight[:, np.newaxis]
    assert_array_equal(found.reference, model.means_)
    assert_allclose(found.totals, responsibilities.sum(axis=0))
    difference = X[:, np.newaxis] - model.means_
    assert_allclose(found.first, np.einsum("nk,nkd->kd", responsibilities, difference), rtol=1e-8, atol=1e-8)
    assert_allclose(
        found.second, np.einsum("nk,nkd,nke->kde", responsibilities, difference, difference), rtol=1e-8, atol=1e-8
    )
    assert found.log_likelihood == pytest.approx((model.score_samples(X) * weight).sum())
    mean, variance = found.moments()
    assert_allclose(mean, np.average(X, axis=0, weights=weight), rtol=1e-12)
    assert_allclose(variance, np.average((X - mean) ** 2, axis=0, weights=weight), rtol=1e-9)


def test_moments_of_diagonal_statistics():
    mean, variance = started(covariance_type="diag").statistics(X).moments()
    assert_allclose(mean, X.mean(axis=0), rtol=1e-12)
    assert_allclose(variance, X.var(axis=0), rtol=1e-9)


def test_statistics_of_another_pass_are_refused():
    model = started()
    old = model.statistics(X)
    for chunk in CHUNKS:
        model.partial_fit(chunk)
    model.next_pass()
    means = model.means_.copy()
    with pytest.raises(ValueError, match="gathered with other parameters than those at the start of this pass"):
        model.update(old)
    with pytest.raises(ValueError, match="gathered with different parameters cannot be merged"):
        old.merge(model.statistics(X))
    assert_array_equal(model.means_, means)


def test_a_model_pickled_within_a_pass_goes_on():
    model, expected = started(), started()
    for chunk in CHUNKS:
        model = pickle.loads(pickle.dumps(model)).partial_fit(chunk)
        expected.partial_fit(chunk)
    assert_array_equal(model.means_, expected.means_)


def test_a_fit_forgets_the_pass():
    model = started().partial_fit(CHUNKS[0])
    model.set_params(max_iter=100).fit(X)
    theirs = sklearn.mixture.GaussianMixture(4, random_state=0).fit(X)
    assert_same_parameters(model, theirs)
    assert model.n_iter_ == theirs.n_iter_
    assert_array_equal(model.statistics(X).reference, model.means_)
    assert model.partial_fit(X).n_iter_ == 1


def test_nothing_happens_between_passes():
    model = started()
    means = model.means_
    assert model.next_pass().next_pass() is model
    assert_array_equal(model.means_, means)


def test_float32_stays():
    model, exact = GaussianMixture(4, random_state=0), GaussianMixture(4, random_state=0)
    for chunk in CHUNKS[2:]:
        model.partial_fit(chunk.astype(np.float32))
        exact.partial_fit(chunk)
    assert model.means_.dtype == model.covariances_.dtype == np.float32
    assert_allclose(model.means_, exact.means_, rtol=1e-4)


def test_chunks_that_do_not_fit():
    with pytest.raises(ValueError, match="Expected n_samples >= n_components but got n_components = 4, n_samples = 3"):
        GaussianMixture(4).partial_fit(X[:3])
    model = started()
    with pytest.raises(ValueError, match="X has 2 features, but GaussianMixture is expecting 3 features"):
        model.partial_fit(X[:, :2])
    with pytest.raises(NotFittedError, match="not fitted yet"):
        GaussianMixture(4).next_pass()
    with pytest.raises(NotFittedError, match="not fitted yet"):
        GaussianMixture(4).update(model.statistics(X))


def test_a_collapse_leaves_the_model_as_it_was():
    samples = np.concatenate([X, np.zeros((5, 3))])
    model = GaussianMixture(
        2, weights_init=[0.9, 0.1], means_init=[X.mean(axis=0), np.zeros(3)], precisions_init=[np.eye(3)] * 2,
        reg_covar=0, max_iter=0,
    ).fit(samples)  # fmt: skip
    means = model.means_.copy()
    with pytest.raises(ValueError, match="ill-defined empirical covariance"):
        model.partial_fit(samples)
    assert_array_equal(model.means_, means)
    with pytest.warns(ConvergenceWarning, match="the covariance of component 1 collapsed"):
        model.set_params(on_collapse="regularize").partial_fit(samples)
    assert_allclose(model.means_[1], 0, atol=1e-3)
