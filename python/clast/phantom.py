"""Images whose answer is known: made from a label image, so that a segmentation of them can be scored.

They look like what the examples are about, no more than that: means, noise and grain sizes are round numbers.

Examples
--------
>>> import clast
>>> from clast import phantom
>>> rock = phantom.rock(random_state=0)
>>> rock.image
Image(YX 256 x 256, uint16, channel: attenuation, spacing 2 x 2 um)
>>> rock.names
('pore', 'grain', 'matrix')
>>> found = clast.segment(rock.image, clast.KMeans(3, random_state=0), label_order="center")
>>> {name: round(score, 2) for name, score in rock.score(found.labels).items()}
{'pore': 0.94, 'grain': 0.99, 'matrix': 0.99}
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from clast.image import Image
from clast.matching import match_labels
from clast.metrics import dice

__all__ = ["Phantom", "brain", "crystals", "nanosims", "rock"]

_SHORTEST = 8  # pixels along an axis: fewer have no room for what is drawn
_MODALITIES = ("t1", "t1_contrast", "flair", "adc")
_HEAD = (176.0, 208.0, 160.0)  # mm, right to left, back to front, bottom to top
# Arbitrary units of a scanner; ADC in 1e-6 mm^2/s.
_TISSUES = {
    "CSF": (250, 260, 180, 2800),
    "grey matter": (600, 640, 620, 850),
    "white matter": (850, 880, 480, 720),
    "lesion": (480, 1150, 1000, 1500),
}

_MASSES = ("12C", "13C", "16O", "12C14N", "12C15N", "27Al16O", "56Fe16O")
# Mean counts of a pixel.
_PHASES = {
    "resin": (90, 1.0, 6, 12, 0.05, 0.2, 0.2),
    "organic": (60, 0.7, 20, 140, 0.5, 3, 1),
    "labelled organic": (60, 5.0, 20, 120, 14, 3, 1),
    "clay": (6, 0.1, 150, 8, 0.05, 40, 5),
    "iron oxide": (4, 0.1, 180, 4, 0.05, 5, 60),
}


@dataclass(frozen=True, eq=False)
class Phantom:
    """An image and its answer.

    Attributes
    ----------
    image : Image
    truth : ndarray of uint8 of the image's shape
        0 is background, 1 to ``len(names)`` are classes.
    names : tuple of str
        Of the classes.
    """

    image: Image
    truth: NDArray[np.uint8]
    names: tuple[str, ...]

    def known(self, share: float) -> Image:
        """Give the truth of a part of the image, for classifiers to learn from.

        Parameters
        ----------
        share : float
            How far the part reaches along the last axis, from 0 to 1.

        Returns
        -------
        Image
            The truth in that part, 0 elsewhere.
        """
        _check_range("share", share, 1)
        beyond = round(share * self.truth.shape[-1])
        told = self.truth.copy()
        told[..., beyond:] = 0
        return replace(self.image, data=told, channel_names=("truth",))

    def score(self, labels: ArrayLike) -> dict[str, float]:
        """Compare labels, however they are numbered, with the truth.

        Parameters
        ----------
        labels : array-like of int, of the image's shape
            0 is background.

        Returns
        -------
        dict of str to float
            Dice coefficient of every class, after `clast.match_labels`.
        """
        scores = dice(match_labels(labels, self.truth), self.truth)
        assert isinstance(scores, dict)
        return {name: scores.get(label, 0.0) for label, name in enumerate(self.names, start=1)}


def brain(
    shape: Sequence[int] = (96, 96, 24),
    *,
    noise: float = 0.08,
    random_state: int | np.random.Generator | None = None,
) -> Phantom:
    """Make a head in four modalities: grey and white matter, ventricles, fluid in folds, and a lesion.

    Parameters
    ----------
    shape : sequence of three int
        Along X, Y, Z (right, anterior, superior).
    noise : float, default=0.08
        Standard deviation relative to the brightest tissue of each modality.
    random_state : int, Generator or None, default=None

    Returns
    -------
    Phantom
        int16 as scanners write it, channels t1, t1_contrast, flair and adc, spacing in mm and affine; 0 outside the
        head and positive inside. Voxels at borders hold a mixture of tissues; their truth is the larger part.

    Examples
    --------
    >>> from clast import phantom
    >>> head = phantom.brain((32, 32, 8), random_state=0)
    >>> head.image
    Image(XYZ 32 x 32 x 8, int16, channels: t1, t1_contrast, flair, adc, spacing 5.5 x 6.5 x 20 mm)
    >>> head.names
    ('CSF', 'grey matter', 'white matter', 'lesion')
    """
    rng = _generator(random_state)
    lengths = _lengths("shape", shape, 3, _SHORTEST)
    _check_range("noise", noise, np.inf)
    truth = _tissues(lengths, rng)
    data = _noisy(truth, np.array(list(_TISSUES.values())), noise, 0.5, rng)
    # The background of a scan that was cut out is exactly 0, and no voxel of the head is.
    data = np.where(truth[..., np.newaxis] > 0, np.maximum(data, 1), 0)
    spacing = tuple(extent / length for extent, length in zip(_HEAD, lengths, strict=True))
    affine = np.diag([*spacing, 1.0])
    affine[:3, 3] = [-extent / 2 for extent in _HEAD]
    image = Image(np.rint(data).astype(np.int16), "XYZ", _MODALITIES, spacing, "mm", affine)
    return Phantom(image, truth, tuple(_TISSUES))


def nanosims(shape: Sequence[int] = (256, 256), *, random_state: int | np.random.Generator | None = None) -> Phantom:
    """Make the ion counts of a soil: resin, organic matter with and without label, clay and iron oxide.

    Parameters
    ----------
    shape : sequence of two int
    random_state : int, Generator or None, default=None

    Returns
    -------
    Phantom
        uint16, channels 12C, 13C, 16O, 12C14N, 12C15N, 27Al16O and 56Fe16O, each pixel a draw from the Poisson
        distribution of its phase; a field of view of 20 um along the longer side.

    Examples
    --------
    >>> from clast import phantom
    >>> phantom.nanosims((64, 64), random_state=0).names
    ('resin', 'organic', 'labelled organic', 'clay', 'iron oxide')
    """
    rng = _generator(random_state)
    height, width = _lengths("shape", shape, 2, _SHORTEST)
    truth = np.full((height, width), 4, dtype=np.uint8)
    # Shares of the area, from the widest structure to the finest, which lies on top.
    for phase, share, grain in ((1, 0.3, 10), (2, 0.25, 16), (3, 0.06, 24), (5, 0.1, 32)):
        field = _smooth((height, width), max(height, width) / grain / 2, rng)
        truth[field > np.quantile(field, 1 - share)] = phase
    counts = rng.poisson(np.array(list(_PHASES.values()))[truth - 1])
    side = 20 / max(height, width)
    image = Image(counts.astype(np.uint16), "YX", _MASSES, (side, side), "um")
    return Phantom(image, truth, tuple(_PHASES))


def rock(
    shape: Sequence[int] = (256, 256),
    *,
    noise: float = 0.05,
    shading: float = 0.0,
    random_state: int | np.random.Generator | None = None,
) -> Phantom:
    """Make a slice of a tomography: grains in a bright matrix, and pores.

    Parameters
    ----------
    shape : sequence of two int
    noise : float, default=0.05
        Standard deviation relative to the matrix.
    shading : float, default=0.0
        How much darker the centre is than the rim, as by beam hardening: 0.3 for 30 %.
    random_state : int, Generator or None, default=None

    Returns
    -------
    Phantom
        uint16 with values of 12 bits, as detectors deliver; pixels of 2 um.

    Examples
    --------
    >>> from clast import phantom
    >>> phantom.rock((64, 64), noise=0.1, shading=0.3, random_state=0).image.data.shape
    (64, 64)
    """
    from scipy.ndimage import distance_transform_edt

    rng = _generator(random_state)
    height, width = _lengths("shape", shape, 2, _SHORTEST)
    _check_range("noise", noise, np.inf)
    _check_range("shading", shading, 1)
    n_grains = 30
    seeds = np.ones((height, width), dtype=bool)
    seeds.reshape(-1)[rng.choice(seeds.size, min(n_grains, seeds.size), replace=False)] = False
    nearest = distance_transform_edt(seeds, return_distances=False, return_indices=True)
    grain = nearest[0] * width + nearest[1]
    edges = np.ones((height, width), dtype=bool)
    edges[:-1] &= grain[:-1] == grain[1:]
    edges[:, :-1] &= grain[:, :-1] == grain[:, 1:]
    # Matrix fills what is left between grains, thicker here and thinner there.
    side = np.sqrt(height * width / n_grains)
    gap = distance_transform_edt(edges) / side + 0.06 * _smooth((height, width), side / 3, rng)
    truth = np.where(gap > 0.14, 2, 3).astype(np.uint8)
    field = _smooth((height, width), side / 6, rng)
    truth[(field > np.quantile(field, 0.94)) & (truth == 3)] = 1
    data = _noisy(truth, np.array([[500], [1600], [2800]]), noise, 0.7, rng)[..., 0]
    data *= 1 - shading * (1 - _radius((height, width)) ** 2).clip(0)
    image = Image(_uint16(data), "YX", ("attenuation",), (2.0, 2.0), "um")
    return Phantom(image, truth, ("pore", "grain", "matrix"))


def crystals(
    shape: Sequence[int] = (256, 256),
    *,
    mosaic: tuple[int, int] = (2, 2),
    shading: float = 0.0,
    random_state: int | np.random.Generator | None = None,
) -> list[Phantom]:
    """Make tiles of a survey: rough crystals on smooth ground, some of them across the border of two tiles.

    Parameters
    ----------
    shape : sequence of two int
        Of one tile.
    mosaic : tuple of two int, default=(2, 2)
        Rows and columns of tiles.
    shading : float, default=0.0
        How much darker the corners of each tile are than its centre, as by uneven lighting: 0.3 for 30 %.
    random_state : int, Generator or None, default=None

    Returns
    -------
    list of Phantom
        Row by row; uint16, pixels of 0.5 um.

    Examples
    --------
    >>> from clast import phantom
    >>> tiles = phantom.crystals((128, 128), random_state=0)
    >>> len(tiles), tiles[0].image.shape, tiles[0].names
    (4, (128, 128), ('ground', 'crystal'))
    """
    rng = _generator(random_state)
    height, width = _lengths("shape", shape, 2, _SHORTEST)
    n_rows, n_columns = _lengths("mosaic", mosaic, 2, 1)
    _check_range("shading", shading, 1)
    whole = (height * n_rows, width * n_columns)
    depth = _crystal_depth(whole, min(height, width), 10 * n_rows * n_columns, rng)
    truth = np.where(depth > 0, 2, 1).astype(np.uint8)
    inside = np.clip(depth / 0.1, 0, 1)  # the texture sets in within a tenth of the radius
    data = 12000 + 100 * rng.standard_normal(whole) + inside * (400 + 700 * _smooth(whole, 1.5, rng))
    light = 1 - shading * np.minimum(_radius((height, width)) ** 2 / 2, 1)
    tiles = []
    for row in range(n_rows):
        for column in range(n_columns):
            part = (slice(row * height, (row + 1) * height), slice(column * width, (column + 1) * width))
            image = Image(_uint16(data[part] * light), "YX", ("intensity",), (0.5, 0.5), "um")
            tiles.append(Phantom(image, truth[part].copy(), ("ground", "crystal")))
    return tiles


def _tissues(shape: tuple[int, ...], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Nested shells with folds; ventricles and a lesion in them."""
    x, y, z = _coordinates(shape)
    depth = 0.9 - np.sqrt(x**2 + y**2 + z**2)
    folds = _smooth(shape, min(shape[:2]) / 36, rng)
    truth = np.zeros(shape, dtype=np.uint8)
    truth[depth > 0] = 1
    truth[depth > 0.06 + 0.04 * folds] = 2
    truth[depth > 0.2 + 0.06 * folds] = 3
    truth[((np.abs(x) - 0.14) / 0.09) ** 2 + (y / 0.35) ** 2 + (z / 0.35) ** 2 < 1] = 1
    lesion = np.sqrt((x - 0.42) ** 2 + (y - 0.15) ** 2 + (z - 0.1) ** 2) < 0.3 + 0.03 * folds
    truth[lesion & (depth > 0)] = 4
    truth[depth <= 0] = 0
    return truth


