"""KMeans on cases small enough to check by hand, and what each of its parameters does."""

import re

import numpy as np
import pytest
import sklearn.cluster
from numpy.testing import assert_allclose, assert_array_equal
from reference import absolute_tol, assert_same_fit, assert_same_fit_in_any_order, blobs, lloyd
from sklearn.exceptions import ConvergenceWarning

from clast import KMeans

FOUR = np.array([[0, 0], [0.5, 0], [0.5, 1], [1, 1]])
CORNERS = np.array([[0.0, 0.0], [1.0, 1.0]])


class TestByHand:
    @pytest.mark.parametrize("algorithm", ["lloyd", "elkan"])
    @pytest.mark.parametrize("dtype", [np.float32, np.float64])
    def test_weighted_pairs(self, algorithm, dtype):
        model = KMeans(2, init=CORNERS, n_init=1, algorithm=algorithm)
        model.fit(FOUR.astype(dtype), sample_weight=[3, 1, 1, 3])
        assert_array_equal(model.labels_, [0, 0, 1, 1])
        assert_allclose(model.cluster_centers_, [[0.125, 0], [0.875, 1]])
        assert model.inertia_ == pytest.approx(0.375)
        assert model.n_iter_ == 2

    def test_one_cluster_is_the_mean(self):
        model = KMeans(1).fit(FOUR)
        assert_array_equal(model.labels_, [0, 0, 0, 0])
        assert_allclose(model.cluster_centers_, [[0.5, 0.5]])
        assert model.inertia_ == pytest.approx(1.5)
        assert model.n_iter_ == 2

    def test_a_tie_goes_to_the_lower_index(self):
        X = np.array([[0.0], [1.0], [2.0]])
        assert_array_equal(KMeans(2, init=[[0.0], [2.0]], n_init=1, max_iter=1).fit(X).predict([[0.75], [1.0]]), [0, 0])
        model = KMeans(2, init=[[2.0], [0.0]], n_init=1).fit(X)
        assert_array_equal(model.labels_, [1, 0, 0])

    def test_every_sample_its_own_cluster(self):
        model = KMeans(4, random_state=0).fit(FOUR)
        assert sorted(model.labels_) == [0, 1, 2, 3]
        assert_allclose(model.cluster_centers_[model.labels_], FOUR)
        assert model.inertia_ == 0

    def test_an_empty_cluster_takes_the_farthest_sample(self):
        X = np.array([[0.0], [1.0], [2.0], [9.0]])
        model = KMeans(2, init=[[1.0], [100.0]], n_init=1).fit(X)
        assert_array_equal(model.labels_, [0, 0, 0, 1])
        assert_allclose(model.cluster_centers_, [[1.0], [9.0]])
        # The extra step finds labels that the first iteration did not have, so it takes a second one.
        assert model.n_iter_ == 2

    def test_several_empty_clusters_take_the_farthest_first(self):
        X = np.array([[-10.0], [-9.5], [-9], [-8.5], [-8], [-1], [1], [9], [9.5], [10]])
        model = KMeans(3, init=[[-10.0], [-100], [-100]], n_init=1, max_iter=1).fit(X)
        theirs = sklearn.cluster.KMeans(3, init=[[-10.0], [-100], [-100]], n_init=1, max_iter=1).fit(X)
        assert_allclose(model.cluster_centers_, [[-36 / 8], [10], [9.5]])
        assert_same_fit_in_any_order(model, theirs)

    def test_a_cluster_that_stays_empty_sits_on_the_heaviest(self):
        # Every sample is on its center, so none can move. (scikit-learn means the same, but takes the sum of the
        # heaviest cluster instead of its mean if that has the higher index.)
        X = np.array([[0.0], [4.0], [4.0], [4.0]])
        with pytest.warns(ConvergenceWarning):
            model = KMeans(3, init=[[0.0], [0.0], [4.0]], n_init=1).fit(X)
        assert_array_equal(model.cluster_centers_, [[0], [4], [4]])
        assert_array_equal(model.labels_, [0, 1, 1, 1])
        assert_array_equal(model.predict(X), model.labels_)

    def test_a_relocated_sample_takes_its_weight_along(self):
        model = KMeans(2, init=[[-1.0], [10.0]], n_init=1).fit([[-1.0], [1.0]], sample_weight=[1.9, 0.1])
        assert_array_equal(model.labels_, [0, 1])
        assert_allclose(model.cluster_centers_, [[-1], [1]])


