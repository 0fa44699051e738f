"""Pictures of decompositions: the image under the outlines of its blocks, and the mean of each block."""

from typing import TYPE_CHECKING

from clast._lookup import look_up
from clast.plot._outlines import draw_outlines, wide_enough
from clast.plot._slices import chosen_plane

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from clast._quadtree import QuadTree

_OUTLINE = (0.90, 0.62, 0.0)  # orange of Okabe and Ito, seen on dark and on bright ground


def plot_quadtree(
    tree: "QuadTree", *, channel: int | str = 0, slice_axis: str | None = None, slice_index: int | None = None
) -> "Figure":
    """Show an image under the outlines of its blocks, beside the mean of each block.

    Parameters
    ----------
    tree : QuadTree
    channel : int or str, default=0
        The channel to show of an image that is not red, green and blue; its index or name.
    slice_axis : str, optional
        "X", "Y" or "Z" of a volume; default Z.
    slice_index : int, optional
        Which slice of a volume; default: the one in the middle.

    Returns
    -------
    matplotlib.figure.Figure
        Blocks that would be smaller than a few dots have no outlines.

    Raises
    ------
    ValueError
        When a channel, slice or axis does not exist.

    Examples
    --------
    >>> import numpy as np
    >>> import clast
    >>> clast.plot.plot_quadtree(clast.quadtree(np.eye(16), threshold=0.5))
    <Figure size ... with 2 Axes>
    """
    plane, title = chosen_plane(tree.image, slice_axis, slice_index)
    leaves = plane(tree.leaf_image)
    sizes = f"{tree.sizes.min()} to {tree.sizes.max()}"
    return draw_outlines(
        tree.image,
        tree.labels,
        leaves,
        plane(tree.mean_image()),
        look_up(wide_enough(tree.sizes, leaves.shape), leaves),
        plane,
        channel=channel,
        title=title,
        noun="block",
        entry=f"{tree.n_leaves:,} blocks of {sizes} pixels".replace(",", "\u2009"),
        color=_OUTLINE,
        linewidth=0.5,
    )