def _crystal_depth(shape: tuple[int, int], side: int, n_crystals: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """How deep inside a crystal each pixel lies: 1 at its centre, 0 at its rim, negative outside of all."""
    depth = np.full(shape, -1.0)
    for _ in range(n_crystals):
        center = rng.uniform(0, shape)
        along = rng.uniform(0.04, 0.13) * side
        across = along * rng.uniform(0.5, 1.0)
        angle = rng.uniform(0, np.pi)
        low = np.maximum(0, center - along).astype(int)
        high = np.minimum(shape, center + along + 1).astype(int)
        rows, columns = np.ogrid[low[0] : high[0], low[1] : high[1]]
        down, right = rows - center[0], columns - center[1]
        u = (down * np.sin(angle) + right * np.cos(angle)) / along
        v = (down * np.cos(angle) - right * np.sin(angle)) / across
        box = depth[low[0] : high[0], low[1] : high[1]]
        np.maximum(box, 1 - np.sqrt(u**2 + v**2), out=box)
    return depth


def _noisy(
    truth: NDArray[np.uint8], means: NDArray[Any], noise: float, blur: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Give each class its means, blur them as an instrument does, and add noise; channels last."""
    from scipy.ndimage import gaussian_filter

    values = np.concatenate([np.zeros_like(means[:1]), means])[truth].astype(np.float64)
    values = gaussian_filter(values, (blur,) * truth.ndim + (0,))
    blurred: NDArray[np.float64] = values + noise * means.max(axis=0) * rng.standard_normal(values.shape)
    return blurred


def _smooth(shape: tuple[int, ...], width: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """Random hills of this width, mean 0 and standard deviation 1."""
    from scipy.ndimage import gaussian_filter

    # Slices of a volume are far apart: hills extend as far along each axis relative to its length.
    widths = [width * length / max(shape[:2]) for length in shape]
    hills = gaussian_filter(rng.standard_normal(shape), widths, mode="wrap")
    found: NDArray[np.float64] = (hills - hills.mean()) / hills.std()
    return found


def _coordinates(shape: tuple[int, ...]) -> list[NDArray[np.float64]]:
    """Centres of pixels along each axis, from -1 to 1."""
    return list(np.meshgrid(*[(np.arange(n) + 0.5) * 2 / n - 1 for n in shape], indexing="ij", sparse=True))


def _radius(shape: tuple[int, ...]) -> NDArray[np.float64]:
    rows, columns = _coordinates(shape)
    radius: NDArray[np.float64] = np.sqrt(rows**2 + columns**2)
    return radius


def _uint16(values: NDArray[np.float64]) -> NDArray[np.uint16]:
    return np.rint(values).clip(0, 65535).astype(np.uint16)


def _generator(random_state: int | np.random.Generator | None) -> np.random.Generator:
    return np.random.default_rng(random_state)


def _lengths(name: str, lengths: Sequence[int], n_axes: int, least: int) -> tuple[int, ...]:
    is_whole = isinstance(lengths, Sequence) and all(isinstance(length, int | np.integer) for length in lengths)
    if not is_whole or len(lengths) != n_axes or min(lengths) < least:
        raise ValueError(f"'{name}' is {lengths!r}, but must be {n_axes} whole numbers of at least {least}")
    return tuple(map(int, lengths))


def _check_range(name: str, value: float, most: float) -> None:
    if not isinstance(value, Real) or not 0 <= value <= most:
        raise ValueError(f"'{name}' is {value!r}, but must be a number from 0 {'on' if most == np.inf else 'to 1'}")
