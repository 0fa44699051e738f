"""What is measured on images: a picture, and how each library does the same to it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache, partial
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

import clast
from inputs import _photo
from workloads import Target

Image = NDArray[Any]
Answer = NDArray[Any]


@dataclass(frozen=True)
class ImageWorkload:
    """One thing to do with one image, or a stack of them."""

    title: str
    # The image, at most so many pixels along an axis.
    image: Callable[[int], Image]
    # By library; clast and the reference have to be there.
    runs: Mapping[str, Callable[[Image], Answer]] = field(repr=False)
    target: Target
    # Whose answer clast promises, if it does; otherwise both do the same kind of work.
    reference: str = "scikit-image"
    is_promised: bool = True


def slic(
    title: str, image: Callable[[int], Image], target: Target, masked: bool = False, **options: Any
) -> ImageWorkload:
    """SLIC with scikit-image's arguments; the others get what they understand of them."""

    def run(library: Callable[..., Answer], image: Image) -> Answer:
        mask = _ellipsoid(image.shape[: image.ndim - (image.shape[-1] == 3)]) if masked else None
        channel_axis = -1 if image.shape[-1] == 3 else None
        return library(image, mask=mask, channel_axis=channel_axis, **options)

    def scikit_image(image: Image) -> Answer:
        return run(import_module("skimage.segmentation").slic, image)

    runs = {
        "clast": partial(run, partial(clast.slic, repair_labels=False)),
        "scikit-image": scikit_image,
        "SimpleITK": partial(simple_itk_slic, n_segments=options["n_segments"]),
    }
    if masked:
        del runs["SimpleITK"]
    return ImageWorkload(f"SLIC, {title}", image, runs, target)


def simple_itk_slic(image: Image, n_segments: int) -> Answer:
    """SimpleITK's superpixels of an RGB image or of a volume of one channel; they begin as a grid of squares."""
    itk = import_module("SimpleITK")
    is_rgb = image.shape[-1] == 3
    size = round((image.size / (3 if is_rgb else 1) / n_segments) ** (1 / _n_axes(image)))
    source = itk.GetImageFromArray(image.astype(np.float32), isVector=is_rgb)
    labels = itk.SLIC(source, superGridSize=[size] * _n_axes(image), maximumNumberOfIterations=10)
    found: Answer = itk.GetArrayViewFromImage(labels).copy()
    return found


def region_table(image: Callable[[int], Image], target: Target) -> ImageWorkload:
    """Area, box, centroid, and mean, least and largest value of every channel of 1000 regions."""

    def ours(image: Image) -> Answer:
        found = clast.regions.region_statistics(_grid(image.shape[:2]), image)
        return np.column_stack([found.area, found.centroid, found.mean, found.min, found.max])

    def theirs(image: Image) -> Answer:
        properties = ("area", "bbox", "centroid", "mean_intensity", "min_intensity", "max_intensity")
        table = import_module("skimage.measure").regionprops_table(_grid(image.shape[:2]), image, properties)
        return np.column_stack([column for name, column in table.items() if not name.startswith("bbox")])

    runs = {"clast": ours, "scikit-image": theirs}
    return ImageWorkload("table of 1000 regions, 12 megapixels RGB uint8", image, runs, target)


def graph_and_merge(image: Callable[[int], Image], target: Target) -> ImageWorkload:
    """Adjacency graph of 1000 superpixels and merging below a threshold.

    Scikit-image cuts edges of the first graph; clast merges the most alike regions one after the other.
    """

    def ours(image: Image) -> Answer:
        labels = _superpixels(image.shape[0])
        clast.regions.region_graph(labels, image)
        return np.array([clast.regions.merge_regions(labels, image, threshold=20).labels.max()])

    def theirs(image: Image) -> Answer:
        graph = import_module("skimage.graph")
        labels = _superpixels(image.shape[0])
        return np.array([graph.cut_threshold(labels, graph.rag_mean_color(image, labels), thresh=20).max()])

    runs = {"clast": ours, "scikit-image": theirs}
    return ImageWorkload("region graph and merge, 512 x 512 RGB", image, runs, target, is_promised=False)


def rgb(height: int, width: int) -> Callable[[int], Image]:
    """Scikit-learn's photo of a temple."""
    return lambda limit: _photo(min(height, limit), min(width, limit))


def grey(height: int, width: int) -> Callable[[int], Image]:
    """Its green channel in float64."""
    return lambda limit: _photo(min(height, limit), min(width, limit))[..., 1] / 255


def volume(*shape: int) -> Callable[[int], Image]:
    """A smooth volume with noise, like a brain template."""

    @cache
    def make(limit: int) -> Image:
        rng = np.random.default_rng(0)
        noise = rng.standard_normal([min(size, limit) for size in shape])
        return (gaussian_filter(noise, 4, mode="wrap") * 20 + 0.05 * noise).astype(np.float64)

    return make


@cache
def _grid(shape: tuple[int, int], n_regions: int = 1000) -> Answer:
    side = int(np.sqrt(shape[0] * shape[1] / n_regions))
    rows, columns = np.arange(shape[0]) // side, np.arange(shape[1]) // side
    return rows[:, None] * (columns[-1] + 1) + columns + 1


@cache
def _superpixels(side: int) -> Answer:
    return clast.slic(_photo(side, side), 1000, start_label=1)


@cache
def _ellipsoid(shape: tuple[int, ...]) -> NDArray[np.bool_]:
    axes = np.meshgrid(*[np.linspace(-1, 1, size) for size in shape], indexing="ij", sparse=True)
    return sum(axis**2 for axis in axes) < 0.7


def _n_axes(image: Image) -> int:
    return image.ndim - (image.shape[-1] == 3)


IMAGE_WORKLOADS = (
    slic("512 x 512 RGB, 250 segments", rgb(512, 512), Target(25), n_segments=250, compactness=10),
    slic("12 megapixels RGB, 1000 segments", rgb(3000, 4000), Target(30), n_segments=1000, compactness=10),
    slic("4 megapixels RGB, elliptic mask", rgb(2000, 2000), Target(35), True, n_segments=500, compactness=10),
    slic("1024 x 1024 grey, sigma = 3", grey(1024, 1024), Target(15), n_segments=100, compactness=0.1, sigma=3),
    slic("197 x 233 x 189, 2000 segments", volume(197, 233, 189), Target(25, 8), n_segments=2000, compactness=0.1),
    slic("197 x 233 x 189, ellipsoid mask", volume(197, 233, 189), Target(60), True, n_segments=2000, compactness=0.1),
    region_table(rgb(3000, 4000), Target(20)),
    graph_and_merge(rgb(512, 512), Target(100)),
)
