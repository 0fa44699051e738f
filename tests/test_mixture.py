"""How GaussianMixture behaves: what it prints, warns of and refuses, its outputs, and collapsed components."""

import pickle
import re

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
import scipy.stats
import sklearn.mixture
from numpy.testing import assert_allclose, assert_array_equal
from reference import assert_same_mixture, blobs, same_state
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError

from clast import GaussianMixture, KMeans

COVARIANCES = ["full", "tied", "diag", "spherical"]
X = blobs(607, 3, 4, seed=0)
ILL_DEFINED = "Fitting the mixture model failed because some components have ill-defined empirical covariance"


@pytest.fixture(scope="module", params=COVARIANCES)
def model(request):
    return GaussianMixture(4, covariance_type=request.param, random_state=0).fit(X)


class TestDensity:
    def test_is_that_of_scipy(self, model):
        covariances = {
            "full": lambda c: c,
            "tied": lambda c: [c] * 4,
            "diag": lambda c: [np.diag(row) for row in c],
            "spherical": lambda c: [np.eye(3) * value for value in c],
        }[model.covariance_type](model.covariances_)
        densities = np.stack(
            [
                weight * scipy.stats.multivariate_normal(mean, covariance).pdf(X)
                for weight, mean, covariance in zip(model.weights_, model.means_, covariances, strict=True)
            ],
            axis=1,
        )
        assert_allclose(model.score_samples(X), np.log(densities.sum(axis=1)), rtol=1e-10)
        assert_allclose(model.predict_proba(X), densities / densities.sum(axis=1, keepdims=True), rtol=1e-8, atol=1e-14)
        assert_array_equal(model.predict(X), densities.argmax(axis=1))

    def test_fit_predict_is_fit_then_predict(self, model):
        again = clone(model)
        assert_array_equal(again.fit_predict(X), model.predict(X))
        assert_array_equal(again.means_, model.means_)

    def test_a_tie_goes_to_the_first_component(self):
        model = GaussianMixture(
            2, weights_init=[0.5, 0.5], means_init=[[0.0], [0.0]], precisions_init=[[[1.0]], [[1.0]]], max_iter=0
        ).fit([[0.0], [1.0]])
        assert_array_equal(model.predict([[0.0], [5.0]]), [0, 0])
        assert_array_equal(model.predict_proba([[3.0]]), [[0.5, 0.5]])

    def test_given_precisions_are_factorised(self):
        precisions = np.array([[[2.0, 0.3], [0.3, 1.0]]])
        model = GaussianMixture(
            1, weights_init=[1.0], means_init=[[0.0, 0.0]], precisions_init=precisions, max_iter=0
        ).fit(X[:, :2])
        factor = model.precisions_cholesky_[0]
        assert_allclose(factor, np.triu(factor))
        assert_allclose(model.precisions_, precisions, rtol=1e-14)
        assert_allclose(model.covariances_[0] @ precisions[0], np.eye(2), atol=1e-14)


class TestOutputs:
    @pytest.mark.parametrize("dtype", [np.float32, np.float64])
    def test_dtypes_of_floats(self, model, dtype):
        for method in (model.predict_proba, model.score_samples):
            found = method(X, dtype=dtype)
            assert found.dtype == dtype
            assert_allclose(found, method(X), rtol=1e-6, atol=1e-7)

    def test_bytes_are_rounded(self, model):
        found = model.predict_proba(X, dtype="uint8")
        assert found.dtype == np.uint8
        assert_array_equal(found, np.rint(255 * model.predict_proba(X)))

    @pytest.mark.parametrize("dtype", [np.float32, np.float64, np.uint8])
    def test_out(self, model, dtype, tmp_path):
        out = np.lib.format.open_memmap(tmp_path / "posteriors.npy", mode="w+", dtype=dtype, shape=(len(X), 4))
        assert model.predict_proba(X, out=out) is out
        out.flush()
        assert_array_equal(np.load(tmp_path / "posteriors.npy"), model.predict_proba(X, dtype=dtype))
        if dtype != np.uint8:
            out = np.empty(len(X), dtype=dtype)
            assert model.score_samples(X, out=out, dtype=dtype) is out
            assert_array_equal(out, model.score_samples(X, dtype=dtype))

    @pytest.mark.parametrize(
        ("options", "error", "message"),
        [
            ({"out": [[0.0]]}, TypeError, "'out' is a list, but must be a numpy array"),
            ({"dtype": np.int32}, TypeError, "'dtype' is int32, but must be one of float64, float32, uint8"),
            ({"out": np.empty((607, 4), np.float16)}, TypeError, "'out' is float16, but must be one of float64"),
            ({"out": np.empty((607, 3))}, ValueError, r"'out' has shape \(607, 3\), but \(607, 4\) is needed"),
            ({"out": np.empty((4, 607)).T}, ValueError, "'out' must be C-contiguous, aligned and writable"),
            ({"out": np.broadcast_to(0.0, (607, 4))}, ValueError, "'out' must be C-contiguous, aligned and writable"),
            ({"out": np.empty((607, 4)), "dtype": np.float32}, ValueError, "'out' is float64, but 'dtype' is float32"),
        ],
    )
    def test_what_cannot_be_written_to(self, model, options, error, message):
        with pytest.raises(error, match=message):
            model.predict_proba(X, **options)

    def test_densities_are_no_bytes(self, model):
        with pytest.raises(TypeError, match="'dtype' is uint8, but must be one of float64, float32"):
            model.score_samples(X, dtype=np.uint8)


