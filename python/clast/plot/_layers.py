"""What the panels of a montage show: channels of images, and classes over them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from clast.image import Image
from clast.plot._panels import visible
from clast.plot._tones import channel_index, window_of

if TYPE_CHECKING:
    from typing import TypeAlias

    from clast._result import Segmentation

    Source: TypeAlias = Segmentation | Image
    Sources: TypeAlias = Source | Sequence[Any] | Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class Layer:
    """What a panel shows.

    Attributes
    ----------
    image : Image
    channel : int or None
        None shows nothing below the classes.
    segmentation : Segmentation or None
        None shows the channel alone.
    """

    image: Image
    channel: int | None
    segmentation: "Segmentation | None" = None

    @property
    def name(self) -> str:
        """Name of the row or column that nobody else named."""
        if self.segmentation is None and self.channel is not None:
            return self.image.channel_names[self.channel]
        return "classes"


@dataclass(frozen=True, eq=False)
class Rows:
    """Layers in the order they were given.

    Attributes
    ----------
    layers : list of list of Layer
        Of every row; a single one where slices are the columns.
    names : list of str
        Of the rows.
    columns : list of str or None
        Names of the columns where they were given as items; None where slices are the columns.
    """

    layers: list[list[Layer]]
    names: list[str]
    columns: list[str] | None

    def __iter__(self) -> Any:
        """Go through all layers, row by row."""
        return (layer for row in self.layers for layer in row)

    @property
    def first(self) -> Layer:
        """The layer at the top left."""
        return self.layers[0][0]

    @property
    def segmentations(self) -> list["Segmentation"]:
        """Every segmentation once."""
        return list({id(layer.segmentation): layer.segmentation for layer in self if layer.segmentation}.values())

    @property
    def inside(self) -> NDArray[np.bool_] | None:
        """The pixels that have a class anywhere; None without segmentations."""
        labels = [segmentation.labels > 0 for segmentation in self.segmentations]
        return np.logical_or.reduce(labels) if labels else None


def rows_of(images: "Sources", channels: Sequence[int | str] | None, under: int | str | None) -> Rows:
    """Bring what a montage was given into rows.

    Raises
    ------
    TypeError
        When something is neither image nor segmentation.
    ValueError
        When there is nothing to show, rows have different lengths, grids differ, or a channel does not exist.
    """
    if isinstance(images, Mapping):
        named = list(images.items())
    elif isinstance(images, (list, tuple)):
        named = [("", value) for value in images]
    else:
        image = getattr(images, "image", None)  # of a segmentation
        named = [("", images)] if image is None else [("", image), ("", images)]
    nested = [isinstance(value, (Mapping, list, tuple)) for _, value in named]
    if not named or any(nested) != all(nested):
        raise ValueError("'images' must hold images and segmentations, or only sequences of them, one for each row")
    if not nested[0]:
        rows = [(name or layer.name, [layer]) for name, value in named for layer in _layers(value, channels, under)]
        return _checked(Rows([layers for _, layers in rows], [name for name, _ in rows], None))
    layers = []
    for _, value in named:
        items = list(value.values()) if isinstance(value, Mapping) else value
        layers.append([layer for item in items for layer in _layers(item, channels, under)])
    first = named[0][1]
    columns = list(first) if isinstance(first, Mapping) else [""] * len(layers[0])
    if len({len(row) for row in layers} | {len(columns)}) > 1:
        raise ValueError(f"rows must have the same number of panels, but have {', '.join(str(len(r)) for r in layers)}")
    return _checked(Rows(layers, [name for name, _ in named], columns))


def windows_of(rows: Rows, *, shared: bool) -> dict[Layer, tuple[float, float]]:
    """Find the values to show as black and white in each layer that shows a channel."""
    steps = visible(rows.first.image.shape)
    inside = rows.inside
    values: dict[tuple[int, int], NDArray[Any]] = {}
    for layer in rows:
        if layer.channel is not None:
            pixels = layer.image.channel(layer.channel)[steps]
            counted = np.isfinite(pixels) if inside is None else np.isfinite(pixels) & inside[steps]
            values[id(layer.image), layer.channel] = pixels[counted]
    windows = {key: window_of(pixels) for key, pixels in values.items()}
    if shared and windows:
        everything = window_of(np.concatenate(list(values.values())))
        windows = dict.fromkeys(windows, everything)
    return {layer: windows[id(layer.image), layer.channel] for layer in rows if layer.channel is not None}


def _layers(source: Any, channels: Sequence[int | str] | None, under: int | str | None) -> list[Layer]:
    from clast._result import Segmentation

    if isinstance(source, Segmentation):
        image = source.image
        if under == "auto":
            under = None if image.ndim == 2 else 0
        return [Layer(image, None if under is None else channel_index(image, under), source)]
    if not isinstance(source, Image):
        raise TypeError(f"'images' holds {type(source).__name__}, but must hold clast.Image and Segmentation only")
    chosen = range(source.n_channels) if channels is None else [channel_index(source, channel) for channel in channels]
    return [Layer(source, channel) for channel in chosen]


def _checked(rows: Rows) -> Rows:
    shapes = [layer.image.shape for layer in rows]
    if not shapes:
        raise ValueError("there is nothing to show: 'images' or 'channels' is empty")
    for shape in shapes[1:]:
        if shape != shapes[0]:
            raise ValueError(f"images must have one grid, but have shapes {shapes[0]} and {shape}")
    return rows
