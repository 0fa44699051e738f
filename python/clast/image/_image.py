"""The image as the rest of clast sees it: spatial axes first, channels last, grid and names alongside."""

import os
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from clast.image._errors import ImageError, ShapeGuessWarning

ChannelAxis = int | None | Literal["auto"]

_RGB = ("red", "green", "blue")


@dataclass(frozen=True, eq=False)
class Image:
    """An image on a regular grid, in two or three dimensions, with any number of channels.

    Parameters
    ----------
    data : ndarray of shape shape or shape + (n_channels,)
        Values in their native dtype, booleans as uint8. There is a channel axis when `data` has one axis more than
        `axes` names.
    axes : str
        Names of the spatial axes in order, such as "YX" for a photo, "ZYX" for a stack, "XYZ" for NIfTI.
    channel_names : sequence of str, optional
        One name per channel. Default: red, green, blue for three uint8 channels, otherwise channel_0, channel_1, ...
    spacing : sequence of float, optional
        Distance between neighbouring pixels along each spatial axis, in `unit`.
    unit : str, optional
        Unit of `spacing`: "mm" or "um" when a file was read.
    affine : ndarray of shape (4, 4), optional
        Voxel indices to world coordinates in mm (NIfTI).
    mask : ndarray of bool of the image's shape, optional
        True where the file itself says that there is data (a pixel with alpha 0 is not).
    header : object, optional
        What the format needs to write labels on the same grid; left alone by everything else.

    Raises
    ------
    ImageError
        When shapes, names and axes do not fit together.

    Examples
    --------
    >>> import numpy as np
    >>> from clast.image import Image
    >>> Image(np.zeros((4, 5, 3), dtype=np.uint8), axes="YX", spacing=(0.5, 0.5), unit="um")
    Image(YX 4 x 5, uint8, channels: red, green, blue, spacing 0.5 x 0.5 um)
    """

    data: NDArray[Any]
    axes: str
    channel_names: Sequence[str] = ()
    spacing: Sequence[float] | None = None
    unit: str | None = None
    affine: NDArray[np.float64] | None = None
    mask: NDArray[np.bool_] | None = None
    header: Any = None

    def __post_init__(self) -> None:
        if len(self.axes) not in (2, 3) or self.data.ndim - len(self.axes) not in (0, 1):
            raise ImageError(
                f"'data' of shape {self.data.shape} does not fit axes '{self.axes}': an image has 2 or 3 spatial axes"
                " and at most one channel axis, the last"
            )
        if self.data.size == 0:
            raise ImageError(f"'data' of shape {self.data.shape} holds no pixels")
        if self.data.dtype.kind not in "buif":
            raise ImageError(f"'data' has dtype {self.data.dtype}, but only real numbers can be segmented")
        if self.data.dtype == np.bool_:
            object.__setattr__(self, "data", self.data.view(np.uint8))  # nobody computes means of booleans
        names = tuple(self.channel_names) or _default_names(self.n_channels, self.data.dtype, self.has_channels)
        if len(names) != self.n_channels:
            raise ImageError(f"'channel_names' has {len(names)} names, but the image has {self.n_channels} channels")
        object.__setattr__(self, "channel_names", names)
        if self.spacing is not None:
            object.__setattr__(self, "spacing", _checked_spacing(self.spacing, self.ndim))

    @property
    def ndim(self) -> int:
        """Number of spatial axes."""
        return len(self.axes)

    @property
    def shape(self) -> tuple[int, ...]:
        """Extent of the spatial axes."""
        return self.data.shape[: self.ndim]

    @property
    def has_channels(self) -> bool:
        """Whether `data` has a channel axis."""
        return self.data.ndim > self.ndim

    @property
    def n_channels(self) -> int:
        """Number of channels; 1 without a channel axis."""
        return self.data.shape[-1] if self.has_channels else 1

    @property
    def is_rgb(self) -> bool:
        """Whether the channels are red, green and blue."""
        return self.channel_names == _RGB

    def samples(self) -> NDArray[Any]:
        """Pixels as rows, shape (n_pixels, n_channels), in C order of the grid; a view wherever numpy can make one."""
        return self.data.reshape(-1, self.n_channels)

    def channel(self, index: int) -> NDArray[Any]:
        """One channel on the grid, as a view."""
        return self.data[..., index] if self.has_channels else self.data

    def select(self, channels: Sequence[int | str]) -> "Image":
        """Take some channels, by index or name, in the order given; a copy of their values.

        Parameters
        ----------
        channels : sequence of int and str

        Returns
        -------
        Image

        Raises
        ------
        ImageError
            When there is no such channel, or none is named.

        Examples
        --------
        >>> import numpy as np
        >>> from clast.image import Image
        >>> Image(np.zeros((4, 5, 3), dtype=np.uint8), axes="YX").select(["blue", 0])
        Image(YX 4 x 5, uint8, channels: blue, red)
        """
        names = list(self.channel_names)
        given = [channels] if isinstance(channels, str) else list(channels)
        found = [
            names.index(channel) if isinstance(channel, str) and channel in names else channel for channel in given
        ]
        indices = [index for index in found if isinstance(index, int | np.integer) and 0 <= index < len(names)]
        if not indices or len(indices) < len(given):
            raise ImageError(f"'channels' is {channels!r}, but must be some of {', '.join(map(repr, names))}")
        chosen = self.samples()[:, indices].reshape(*self.shape, -1)
        return replace(self, data=chosen, channel_names=[names[index] for index in indices])

    def __repr__(self) -> str:
        parts = [f"{self.axes} {' x '.join(map(str, self.shape))}", str(self.data.dtype)]
        parts.append(("channels: " if self.n_channels > 1 else "channel: ") + ", ".join(self.channel_names))
        if self.spacing is not None:
            parts.append(f"spacing {format_spacing(self.spacing, self.unit)}")
        return f"Image({', '.join(parts)})"


