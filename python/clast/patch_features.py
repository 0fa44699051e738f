"""Statistics of patches as a step of a scikit-learn pipeline."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from clast._patch_grids import FEATURES, Size, statistic_names
from clast.patches import Patches, patch_statistics

__all__ = ["PatchStatistics"]


class PatchStatistics(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn is not typed
    """Turn images into samples: one for each patch, its statistics the features.

    Parameters
    ----------
    grid : int or tuple of int, optional
        Number of patches along the height and the width of each image.
    patch_size : int or tuple of int, optional
        Height and width of a patch in pixels, instead of `grid`.
    stride : int or tuple of int, optional
        Pixels from patch to patch; default `patch_size`.
    statistics : sequence of str and float
        What to compute of each patch; see `patch_statistics`.
    channel_axis : int, optional
        The axis of the channels of each image; None for grey images.
    edges : "drop" or "partial", default="drop"
        What happens to pixels where sizes do not divide; see `patch_statistics`.
    nan_policy : "propagate", "omit" or "raise", default="propagate"
        What a NaN in an image does; see `patch_statistics`.
    fill_value : float, optional
        Number to put where a statistic is undefined, such as the skewness of a constant patch; None leaves NaN, which
        most clusterers refuse.

    Attributes
    ----------
    n_channels_ : int
        Number of channels of the images it was fitted on.

    See Also
    --------
    patch_statistics : The statistics, and their definitions.
    patch_table : With the place of each patch beside its statistics.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.decomposition import PCA
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from clast import KMeans, PatchStatistics
    >>> smooth, rough = np.indices((64, 64))[0], np.random.default_rng(0).integers(0, 64, (64, 64))
    >>> image = np.where(np.indices((64, 64))[1] < 32, smooth, rough).astype(np.uint8)
    >>> features = PatchStatistics(grid=4, statistics=["std", "entropy"])
    >>> model = make_pipeline(features, StandardScaler(), PCA(2), KMeans(2, random_state=0))
    >>> model.fit_predict([image]).reshape(4, 4)
    array([[0, 0, 1, 1],
           [0, 0, 1, 1],
           [0, 0, 1, 1],
           [0, 0, 1, 1]], dtype=int32)
    """

    def __init__(
        self,
        grid: Size | None = None,
        *,
        patch_size: Size | None = None,
        stride: Size | None = None,
        statistics: Sequence[str | float] = FEATURES,
        channel_axis: int | None = None,
        edges: str = "drop",
        nan_policy: str = "propagate",
        fill_value: float | None = None,
    ) -> None:
        self.grid = grid
        self.patch_size = patch_size
        self.stride = stride
        self.statistics = statistics
        self.channel_axis = channel_axis
        self.edges = edges
        self.nan_policy = nan_policy
        self.fill_value = fill_value

    def fit(self, X: Iterable[ArrayLike], y: Any = None) -> "PatchStatistics":
        """Check the parameters and the images; nothing is learned from them.

        Parameters
        ----------
        X : sequence of array_like, or ndarray of shape (n_images, height, width) or 4-D with channels
            Images, which may differ in size, but not in their number of channels.
        y : None
            Not used.

        Returns
        -------
        PatchStatistics
            This object.

        Raises
        ------
        TypeError, ValueError
            As `patch_statistics`.
        """
        self.n_channels_ = _n_channels(_images(X), self.channel_axis)
        # What is wrong with sizes or names is said now, from the first image.
        self._describe(_images(X)[0])
        return self

    def transform(self, X: Iterable[ArrayLike]) -> NDArray[np.float64]:
        """Compute the statistics of all patches.

        Parameters
        ----------
        X : sequence of array_like, or ndarray of shape (n_images, height, width) or 4-D with channels
            Images.

        Returns
        -------
        ndarray of float64, shape (n_patches, n_features)
            Patches image by image, row by row. Features are the statistics of the first channel, then of the second.
        """
        check_is_fitted(self)
        images = _images(X)
        n_channels = _n_channels(images, self.channel_axis)
        if n_channels != self.n_channels_:
            raise ValueError(f"'X' has {n_channels} channels, but PatchStatistics was fitted on {self.n_channels_}")
        samples = np.concatenate([self._describe(image).features() for image in images])
        if self.fill_value is not None:
            samples[np.isnan(samples)] = self.fill_value
        return samples

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """Name the features.

        Parameters
        ----------
        input_features : None
            Not used.

        Returns
        -------
        ndarray of str objects, shape (n_features,)
            Such as "std", or "channel_0_std" for images with channels.
        """
        check_is_fitted(self)
        names = statistic_names(self.statistics)
        if self.channel_axis is not None:
            names = tuple(f"channel_{channel}_{name}" for channel in range(self.n_channels_) for name in names)
        return np.array(names, dtype=object)

    def _describe(self, image: ArrayLike) -> Patches:
        parameters = self.get_params()
        del parameters["fill_value"]
        patches: Patches | list[Patches] = patch_statistics(image, **parameters)
        if isinstance(patches, list):
            raise ValueError("PatchStatistics takes one 'grid' or 'patch_size', no list: features of several differ")
        return patches

    def __sklearn_tags__(self) -> Any:
        """Tell scikit-learn that samples are images."""
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.three_d_array = True
        tags.input_tags.allow_nan = self.nan_policy != "raise"
        return tags


def _images(X: Iterable[ArrayLike]) -> list[ArrayLike]:
    images = list(X)
    if not images:
        raise ValueError("'X' has no images")
    if np.ndim(images[0]) < 2:
        raise ValueError("'X' must be a sequence of images: put a single one into a list")
    return images


def _n_channels(images: Sequence[ArrayLike], channel_axis: int | None) -> int:
    if channel_axis is None:
        return 1
    counts = {np.shape(image)[channel_axis] if np.ndim(image) == 3 else 1 for image in images}
    if len(counts) > 1:
        raise ValueError(f"'X' has images of {min(counts)} and {max(counts)} channels, but the same number is needed")
    return int(counts.pop())
