"""Thresholds between classes of grey values: scikit-image's interface and answers, with masks, NaN and any dtype.

Examples
--------
>>> import numpy as np
>>> from clast.thresholds import threshold_otsu, threshold_triangle
>>> image = np.array([[10, 12, 11, np.nan], [12, 98, 200, 201]])
>>> bool(threshold_triangle(image) < threshold_otsu(image))
True
"""

from clast.thresholds._hysteresis import hysteresis
from clast.thresholds._li import threshold_li
from clast.thresholds._modes import threshold_intermodes, threshold_minimum
from clast.thresholds._multiotsu import threshold_multiotsu
from clast.thresholds._trial import ThresholdTrial, try_thresholds
from clast.thresholds._two_classes import (
    threshold_isodata,
    threshold_mean,
    threshold_otsu,
    threshold_triangle,
    threshold_yen,
)

__all__ = [
    "ThresholdTrial",
    "hysteresis",
    "threshold_intermodes",
    "threshold_isodata",
    "threshold_li",
    "threshold_mean",
    "threshold_minimum",
    "threshold_multiotsu",
    "threshold_otsu",
    "threshold_triangle",
    "threshold_yen",
    "try_thresholds",
]
