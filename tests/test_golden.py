"""Pinned results: a speed-up that changes an answer, by a single bit, is seen here.

The samples come from integers that no library draws, so nothing but our own code can move the results. After a change
that is meant to move them, run ``python tests/test_golden.py --write`` and say in the commit why they moved.
"""

import argparse
import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from reference import random_integers

from clast import KMeans, _core

FILE = Path(__file__).parent / "golden" / "kmeans.json"

# name: dtype, n_samples, n_features, n_clusters, order, weighted, parameters
CASES = {
    "grey": ("uint8", 10_007, 1, 4, "C", False, {}),
    "photo": ("uint8", 10_007, 3, 8, "C", False, {}),
    "tile": ("uint16", 10_007, 1, 3, "C", False, {}),
    "stack": ("uint16", 5003, 7, 9, "F", False, {}),
    "signed": ("int16", 5003, 4, 5, "C", True, {}),
    "mri": ("float32", 10_007, 4, 3, "C", False, {}),
    "mri planes": ("float32", 10_007, 4, 3, "F", False, {}),
    "float32 weighted": ("float32", 5003, 16, 17, "C", True, {}),
    "double": ("float64", 10_007, 3, 8, "C", False, {}),
    "double weighted": ("float64", 5003, 5, 6, "C", True, {}),
    "double planes": ("float64", 5003, 4, 4, "F", False, {}),
    "many features": ("float64", 997, 200, 9, "C", False, {}),
    "many clusters": ("float64", 5003, 2, 64, "C", False, {}),
    "random runs": ("float64", 5003, 3, 5, "C", False, {"init": "random", "n_init": 5}),
    "strict": ("float64", 5003, 3, 5, "C", False, {"tol": 0}),
    "one iteration": ("float32", 5003, 3, 5, "C", False, {"max_iter": 1}),
    "empty clusters": ("float64", 5003, 3, 6, "C", True, {"init": "far"}),
    # Sums of sevenths are rounded, so that their order shows; these samples are many enough to be ordered in space.
    "sevenths": ("float64", 20_011, 3, 8, "C", False, {"divisor": 7, "tol": 0}),
    "sevenths float32": ("float32", 20_011, 3, 8, "C", False, {"divisor": 7, "tol": 0}),
}


def samples(dtype, n_samples, n_features, order, seed):
    """Five overlapping groups of multiples of 1/16 within [0, 256), whole numbers for integer dtypes."""
    group = random_integers((n_samples,), 5, seed)
    centers = random_integers((5, n_features), 140, seed + 1) * 16
    noise = random_integers((n_samples, n_features, 4), 16 * 28, seed + 2).sum(axis=-1)
    sixteenths = centers[group] + noise
    values = sixteenths // 16 if np.issubdtype(dtype, np.integer) else sixteenths / 16
    return np.asarray(values, dtype=dtype, order=order)


def result(name):
    """Fit one case and describe the result, exactly."""
    dtype, n_samples, n_features, n_clusters, order, weighted, parameters = CASES[name]
    parameters = dict(parameters)
    X = samples(dtype, n_samples, n_features, order, seed=10 * list(CASES).index(name))
    if parameters.get("init") == "far":
        far = np.full((n_clusters - 3, n_features), 1e4)
        parameters = {"init": np.concatenate([X[:3], far]), "n_init": 1}
    weight = random_integers((n_samples,), 9, seed=7) / 4 if weighted else None
    X = X / X.dtype.type(divisor) if (divisor := parameters.pop("divisor", None)) else X
    model = KMeans(n_clusters, random_state=42, **parameters).fit(X, sample_weight=weight)
    return {
        "labels": hashlib.sha256(model.labels_.astype("<i4").tobytes()).hexdigest(),
        "counts": np.bincount(model.labels_, minlength=n_clusters).tolist(),
        "centers": hashlib.sha256(model.cluster_centers_.astype("<f8").tobytes()).hexdigest(),
        "first_center": model.cluster_centers_[0, :4].tolist(),
        "inertia": model.inertia_,
        "n_iter": model.n_iter_,
    }


@pytest.mark.skipif(_core.simd_level() == "fallback", reason="only levels with fused multiply-add give the same bits")
@pytest.mark.parametrize("name", CASES)
def test_result_is_the_pinned_one(name):
    assert result(name) == json.loads(FILE.read_text())[name]


def test_nothing_else_is_pinned():
    assert list(json.loads(FILE.read_text())) == list(CASES)


def test_samples_are_fixed():
    X = samples("float64", 1000, 3, "C", seed=1)
    assert hashlib.sha256(X.astype("<f8").tobytes()).hexdigest()[:16] == "70d773635ab4ee26"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Check the pinned results, or pin new ones.")
    parser.add_argument("--write", action="store_true", help="replace the pinned results by what the code gives now")
    if parser.parse_args().write:
        lines = [f"{json.dumps(name)}: {json.dumps(result(name))}" for name in CASES]
        FILE.write_text("{\n" + ",\n".join(lines) + "\n}\n")
    else:
        pinned = json.loads(FILE.read_text())
        print("\n".join(name for name in CASES if result(name) != pinned.get(name)) or "nothing moved")
