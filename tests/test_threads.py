"""Thread counts: how they are set, how others set them, and that they never change an answer."""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import threadpoolctl
from reference import blobs

import clast
from clast import GaussianMixture, KMeans


@pytest.fixture(autouse=True)
def restore_threads():
    before = clast.get_num_threads()
    yield
    clast.set_num_threads(before)


def result(X, weight=None, **parameters):
    """Everything a fit gives, as bytes."""
    model = KMeans(random_state=0, **parameters).fit(X, sample_weight=weight)
    distances = model.transform(X[:1000])
    return (
        model.labels_.tobytes(),
        model.cluster_centers_.tobytes(),
        np.float64(model.inertia_).tobytes(),
        model.n_iter_,
        distances.tobytes(),
        np.float64(model.score(X, sample_weight=weight)).tobytes(),
    )


def mixture_result(X, weight=None, **parameters):
    """Everything a mixture gives, as bytes."""
    model = GaussianMixture(random_state=0, tol=0, on_collapse="regularize", **parameters).fit(X, sample_weight=weight)
    arrays = [
        model.weights_,
        model.means_,
        model.covariances_,
        model.precisions_cholesky_,
        np.array(model.lower_bounds_),
        model.predict(X),
        model.predict_proba(X),
        model.score_samples(X),
        np.array(model.score(X, sample_weight=weight)),
    ]
    return [array.tobytes() for array in arrays]


SHAPES = [
    (50_021, 3, 8),
    (50_021, 1, 2),
    (20_011, 7, 5),
    (20_011, 33, 17),
    (8209, 200, 9),
    (257, 4, 3),
    (50_021, 4, 64),
]


class TestSameBits:
    @pytest.mark.parametrize("dtype", [np.float64, np.float32, np.uint8, np.uint16])
    @pytest.mark.parametrize(("n_samples", "n_features", "n_clusters"), SHAPES)
    def test_for_any_number_of_threads(self, n_samples, n_features, n_clusters, dtype):
        X = blobs(n_samples, n_features, 9, seed=n_features, spread=2).clip(0, 255).astype(dtype)
        with clast.threads(1):
            expected = result(X, n_clusters=n_clusters, max_iter=20)
        for n_threads in (2, 4, 7):
            with clast.threads(n_threads):
                assert result(X, n_clusters=n_clusters, max_iter=20) == expected, f"{n_threads} threads"

    @pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
    @pytest.mark.parametrize("dtype", [np.float64, np.float32, np.uint8])
    @pytest.mark.parametrize("covariance_type", ["full", "tied", "diag", "spherical"])
    @pytest.mark.parametrize(
        ("n_samples", "n_features", "n_components"), [(50_021, 1, 4), (50_021, 4, 3), (20_011, 7, 5), (4099, 33, 3)]
    )
    def test_of_mixtures(self, n_samples, n_features, n_components, covariance_type, dtype):
        X = blobs(n_samples, n_features, 5, seed=n_features, spread=2).clip(0, 255).astype(dtype)
        weight = np.random.default_rng(0).exponential(size=len(X))
        for sample_weight, init_params in ((None, "kmeans"), (weight, "random")):
            results = []
            for n_threads in (1, 2, 4):
                with clast.threads(n_threads):
                    results.append(
                        mixture_result(
                            X,
                            sample_weight,
                            n_components=n_components,
                            covariance_type=covariance_type,
                            init_params=init_params,
                            n_init=2,
                            max_iter=4,
                        )
                    )
            assert results[0] == results[1] == results[2]

    @pytest.mark.parametrize("order", ["C", "F"])
    def test_with_weights_and_runs(self, order):
        X = blobs(30_011, 5, 6, seed=1, spread=3).astype(np.float32, order=order)
        weight = np.random.default_rng(0).exponential(size=len(X))
        results = set()
        for n_threads in (1, 2, 4, 7):
            with clast.threads(n_threads):
                results.add(result(X, weight, n_clusters=6, n_init=3, init="random"))
        assert len(results) == 1

    def test_with_empty_clusters(self):
        X = blobs(30_011, 3, 6, seed=1)
        init = np.concatenate([X[:3], np.full((3, 3), 1e5)])
        results = set()
        for n_threads in (1, 2, 4, 7):
            with clast.threads(n_threads):
                results.add(result(X, n_clusters=6, init=init, n_init=1))
        assert len(results) == 1

    def test_for_many_python_threads_at_once(self):
        X = blobs(20_011, 4, 6, seed=2, spread=2)
        expected = [result(X, n_clusters=k) for k in range(2, 10)]
        for n_threads in (1, 3):
            with clast.threads(n_threads), ThreadPoolExecutor(8) as pool:
                futures = [pool.submit(result, X, n_clusters=k) for _ in range(3) for k in range(2, 10)]
                assert [future.result() for future in futures] == expected * 3

    def test_while_the_number_of_threads_changes(self):
        X = blobs(20_011, 4, 6, seed=2, spread=2)
        expected = result(X, n_clusters=6)
        stop = threading.Event()

        def change():
            n_threads = 0
            while not stop.is_set():
                n_threads = n_threads % 5 + 1
                clast.set_num_threads(n_threads)

        changer = threading.Thread(target=change)
        changer.start()
        try:
            for _ in range(20):
                assert result(X, n_clusters=6) == expected
        finally:
            stop.set()
            changer.join()


