"""Every SIMD level gives the same bits; the plain fallback the same answer up to rounding."""

import json

import numpy as np
import pytest

from clast import _core

# From the least to the most; the fallback has no fused multiply-add in hardware and may round otherwise.
LEVELS = ["neon"] if _core.simd_level() == "neon" else ["avx2", "avx512"]
ORDER = ["fallback", *LEVELS]

CODE = """
import hashlib, json, warnings
import numpy as np
from clast import BisectingKMeans, GaussianMixture, KMeans, MiniBatchKMeans, _core, kmeans_plusplus, metrics

warnings.simplefilter("ignore")
rng = np.random.default_rng(0)
results = {"level": _core.simd_level()}
shapes = [(9973, 1, 3), (9973, 3, 8), (9973, 4, 3), (4999, 7, 9), (4999, 33, 17), (997, 200, 5)]
for n_samples, n_features, n_clusters in shapes:
    for dtype in ["float64", "float32", "uint8", "int16", "uint16"]:
        X = (rng.normal(size=(n_samples, n_features)) * 20 + 100).clip(0, 255).astype(dtype)
        weight = rng.exponential(size=n_samples)
        for sample_weight in (None, weight):
            model = KMeans(n_clusters, random_state=0, max_iter=30).fit(X, sample_weight=sample_weight)
            indices = kmeans_plusplus(X, n_clusters, sample_weight=sample_weight, random_state=1)[1]
            digest = hashlib.sha256()
            for array in (model.labels_, model.cluster_centers_, model.transform(X), model.predict(X), indices):
                digest.update(np.ascontiguousarray(array).tobytes())
            for Model in (BisectingKMeans, MiniBatchKMeans):
                other = Model(n_clusters, random_state=0, max_iter=5).fit(X, sample_weight=sample_weight)
                for array in (other.labels_, other.cluster_centers_, other.predict(X), np.array(other.inertia_)):
                    digest.update(array.tobytes())
            name = f"{dtype} {n_samples}x{n_features} k={n_clusters} weighted={sample_weight is not None}"
            score = model.score(X, sample_weight=sample_weight)
            results[name] = [digest.hexdigest(), model.n_iter_, model.inertia_.hex(), score.hex()]
for n_samples, n_features, k in [(9973, 1, 3), (9973, 3, 8), (9973, 4, 3), (4999, 7, 9), (4999, 33, 4), (997, 90, 2)]:
    for dtype in ["float64", "float32", "uint8", "uint16"]:
        X = rng.normal(size=(n_samples, n_features)) * 20 + 60 * rng.integers(0, 3, size=(n_samples, 1)) + 60
        X = X.clip(0, 255).astype(dtype)
        for covariance_type in ["full", "tied", "diag", "spherical"]:
            for sample_weight in (None, rng.exponential(size=n_samples)):
                model = GaussianMixture(k, covariance_type=covariance_type, random_state=0, max_iter=5, tol=0)
                model.fit(X, sample_weight=sample_weight)
                digest = hashlib.sha256()
                arrays = [model.weights_, model.means_, model.covariances_, model.precisions_cholesky_]
                for array in (*arrays, model.predict(X), model.predict_proba(X), model.score_samples(X)):
                    digest.update(np.ascontiguousarray(array).tobytes())
                name = f"{covariance_type} {dtype} {n_samples}x{n_features} k={k} weighted={sample_weight is not None}"
                bound, score = model.lower_bound_, model.score(X, sample_weight=sample_weight)
                results[name] = [digest.hexdigest(), model.n_iter_, bound.hex(), score.hex()]
for n_features in (1, 3, 8, 30):
    X, labels = rng.normal(size=(3001, n_features)).astype("float32"), rng.integers(0, 9, 3001)
    digest = hashlib.sha256()
    found, rows = metrics.dispersion(X, labels), metrics.sampled_silhouette(X, labels, sample_size=100, random_state=0)
    silhouettes = [metrics.silhouette_samples(X, labels, method=method) for method in ("exact", "simplified")]
    for array in (*silhouettes, found.means, found.squares, found.distances, np.array(rows)):
        digest.update(array.tobytes())
    bounds = (found.within.hex(), rows.score.hex())
    results[f"scores of {n_features} features"] = [digest.hexdigest(), rows.n_samples, *bounds]
print(json.dumps(results))
"""


@pytest.fixture(scope="module")
def results(run_python):
    """Result of `CODE` at a level, computed once."""
    known = {}

    def at(level):
        if level not in known:
            if ORDER.index(level) > ORDER.index(_core.simd_level()):
                pytest.skip(f"this processor has no {level}")
            known[level] = json.loads(run_python(CODE, CLAST_SIMD=level))
        return dict(known[level])

    return at


@pytest.mark.parametrize("level", ORDER)
def test_the_environment_lowers_the_level(results, level):
    assert results(level)["level"] == level


def test_the_environment_cannot_raise_the_level(run_python):
    code = "from clast import _core; print(_core.simd_level())"
    for level in LEVELS:
        reported = run_python(code, CLAST_SIMD=level).strip()
        assert ORDER.index(reported) <= ORDER.index(_core.simd_level())


@pytest.mark.parametrize("level", LEVELS[1:])
def test_same_bits_at_every_level(results, level):
    lowest, this = results(LEVELS[0]), results(level)
    lowest.pop("level"), this.pop("level")
    assert this == lowest


def test_the_fallback_gives_the_same_answer(results):
    fallback, this = results("fallback"), results(_core.simd_level())
    fallback.pop("level"), this.pop("level")
    for name, (_, n_iter, inertia, score) in this.items():
        assert fallback[name][1] == n_iter or "float32" in name
        np.testing.assert_allclose(float.fromhex(fallback[name][2]), float.fromhex(inertia), rtol=1e-4, err_msg=name)
        np.testing.assert_allclose(float.fromhex(fallback[name][3]), float.fromhex(score), rtol=1e-4, err_msg=name)
