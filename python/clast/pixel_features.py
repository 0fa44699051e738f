"""Features of pixels as a step of a scikit-learn pipeline, and the way back to the image."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from clast._pixel_filters import feature_names, feature_table, parse_features
from clast.image import Image, as_image, resolve_mask
from clast.image._image import ChannelAxis

__all__ = ["PixelFeatures"]


class PixelFeatures(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn is not typed
    """Turn an image into samples: one for each pixel, its intensity, position and surroundings the features.

    Parameters
    ----------
    features : str or sequence of str, default=("intensity", "position")
        What to describe each pixel by, see Notes; in one string separated by commas.
    mask : array_like, Image, path, "nonzero" or None, default=None
        Pixels that become samples: those that are True or not zero in an array or file of the image's shape; with
        "nonzero" those that are positive in every channel. For a list of images a list of masks. Pixels that are not
        finite never do. Filters see all pixels, inside or not.
    spacing : float or sequence of float, optional
        Distance between pixels along each spatial axis, or along all of them. Default: what the image says, 1 if it
        says nothing. All lengths, positions and sigmas, are measured by it: 1 makes them pixels.
    channel_axis : int, None or "auto", default="auto"
        Axis of an array that holds the channels, None for a grey image; see `segment`.
    dtype : {float32, float64}, default=float32
        Of the samples, and of what the filters compute.

    Attributes
    ----------
    n_channels_ : int
        Number of channels of the image it was fitted on.
    inside_ : ndarray of bool of the image's shape, or list of these
        The pixels of the image it was fitted on that are samples: ``truth[inside_]`` are their labels. A list where it
        was fitted on a list.

    See Also
    --------
    segment : Clusters pixels by features in one call, with ``features=``.
    PatchStatistics : The same for patches.

    Notes
    -----
    ===================  ===========================================================================================
    intensity            the channels as they are
    position(weight)     coordinates along each axis from 0 on, times `weight` (default 1)
    gaussian(sigma)      Gaussian blur, as `scipy.ndimage.gaussian_filter`
    dog(low, high)       difference of two Gaussians, as `skimage.filters.difference_of_gaussians`
    sobel(sigma)         magnitude of the gradient, as `skimage.filters.sobel`; with `sigma` that of the blurred image
    laplacian(sigma)     sum of second derivatives, as `scipy.ndimage.laplace`; with `sigma` that of the blurred image
    neighbors(radius)    all pixels around each in a square or cube of ``2 * radius + 1`` pixels (default radius 1)
    neighbor(dy, dx)     the pixel so many pixels on along each axis; in volumes three numbers
    ===================  ===========================================================================================

    Where distances between pixels differ, so do blurs in pixels and derivatives: those along an axis are divided by its
    spacing. Beyond its border an image goes on with the outermost pixels. Pixels that are not finite, or that the file
    marks as empty, have to the filters the value of the nearest one that is.

    Clusterers compare features as they are: scale them, or give "position" a weight, until the range of one counts as
    much as that of another.

    A training mask, where the truth is known, selects rows; nothing in a scikit-learn pipeline after this step can::

        table = features.fit_transform(image)
        model.fit(table[training.ravel()], truth[training])
        labels = features.to_image(model.predict(table))

    or, with all in one pipeline, is the mask of the fit::

        pipeline = make_pipeline(PixelFeatures(names, mask=training), KNeighborsClassifier())
        pipeline.fit(image, truth[training]).set_params(pixelfeatures__mask=None)
        labels = pipeline[0].to_image(pipeline.predict(image), image)

    Cost: one to three passes of one-dimensional filters per axis, feature and channel, on one thread. Memory: the
    table, and a copy of the image in `dtype`.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from clast import KMeans, PixelFeatures
    >>> image = np.array([[1, 9, 2, 50, 52], [2, 1, 1, 48, 51], [1, 0, 2, 53, 9]], dtype=np.uint8)
    >>> features = PixelFeatures(["intensity", "gaussian(1)", "position(0.1)"])
    >>> features.fit_transform(image).shape
    (15, 4)
    >>> features.get_feature_names_out()
    array(['intensity', 'gaussian(1)', 'y', 'x'], dtype=object)
    >>> model = make_pipeline(features, StandardScaler(), KMeans(2, random_state=0))
    >>> features.to_image(model.fit_predict(image))
    array([[1, 1, 1, 0, 0],
           [1, 1, 1, 0, 0],
           [1, 1, 1, 0, 0]], dtype=int32)
    """

    def __init__(
        self,
        features: str | Sequence[str] = ("intensity", "position"),
        *,
        mask: Any = None,
        spacing: float | Sequence[float] | None = None,
        channel_axis: ChannelAxis = "auto",
        dtype: DTypeLike = np.float32,
    ) -> None:
        self.features = features
        self.mask = mask
        self.spacing = spacing
        self.channel_axis = channel_axis
        self.dtype = dtype

    def fit(self, X: Any, y: Any = None) -> "PixelFeatures":
        """Check the parameters, and remember the grid of the image; nothing is learned from its pixels.

        Parameters
        ----------
        X : array_like, Image, path, or list of these
            An image of two or three spatial axes, perhaps with channels. A list holds several images, whose samples
            follow each other; for several files as channels of one image see `read_image`.
        y : object
            Not used.

        Returns
        -------
        PixelFeatures
            This object.

        Raises
        ------
        TypeError
            If a feature is no string.
        ValueError
            If a feature is unknown, images differ in axes or channels, or the mask is empty or does not fit.
        """
        features = parse_features(self.features)
        if np.dtype(self.dtype) not in (np.float32, np.float64):
            raise ValueError(f"'dtype' is {self.dtype!r}, but must be float32 or float64")
        images, inside = self._read(X)
        self._ndim, self.n_channels_ = images[0].ndim, images[0].n_channels
        self._check_alike(images)
        self._names = feature_names(features, images[0])
        self.inside_ = inside if _is_list(X) else inside[0]
        return self

    def transform(self, X: Any) -> NDArray[Any]:
        """Describe all pixels inside the mask.

        Parameters
        ----------
        X : array_like, Image, path, or list of these
            As for `fit`; its size may be another one.

        Returns
        -------
        ndarray of shape (n_pixels, n_features)
            Image by image, pixels in C order of the grid. For each feature a column per channel.

        Raises
        ------
        ValueError
            If the image has other axes or channels than the one it was fitted on, or the mask is empty or does not fit.
        """
        check_is_fitted(self)
        features = parse_features(self.features)
        images, inside = self._read(X)
        self._check_alike(images)
        tables = [
            feature_table(image, features, None if pixels.all() else pixels, self.dtype)
            for image, pixels in zip(images, inside, strict=True)
        ]
        return tables[0] if len(tables) == 1 else np.concatenate(tables)

    def to_image(self, values: ArrayLike, X: Any = None, *, background: float = 0) -> Any:
        """Put what was computed for the samples back where the pixels are.

        Parameters
        ----------
        values : array_like of shape (n_pixels,) or (n_pixels, n_values)
            Labels, predictions or probabilities of the samples.
        X : array_like, Image, path, or list of these, optional
            What the samples were made of. Default: what it was fitted on.
        background : float, default=0
            Value of pixels outside the mask. To labels of clusters, which begin with 0, add 1.

        Returns
        -------
        ndarray of the image's shape, or with one more axis for several values, or list of these
            In the dtype of the values. A list for a list of images.

        Raises
        ------
        ValueError
            If there is not one value per sample.

        Examples
        --------
        >>> import numpy as np
        >>> from clast import PixelFeatures
        >>> image = np.array([[0, 7], [8, 9]])
        >>> features = PixelFeatures("intensity", mask="nonzero").fit(image)
        >>> features.to_image(["a", "b", "c"], background="-")
        array([['-', 'a'],
               ['b', 'c']], dtype='<U1')
        """
        check_is_fitted(self)
        grids: Any = self.inside_ if X is None else self._read(X)[1]
        grids = grids if isinstance(grids, list) else [grids]
        found = np.asarray(values)
        ends = np.cumsum([np.count_nonzero(inside) for inside in grids])
        if found.ndim == 0 or len(found) != ends[-1]:
            raise ValueError(
                f"'values' has shape {found.shape}, but {ends[-1]} pixels take part; pass the image that the values"
                " belong to as 'X' if it is another one"
            )
        images = [np.full(inside.shape + found.shape[1:], background, dtype=found.dtype) for inside in grids]
        for image, inside, part in zip(images, grids, np.split(found, ends[:-1]), strict=True):
            image[inside] = part
        return images if _is_list(self.inside_ if X is None else X) else images[0]

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """Name the features.

        Parameters
        ----------
        input_features : None
            Not used.

        Returns
        -------
        ndarray of str objects, shape (n_features,)
            Such as "gaussian(2)", or "red_gaussian(2)" for images with channels; positions by their axes, "y" and "x".
        """
        check_is_fitted(self)
        return np.array(self._names, dtype=object)

    def _read(self, X: Any) -> tuple[list[Image], list[NDArray[np.bool_]]]:
        """Get the images, and the pixels of each that take part."""
        images = [self._image(image) for image in (X if _is_list(X) else [X])]
        if not images:
            raise ValueError("'X' has no images")
        masks = self.mask if _is_list(X) and _is_list(self.mask) else [self.mask] * len(images)
        if len(masks) != len(images):
            raise ValueError(f"'mask' has {len(masks)} masks, but 'X' has {len(images)} images")
        found = [resolve_mask(image, mask) for image, mask in zip(images, masks, strict=True)]
        everywhere = (np.ones(image.shape, dtype=np.bool_) for image in images)
        return images, [every if inside is None else inside for every, inside in zip(everywhere, found, strict=True)]

    def _image(self, X: Any) -> Image:
        image = as_image(X, channel_axis=self.channel_axis)
        if self.spacing is None:
            return image
        spacing: Any = (self.spacing,) * image.ndim if np.ndim(self.spacing) == 0 else self.spacing
        return replace(image, spacing=spacing)

    def _check_alike(self, images: Sequence[Image]) -> None:
        for image in images:
            if image.ndim != self._ndim or image.n_channels != self.n_channels_:
                raise ValueError(
                    f"'X' has an image of {image.ndim} spatial axes and {image.n_channels} channels, but"
                    f" {self._ndim} and {self.n_channels_} are needed"
                )

    def __sklearn_tags__(self) -> Any:
        """Tell scikit-learn that the input is an image."""
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.three_d_array = True
        tags.input_tags.allow_nan = True
        return tags


def _is_list(X: Any) -> bool:
    return isinstance(X, list | tuple)
