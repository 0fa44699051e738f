"""Where the samples of each class lie in each channel."""

import numpy as np
from numpy.typing import NDArray

from clast.plot._samples import Samples

PERCENTILES = (5, 25, 50, 75, 95)


def class_spreads(samples: Samples) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Compute the mean and the percentiles of every class in every channel.

    Parameters
    ----------
    samples : Samples

    Returns
    -------
    means : ndarray of float64, shape (n_classes, n_features)
        NaN for a class without samples.
    percentiles : ndarray of float64, shape (5, n_classes, n_features)
        `PERCENTILES`, in their order.
    """
    n_features = len(samples.features)
    means = np.full((samples.n_classes, n_features), np.nan)
    percentiles = np.full((len(PERCENTILES), samples.n_classes, n_features), np.nan)
    for index in range(samples.n_classes):
        members = samples.values[samples.classes == index]
        if len(members):
            means[index] = members.mean(axis=0, dtype=np.float64)
            percentiles[:, index] = np.percentile(members, PERCENTILES, axis=0)
    return means, percentiles
