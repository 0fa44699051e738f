"""Features of pixels: what their names mean, and the filters behind them."""

import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from clast.image import Image

# Least and largest number of arguments; a neighbour has one for each axis.
_N_ARGUMENTS = {
    "intensity": (0, 0),
    "position": (0, 1),
    "gaussian": (1, 1),
    "dog": (2, 2),
    "sobel": (0, 1),
    "laplacian": (0, 1),
    "neighbors": (0, 1),
    "neighbor": (2, 3),
}
_USAGE = (
    "intensity, position, position(weight), gaussian(sigma), dog(low, high), sobel, sobel(sigma), laplacian,"
    " laplacian(sigma), neighbors, neighbors(radius) and neighbor(dy, dx)"
)
_CALL = re.compile(r"\s*([a-z]+)\s*(?:\(([^()]*)\))?\s*")
_COMMA_OUTSIDE_PARENTHESES = re.compile(r",(?![^()]*\))")

# Beyond the border lies the outermost pixel, as in skimage.filters.gaussian; for filters of three pixels that is also
# the reflected image of skimage.filters.sobel and scipy.ndimage.laplace.
_MODE = "nearest"

_Plane = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Feature:
    """A feature by its name and the numbers in parentheses.

    Attributes
    ----------
    kind : str
    numbers : tuple of float
    """

    kind: str
    numbers: tuple[float, ...] = ()

    def __str__(self) -> str:
        return self.kind + (f"({', '.join(f'{number:.12g}' for number in self.numbers)})" if self.numbers else "")


def parse_features(features: str | Sequence[str]) -> list[Feature]:
    """Read the names of features.

    Parameters
    ----------
    features : str or sequence of str
        One string may hold several, separated by commas.

    Returns
    -------
    list of Feature

    Raises
    ------
    TypeError
        If `features` or a name in it is no string.
    ValueError
        If there is none, one is unknown, or its numbers have no meaning.
    """
    if not isinstance(features, Iterable):
        raise TypeError(f"'features' is {features!r}, but must have some of {_USAGE}")
    texts = _COMMA_OUTSIDE_PARENTHESES.split(features) if isinstance(features, str) else list(features)
    if not texts:
        raise ValueError(f"'features' is empty, but must have some of {_USAGE}")
    return [_parse(text) for text in texts]


def feature_names(features: Sequence[Feature], image: Image) -> list[str]:
    """Name the columns of `feature_table`.

    Parameters
    ----------
    features : sequence of Feature
    image : Image

    Returns
    -------
    list of str
        Such as "gaussian(2)", or "red_gaussian(2)" where there are channels; positions by their axes, "y" and "x".

    Raises
    ------
    ValueError
        If a feature is there twice, or does not fit the axes of the image.
    """
    names: list[str] = []
    for feature in _atoms(features, image.ndim):
        if feature.kind == "position":
            names += image.axes.lower()
        elif image.has_channels:
            names += [f"{channel}_{feature}" for channel in image.channel_names]
        else:
            names.append(str(feature))
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ValueError(f"'features' has '{twice}' twice")
    return names


def feature_table(
    image: Image, features: Sequence[Feature], inside: NDArray[np.bool_] | None, dtype: DTypeLike
) -> NDArray[Any]:
    """Describe pixels by features.

    Parameters
    ----------
    image : Image
    features : sequence of Feature
    inside : ndarray of bool of the image's shape, or None
        The pixels to describe; None for all. Filters see the others too.
    dtype : {float32, float64}
        Of the table, and of what the filters compute.

    Returns
    -------
    ndarray of shape (n_pixels, n_features)
        Pixels in C order of the grid; columns as `feature_names` names them.

    Raises
    ------
    ValueError
        As `feature_names`.
    """
    n_features = len(feature_names(features, image))
    n_pixels = np.prod(image.shape) if inside is None else np.count_nonzero(inside)
    table = np.empty((int(n_pixels), n_features), dtype=dtype)
    for column, values in enumerate(_columns(image, features, np.dtype(dtype))):
        table[:, column] = values.reshape(-1) if inside is None else values[inside]
    return table


def _parse(text: str) -> Feature:
    if not isinstance(text, str):
        raise TypeError(f"'features' has {text!r}, but names are needed, such as 'gaussian(2)'")
    call = _CALL.fullmatch(text)
    if call is None or call[1] not in _N_ARGUMENTS:
        raise ValueError(f"'features' has {text!r}, but must have some of {_USAGE}")
    try:
        feature = Feature(call[1], tuple(float(number) for number in (call[2] or "").split(",") if number.strip()))
    except ValueError:
        raise ValueError(f"'features' has {text!r}, but numbers are needed in the parentheses") from None
    _check_numbers(feature, text)
    return feature


