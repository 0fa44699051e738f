"""From an array with named axes to spatial axes first and channels last."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from clast.image._errors import ImageError

_SPATIAL = "ZYX"
_CHANNEL = "CS"  # C: separate channels, S: samples of one colour


def arrange_axes(data: NDArray[Any], axes: str) -> tuple[NDArray[Any], str]:
    """Put spatial axes first, in the order Z, Y, X, and channels last.

    Parameters
    ----------
    data : ndarray
    axes : str
        One letter per axis of `data`: Z, Y, X for space, C and S for channels. Other axes must have length 1.

    Returns
    -------
    data : ndarray
        Interleaved channels stay interleaved and separate planes stay separate, so that the pixels as rows are a view.
    axes : str
        The spatial axes that are left.

    Raises
    ------
    ImageError
        When an axis is neither space nor channel, or the letters do not fit.
    """
    axes = axes.upper()
    if len(axes) != data.ndim or len(set(axes)) != len(axes):
        raise ImageError(f"axes '{axes}' do not fit shape {data.shape}: one different letter is needed per axis")
    for index in reversed(range(data.ndim)):
        if axes[index] in _SPATIAL + _CHANNEL:
            continue
        if data.shape[index] > 1:
            channels, volume = (axes.replace(axes[index], letter) for letter in "CZ")
            raise ImageError(
                f"axes '{axes}' of shape {data.shape}: '{axes[index]}' is neither space nor channel;"
                f" say axes='{channels}' (channels) or axes='{volume}' (a volume)"
            )
        data, axes = data.squeeze(index), axes[:index] + axes[index + 1 :]
    spatial = "".join(axis for axis in _SPATIAL if axis in axes)
    channel = "".join(axis for axis in _CHANNEL if axis in axes)
    if not channel:
        return np.ascontiguousarray(_transpose(data, axes, spatial)), spatial
    if axes[-1] in _CHANNEL and len(channel) == 1:
        return np.ascontiguousarray(_transpose(data, axes, spatial + channel)), spatial
    planes = np.ascontiguousarray(_transpose(data, axes, channel + spatial))
    planes = planes.reshape(-1, *planes.shape[len(channel) :])
    return np.moveaxis(planes, 0, -1), spatial


def split_alpha(data: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.bool_] | None]:
    """Separate the last channel, alpha: where it is 0 there is no data, elsewhere it says nothing about the object.

    Returns
    -------
    data : ndarray
        Without the alpha channel; grey images lose their channel axis.
    mask : ndarray of bool or None
        None when no pixel is fully transparent.
    """
    visible = data[..., -1] > 0
    color = np.ascontiguousarray(data[..., 0] if data.shape[-1] == 2 else data[..., :-1])
    return color, None if visible.all() else visible


def _transpose(data: NDArray[Any], have: str, want: str) -> NDArray[Any]:
    return data.transpose([have.index(axis) for axis in want])
