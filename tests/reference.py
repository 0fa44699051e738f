"""Slow, obvious numpy versions of the algorithms, and what tests need to compare results with them."""

import numpy as np


def squared_distances(X, centers):
    """Squared Euclidean distances in float64, shape (n_samples, n_clusters)."""
    difference = np.asarray(X, dtype=np.float64)[:, None, :] - np.asarray(centers, dtype=np.float64)[None, :, :]
    return (difference**2).sum(axis=-1)


def lloyd(X, centers, sample_weight=None, max_iter=300, tol=0.0):
    """Lloyd's algorithm without empty clusters; returns labels, centers, inertia, n_iter."""
    X = np.asarray(X, dtype=np.float64)
    centers = np.array(centers, dtype=np.float64)
    weight = np.ones(len(X)) if sample_weight is None else np.asarray(sample_weight, dtype=np.float64)
    previous = None
    n_iter = 0
    while n_iter < max_iter:
        n_iter += 1
        labels = squared_distances(X, centers).argmin(axis=1)
        moved = np.stack([np.average(X[labels == j], axis=0, weights=weight[labels == j]) for j in range(len(centers))])
        shift = ((moved - centers) ** 2).sum()
        centers = moved
        if previous is not None and np.array_equal(labels, previous):
            break
        previous = labels
        if shift <= tol:
            break
    distances = squared_distances(X, centers)
    labels = distances.argmin(axis=1)
    return labels, centers, float((weight * distances.min(axis=1)).sum()), n_iter


def absolute_tol(X, tol):
    """`tol` in squared units of `X`, as scikit-learn scales it."""
    return tol * np.asarray(X, dtype=np.float64).var(axis=0).mean()


def random_integers(shape, bound, seed):
    """Integers in [0, bound) by splitmix64: the same for ever, whatever numpy does to its generators."""
    size = int(np.prod(shape))
    z = (np.arange(1, size + 1, dtype=np.uint64) + np.uint64(seed << 32)) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return ((z ^ (z >> np.uint64(31))) % np.uint64(bound)).astype(np.int64).reshape(shape)


def blobs(n_samples, n_features, n_blobs, seed, spread=0.7):
    """Gaussian blobs far from the origin, so that a kernel that cancels there is caught."""
    rng = np.random.default_rng(seed)
    means = rng.normal(size=(n_blobs, n_features)) * 3 + 40
    return means[rng.integers(n_blobs, size=n_samples)] + rng.normal(size=(n_samples, n_features)) * spread


def same_state(a, b):
    """Whether two RandomState instances will draw the same numbers."""
    return all(np.array_equal(x, y) for x, y in zip(a.get_state()[1:3], b.get_state()[1:3], strict=True))


def assert_same_labels(labels, expected, X, centers):
    """Labels are equal, but for samples that are provably as near to both centers, up to rounding."""
    differs = np.flatnonzero(np.asarray(labels) != np.asarray(expected))
    if differs.size == 0:
        return
    distances = squared_distances(np.asarray(X)[differs], centers)
    row = np.arange(differs.size)
    gap = np.abs(distances[row, labels[differs]] - distances[row, expected[differs]])
    scale = np.square(np.asarray(X, dtype=np.float64)).sum(axis=1).max()
    assert (gap <= 1e-12 * scale).all(), f"{differs.size} labels differ, the largest gap is {gap.max()}"


def assert_same_fit(ours, theirs, X, rtol=1e-9):
    """Two fitted estimators agree: iterations, labels up to proven ties, centers and inertia up to rounding."""
    assert ours.n_iter_ == theirs.n_iter_
    assert_same_labels(ours.labels_, theirs.labels_, X, theirs.cluster_centers_)
    scale = np.abs(X).max()
    np.testing.assert_allclose(ours.cluster_centers_, theirs.cluster_centers_, rtol=rtol, atol=rtol * scale)
    np.testing.assert_allclose(ours.inertia_, theirs.inertia_, rtol=rtol, atol=rtol * scale**2)


def assert_same_fit_in_any_order(ours, theirs):
    """`assert_same_fit` for runs with several empty clusters at once.

    scikit-learn finds their new samples by argpartition, so which of them becomes which cluster depends on numpy's
    version and on the processor. Ours gives the farthest sample to the first empty cluster.
    """
    order = np.empty(theirs.n_clusters, dtype=int)
    order[theirs.labels_] = ours.labels_
    assert sorted(order) == list(range(theirs.n_clusters))
    np.testing.assert_array_equal(ours.labels_, order[theirs.labels_])
    np.testing.assert_allclose(ours.cluster_centers_[order], theirs.cluster_centers_, rtol=1e-9)
    np.testing.assert_allclose(ours.inertia_, theirs.inertia_, rtol=1e-9)
    assert ours.n_iter_ == theirs.n_iter_


MIXTURE_PARAMETERS = ("weights_", "means_", "covariances_", "precisions_", "precisions_cholesky_")


def assert_same_mixture(ours, theirs, X, rtol=1e-8):
    """Two fitted mixtures agree: iterations, parameters, bounds, and labels where two posteriors do not tie."""
    assert (ours.n_iter_, ours.converged_) == (theirs.n_iter_, theirs.converged_)
    assert_same_parameters(ours, theirs, rtol)
    np.testing.assert_allclose(ours.lower_bound_, theirs.lower_bound_, rtol=rtol)
    if hasattr(theirs, "lower_bounds_"):  # since scikit-learn 1.7
        np.testing.assert_allclose(ours.lower_bounds_, theirs.lower_bounds_, rtol=rtol)
    differs = ours.predict(X) != theirs.predict(X)
    posteriors = np.sort(theirs.predict_proba(np.asarray(X)[differs]), axis=1) if differs.any() else np.ones((0, 2))
    assert (posteriors[:, -1] - posteriors[:, -2] <= 1e-9).all()


def assert_same_parameters(ours, theirs, rtol=1e-8):
    """Weights, means, covariances and what follows from them are equal, each relative to its largest entry."""
    for name in MIXTURE_PARAMETERS:
        expected = getattr(theirs, name)
        scale = np.abs(expected).max()
        np.testing.assert_allclose(getattr(ours, name), expected, rtol=rtol, atol=rtol * scale, err_msg=name)
