"""Pictures of superpixels: the image under their outlines, and the mean of each of them."""

from typing import TYPE_CHECKING

import numpy as np

from clast.image import as_image
from clast.plot._outlines import draw_outlines
from clast.plot._slices import chosen_plane

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from numpy.typing import ArrayLike

    from clast.image import Image
    from clast.image._image import ChannelAxis

_OUTLINE = (1.0, 0.85, 0.0)  # yellow, which tissue and landscapes seldom are


def plot_superpixels(
    image: "Image | ArrayLike",
    labels: "ArrayLike",
    *,
    channel: int | str = 0,
    slice_axis: str | None = None,
    slice_index: int | None = None,
    channel_axis: "ChannelAxis" = "auto",
) -> "Figure":
    """Show an image under the outlines of superpixels or other regions, beside the mean of each of them.

    Parameters
    ----------
    image : Image or array-like
    labels : array_like of int, of the shape of the image
        0 for pixels without superpixel, which are dark beside.
    channel : int or str, default=0
        The channel to show of an image that is not red, green and blue; its index or name.
    slice_axis : str, optional
        "X", "Y" or "Z" of a volume; default Z.
    slice_index : int, optional
        Which slice of a volume; default: the one in the middle.
    channel_axis : int, None or "auto", default="auto"
        Axis of an array that holds the channels, as for `segment`.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        When shapes differ, or a channel, slice or axis does not exist.

    Examples
    --------
    >>> import numpy as np
    >>> import clast
    >>> image = np.random.default_rng(0).integers(0, 256, (20, 30, 3)).astype(np.uint8)
    >>> clast.plot.plot_superpixels(image, clast.slic(image, n_segments=6))
    <Figure size ... with 2 Axes>
    """
    from clast.regions import region_statistics

    image, labels = as_image(image, channel_axis=channel_axis), np.asarray(labels)
    if labels.shape != image.shape:
        raise ValueError(f"'labels' has shape {labels.shape}, but the image has shape {image.shape}")
    found = region_statistics(labels, image.data)
    plane, title = chosen_plane(image, slice_axis, slice_index)
    regions = plane(labels)
    means = np.zeros((*regions.shape, image.n_channels))
    inside = regions > 0
    means[inside] = found.mean[np.searchsorted(found.labels, regions[inside])]
    average = round(np.count_nonzero(labels) / max(1, len(found.labels)))
    return draw_outlines(
        image,
        labels,
        regions,
        means if image.has_channels else means[..., 0],
        np.ones(regions.shape, dtype=bool),
        plane,
        channel=channel,
        title=title,
        noun="superpixel",
        entry=f"{len(found.labels):,} superpixels of {average:,} pixels on average".replace(",", "\u2009"),
        color=_OUTLINE,
        linewidth=0.8,
    )