def format_spacing(spacing: Sequence[float], unit: str | None) -> str:
    """Write a spacing for people: '1.094 x 1.094 x 5 mm'."""
    return f"{' x '.join(f'{distance:.4g}' for distance in spacing)} {unit or ''}".rstrip()


def as_image(
    image: "Image | ArrayLike | str | os.PathLike[str] | Sequence[str | os.PathLike[str]]",
    *,
    channel_axis: ChannelAxis = "auto",
    spacing: Sequence[float] | None = None,
    unit: str | None = None,
) -> Image:
    """Turn an array, a path or several paths into an `Image`; an `Image` passes through.

    Parameters
    ----------
    image : Image, array_like, path or sequence of paths
        Pixel values, or the files that hold them (several files are stacked as channels).
    channel_axis : int, None or "auto", default="auto"
        Axis of an array that holds the channels; None for a grey image. "auto" takes a last axis of length 3 or 4 for
        channels and warns about any other array with more than two axes.
    spacing : sequence of float, optional
        Distance between pixels along each spatial axis; overrides what a file says.
    unit : str, optional
        Unit of `spacing`.

    Returns
    -------
    Image
        Shares memory with an array given.

    Raises
    ------
    ImageError
        When the array cannot be an image.

    Warns
    -----
    ShapeGuessWarning
        When "auto" has to guess.
    """
    if is_path(image) or _is_path_sequence(image):
        from clast.image._read import read_image

        image = read_image(image)  # type: ignore[arg-type]
    if not isinstance(image, Image):
        image = _from_array(image, channel_axis)  # type: ignore[arg-type]
    elif channel_axis != "auto":
        raise ImageError("'channel_axis' is for arrays: a file or an Image already knows where its channels are")
    if unit is not None and spacing is None:
        raise ImageError(f"'unit' is '{unit}', but no 'spacing' was given for it to measure")
    return image if spacing is None else replace(image, spacing=spacing, unit=unit or image.unit)


def is_path(value: object) -> bool:
    """Whether a value names a file."""
    return isinstance(value, (str, os.PathLike))


def _is_path_sequence(value: object) -> bool:
    return isinstance(value, (list, tuple)) and len(value) > 0 and all(is_path(item) for item in value)


def _from_array(array: ArrayLike, channel_axis: ChannelAxis) -> Image:
    data = np.asanyarray(array)
    if data.dtype.kind not in "buif":
        raise ImageError(f"'image' has dtype {data.dtype}, but only real numbers can be segmented")
    if channel_axis == "auto":
        channel_axis = _guess_channel_axis(data.shape)
    if channel_axis is not None:
        if not -data.ndim <= channel_axis < data.ndim:
            raise ImageError(f"'channel_axis' is {channel_axis}, but 'image' has {data.ndim} axes")
        data = np.moveaxis(data, channel_axis, -1)
    ndim = data.ndim - (channel_axis is not None)
    if ndim not in (2, 3):
        raise ImageError(f"'image' of shape {np.shape(array)} has {ndim} spatial axes, but 2 or 3 are needed")
    return Image(np.asarray(data), axes="ZYX"[-ndim:], mask=_unmasked(data, ndim))


def _unmasked(data: NDArray[Any], ndim: int) -> NDArray[np.bool_] | None:
    """Invert the mask of numpy's masked arrays, which marks the pixels to ignore; clast marks those to use."""
    if not isinstance(data, np.ma.MaskedArray):
        return None
    hidden = np.ma.getmaskarray(data)
    return np.asarray(~(hidden.any(axis=-1) if data.ndim > ndim else hidden))


def _guess_channel_axis(shape: tuple[int, ...]) -> int | None:
    if not 3 <= len(shape) <= 4:
        return None
    if shape[-1] in (3, 4):
        return -1
    guess, meaning = (
        (-1, "a volume with channels on its last axis") if len(shape) > 3 else (None, "a volume without channels")
    )
    warnings.warn(
        f"'image' of shape {shape} is taken as {meaning}; pass channel_axis={guess} to confirm,"
        f" or channel_axis={'0' if guess else '-1'} if its channels are there;"
        f" of a file, name the axes: {'ZYXC or CZYX' if guess else 'ZYX or YXC'} (axes, --axes)",
        ShapeGuessWarning,
        stacklevel=5,
    )
    return guess


def _default_names(n_channels: int, dtype: np.dtype[Any], has_channels: bool) -> tuple[str, ...]:
    if not has_channels:
        return ("intensity",)
    if n_channels == 3 and dtype == np.uint8:
        return _RGB
    return tuple(f"channel_{index}" for index in range(n_channels))


def _checked_spacing(spacing: Sequence[float], ndim: int) -> tuple[float, ...]:
    distances = tuple(float(distance) for distance in spacing)
    if len(distances) != ndim or not all(0 < distance < float("inf") for distance in distances):
        raise ImageError(f"'spacing' is {distances}, but {ndim} positive distances are needed, one per spatial axis")
    return distances