class TestStopping:
    X = blobs(1009, 3, 6, seed=3, spread=3)
    init = X[:6]

    @pytest.mark.parametrize("max_iter", [1, 2, 3, 7, 300])
    @pytest.mark.parametrize("tol", [0, 1e-4, 1e-1])
    def test_agrees_with_the_reference(self, max_iter, tol):
        model = KMeans(6, init=self.init, n_init=1, max_iter=max_iter, tol=tol).fit(self.X)
        labels, centers, inertia, n_iter = lloyd(self.X, self.init, None, max_iter, absolute_tol(self.X, tol))
        assert model.n_iter_ == n_iter
        assert_array_equal(model.labels_, labels)
        assert_allclose(model.cluster_centers_, centers, rtol=1e-12)
        assert model.inertia_ == pytest.approx(inertia, rel=1e-12)

    @pytest.mark.parametrize("dtype", [np.float32, np.float64])
    @pytest.mark.parametrize("max_iter", [1, 3, 300])
    def test_labels_are_what_predict_gives(self, dtype, max_iter):
        X = self.X.astype(dtype)
        model = KMeans(6, random_state=0, max_iter=max_iter).fit(X)
        assert_array_equal(model.predict(X), model.labels_)
        assert model.score(X) == pytest.approx(-model.inertia_, rel=1e-6 if dtype == np.float32 else 1e-12)

    def test_tol_0_ends_in_strict_convergence(self):
        model = KMeans(6, init=self.init, n_init=1, tol=0).fit(self.X)
        assert model.n_iter_ < 300
        again = KMeans(6, init=model.cluster_centers_, n_init=1, tol=0).fit(self.X)
        assert again.n_iter_ <= 2
        assert_array_equal(again.labels_, model.labels_)


class TestRuns:
    X = blobs(997, 2, 9, seed=1, spread=1.5)

    @pytest.mark.parametrize(
        ("init", "expected"),
        [("k-means++", 1), ("random", 10), (X[:8], 1), (lambda X, k, random_state: X[:k], 10)],
        ids=["k-means++", "random", "array", "callable"],
    )
    def test_auto_depends_on_init(self, init, expected):
        assert KMeans(8, init=init, random_state=0).fit(self.X)._n_init == expected

    def test_more_runs_are_no_worse(self):
        inertias = [
            KMeans(9, init="random", n_init=n_init, max_iter=1, random_state=0).fit(self.X).inertia_
            for n_init in (1, 3, 10, 30)
        ]
        assert inertias == sorted(inertias, reverse=True)
        assert inertias[-1] < inertias[0]

    def test_the_best_run_brings_all_its_results(self):
        model = KMeans(9, init="random", n_init=10, random_state=4).fit(self.X)
        singles = []
        random_state = np.random.RandomState(4)
        for _ in range(10):
            singles.append(KMeans(9, init="random", n_init=1, random_state=random_state).fit(self.X))
        best = min(singles, key=lambda run: run.inertia_)
        assert_array_equal(model.labels_, best.labels_)
        assert_array_equal(model.cluster_centers_, best.cluster_centers_)
        assert (model.inertia_, model.n_iter_) == (best.inertia_, best.n_iter_)

    @pytest.mark.parametrize("estimator", [KMeans, sklearn.cluster.KMeans])
    def test_the_same_clusters_do_not_replace_the_first(self, estimator):
        # After one iteration both runs have these clusters, in another order; the second has the better centers.
        X = np.array([[-5.5], [-4.5], [4.5], [5.5]])
        starts = [[[-5.5], [-5.0]], [[5.0], [-5.0]]]
        runs = [estimator(2, init=start, n_init=1, max_iter=1).fit(X) for start in starts]
        assert runs[1].inertia_ < runs[0].inertia_
        given = iter(starts)
        model = estimator(2, init=lambda X, k, random_state: np.array(next(given)), n_init=2, max_iter=1).fit(X)
        assert_array_equal(model.labels_, [0, 0, 1, 1])
        assert model.inertia_ == runs[0].inertia_

    def test_callable_init_sees_centered_samples(self):
        seen = []

        def init(X, n_clusters, random_state):
            seen.append((X.copy(), n_clusters, random_state))
            return X[:n_clusters]

        model = KMeans(3, init=init, n_init=2, random_state=0, max_iter=1).fit(self.X.astype(np.float32))
        assert len(seen) == 2
        samples, n_clusters, random_state = seen[0]
        assert samples.dtype == np.float32
        assert_allclose(samples, self.X - self.X.mean(axis=0), atol=1e-4)
        assert n_clusters == 3
        assert isinstance(random_state, np.random.RandomState)
        array = KMeans(3, init=self.X[:3], n_init=1, max_iter=1).fit(self.X.astype(np.float32))
        assert_allclose(model.cluster_centers_, array.cluster_centers_, rtol=1e-5)

    def test_callable_init_keeps_its_own_array(self):
        mine = np.ascontiguousarray(self.X[:4] - self.X.mean(axis=0))
        before = mine.copy()
        KMeans(4, init=lambda X, k, random_state: mine, n_init=3).fit(self.X)
        assert_array_equal(mine, before)


