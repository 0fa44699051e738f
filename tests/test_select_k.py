"""Choosing the number of clusters: scores by their definitions, and what users get back."""

import _thread
import signal
from contextlib import contextmanager

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import metrics as sk
from sklearn.cluster import AgglomerativeClustering
from sklearn.cluster import KMeans as SkKMeans
from sklearn.datasets import make_blobs
from sklearn.decomposition import PCA
from sklearn.mixture import GaussianMixture as SkGaussianMixture
from sklearn.preprocessing import StandardScaler

import clast
from clast import _criteria, selection

X, _ = make_blobs(n_samples=600, centers=4, n_features=3, cluster_std=0.6, random_state=3)
IMAGE = np.random.default_rng(0).integers(0, 255, (12, 15, 3)).astype(np.uint8)


class TestScores:
    COUNTS = range(1, 7)
    FOUND = clast.select_k(X, k=COUNTS, random_state=0)

    def test_are_scikit_learns(self):
        for k in range(2, 7):
            model = SkKMeans(k, random_state=0).fit(X)
            row = self.FOUND.table.loc[k]
            assert_array_equal(self.FOUND.model(k).labels_, model.labels_)
            assert_allclose(row["inertia"], model.inertia_)
            for name in ("silhouette", "calinski_harabasz", "davies_bouldin"):
                assert_allclose(row[name], getattr(sk, f"{name}_score")(X, model.labels_))
            shares = np.bincount(model.labels_) / len(X)
            assert_allclose(row["entropy"], -(shares * np.log2(shares)).sum())

    def test_one_cluster(self):
        row = self.FOUND.table.loc[1]
        assert row[["silhouette", "calinski_harabasz", "davies_bouldin"]].isna().all()
        assert row["entropy"] == 0
        assert_allclose(row["inertia"], ((X - X.mean(axis=0)) ** 2).sum())

    def test_best(self):
        assert self.FOUND.choices() == {name: self.FOUND.best(name) for name in self.FOUND.criteria}
        assert self.FOUND.best("silhouette") == self.FOUND.best("davies_bouldin") == 4
        assert "silhouette: 4" in repr(self.FOUND)
        with pytest.raises(ValueError, match="'criterion' is 'gap'"):
            self.FOUND.best("gap")
        with pytest.raises(ValueError, match="'k' is 9"):
            self.FOUND.model(9)

    def test_no_knee(self):
        found = clast.select_k(X, k=[2, 3], criteria=["inertia"], random_state=0)
        assert found.choices() == {"inertia": None}
        with pytest.raises(ValueError, match="no knee"):
            found.best("inertia")

    def test_plot(self):
        figure = self.FOUND.plot()
        titles = [axes.get_title() for axes in figure.axes if axes.get_visible()]
        assert len(titles) == 5
        assert titles[1] == f"silhouette (highest): k = {self.FOUND.best('silhouette')}"
        assert all(axes.get_xlabel() == "clusters k" for axes in figure.axes if axes.get_visible())


def test_mixture():
    found = clast.select_k(X, clast.GaussianMixture(random_state=0), k=range(1, 6))
    for k in range(1, 6):
        model = SkGaussianMixture(k, random_state=0).fit(X)
        row = found.table.loc[k]
        assert_allclose(row[["bic", "aic"]], [model.bic(X), model.aic(X)], rtol=1e-7)
        posteriors = model.predict_proba(X).clip(1e-300)
        assert_allclose(row["icl"], model.bic(X) - 2 * (posteriors * np.log(posteriors)).sum(), rtol=1e-6)
    assert found.best("bic") == found.best("icl") == 4


def test_gap():
    counts = [1, 2, 3, 4, 5]
    found = clast.select_k(X, clast.KMeans(random_state=0), k=counts, criteria="gap", n_references=4)

    def logarithms(samples):
        labels = [SkKMeans(k, random_state=0).fit(samples).labels_ for k in counts]
        return [
            np.log(sum(np.var(samples[of_k == c], axis=0).sum() * (of_k == c).sum() for c in set(of_k)))
            for of_k in labels
        ]

    expected = []
    for seed in np.random.RandomState(0).randint(2**31 - 1, size=4):
        expected.append(logarithms(np.random.RandomState(seed).uniform(X.min(axis=0), X.max(axis=0), X.shape)))
    within = logarithms(X)
    assert_allclose(found.table["gap"], np.mean(expected, axis=0) - within, rtol=1e-9)
    assert_allclose(found.table["gap_se"], np.std(expected, axis=0) * np.sqrt(1 + 1 / 4), rtol=1e-9)
    assert found.best("gap") == 4


@pytest.mark.parametrize(
    ("gaps", "errors", "k"),
    [([0.1, 0.5, 0.52, 0.9], [0.1, 0.1, 0.1, 0.1], 2), ([0.1, 0.5, 0.9], [0.01] * 3, 3), ([0.5, 0.1], [0, 0], 1)],
)
def test_tibshiranis_rule(gaps, errors, k):
    counts = np.arange(1, len(gaps) + 1)
    assert _criteria.CRITERIA["gap"].choose(counts, np.array(gaps), np.array(errors)) == k