class TestSamples:
    def test_data_frame(self):
        frame = pd.DataFrame(X, columns=list("abc"))
        model = GaussianMixture(2, random_state=0).fit(frame)
        assert_array_equal(model.means_, GaussianMixture(2, random_state=0).fit(X).means_)
        assert_array_equal(model.feature_names_in_, list("abc"))
        with pytest.raises(ValueError, match="feature names should match"):
            model.predict(frame[list("cba")])

    def test_sparse_is_refused_and_the_cure_named(self):
        with pytest.raises(TypeError, match=r"[Ss]parse.*dense data is required.*\.toarray\(\)"):
            GaussianMixture(2).fit(scipy.sparse.csr_array(X))

    @pytest.mark.parametrize("layout", [np.asfortranarray, lambda a: np.repeat(a, 2, axis=0)[::2]])
    @pytest.mark.parametrize("dtype", [np.float64, np.float32, np.uint8, np.int16, np.uint16])
    def test_layouts_do_not_change_the_answer(self, layout, dtype):
        samples = X.astype(dtype)
        for init_params in ("kmeans", "random", "k-means++"):
            plain = GaussianMixture(3, init_params=init_params, random_state=0, tol=0.1).fit(samples)
            other = GaussianMixture(3, init_params=init_params, random_state=0, tol=0.1).fit(layout(samples))
            assert_array_equal(plain.means_, other.means_)
            assert_array_equal(plain.covariances_, other.covariances_)

    def test_input_is_never_modified(self):
        samples, means, weight = X.copy(), X[:2].copy(), np.arange(len(X), dtype=np.float64)
        model = GaussianMixture(2, means_init=means, max_iter=0).fit(samples, sample_weight=weight)
        assert_array_equal(samples, X)
        assert_array_equal(means, X[:2])
        assert_array_equal(weight, np.arange(len(X)))
        assert not np.may_share_memory(model.means_, means)

    @pytest.mark.parametrize(
        ("samples", "message"),
        [
            (X[0], "Expected 2D array, got 1D array instead"),
            (X[:1], "Found array with 1 sample"),
            (X[:3], re.escape("Expected n_samples >= n_components but got n_components = 4, n_samples = 3")),
            (np.concatenate([X, [[0, np.nan, 0]]]), "contains NaN"),
            (np.concatenate([X, [[0, 0, np.inf]]]), "contains infinity"),
        ],
    )
    def test_that_cannot_be_fitted(self, samples, message):
        for method in ("fit", "fit_predict", "partial_fit"):
            with pytest.raises(ValueError, match=message):
                getattr(GaussianMixture(4), method)(samples)

    def test_other_features(self, model):
        for method in ("predict", "predict_proba", "score_samples", "score", "bic", "aic", "statistics"):
            with pytest.raises(ValueError, match="X has 2 features, but GaussianMixture is expecting 3 features"):
                getattr(model, method)(X[:, :2])

    @pytest.mark.parametrize(
        "method", ["predict", "predict_proba", "score_samples", "score", "bic", "aic", "statistics"]
    )
    def test_before_the_fit(self, method):
        with pytest.raises(NotFittedError, match="This GaussianMixture instance is not fitted yet"):
            getattr(GaussianMixture(2), method)(X)