class TestVerbose:
    X = blobs(997, 4, 3, seed=5, spread=4)

    @pytest.mark.parametrize(("tol", "max_iter"), [(0, 300), (1e-2, 300), (1e-2, 2)])
    def test_prints_what_scikit_learn_prints(self, capsys, tol, max_iter):
        arguments = {"n_clusters": 3, "init": self.X[:3], "n_init": 1, "tol": tol, "max_iter": max_iter, "verbose": 1}
        sklearn.cluster.KMeans(**arguments).fit(self.X)
        theirs = capsys.readouterr().out
        model = KMeans(**arguments).fit(self.X)
        ours = capsys.readouterr().out
        number = re.compile(r"\d+\.\d+(?:e-?\d+)?")
        assert number.sub("#", ours) == number.sub("#", theirs)
        assert_allclose([float(x) for x in number.findall(ours)], [float(x) for x in number.findall(theirs)], rtol=1e-9)
        assert ours.count("Iteration") == model.n_iter_

    def test_silent_by_default(self, capsys):
        KMeans(3, random_state=0).fit(self.X)
        assert capsys.readouterr().out == ""


class TestWarnings:
    def test_too_few_distinct_samples(self):
        X = np.array([[0, 0], [0, 1], [1, 0], [1, 0]])
        message = (
            r"Number of distinct clusters \(3\) found smaller than n_clusters \(4\)\. "
            r"Possibly due to duplicate points in X\."
        )
        with pytest.warns(ConvergenceWarning, match=message):
            model = KMeans(4, random_state=0).fit(X)
        assert set(model.labels_) == {0, 1, 2}

    @pytest.mark.parametrize("value", [0.0, 3.25, -1e6])
    @pytest.mark.parametrize("init", ["k-means++", "random"])
    def test_constant_samples(self, value, init):
        X = np.full((101, 3), value)
        with pytest.warns(ConvergenceWarning, match=r"\(1\) found smaller than n_clusters \(3\)"):
            model = KMeans(3, init=init, random_state=0).fit(X)
        assert_array_equal(model.labels_, 0)
        assert_allclose(model.cluster_centers_, value)
        assert model.inertia_ == 0

    def test_more_centers_than_distinct_samples_ends(self):
        X = np.array([[0, 0], [1, 1], [1, 1], [1, 0], [0, 1]])
        with pytest.warns(ConvergenceWarning, match=r"\(4\) found smaller than n_clusters \(5\)"):
            model = KMeans(5, init=X).fit(X)
        assert model.n_iter_ == 1

    def test_array_init_and_several_runs(self):
        with pytest.warns(RuntimeWarning, match="Explicit initial center position passed: performing only one init"):
            KMeans(2, init=CORNERS, n_init=10).fit(FOUR)

    def test_elkan_with_one_cluster(self):
        with pytest.warns(RuntimeWarning, match="algorithm='elkan' doesn't make sense for a single cluster"):
            KMeans(1, algorithm="elkan").fit(FOUR)


class TestMethods:
    X = blobs(503, 5, 4, seed=8)

    def test_fit_predict_is_labels(self):
        model = KMeans(4, random_state=0)
        labels = model.fit_predict(self.X)
        assert labels.dtype == np.int32
        assert_array_equal(labels, model.labels_)

    def test_transform_gives_distances(self):
        model = KMeans(4, random_state=0).fit(self.X)
        new = self.X[:50] + 1
        expected = np.linalg.norm(new[:, None] - model.cluster_centers_[None], axis=-1)
        assert_allclose(model.transform(new), expected, rtol=1e-12)
        assert_array_equal(np.diagonal(model.transform(model.cluster_centers_)), 0)
        assert_allclose(KMeans(4, random_state=0).fit_transform(self.X), model.transform(self.X))

    def test_score_weighs_new_samples(self):
        model = KMeans(4, random_state=0).fit(self.X)
        new = self.X[:50] + 1
        weight = np.arange(50.0)
        assert model.score(new) == pytest.approx(-(model.transform(new).min(axis=1) ** 2).sum())
        assert model.score(new, sample_weight=weight) == pytest.approx(
            -(weight * model.transform(new).min(axis=1) ** 2).sum()
        )

    def test_one_sample(self):
        model = KMeans(1).fit([[3.0, 4.0]])
        assert_array_equal(model.labels_, [0])
        assert_array_equal(model.cluster_centers_, [[3, 4]])
        assert model.inertia_ == 0
        assert_array_equal(model.transform([[0.0, 0.0]]), [[5]])

    def test_random_state_none_draws_from_the_global_generator(self):
        np.random.seed(11)  # noqa: NPY002 - the generator that scikit-learn uses for None
        ours = KMeans(4).fit(self.X)
        np.random.seed(11)  # noqa: NPY002
        theirs = sklearn.cluster.KMeans(4).fit(self.X)
        assert_same_fit(ours, theirs, self.X)