def test_stability():
    found = clast.select_k(X, k=[4, 6], criteria="stability", n_seeds=3, random_state=1)
    for k in (4, 6):
        seeds = np.random.RandomState(1).randint(2**31 - 1, size=3)
        a, b, c = (SkKMeans(k, random_state=int(seed)).fit(X).labels_ for seed in seeds)
        pairs = [sk.adjusted_rand_score(*pair) for pair in ((b, c), (a, c), (a, b))]
        # Leaving one of three seeds out leaves one pair.
        error = np.sqrt(2 / 3 * np.sum((np.array(pairs) - np.mean(pairs)) ** 2))
        assert_allclose(found.table.loc[k], [np.mean(pairs), error], atol=1e-12)
    assert found.table.loc[4, "stability"] == 1


def test_silhouette_of_many_samples_has_an_error():
    many, _ = make_blobs(n_samples=21_000, centers=3, random_state=0)
    found = clast.select_k(many, k=[3], criteria=["silhouette"], random_state=0)
    exact = sk.silhouette_score(many, found.model(3).labels_, sample_size=5000, random_state=0)
    assert 0 < found.table.loc[3, "silhouette_se"] < 0.02
    assert abs(found.table.loc[3, "silhouette"] - exact) < 0.05


class TestInput:
    def test_space(self):
        scaled = PCA(2, svd_solver="full").fit_transform(StandardScaler().fit_transform(X))
        found = clast.select_k(X, k=[3], scale="standard", pca=2, random_state=0)
        assert found.space == "standard, PCA(2)"
        assert_allclose(found.table.loc[3, "inertia"], SkKMeans(3, random_state=0).fit(scaled).inertia_)

    def test_image(self):
        mask = IMAGE[..., 0] > 40
        found = clast.select_k(IMAGE, k=[2, 3], mask=mask, random_state=0)
        assert_array_equal(found.model(3).labels_, SkKMeans(3, random_state=0).fit(IMAGE[mask]).labels_)
        expected = clast.segment(IMAGE, clast.KMeans(3, random_state=0), mask=mask, label_order="size")
        assert_array_equal(found.segmentation(3, label_order="size").labels, expected.labels)
        with pytest.raises(TypeError, match="for samples"):
            clast.select_k(X, k=[2], random_state=0).segmentation(2)

    def test_mixture_image(self):
        found = clast.select_k(IMAGE, clast.GaussianMixture(random_state=0), k=[2], scale="max")
        expected = clast.segment(IMAGE, clast.GaussianMixture(2, random_state=0), scale="max")
        assert_array_equal(found.segmentation(2).labels, expected.labels)

    def test_other_estimators(self):
        found = clast.select_k(X, AgglomerativeClustering(), k=[2, 4])
        assert_array_equal(found.model(4).labels_, AgglomerativeClustering(4).fit(X).labels_)
        assert list(found.table.index) == [2, 4]

    def test_table_is_tidy(self):
        table = clast.select_k(X, k=[3, 2], criteria=["inertia"], random_state=0).table
        pd.testing.assert_index_equal(table.index, pd.Index([2, 3], name="k"))
        assert list(table.columns) == ["inertia"]

    @pytest.mark.parametrize(
        ("options", "error", "message"),
        [
            ({"k": []}, ValueError, "'k' is empty"),
            ({"k": [0, 1]}, ValueError, "at least 1"),
            ({"k": [700]}, ValueError, "600 samples"),
            ({"criteria": ["elbow"]}, ValueError, "'elbow'"),
            ({"criteria": []}, ValueError, "empty"),
            ({"criteria": ["bic"]}, TypeError, "mixture"),
            ({"model": object()}, TypeError, "n_clusters or n_components"),
            ({"n_seeds": 1}, ValueError, "at least 2"),
            ({"scale": "log"}, ValueError, "'scale' is 'log'"),
            ({"pca": 0}, ValueError, "'pca' is 0"),
            ({"pca": 1.5}, ValueError, "'pca' is 1.5"),
        ],
    )
    def test_bad_arguments(self, options, error, message):
        with pytest.raises(error, match=message):
            clast.select_k(X, **options)


class _Interrupting(SkKMeans):
    """Stops at the third fit, as Ctrl-C would."""

    fits = 0

    def fit(self, X, y=None, sample_weight=None):
        type(self).fits += 1
        if type(self).fits == 3:
            raise KeyboardInterrupt
        return super().fit(X)


def test_interrupt_keeps_what_is_finished():
    with pytest.warns(UserWarning, match="2 of 5 fits"):
        found = clast.select_k(X, _Interrupting(random_state=0), k=range(2, 7))
    assert list(found.models) == [2, 3]


def test_interrupt_of_a_sweep(monkeypatch):
    """A signal that arrives when the first fit of a sweep is done."""

    @contextmanager
    def interrupting(n_steps, shown):
        yield _thread.interrupt_main

    monkeypatch.setattr(selection, "_bar", interrupting)
    # A process started in the background inherits SIGINT as ignored.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    many = np.random.default_rng(0).normal(size=(20_000, 20))
    try:
        with pytest.warns(UserWarning, match="interrupted"):
            found = clast.select_k(many, clast.KMeans(random_state=0, tol=0), k=range(20, 30), criteria="entropy")
    finally:
        signal.signal(signal.SIGINT, before)
    assert 0 < len(found.models) < 10
