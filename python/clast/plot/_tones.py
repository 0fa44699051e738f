"""From values of an image to what is shown of them: the channel, the range between black and white, colours."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from clast.image import Image
from clast.plot._panels import visible

# Percentiles between which values are shown: a few bright voxels would darken all others.
WINDOW = (2, 98)


def channel_index(image: Image, channel: int | str) -> int:
    """Find a channel by index or name."""
    names = list(image.channel_names)
    if isinstance(channel, str) and channel in names:
        return names.index(channel)
    if isinstance(channel, int) and 0 <= channel < len(names):
        return channel
    raise ValueError(f"'channel' is {channel!r}, but the image has channels {', '.join(names)}")


def grey_window(image: Image, labels: NDArray[Any], channel: int) -> tuple[float, float]:
    """Find the values to show as black and as white, among the pixels that have a label."""
    # Percentiles of every second or third pixel are as good to look at.
    steps = visible(labels.shape)
    values = image.channel(channel)[steps][labels[steps] > 0]
    return window_of(values[np.isfinite(values)])


def window_of(values: NDArray[Any]) -> tuple[float, float]:
    """Find the values to show as black and as white."""
    low, high = np.percentile(values, WINDOW) if len(values) else (0.0, 1.0)
    return float(low), float(high if high > low else low + 1)


def white_level(pixels: NDArray[Any]) -> float:
    """Find the value to show as white: cameras of 12 bits leave most of 16 unused, and floats have no range."""
    if pixels.dtype == np.uint8:
        return 255.0
    return float(np.percentile(pixels[np.isfinite(pixels)], WINDOW[1])) or 1.0


def as_colors(values: NDArray[Any], white: float) -> NDArray[np.float64]:
    """Scale values to [0, 1], from zero to the value to show as white."""
    scaled = np.nan_to_num(np.asarray(values, dtype=np.float64) / white, posinf=1.0)
    return np.clip(scaled, 0.0, 1.0)
