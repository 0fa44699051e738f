"""GaussianMixture gives scikit-learn's answers: same starts, same parameters, same number of iterations."""

import numpy as np
import pytest
import sklearn
import sklearn.mixture
from numpy.testing import assert_allclose, assert_array_equal
from reference import MIXTURE_PARAMETERS, assert_same_mixture, assert_same_parameters, blobs, same_state

from clast import GaussianMixture

COVARIANCES = ["full", "tied", "diag", "spherical"]
STARTS = ["kmeans", "k-means++", "random", "random_from_data"]

pytestmark = pytest.mark.filterwarnings("ignore:Best performing initialization did not converge")


def fit_both(X, theirs_X=None, seed=0, **parameters):
    """Fit both classes from the same state; their generators must end in the same state, too."""
    ours_state, theirs_state = np.random.RandomState(seed), np.random.RandomState(seed)
    ours = GaussianMixture(random_state=ours_state, **parameters).fit(X)
    theirs = sklearn.mixture.GaussianMixture(random_state=theirs_state, **parameters)
    theirs.fit(X if theirs_X is None else theirs_X)
    assert same_state(ours_state, theirs_state)
    return ours, theirs


def spread_blobs(n_samples, n_features, n_blobs, seed):
    """Blobs of different, correlated spread that touch each other."""
    rng = np.random.default_rng(seed)
    parts = [
        rng.normal(size=(n_samples // n_blobs + 1, n_features)) @ rng.normal(size=(n_features, n_features))
        + rng.normal(size=n_features) * 4
        for _ in range(n_blobs)
    ]
    return rng.permutation(np.concatenate(parts)[:n_samples])


class TestFloat64:
    @pytest.mark.parametrize("seed", range(8))
    @pytest.mark.parametrize("init_params", STARTS)
    @pytest.mark.parametrize("covariance_type", COVARIANCES)
    def test_starts(self, covariance_type, init_params, seed):
        X = spread_blobs(809, 3, 4, seed)
        parameters = {"n_components": 2 + seed % 4, "covariance_type": covariance_type, "init_params": init_params}
        ours, theirs = fit_both(X, seed=seed, **parameters)
        assert_same_mixture(ours, theirs, X)

    @pytest.mark.parametrize("init_params", STARTS)
    @pytest.mark.parametrize("covariance_type", COVARIANCES)
    def test_starts_alone(self, covariance_type, init_params):
        X = blobs(5003, 3, 4, seed=1)
        ours, theirs = fit_both(
            X, n_components=3, covariance_type=covariance_type, init_params=init_params, max_iter=0, n_init=2
        )
        version = tuple(int(number) for number in sklearn.__version__.split(".")[:2])
        if version >= (1, 9) or init_params in ("kmeans", "random") or covariance_type in ("full", "tied"):
            assert_same_parameters(ours, theirs)  # before, the variance of one sample was rounded otherwise
        assert (ours.n_iter_, ours.lower_bound_, ours.lower_bounds_, ours.converged_) == (0, -np.inf, [], False)

    @pytest.mark.parametrize("n_features", [1, 2, 3, 4, 5, 7, 8, 9, 17, 40])
    @pytest.mark.parametrize("n_components", [1, 2, 5, 9])
    @pytest.mark.parametrize("covariance_type", COVARIANCES)
    def test_shapes(self, covariance_type, n_components, n_features):
        X = blobs(1613, n_features, 5, seed=n_features)
        ours, theirs = fit_both(X, n_components=n_components, covariance_type=covariance_type, max_iter=5)
        # With more components than blobs, scikit-learn's differences of squares cost it digits that ours keeps.
        assert_same_mixture(ours, theirs, X, rtol=1e-8 if covariance_type == "full" else 1e-7)

    @pytest.mark.parametrize("n_samples", [2, 3, 31, 255, 256, 257, 4099])
    @pytest.mark.parametrize("covariance_type", COVARIANCES)
    def test_lengths(self, covariance_type, n_samples):
        X = blobs(n_samples, 2, 2, seed=n_samples)
        ours, theirs = fit_both(X, n_components=2, covariance_type=covariance_type, reg_covar=1e-2)
        assert_same_mixture(ours, theirs, X)

    @pytest.mark.parametrize("order", ["C", "F"])
    @pytest.mark.parametrize("init_params", STARTS)
    def test_orders_in_memory(self, init_params, order):
        X = np.asarray(spread_blobs(9001, 3, 3, seed=5), order=order)
        ours, theirs = fit_both(X, n_components=3, init_params=init_params, covariance_type="tied")
        assert_same_mixture(ours, theirs, X)

    @pytest.mark.parametrize("seed", range(5))
    @pytest.mark.parametrize("covariance_type", COVARIANCES)
    def test_the_best_of_several_runs(self, covariance_type, seed):
        X = spread_blobs(613, 2, 5, seed)
        ours, theirs = fit_both(
            X, n_components=4, covariance_type=covariance_type, init_params="random_from_data", n_init=6, seed=seed
        )
        # Runs that end in the same mixture tie but for rounding, which decides which of them is kept.
        assert ours.lower_bound_ == pytest.approx(theirs.lower_bound_, rel=1e-9)
        if ours.n_iter_ == theirs.n_iter_:
            assert_allclose(np.sort(ours.weights_), np.sort(theirs.weights_), rtol=1e-8)
            assert_allclose(np.sort(ours.means_, axis=0), np.sort(theirs.means_, axis=0), rtol=1e-8, atol=1e-8)

    @pytest.mark.parametrize("tol", [0, 1e-9, 1e-3, 1])
    @pytest.mark.parametrize("max_iter", [1, 2, 30])
    @pytest.mark.parametrize("covariance_type", COVARIANCES)
    def test_stopping(self, covariance_type, max_iter, tol):
        X = spread_blobs(1009, 2, 3, seed=4)
        if tol == 0:
            max_iter = min(max_iter, 5)  # once nothing changes, rounding decides when it is exactly nothing
        ours, theirs = fit_both(X, n_components=3, covariance_type=covariance_type, tol=tol, max_iter=max_iter)
        assert_same_mixture(ours, theirs, X)

    @pytest.mark.parametrize("reg_covar", [0, 1e-2, 10])
    @pytest.mark.parametrize("covariance_type", COVARIANCES)
    def test_regularisation(self, covariance_type, reg_covar):
        X = spread_blobs(1009, 3, 3, seed=2)
        ours, theirs = fit_both(X, n_components=3, covariance_type=covariance_type, reg_covar=reg_covar)
        assert_same_mixture(ours, theirs, X)

    @pytest.mark.parametrize("given", [("weights",), ("means",), ("precisions",), ("weights", "means", "precisions")])
    @pytest.mark.parametrize("covariance_type", COVARIANCES)
    def test_given_parameters(self, covariance_type, given):
        X = spread_blobs(1009, 3, 3, seed=3)
        start = sklearn.mixture.GaussianMixture(3, covariance_type=covariance_type, random_state=1, max_iter=2).fit(X)
        values = {
            "weights": np.array([0.2, 0.3, 0.5]),
            "means": start.means_.tolist(),
            "precisions": start.precisions_,
        }
        parameters = {f"{name}_init": values[name] for name in given}
        ours, theirs = fit_both(X, n_components=3, covariance_type=covariance_type, **parameters)
        assert_same_mixture(ours, theirs, X)

    @pytest.mark.parametrize("covariance_type", COVARIANCES)
    def test_warm_start(self, covariance_type):
        X = spread_blobs(1009, 3, 4, seed=7)
        parameters = {"covariance_type": covariance_type, "max_iter": 3, "warm_start": True, "random_state": 0}
        ours, theirs = GaussianMixture(4, **parameters), sklearn.mixture.GaussianMixture(4, **parameters)
        for samples in (X, X, X[:700], X[300:]):
            assert_same_mixture(ours.fit(samples), theirs.fit(samples), samples)

    @pytest.mark.parametrize("scale", [1e-8, 1e6])
    def test_scale(self, scale):
        X = spread_blobs(1009, 3, 4, seed=9) * scale
        ours, theirs = fit_both(X, n_components=4, reg_covar=0)
        assert_same_mixture(ours, theirs, X)

    def test_far_from_zero(self):
        X = spread_blobs(1009, 3, 4, seed=9) + 1e5
        ours, theirs = fit_both(X, n_components=4)
        assert_same_mixture(ours, theirs, X)


@pytest.mark.parametrize("covariance_type", COVARIANCES)
class TestMethods:
    @pytest.fixture
    def both(self, covariance_type):
        return fit_both(spread_blobs(1009, 3, 4, seed=3), n_components=4, covariance_type=covariance_type)

    def test_of_new_samples(self, both):
        ours, theirs = both
        new = spread_blobs(307, 3, 4, seed=4) * 2
        assert_array_equal(ours.predict(new), theirs.predict(new))
        assert_allclose(ours.predict_proba(new), theirs.predict_proba(new), rtol=1e-7, atol=1e-12)
        assert_allclose(ours.score_samples(new), theirs.score_samples(new), rtol=1e-9)
        assert ours.score(new) == pytest.approx(theirs.score(new), rel=1e-10)

    def test_criteria(self, both):
        ours, theirs = both
        new = spread_blobs(307, 3, 4, seed=4)
        assert ours.bic(new) == pytest.approx(theirs.bic(new), rel=1e-10)
        assert ours.aic(new) == pytest.approx(theirs.aic(new), rel=1e-10)

    def test_far_samples_have_a_density_and_posteriors(self, both):
        ours, theirs = both
        far = np.array([[1e4, 0, 0], [-1e4, 1e4, 0], [1e7, 1e7, 1e7]])
        assert_allclose(ours.score_samples(far), theirs.score_samples(far), rtol=1e-8)
        assert_allclose(ours.predict_proba(far), theirs.predict_proba(far), atol=1e-8)

    def test_sample(self, both):
        ours, theirs = both
        ours.random_state, theirs.random_state = np.random.RandomState(5), np.random.RandomState(5)
        for n_samples in (1, 50):
            (X, y), (theirs_X, theirs_y) = ours.sample(n_samples), theirs.sample(n_samples)
            assert_allclose(X, theirs_X, rtol=1e-7)
            assert_array_equal(y, theirs_y)
        assert same_state(ours.random_state, theirs.random_state)


class TestOtherDtypes:
    @pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint16])
    @pytest.mark.parametrize("init_params", STARTS)
    @pytest.mark.parametrize("covariance_type", COVARIANCES)
    def test_integers(self, covariance_type, init_params, dtype):
        X = (spread_blobs(2003, 3, 4, seed=6) * 4 + 120).round().clip(0, 255).astype(dtype)
        parameters = {"n_components": 3, "covariance_type": covariance_type, "init_params": init_params}
        ours, theirs = fit_both(X, X.astype(np.float64), **parameters)
        assert_same_mixture(ours, theirs, X.astype(np.float64))
        assert_array_equal(ours.predict(X), theirs.predict(X.astype(np.float64)))
        assert ours.means_.dtype == np.float64

    @pytest.mark.parametrize("n_features", [1, 4])
    @pytest.mark.parametrize("covariance_type", COVARIANCES)
    def test_integers_with_few_values(self, covariance_type, n_features):
        X = (spread_blobs(20_011, n_features, 3, seed=8) * 2 + 60).round().clip(0, 255).astype(np.uint8)
        ours, theirs = fit_both(X, X.astype(np.float64), n_components=3, covariance_type=covariance_type)
        assert_same_mixture(ours, theirs, X.astype(np.float64))

    @pytest.mark.parametrize("init_params", ["kmeans", "random"])
    @pytest.mark.parametrize("covariance_type", COVARIANCES)
    def test_float32_against_scikit_learn_in_float64(self, covariance_type, init_params):
        X = blobs(20_011, 4, 3, seed=1).astype(np.float32)
        parameters = {"n_components": 3, "covariance_type": covariance_type, "init_params": init_params, "tol": 1e-6}
        ours, theirs = fit_both(X, X.astype(np.float64), **parameters)
        assert ours.lower_bound_ == pytest.approx(theirs.lower_bound_, rel=1e-4)
        assert (ours.predict(X) == theirs.predict(X.astype(np.float64))).mean() > 0.999
        assert_same_parameters(ours, theirs, rtol=1e-3)

    @pytest.mark.parametrize("covariance_type", COVARIANCES)
    def test_float32_results(self, covariance_type):
        X = blobs(2003, 4, 3, seed=1).astype(np.float32)
        model = GaussianMixture(3, covariance_type=covariance_type, random_state=0).fit(X)
        for name in MIXTURE_PARAMETERS:
            assert getattr(model, name).dtype == np.float32
        for samples in (X, X.astype(np.float64)):
            assert model.predict_proba(samples).dtype == samples.dtype
            assert model.score_samples(samples).dtype == samples.dtype
            assert model.predict(samples).dtype == np.int64
        assert model.sample(5)[0].dtype == np.float64

    def test_float32_variances_are_never_negative(self):
        # scikit-learn's difference of squares loses all digits here.
        X = (1e4 + np.random.default_rng(0).normal(size=(4003, 2)) * 0.05).astype(np.float32)
        for covariance_type in COVARIANCES:
            model = GaussianMixture(1, covariance_type=covariance_type, reg_covar=0).fit(X)
            expected = np.cov(X.astype(np.float64).T, bias=True)
            got = {
                "full": lambda c: c[0].diagonal(),
                "tied": lambda c: c.diagonal(),
                "diag": lambda c: c[0],
                "spherical": lambda c: np.repeat(c, 2),
            }[covariance_type](model.covariances_)
            variances = expected.diagonal() if covariance_type != "spherical" else [expected.diagonal().mean()] * 2
            assert_allclose(got, variances, rtol=1e-3)


class TestRealInputs:
    @pytest.mark.parametrize("covariance_type", ["full", "diag"])
    def test_mri(self, mri, covariance_type, one_openmp_thread):
        ours, theirs = fit_both(mri, n_components=3, covariance_type=covariance_type, seed=123)
        assert_same_mixture(ours, theirs, mri)

    def test_photo(self, china, one_openmp_thread):
        ours, theirs = fit_both(china, china.astype(np.float64), n_components=2, seed=0)
        assert_same_mixture(ours, theirs, china.astype(np.float64))
