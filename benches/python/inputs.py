"""The arrays that are measured on: real images where there are any, otherwise images made to look like them."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import DTypeLike, NDArray
from PIL import Image
from scipy.ndimage import gaussian_filter, gaussian_filter1d
from sklearn.datasets import load_sample_image
from sklearn.decomposition import PCA

Samples = NDArray[np.generic]

# Real inputs are too large for the repository: a folder beside it may hold them.
DATA = Path(os.environ.get("CLAST_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))
MRI_FILES = [DATA / "mri" / f"{name}.nii.gz" for name in ("t1", "t1_contrast", "flair", "adc")]
HAS_MRI = all(path.exists() for path in MRI_FILES)


@dataclass(frozen=True)
class Source:
    """A sample matrix by name; `make` gives it in its own dtype."""

    name: str
    make: Callable[[], Samples]

    def samples(self, dtype: DTypeLike, limit: int | None = None) -> Samples:
        """The sample matrix in `dtype`, thinned evenly to at most `limit` rows."""
        X = self.make()
        step = 1 if limit is None else -(-len(X) // limit)
        return np.ascontiguousarray(X[::step], dtype=dtype)


def photo(height: int, width: int) -> Source:
    """The pixels of scikit-learn's photo of a temple, resampled to `height` x `width`."""
    return Source("photo", lambda: _photo(height, width).reshape(-1, 3))


def dithered_photo(height: int, width: int) -> Source:
    """The same off the integer grid: no two samples are equal, so that choices among them can be compared."""

    def make() -> Samples:
        pixels = _photo(height, width).reshape(-1, 3)
        return pixels + np.random.default_rng(0).uniform(-0.5, 0.5, pixels.shape)

    return Source("dithered photo", make)


def mri() -> Source:
    """Voxels that are positive in all four modalities of a brain."""
    return Source("brain MRI", _mri) if HAS_MRI else Source("synthetic MRI", _mri_stand_in)


def thinned(source: Source, n_samples: int) -> Source:
    """At most `n_samples` of another source, evenly spread."""
    return Source(source.name, lambda: source.samples(np.float64, n_samples))


def components(source: Source, n_components: int) -> Source:
    """The first principal components of another source."""
    project = PCA(n_components, svd_solver="full").fit_transform
    return Source(f"{source.name} by PCA", lambda: project(source.samples(np.float64)))


def volume(*shape: int) -> Source:
    """One channel of a tomogram: smooth material of four densities, with noise."""

    def make() -> Samples:
        rng = np.random.default_rng(0)
        fields = rng.standard_normal(shape, dtype=np.float32)
        smooth = gaussian_filter(fields, 6, mode="wrap")
        phase = np.searchsorted(np.quantile(smooth[::4, ::4], [0.3, 0.5, 0.8]), smooth)
        values = np.array([20, 60, 90, 150], dtype=np.float32)[phase] + 12 * fields
        return values.reshape(-1, 1)

    return Source("tomogram-like volume", make)


def nanosims(size: int = 256, n_channels: int = 7) -> Source:
    """Ion counts of `n_channels` isotopes over cells, each channel divided by its maximum.

    A cell has a smooth outline and an edge. Every channel follows the same five kinds of cell to its own degree, and
    counts are Poisson-distributed.
    """

    def make() -> Samples:
        rng = np.random.default_rng(0)
        cells = np.tanh(3 * _smooth_fields(rng, (size, size), n_fields=5, sigma=size / 32))
        rates = 40 * np.exp(cells @ rng.normal(0, 0.6, (cells.shape[-1], n_channels)))
        counts = rng.poisson(rates).reshape(-1, n_channels)
        return counts / counts.max(axis=0)

    return Source("NanoSIMS-like image", make)


def hyperspectral(height: int, width: int, n_bands: int) -> Source:
    """Reflectance in `n_bands` bands: every pixel mixes the smooth spectra of four materials, every band adds noise."""

    def make() -> Samples:
        rng = np.random.default_rng(0)
        fields = np.exp(_smooth_fields(rng, (height, width), n_fields=4, sigma=height / 32))
        abundances = (fields / fields.sum(axis=-1, keepdims=True)).reshape(height * width, -1).astype(np.float32)
        steps = rng.normal(0, 1, (abundances.shape[1], n_bands))
        spectra = gaussian_filter1d(steps, sigma=n_bands / 20, axis=1, mode="wrap")
        spectra /= spectra.std()
        X = abundances @ spectra.astype(np.float32)
        X += 0.1 * rng.standard_normal(X.shape, dtype=np.float32)
        return X

    return Source("hyperspectral-like image", make)


@cache
def _photo(height: int, width: int) -> NDArray[np.uint8]:
    image = Image.fromarray(load_sample_image("china.jpg"))
    return np.asarray(image.resize((width, height), Image.Resampling.BICUBIC))


@cache
def _mri() -> Samples:
    import nibabel

    volumes = np.stack([np.asarray(nibabel.load(path).dataobj) for path in MRI_FILES], axis=-1)
    return volumes[(volumes > 0).all(axis=-1)].astype(np.float64)


def _mri_stand_in(n_samples: int = 240_391) -> Samples:
    """Three overlapping tissues in runs of alike neighbours, as a scan line crosses them."""
    rng = np.random.default_rng(0)
    means = np.array([[320.0, 400, 250, 900], [480, 520, 420, 750], [220, 700, 600, 1400]])
    tissue = np.repeat(rng.integers(0, 3, n_samples), rng.integers(1, 40, n_samples))[:n_samples]
    return means[tissue] + rng.normal(0, 70, (n_samples, 4))


def _smooth_fields(
    rng: np.random.Generator, shape: tuple[int, int], n_fields: int, sigma: float
) -> NDArray[np.float64]:
    """Independent random images of standard deviation 1, smooth over `sigma` pixels; shape (*shape, n_fields)."""
    fields = np.stack([gaussian_filter(rng.standard_normal(shape), sigma, mode="wrap") for _ in range(n_fields)], -1)
    return fields / fields.std(axis=(0, 1))
