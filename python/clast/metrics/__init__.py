"""Scores of clusterings and of label images, with scikit-learn's interface and values where it has them.

Examples
--------
>>> from clast import metrics
>>> round(metrics.silhouette_score([[0.0], [1.0], [10.0], [12.0]], [0, 0, 1, 1]), 3)
0.856
>>> metrics.jaccard([True, True, False], [True, False, False])
0.5
"""

from clast.metrics._dispersion import (
    Dispersion,
    calinski_harabasz_score,
    davies_bouldin_score,
    dispersion,
    inertia,
)
from clast.metrics._entropy import cluster_entropy
from clast.metrics._overlap import (
    achievable_segmentation_accuracy,
    boundary_recall,
    dice,
    jaccard,
    undersegmentation_error,
)
from clast.metrics._silhouette import SampledSilhouette, sampled_silhouette, silhouette_samples, silhouette_score

__all__ = [
    "Dispersion",
    "SampledSilhouette",
    "achievable_segmentation_accuracy",
    "boundary_recall",
    "calinski_harabasz_score",
    "cluster_entropy",
    "davies_bouldin_score",
    "dice",
    "dispersion",
    "inertia",
    "jaccard",
    "sampled_silhouette",
    "silhouette_samples",
    "silhouette_score",
    "undersegmentation_error",
]