class TestSetting:
    def test_set_and_get(self):
        for n_threads in (1, 2, 5):
            clast.set_num_threads(n_threads)
            assert clast.get_num_threads() == n_threads

    @pytest.mark.parametrize("n_threads", [0, -1, 2.5, "two", None])
    def test_only_whole_numbers_from_1(self, n_threads):
        before = clast.get_num_threads()
        with pytest.raises((ValueError, TypeError, OverflowError)):
            clast.set_num_threads(n_threads)
        with pytest.raises((ValueError, TypeError, OverflowError)), clast.threads(n_threads):
            pass
        assert clast.get_num_threads() == before

    def test_more_than_could_ever_work_are_refused(self):
        clast.set_num_threads(256)
        with pytest.raises(ValueError, match="'n_threads' is 257, but must be at most 256"):
            clast.set_num_threads(257)
        assert clast.get_num_threads() == 256

    def test_zero_says_what_is_needed(self):
        with pytest.raises(ValueError, match="n_threads"):
            clast.set_num_threads(0)

    def test_threads_restores_even_after_an_error(self):
        clast.set_num_threads(3)
        seen = []

        def fail():
            seen.append(clast.get_num_threads())
            raise KeyError

        with pytest.raises(KeyError), clast.threads(1):
            fail()
        assert seen == [1]
        assert clast.get_num_threads() == 3

    @pytest.mark.parametrize(
        ("environment", "expected"),
        [
            ({"CLAST_NUM_THREADS": "3"}, "3"),
            ({"CLAST_NUM_THREADS": "", "OMP_NUM_THREADS": "5"}, "5"),
            ({"CLAST_NUM_THREADS": "3", "OMP_NUM_THREADS": "5"}, "3"),
            ({"CLAST_NUM_THREADS": "100000"}, "256"),
        ],
    )
    def test_environment(self, run_python, environment, expected):
        code = "import clast; print(clast.get_num_threads())"
        assert run_python(code, **environment).strip() == expected

    @pytest.mark.parametrize("value", ["0", "-2", "many", ""])
    def test_nonsense_in_the_environment_is_passed_over(self, run_python, value):
        code = "import clast; print(clast.get_num_threads() >= 1)"
        assert run_python(code, CLAST_NUM_THREADS=value, OMP_NUM_THREADS=value).strip() == "True"


class TestThreadpoolctl:
    def test_limits_and_restores(self):
        clast.set_num_threads(4)
        with threadpoolctl.threadpool_limits(1):
            assert clast.get_num_threads() == 1
        assert clast.get_num_threads() == 4

    def test_by_name(self):
        clast.set_num_threads(4)
        with threadpoolctl.threadpool_limits(2, user_api="clast"):
            assert clast.get_num_threads() == 2
        with threadpoolctl.threadpool_limits(1000, user_api="clast"):
            assert clast.get_num_threads() == 256
        with threadpoolctl.threadpool_limits(2, user_api="blas"):
            assert clast.get_num_threads() == 4
        assert clast.get_num_threads() == 4

    def test_info(self):
        clast.set_num_threads(3)
        ours = [library for library in threadpoolctl.threadpool_info() if library["user_api"] == "clast"]
        assert len(ours) == 1
        assert ours[0]["num_threads"] == 3
        assert ours[0]["version"] == clast.__version__

    def test_works_right_after_import(self, run_python):
        code = """
import threadpoolctl, clast
clast.set_num_threads(4)
with threadpoolctl.threadpool_limits(1):
    print(clast.get_num_threads())
print(clast.get_num_threads())
"""
        assert run_python(code).split() == ["1", "4"]