class TestParameters:
    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("n_components", 0),
            ("covariance_type", "round"),
            ("tol", -1),
            ("reg_covar", -1e-6),
            ("max_iter", -1),
            ("n_init", 0),
            ("init_params", "first"),
            ("on_collapse", "ignore"),
            ("verbose_interval", 0),
            ("warm_start", "yes"),
        ],
    )
    def test_out_of_range(self, name, value):
        with pytest.raises(ValueError, match=f"The '{name}' parameter of GaussianMixture must be"):
            GaussianMixture(**{name: value}).fit(X)

    def test_are_scikit_learns_and_one_more(self):
        ours, theirs = GaussianMixture().get_params(), sklearn.mixture.GaussianMixture().get_params()
        assert ours.pop("on_collapse") == "raise"
        assert ours == theirs
        assert repr(GaussianMixture(3, tol=0.5)) == repr(sklearn.mixture.GaussianMixture(3, tol=0.5))

    def test_fitted_attributes_are_scikit_learns(self):
        def fitted(model):
            return {name for name in vars(model) if name.endswith("_") and not name.startswith("_")}

        frame = pd.DataFrame(X, columns=list("abc"))
        theirs = fitted(sklearn.mixture.GaussianMixture(2).fit(frame)) | {"lower_bounds_"}  # since scikit-learn 1.7
        assert fitted(GaussianMixture(2).fit(frame)) == theirs

    def test_methods_are_at_least_scikit_learns(self):
        def public(model):
            return {name for name in dir(model) if not name.startswith("_")}

        assert public(sklearn.mixture.GaussianMixture()) <= public(GaussianMixture())

    def test_fit_stores_nothing_in_them(self):
        model = GaussianMixture(2, weights_init=[0.5, 0.5], means_init=X[:2].tolist())
        before = dict(model.get_params())
        assert model.fit(X).get_params() == before

    @pytest.mark.parametrize("dtype", [np.float32, np.float64])
    def test_pickle(self, dtype):
        model = GaussianMixture(3, random_state=0).fit(X.astype(dtype))
        copy = pickle.loads(pickle.dumps(model))
        assert_array_equal(copy.predict_proba(X), model.predict_proba(X))

    def test_complete_starts_draw_nothing(self):
        state, untouched = np.random.RandomState(3), np.random.RandomState(3)
        GaussianMixture(
            2, weights_init=[0.5, 0.5], means_init=X[:2], precisions_init=[np.eye(3)] * 2, random_state=state
        ).fit(X)
        assert same_state(state, untouched)

    def test_start_from_kmeans_is_that_of_kmeans(self):
        model = GaussianMixture(4, random_state=7, max_iter=0).fit(X)
        kmeans = KMeans(4, n_init=1, random_state=7).fit(X)
        assert_allclose(model.means_, [X[kmeans.labels_ == j].mean(axis=0) for j in range(4)], rtol=1e-12)


class TestWarningsAndPrints:
    def test_no_convergence(self):
        with pytest.warns(ConvergenceWarning, match="Best performing initialization did not converge") as caught:
            GaussianMixture(4, max_iter=1, random_state=0).fit(X)
        assert len(caught) == 1
        assert caught[0].filename == __file__

    @pytest.mark.filterwarnings("error")
    def test_none_without_iterations(self):
        GaussianMixture(4, max_iter=0, random_state=0).fit(X)

    @pytest.mark.parametrize("verbose", [0, 1, 2])
    @pytest.mark.filterwarnings("ignore:Best performing initialization did not converge")
    def test_one_run_prints_what_scikit_learn_prints(self, capsys, verbose):
        parameters = {"init_params": "random", "random_state": 0, "max_iter": 25, "tol": 0}
        printed = []
        for Model in (GaussianMixture, sklearn.mixture.GaussianMixture):
            Model(3, verbose=verbose, verbose_interval=2, **parameters).fit(X)
            printed.append(re.sub(r"time lapse [\d.]+s", "time", capsys.readouterr().out))
        # The last digits of what is near zero are rounding.
        ours, theirs = (re.sub(r"-0\.00000", "0.00000", text) for text in printed)
        assert ours == theirs

    def test_several_runs_are_named(self, capsys):
        GaussianMixture(3, n_init=2, verbose=1, verbose_interval=1, random_state=0, tol=0.1).fit(X)
        lines = capsys.readouterr().out.splitlines()
        assert lines[:2] == ["Initialization 0", "Initialization 1"]
        assert "Run 1:   Iteration 1" in lines
        assert {"Run 0: Initialization converged.", "Run 1: Initialization converged."} <= set(lines)


# Blobs, and one point, five times, far from them. At the origin its variance is exactly 0 for scikit-learn, too.
FAR_APART = np.concatenate([X, np.zeros((5, 3))])


