"""What KMeans takes as samples: layouts, dtypes and containers, and one clear line for what it does not take."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from numpy.testing import assert_array_equal
from reference import blobs

from clast import KMeans, kmeans_plusplus

X = blobs(607, 4, 5, seed=0)
INTEGERS = (X * 5).round()
DTYPES = [np.float64, np.float32, np.uint8, np.int16, np.uint16]


def fit(samples, **parameters):
    return KMeans(5, random_state=0, **parameters).fit(samples)


def assert_identical(model, expected):
    assert_array_equal(model.labels_, expected.labels_)
    assert model.cluster_centers_.tobytes() == expected.cluster_centers_.tobytes()
    assert (model.inertia_, model.n_iter_) == (expected.inertia_, expected.n_iter_)


def read_only(samples):
    samples = samples.copy()
    samples.flags.writeable = False
    return samples


def unaligned(samples):
    """The same values at an odd address."""
    buffer = np.empty(samples.nbytes + 1, dtype=np.uint8)
    view = buffer[1:].view(samples.dtype).reshape(samples.shape)
    view[...] = samples
    return view


LAYOUTS = {
    "fortran": np.asfortranarray,
    "every second row": lambda samples: np.repeat(samples, 2, axis=0)[::2],
    "every second column": lambda samples: np.repeat(samples, 2, axis=1)[:, ::2],
    "reversed": lambda samples: np.ascontiguousarray(samples[::-1, ::-1])[::-1, ::-1],
    "a channel-first image": lambda samples: np.ascontiguousarray(samples.T).T,
    "broadcast weights of memory": lambda samples: np.stack([samples, samples])[0],
    "read-only": read_only,
    "unaligned": unaligned,
    "big-endian": lambda samples: samples.astype(samples.dtype.newbyteorder(">")),
}


class TestLayouts:
    @pytest.mark.parametrize("dtype", DTYPES)
    @pytest.mark.parametrize("layout", LAYOUTS)
    def test_do_not_change_the_answer(self, layout, dtype):
        samples = INTEGERS.astype(dtype)
        laid_out = LAYOUTS[layout](samples)
        before = laid_out.copy()
        model = fit(laid_out)
        if layout == "big-endian" and dtype == np.float32:
            samples = samples.astype(np.float64)
        assert_identical(model, fit(samples))
        assert_array_equal(model.predict(laid_out), model.labels_)
        assert_array_equal(model.transform(laid_out), model.transform(samples))
        assert_array_equal(laid_out, before)

    @pytest.mark.parametrize("dtype", DTYPES)
    def test_kmeans_plusplus(self, dtype):
        samples = INTEGERS.astype(dtype)
        _, expected = kmeans_plusplus(samples, 5, random_state=0)
        for layout in LAYOUTS.values():
            centers, indices = kmeans_plusplus(layout(samples), 5, random_state=0)
            assert_array_equal(indices, expected)
            assert_array_equal(centers, samples[expected])

    @pytest.mark.parametrize("copy_x", [True, False])
    def test_input_is_never_modified(self, copy_x):
        samples, init, weight = X.copy(), X[:5].copy(), np.arange(len(X), dtype=np.float64)
        KMeans(5, init=init, n_init=1, copy_x=copy_x).fit(samples, sample_weight=weight)
        assert_array_equal(samples, X)
        assert_array_equal(init, X[:5])
        assert_array_equal(weight, np.arange(len(X)))

    def test_results_share_no_memory_with_the_input(self):
        init = X[:5].copy()
        model = KMeans(5, init=init, n_init=1, max_iter=1).fit(X)
        assert not np.may_share_memory(model.cluster_centers_, init)


class TestDtypes:
    @pytest.mark.parametrize("dtype", [np.int8, np.int32, np.int64, np.uint32, np.float16, np.longdouble])
    def test_any_other_number_becomes_float64(self, dtype):
        samples = (INTEGERS - INTEGERS.min()).astype(dtype)
        model = fit(samples)
        assert_identical(model, fit(samples.astype(np.float64)))
        assert model.cluster_centers_.dtype == np.float64

    def test_booleans(self):
        samples = np.median(X, axis=0) < X
        assert_identical(fit(samples), fit(samples.astype(np.float64)))

    @pytest.mark.parametrize("dtype", DTYPES)
    def test_of_the_results(self, dtype):
        samples = INTEGERS.astype(dtype)
        model = fit(samples)
        expected = np.float32 if dtype == np.float32 else np.float64
        assert model.cluster_centers_.dtype == expected
        assert model.transform(samples).dtype == expected
        assert model.labels_.dtype == np.int32
        assert model.predict(samples).dtype == np.int32
        assert isinstance(model.inertia_, float)
        assert isinstance(model.n_iter_, int)

    def test_the_extremes_of_integers(self):
        for dtype in (np.uint8, np.int16, np.uint16):
            info = np.iinfo(dtype)
            model = KMeans(2, random_state=0).fit(np.array([[info.min], [info.max]] * 300, dtype=dtype))
            assert sorted(model.cluster_centers_.ravel()) == [info.min, info.max]
            assert model.inertia_ == 0


class TestContainers:
    def test_lists(self):
        assert_identical(fit(X.tolist()), fit(X))

    def test_data_frame(self):
        frame = pd.DataFrame(X, columns=list("abcd"))
        model = fit(frame)
        assert_identical(model, fit(X))
        assert_array_equal(model.feature_names_in_, list("abcd"))
        with pytest.raises(ValueError, match="feature names should match"):
            model.predict(frame[list("dcba")])

    def test_data_frame_of_integers(self):
        frame = pd.DataFrame(INTEGERS.astype(np.uint8), columns=list("abcd"))
        assert_identical(fit(frame), fit(INTEGERS.astype(np.uint8)))

    @pytest.mark.parametrize("container", [scipy.sparse.csr_array, scipy.sparse.csc_matrix, scipy.sparse.coo_array])
    def test_sparse_is_refused_and_the_cure_named(self, container):
        cure = r"[Ss]parse.*dense data is required.*\.toarray\(\)"
        with pytest.raises(TypeError, match=cure):
            fit(container(X))
        with pytest.raises(TypeError, match=cure):
            fit(X).predict(container(X))
        with pytest.raises(TypeError, match=cure):
            kmeans_plusplus(container(X), 2)


def with_value(value):
    samples = X.copy()
    samples[-1, -1] = value
    return samples


class TestErrors:
    @pytest.mark.parametrize(
        ("samples", "message", "error"),
        [
            (X[0], "Expected 2D array, got 1D array instead", ValueError),
            (X[None], r"Found array with dim 3", ValueError),
            (X[:0], r"Found array with 0 sample\(s\)", ValueError),
            (X[:, :0], r"Found array with 0 feature\(s\)", ValueError),
            (with_value(np.nan), "contains NaN", ValueError),
            (with_value(np.inf), "contains infinity", ValueError),
            (with_value(-np.inf).astype(np.float32), "contains infinity", ValueError),
            (np.array([["a", "b"], ["c", "d"]]), "could not convert string to float|unable to convert", ValueError),
            (np.array([[object(), 1], [2, 3]]), "must be a string or a real number", TypeError),
            (X + 1j, "Complex data not supported", ValueError),
            (X[:3], r"n_samples=3 should be >= n_clusters=5", ValueError),
        ],
    )
    def test_samples(self, samples, message, error):
        for call in (fit, lambda samples: kmeans_plusplus(samples, 5)):
            with pytest.raises(error, match=message):
                call(samples)

    @pytest.mark.parametrize("value", [np.nan, np.inf])
    def test_samples_to_predict(self, value):
        for method in ("predict", "transform", "score"):
            with pytest.raises(ValueError, match=r"NaN|infinity"):
                getattr(fit(X), method)(with_value(value))

    def test_another_number_of_features(self):
        with pytest.raises(ValueError, match="X has 3 features, but KMeans is expecting 4 features"):
            fit(X).predict(X[:, :3])

    @pytest.mark.parametrize(
        ("parameters", "name"),
        [
            ({"n_clusters": 0}, "n_clusters"),
            ({"n_clusters": -1}, "n_clusters"),
            ({"n_clusters": 2.5}, "n_clusters"),
            ({"n_init": 0}, "n_init"),
            ({"n_init": "many"}, "n_init"),
            ({"max_iter": 0}, "max_iter"),
            ({"tol": -1}, "tol"),
            ({"init": "kmeans"}, "init"),
            ({"algorithm": "hamerly"}, "algorithm"),
            ({"random_state": "seed"}, "random_state"),
            ({"copy_x": "no"}, "copy_x"),
        ],
    )
    def test_parameters(self, parameters, name):
        with pytest.raises(ValueError, match=f"The '{name}' parameter of KMeans must be .* Got .* instead"):
            KMeans(**parameters).fit(X)

    @pytest.mark.parametrize("wrap", [lambda init: init, lambda init: lambda X, k, random_state: init])
    @pytest.mark.parametrize(
        ("init", "message"),
        [
            (X[:2], r"initial centers \(2, 4\) does not match the number of clusters 5"),
            (X[:5, :2], r"initial centers \(5, 2\) does not match the number of features of the data 4"),
            (with_value(np.nan)[-5:], "NaN"),
        ],
    )
    def test_initial_centers(self, init, message, wrap):
        with pytest.raises(ValueError, match=message):
            fit(X, init=wrap(init), n_init=1)

    @pytest.mark.parametrize(
        ("weight", "message"),
        [
            (np.ones(3), r"sample_weight\.shape == \(3,\), expected \(607,\)!"),
            (np.ones((607, 1)), "Sample weights must be 1D array or scalar"),
            (np.full(607, np.nan), "sample_weight contains NaN"),
            (np.full(607, np.inf), "sample_weight contains infinity"),
            (-np.ones(607), "Negative values in data passed to `sample_weight`"),
            (np.zeros(607), "Sample weights must contain at least one non-zero number"),
            (0, "Sample weights must contain at least one non-zero number"),
        ],
    )
    def test_weights(self, weight, message):
        for call in (
            lambda: KMeans(5).fit(X, sample_weight=weight),
            lambda: fit(X).score(X, sample_weight=weight),
            lambda: kmeans_plusplus(X, 5, sample_weight=np.asarray(weight) + np.zeros(1)),
        ):
            with pytest.raises(ValueError, match=message if np.ndim(weight) else "."):
                call()

    def test_not_fitted(self):
        for method in ("predict", "transform", "score", "get_feature_names_out"):
            with pytest.raises(ValueError, match="not fitted yet"):
                getattr(KMeans(), method)(X) if method != "get_feature_names_out" else KMeans().get_feature_names_out()

    def test_kmeans_plusplus_parameters(self):
        with pytest.raises(ValueError, match="'n_clusters' parameter of kmeans_plusplus must be an int in the range"):
            kmeans_plusplus(X, 0)
        with pytest.raises(ValueError, match="'n_local_trials' parameter of kmeans_plusplus must be"):
            kmeans_plusplus(X, 2, n_local_trials=0)
        with pytest.raises(
            ValueError, match="length of x_squared_norms 2 should be equal to the length of n_samples 607"
        ):
            kmeans_plusplus(X, 2, x_squared_norms=[1.0, 2.0])
