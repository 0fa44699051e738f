"""Statistics or clusters of patches, laid over the mosaic of tiles that they come from."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from clast._tiles import Tile, Tiles, tiles_of
from clast.plot._colors import palette_of
from clast.plot._panels import MAX_PIXELS, add_scale_bar
from clast.plot._tones import window_of

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_NEEDED = ("tile", "row", "column", "y", "x", "height", "width")
_MAX_CLASSES = 12  # whole numbers beyond this many are a measurement, such as a mode
_GAP = 0.01  # between tiles, in tiles: they need not fit together


def patch_heatmap(
    table: "pd.DataFrame",
    column: str,
    *,
    mosaic: tuple[int, int] | None = None,
    images: Tiles | None = None,
    alpha: float = 0.5,
    names: Sequence[str] | None = None,
    colors: Any = None,
    title: str | None = None,
) -> "Figure":
    """Lay a column of a table of patches over the tiles, put together to their mosaic.

    Parameters
    ----------
    table : pandas.DataFrame
        Of `clast.patch_table`, with one row for each patch: of several grids or channels choose one first.
    column : str
        A statistic, or clusters that were added to the table; up to 12 whole numbers, bools or categories are shown as
        classes with a legend, anything else in shades with a scale.
    mosaic : tuple of int, optional
        Rows and columns of tiles, which are placed row by row; default as square as possible.
    images : folder, glob pattern, path, array, or sequence of these, optional
        The tiles, as given to `patch_table`; default the files that the table names, no picture below if these are
        arrays.
    alpha : float, default=0.5
        Opacity of the overlay, from 0 to 1.
    names : sequence of str, optional
        Names of the classes for the legend.
    colors : sequence of colours or name of a colour map, optional
        One colour for each class, or the colour map of a scale; default colours that are told apart with any kind of
        colour vision.
    title : str, optional
        Default the column.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ImageError
        If a tile cannot be read.
    KeyError
        If the table has no such column, or not those of a table of patches.
    ValueError
        If a patch occurs twice, the mosaic is too small, or names and colours do not fit the classes.

    Examples
    --------
    >>> import numpy as np
    >>> from clast import KMeans, patch_table, plot
    >>> tiles = np.random.default_rng(0).integers(0, 256, (4, 32, 32)).astype(np.uint8)
    >>> table = patch_table(tiles, grid=4, statistics=["mean", "std"])
    >>> table["cluster"] = KMeans(2, random_state=0).fit_predict(table[["mean", "std"]])
    >>> plot.patch_heatmap(table, "cluster", mosaic=(2, 2), images=tiles)
    <Figure size ... with 1 Axes>
    """
    _check(table, column, alpha)
    tiles = _tiles(table, images)
    n_tiles = int(table["tile"].max()) + 1 if tiles is None else len(tiles)
    n_rows, n_columns = _mosaic(mosaic, n_tiles)
    paint, entries, scale = _palette(table[column], names, colors)
    figure, axis = _figure(table, n_rows, n_columns)
    span = np.array([(table["y"] + table["height"]).max(), (table["x"] + table["width"]).max()])
    grounds = [None] * n_tiles if tiles is None else [_ground(tile) for tile in tiles]
    known = [ground for ground in grounds if ground is not None]
    span = np.maximum.reduce([span, *(ground.shape for ground in known)])
    window = _window([ground.pixels for ground in known])
    pitch = np.ceil(span * (1 + _GAP))
    for index, ground in enumerate(grounds):
        origin = np.array(divmod(index, n_columns)) * pitch
        if ground is not None:
            low, high = window
            axis.imshow(ground.pixels, cmap="gray", vmin=low, vmax=high, extent=_extent(origin, ground.shape))
        of_tile = table[table["tile"] == index]
        if len(of_tile):
            overlay = paint(of_tile[column])
            overlay[:, 3] *= alpha
            _add_patches(axis, of_tile, overlay, origin)
    height, width = pitch * (n_rows, n_columns)
    if known:
        add_scale_bar(axis, height, width, known[0].unit, known[0].spacing)
    axis.set(xlim=(0, width), ylim=(height, 0), aspect="equal", xticks=[], yticks=[], title=title or column)
    axis.spines[:].set_visible(False)
    if entries:
        figure.legend(handles=entries, loc="outside lower center", ncols=min(4, len(entries)), frameon=False)
    else:
        figure.colorbar(scale, ax=axis, label=column, shrink=0.8)
    return figure


def _check(table: "pd.DataFrame", column: str, alpha: float) -> None:
    for name in (*_NEEDED, column):
        if name not in table:
            raise KeyError(f"the table has no column '{name}', only {', '.join(map(str, table.columns))}")
    if not 0 <= alpha <= 1:
        raise ValueError(f"'alpha' is {alpha}, but must be from 0 to 1")
    if table.duplicated(["tile", "row", "column"]).any():
        several = " and ".join(name for name in ("grid", "patch_size", "channel") if name in table) or "tables"
        raise ValueError(f"the table has patches twice; choose one of its {several} first")


def _tiles(table: "pd.DataFrame", images: Tiles | None) -> list[Tile] | None:
    if images is not None:
        tiles = tiles_of(images)
        if len(tiles) <= table["tile"].max():
            raise ValueError(
                f"'images' has {len(tiles)} tiles, but the table has patches of tile {table['tile'].max()}"
            )
        return tiles
    files = table.drop_duplicates("tile").set_index("tile")["file"]
    if any(file == str(tile) for tile, file in files.items()):
        return None
    # Tiles that were skipped are not in the table: their places stay empty.
    return [Tile(files.get(tile, ""), files.get(tile), None) for tile in range(int(files.index.max()) + 1)]


def _mosaic(mosaic: tuple[int, int] | None, n_tiles: int) -> tuple[int, int]:
    if mosaic is None:
        n_columns = math.ceil(math.sqrt(n_tiles))
        return math.ceil(n_tiles / n_columns), n_columns
    if mosaic[0] * mosaic[1] < n_tiles:
        raise ValueError(f"'mosaic' is {mosaic}, but there are {n_tiles} tiles")
    return mosaic


def _palette(values: "pd.Series[Any]", names: Sequence[str] | None, colors: Any) -> tuple[Any, list[Any], Any]:
    """How values become colours, and what explains them: entries of a legend, or a scale."""
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize, to_rgba_array
    from matplotlib.patches import Patch

    known = sorted(values.dropna().unique())
    if values.dtype.kind not in "f" and len(known) <= _MAX_CLASSES:
        palette = to_rgba_array(palette_of(len(known), colors, names))
        counts = values.value_counts()
        entries = [
            Patch(facecolor=color, label=f"{label}: {counts[value]} patches ({counts[value] / len(values):.0%})")
            for color, label, value in zip(palette, names or [f"class {value}" for value in known], known, strict=True)
        ]
        return lambda part: palette[np.searchsorted(known, part.to_numpy())], entries, None
    if names is not None:
        raise ValueError("'names' are for classes, but the column holds measurements")
    finite = values[np.isfinite(values)]
    low, high = (finite.min(), finite.max()) if len(finite) else (0.0, 1.0)
    scale = ScalarMappable(Normalize(low, high), "viridis" if colors is None else colors)

    def shade(part: "pd.Series[Any]") -> NDArray[np.float64]:
        shades = np.array(scale.to_rgba(part.to_numpy(dtype=np.float64)))
        shades[~np.isfinite(part.to_numpy(dtype=np.float64)), 3] = 0
        return shades

    return shade, [], scale


def _figure(table: "pd.DataFrame", n_rows: int, n_columns: int) -> tuple["Figure", "Axes"]:
    from matplotlib.figure import Figure

    height = (table["y"] + table["height"]).max() * n_rows
    width = (table["x"] + table["width"]).max() * n_columns
    size = 8.0 / max(height, width)
    figure = Figure(figsize=(width * size + 1.0, height * size + 0.8), dpi=150, layout="constrained")
    return figure, figure.subplots()


class _Ground(NamedTuple):
    """What lies under the patches of a tile: pixels, no more than are seen, and the grid of all."""

    pixels: NDArray[Any]
    shape: NDArray[np.int64]
    spacing: float
    unit: str | None


def _ground(tile: Tile) -> _Ground | None:
    if tile.source is None:
        return None
    image = tile.load()
    steps = tuple(slice(None, None, math.ceil(length / MAX_PIXELS)) for length in image.shape)
    shown = image.data[steps]
    if image.has_channels:
        shown = shown.mean(axis=-1)
    spacing = 1.0 if image.spacing is None else image.spacing[1]
    return _Ground(shown, np.array(image.shape), spacing, image.unit if image.spacing else None)


def _window(shown: Sequence[NDArray[Any]]) -> tuple[float, float]:
    """Find the grey values to show as black and white, the same for all tiles."""
    if not shown:
        return 0.0, 1.0
    values = np.concatenate([pixels.reshape(-1)[::7] for pixels in shown])
    return window_of(values[np.isfinite(values)])


def _extent(origin: NDArray[Any], shape: NDArray[Any]) -> tuple[float, float, float, float]:
    return origin[1], origin[1] + shape[1], origin[0] + shape[0], origin[0]


def _add_patches(axis: "Axes", patches: "pd.DataFrame", colors: NDArray[np.float64], origin: NDArray[Any]) -> None:
    from matplotlib.collections import PolyCollection

    top, left = patches["y"].to_numpy() + origin[0], patches["x"].to_numpy() + origin[1]
    bottom, right = top + patches["height"].to_numpy(), left + patches["width"].to_numpy()
    corners = np.array([[left, top], [right, top], [right, bottom], [left, bottom]]).transpose(2, 0, 1)
    # Smoothed edges would draw a grid of lines where patches meet.
    axis.add_collection(PolyCollection(list(corners), facecolors=colors, edgecolors="none", antialiaseds=False))