def _check_numbers(feature: Feature, text: str) -> None:
    kind, numbers = feature.kind, feature.numbers
    least, largest = _N_ARGUMENTS[kind]
    if not least <= len(numbers) <= largest:
        counts = f"{least}" if least == largest else f"{least} or {largest}"
        raise ValueError(f"'features' has {text!r}, but {kind} takes {counts} numbers")
    if kind == "neighbor":
        if not all(number.is_integer() for number in numbers):
            raise ValueError(f"'features' has {text!r}, but a neighbour is a whole number of pixels away")
    elif not all(0 < number < np.inf for number in numbers):
        raise ValueError(f"'features' has {text!r}, but its numbers must be positive")
    if kind == "neighbors" and not all(number.is_integer() for number in numbers):
        raise ValueError(f"'features' has {text!r}, but the radius is a whole number of pixels")
    if kind == "dog" and not numbers[0] < numbers[1]:
        raise ValueError(f"'features' has {text!r}, but the first sigma must be the smaller one")


def _atoms(features: Sequence[Feature], ndim: int) -> Iterator[Feature]:
    """Resolve neighbourhoods into neighbours."""
    for feature in features:
        if feature.kind == "neighbors":
            radius = int(feature.numbers[0]) if feature.numbers else 1
            for offsets in itertools.product(range(-radius, radius + 1), repeat=ndim):
                if any(offsets):
                    yield Feature("neighbor", tuple(map(float, offsets)))
        elif feature.kind == "neighbor" and len(feature.numbers) != ndim:
            raise ValueError(f"'features' has '{feature}', but the image has {ndim} spatial axes")
        else:
            yield feature


def _columns(image: Image, features: Sequence[Feature], dtype: np.dtype[Any]) -> Iterator[NDArray[Any]]:
    spacing = np.array(image.spacing or (1.0,) * image.ndim)
    planes = [_known(image, image.channel(index)).astype(dtype, copy=False) for index in range(image.n_channels)]
    for feature in _atoms(features, image.ndim):
        if feature.kind == "position":
            yield from _positions(image.shape, spacing, *feature.numbers)
        else:
            for plane in planes:
                yield _FILTERS[feature.kind](plane, spacing, *feature.numbers)


def _known(image: Image, plane: NDArray[Any]) -> NDArray[Any]:
    """Give pixels that are not finite, or that the file marks as empty, the value of the nearest that is."""
    known = np.isfinite(plane) if plane.dtype.kind == "f" else np.ones(plane.shape, dtype=np.bool_)
    if image.mask is not None:
        known &= image.mask
    if known.all():
        return plane
    from scipy.ndimage import distance_transform_edt

    spacing = image.spacing or (1.0,) * image.ndim
    nearest = distance_transform_edt(~known, sampling=spacing, return_distances=False, return_indices=True)
    return np.asarray(plane[tuple(nearest)])


def _positions(shape: tuple[int, ...], spacing: NDArray[np.float64], weight: float = 1.0) -> Iterator[NDArray[Any]]:
    for axis, extent in enumerate(shape):
        along = np.arange(extent) * (spacing[axis] * weight)
        yield np.broadcast_to(along.reshape([-1 if axis == i else 1 for i in range(len(shape))]), shape)


def _intensity(plane: _Plane, spacing: NDArray[np.float64]) -> _Plane:
    return plane


def _gaussian(plane: _Plane, spacing: NDArray[np.float64], sigma: float) -> _Plane:
    from scipy.ndimage import gaussian_filter

    return np.asarray(gaussian_filter(plane, sigma / spacing, mode=_MODE))


def _difference_of_gaussians(plane: _Plane, spacing: NDArray[np.float64], low: float, high: float) -> _Plane:
    return _gaussian(plane, spacing, low) - _gaussian(plane, spacing, high)


def _sobel(plane: _Plane, spacing: NDArray[np.float64], sigma: float | None = None) -> _Plane:
    from scipy.ndimage import correlate1d

    smooth = plane if sigma is None else _gaussian(plane, spacing, sigma)
    squares = np.zeros_like(plane)
    for axis in range(plane.ndim):
        slope = correlate1d(smooth, np.array([-1, 0, 1]) / spacing[axis], axis, mode=_MODE)
        for other in (other for other in range(plane.ndim) if other != axis):
            slope = correlate1d(slope, [0.25, 0.5, 0.25], other, mode=_MODE)
        squares += slope**2
    return np.sqrt(squares / plane.ndim)


def _laplacian(plane: _Plane, spacing: NDArray[np.float64], sigma: float | None = None) -> _Plane:
    from scipy.ndimage import correlate1d

    # Not scipy's gaussian_laplace: its kernels do not add up to 0 where sigma is less than a pixel, as across slices.
    smooth = plane if sigma is None else _gaussian(plane, spacing, sigma)
    total = np.zeros_like(plane)
    for axis in range(plane.ndim):
        total += correlate1d(smooth, np.array([1, -2, 1]) / spacing[axis] ** 2, axis, mode=_MODE)
    return total


def _neighbor(plane: _Plane, spacing: NDArray[np.float64], *offsets: float) -> _Plane:
    steps = zip(plane.shape, offsets, strict=True)
    return plane[np.ix_(*(np.clip(np.arange(extent) + int(offset), 0, extent - 1) for extent, offset in steps))]


_FILTERS: dict[str, Any] = {
    "intensity": _intensity,
    "gaussian": _gaussian,
    "dog": _difference_of_gaussians,
    "sobel": _sobel,
    "laplacian": _laplacian,
    "neighbor": _neighbor,
}