class TestCollapse:
    @pytest.mark.parametrize("covariance_type", ["full", "diag", "spherical"])
    def test_raises_scikit_learns_error(self, covariance_type):
        means = np.concatenate([X[:2], np.zeros((1, 3))])
        for Model in (GaussianMixture, sklearn.mixture.GaussianMixture):
            with pytest.raises(ValueError, match=ILL_DEFINED):
                Model(3, covariance_type=covariance_type, means_init=means, reg_covar=0, random_state=0).fit(FAR_APART)

    @pytest.mark.parametrize("covariance_type", ["full", "diag", "spherical"])
    def test_is_regularised_on_the_scale_of_the_data(self, covariance_type):
        samples = FAR_APART
        model = GaussianMixture(
            3, covariance_type=covariance_type, reg_covar=0, random_state=0, on_collapse="regularize"
        )
        with pytest.warns(ConvergenceWarning, match="the covariance of component") as caught:
            model.fit(samples)
        assert caught[0].filename == __file__
        lonely = int(model.predict(samples[-1:])[0])
        assert f"component {lonely} collapsed" in str(caught[0].message)
        assert "decrease the number of components or to increase reg_covar" in str(caught[0].message)
        assert_allclose(model.means_[lonely], 0, atol=1e-6)
        assert model.weights_[lonely] == pytest.approx(5 / len(samples))
        variance = model.covariances_[lonely] if covariance_type != "full" else model.covariances_[lonely].diagonal()
        assert (variance > 1e-7 * samples.var(axis=0).mean()).all()
        assert (variance < 1e-3 * samples.var(axis=0).mean()).all()
        assert np.isfinite(model.score(samples))

    # Away from the origin rounding leaves a variance of 1e-26, which has a Cholesky factor in every other iteration.
    @pytest.mark.parametrize("covariance_type", ["full", "diag", "spherical"])
    def test_rounding_is_no_variance(self, covariance_type):
        samples = np.concatenate([X, np.full((5, 3), 400.0)])
        model = GaussianMixture(
            3,
            covariance_type=covariance_type,
            means_init=np.concatenate([X[:2], samples[-1:]]),
            reg_covar=0,
            random_state=0,
            on_collapse="regularize",
        )
        with pytest.warns(ConvergenceWarning, match="collapsed"):
            model.fit(samples)
        assert model.converged_
        smallest = min(np.linalg.eigvalsh(c).min() if np.ndim(c) == 2 else np.min(c) for c in model.covariances_)
        assert smallest > 1e-7 * samples.var(axis=0).mean()

    @pytest.mark.parametrize("scale", [1e-6, 1, 1e6])
    def test_the_answer_has_the_scale_of_the_data(self, scale):
        model = GaussianMixture(3, reg_covar=0, random_state=0, on_collapse="regularize")
        with pytest.warns(ConvergenceWarning, match="collapsed"):
            plain = clone(model).fit(FAR_APART)
        with pytest.warns(ConvergenceWarning, match="collapsed"):
            scaled = clone(model).fit(FAR_APART * scale)
        assert_allclose(scaled.means_, plain.means_ * scale, rtol=1e-8)
        assert_allclose(scaled.covariances_ / scale**2, plain.covariances_, rtol=1e-6, atol=1e-12)

    @pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
    @pytest.mark.parametrize("covariance_type", COVARIANCES)
    @pytest.mark.parametrize("value", [0.0, 7.0])
    def test_constant_samples(self, covariance_type, value):
        samples = np.full((20, 3), value)
        model = GaussianMixture(2, covariance_type=covariance_type, reg_covar=0, random_state=0)
        with pytest.raises(ValueError, match=ILL_DEFINED):
            clone(model).fit(samples)
        regularized = model.set_params(on_collapse="regularize").fit(samples)
        assert np.isfinite(regularized.covariances_).all()
        assert np.isfinite(regularized.score(samples))

    def test_one_covariance_for_all_is_named_as_such(self):
        samples = np.repeat([[0.0, 0.0], [5.0, 0.0]], 10, axis=0)
        model = GaussianMixture(2, covariance_type="tied", reg_covar=0, random_state=0, on_collapse="regularize")
        with pytest.warns(ConvergenceWarning, match="the covariance of all components collapsed"):
            model.fit(samples)

    def test_changes_nothing_where_nothing_collapses(self):
        plain = GaussianMixture(4, random_state=0).fit(X)
        careful = GaussianMixture(4, random_state=0, on_collapse="regularize").fit(X)
        assert_array_equal(plain.covariances_, careful.covariances_)


class TestWarmStart:
    def test_after_a_failed_fit_starts_from_what_was(self):
        model = GaussianMixture(3, warm_start=True, random_state=0).fit(X)
        means = model.means_
        with pytest.raises(ValueError, match="contains NaN"):
            model.fit(np.full((5, 3), np.nan))
        assert_array_equal(model.means_, means)

    def test_float32(self):
        samples = X.astype(np.float32)
        parameters = {"warm_start": True, "max_iter": 5, "tol": 1e-4, "random_state": 0}
        ours, theirs = GaussianMixture(3, **parameters), sklearn.mixture.GaussianMixture(3, **parameters)
        for _ in range(2):
            ours.fit(samples)
            theirs.fit(samples.astype(np.float64))
        assert_allclose(ours.means_, theirs.means_, rtol=1e-4)

    def test_off_forgets(self):
        model = GaussianMixture(3, random_state=0).fit(X[:300])
        theirs = sklearn.mixture.GaussianMixture(3, random_state=0).fit(X)
        assert_same_mixture(model.fit(X), theirs, X)
