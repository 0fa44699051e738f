"""Statistics of the patches of many images in one table."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from clast._patch_grids import FEATURES, Size, statistic_names
from clast._tiles import Tiles, black_share, flat_field, flattened, in_parallel, report_skipped, tiles_of
from clast.patches import Patches, patch_statistics

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["patch_table"]


def patch_table(
    images: Tiles,
    *,
    grid: Size | list[Size] | None = None,
    patch_size: Size | list[Size] | None = None,
    stride: Size | None = None,
    statistics: Sequence[str | float] = FEATURES,
    edges: str = "drop",
    nan_policy: str = "propagate",
    flatfield: Any = None,
    skip_black: float | None = 0.5,
    axes: str | None = None,
    progress: bool = False,
) -> "pd.DataFrame":
    """Gather the statistics of the patches of many images in one table, a row for each patch.

    Parameters
    ----------
    images : folder, glob pattern, path, array, or sequence of these
        Tiles of two dimensions, perhaps with channels (the last axis of an array). A folder or a pattern gives its
        files in the order of their names. An array of three axes is a stack of grey images.
    grid : int, tuple of int, or list of these, optional
        Number of patches along the height and the width. A list asks for several grids, which then have a column of
        that name.
    patch_size : int, tuple of int, or list of these, optional
        Height and width of a patch in pixels, instead of `grid`.
    stride : int or tuple of int, optional
        Pixels from patch to patch; default `patch_size`.
    statistics : sequence of str and float
        What to compute of each patch; see `patch_statistics`.
    edges : "drop" or "partial", default="drop"
        What happens to pixels where sizes do not divide; see `patch_statistics`.
    nan_policy : "propagate", "omit" or "raise", default="propagate"
        What a NaN in an image does; see `patch_statistics`.
    flatfield : array_like, path or "auto", optional
        Correction of uneven lighting: tiles are divided by it, after it was scaled to a mean of 1. "auto" takes the
        mean of all tiles, smoothed by a Gaussian of an eighth of their longer side.
    skip_black : float or None, default=0.5
        Tiles of which a larger share of the pixels is 0 are left out, with a warning that names them; None keeps all.
    axes : str, optional
        Meaning of the axes of TIFF and .npy files that do not say it.
    progress : bool, default=False
        Whether to show a bar.

    Returns
    -------
    pandas.DataFrame
        With columns tile (its number in the order given), file, grid or patch_size (if several), row, column, y, x,
        height, width, channel (if there are several), and the names of the statistics. ``table.attrs["skipped"]``
        lists the files left out.

    Raises
    ------
    ImageError
        If a file cannot be read, or is no image of two dimensions.
    TypeError, ValueError
        As `patch_statistics`; if the flat field does not fit the tiles.

    Warns
    -----
    UserWarning
        If tiles are left out.

    See Also
    --------
    patch_statistics : One image, and the definitions of the statistics.
    clast.plot.patch_heatmap : The table as a picture.

    Notes
    -----
    A few files are read ahead while others are computed; memory: those files and the table.

    Examples
    --------
    >>> import numpy as np
    >>> from clast import patch_table
    >>> tiles = [np.arange(16, dtype=np.uint8).reshape(4, 4) * scale for scale in (1, 3)]
    >>> patch_table(tiles, grid=(1, 2), statistics=["mean", "max"])
       tile file  row  column  y  x  height  width  mean   max
    0     0    0    0       0  0  0       4      2   6.5  13.0
    1     0    0    0       1  0  2       4      2   8.5  15.0
    2     1    1    0       0  0  0       4      2  19.5  39.0
    3     1    1    0       1  0  2       4      2  25.5  45.0
    """
    import pandas as pd

    statistic_names(statistics)
    tiles = tiles_of(images, axes)
    field = flat_field(flatfield, tiles, skip_black=skip_black, progress=progress)
    options: dict[str, Any] = {
        "grid": grid,
        "patch_size": patch_size,
        "stride": stride,
        "edges": edges,
        "nan_policy": nan_policy,
    }

    def describe(index: int) -> "pd.DataFrame | None":
        tile = tiles[index]
        image = tile.load()
        if skip_black is not None and black_share(image) > skip_black:
            return None
        pixels = flattened(tile, image, field)
        channel_axis = -1 if image.has_channels else None
        patches: Any = patch_statistics(
            pixels, statistics=statistics, mask=image.mask, channel_axis=channel_axis, **options
        )
        table = _rows(
            patches, "grid" if patch_size is None else "patch_size", grid if patch_size is None else patch_size
        )
        if image.has_channels:
            table["channel"] = np.array(image.channel_names)[table["channel"]]
        table.insert(0, "file", tile.name)
        table.insert(0, "tile", index)
        return table

    tables = list(in_parallel(describe, range(len(tiles)), progress=progress, label="patches"))
    skipped = [tile.name for tile, table in zip(tiles, tables, strict=True) if table is None]
    found = [table for table in tables if table is not None]
    if not found:
        raise ValueError(f"all {len(tiles)} tiles are black; skip_black=None keeps them")
    report_skipped(skipped, len(tiles), skip_black, stacklevel=2)
    table = pd.concat(found, ignore_index=True)
    table.attrs["skipped"] = skipped
    return table


def grid_label(size: Size) -> int | str:
    """Name a grid in a table: the number itself for a square one, which sorts and plots."""
    if isinstance(size, tuple):
        return size[0] if size[0] == size[1] else f"{size[0]}x{size[1]}"
    return size


def _rows(patches: Patches | list[Patches], name: str, sizes: Any) -> "pd.DataFrame":
    import pandas as pd

    if isinstance(patches, Patches):
        return patches.table()
    tables = []
    for size, of_grid in zip(sizes, patches, strict=True):
        table = of_grid.table()
        table.insert(0, name, grid_label(size))
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def features_of(table: "pd.DataFrame", names: Sequence[str]) -> NDArray[np.float64]:
    """Make samples of a table, the features of all channels of a patch side by side."""
    values = table[list(names)].to_numpy(dtype=np.float64)
    n_channels = table["channel"].nunique() if "channel" in table else 1
    return values.reshape(len(table) // n_channels, -1)
