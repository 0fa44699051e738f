"""What is measured: tasks, the arrays they run on, and the one table that names both.

A new workload is a line in `WORKLOADS`; a new kind of work is a task class and a solver for it in `peers`.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import DTypeLike, NDArray
from sklearn.cluster import kmeans_plusplus
from sklearn.datasets import load_sample_image

Samples = NDArray[np.generic]

# Real inputs are too large for the repository: a folder beside it may hold them.
DATA = Path(os.environ.get("CLAST_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))
MRI_FILES = [DATA / "mri" / f"{name}.nii.gz" for name in ("t1", "t1_contrast", "flair", "adc")]
HAS_MRI = all(path.exists() for path in MRI_FILES)


@dataclass(frozen=True)
class Lloyd:
    """Exactly `n_iter` iterations from given centers: no seeding, no tolerance."""

    n_clusters: int
    n_iter: int

    @property
    def passes(self) -> int:
        return self.n_iter

    @property
    def parts(self) -> int:
        """How many equal pieces a reported time is divided into: one per iteration."""
        return self.n_iter


@dataclass(frozen=True)
class Fit:
    """A complete fit as a user writes it, seeding, restarts and stopping rule included."""

    n_clusters: int
    n_init: int
    random_state: int = 0
    passes = None
    parts = 1


@dataclass(frozen=True)
class PlusPlus:
    """The choice of initial centers alone."""

    n_clusters: int
    random_state: int = 0
    parts = 1

    @property
    def passes(self) -> int:
        return self.n_clusters


Task = Lloyd | Fit | PlusPlus


@dataclass(frozen=True)
class Source:
    """A sample matrix by name; `make` gives it in its widest dtype."""

    name: str
    make: Callable[[], Samples]


@dataclass(frozen=True)
class Workload:
    title: str
    source: Source
    dtype: DTypeLike
    task: Task

    def name(self, X: Samples) -> str:
        shape = " x ".join(f"{size:_}".replace("_", " ") for size in X.shape)
        return f"{self.title}, {self.source.name} {shape} {X.dtype}, k = {self.task.n_clusters}"

    def samples(self, limit: int | None = None) -> Samples:
        """The sample matrix, thinned evenly to at most `limit` rows."""
        X = self.source.make()
        step = 1 if limit is None else -(-len(X) // limit)
        return np.ascontiguousarray(X[::step], dtype=self.dtype)


def initial_centers(X: Samples, n_clusters: int) -> NDArray[np.float64]:
    """Well-spread centers that lie on no sample.

    Pixels are integers: centers on pixels make exact ties in the first iteration, and rounding breaks those differently
    in every library.
    """
    X = X.astype(np.float64)
    rng = np.random.default_rng(0)
    thinned = X[:: max(1, len(X) // 20_000)]
    centers, _ = kmeans_plusplus(thinned, n_clusters, random_state=0)
    return centers + rng.uniform(-1e-3, 1e-3, centers.shape) * X.std(axis=0)


@cache
def photo() -> Samples:
    from PIL import Image

    image = Image.fromarray(load_sample_image("china.jpg"))
    return np.asarray(image.resize((760, 411), Image.Resampling.BICUBIC)).reshape(-1, 3)


@cache
def photo_million() -> Samples:
    """The photo at 10^6 pixels, off the integer grid so that no two samples are equal."""
    from PIL import Image

    image = Image.fromarray(load_sample_image("china.jpg"))
    pixels = np.asarray(image.resize((1250, 800), Image.Resampling.BICUBIC)).reshape(-1, 3)
    return pixels + np.random.default_rng(0).uniform(-0.5, 0.5, pixels.shape)


@cache
def mri() -> Samples:
    """Voxels that are positive in all four modalities, as float64."""
    if not HAS_MRI:
        return _mri_stand_in()
    import nibabel

    volumes = np.stack([np.asarray(nibabel.load(path).dataobj) for path in MRI_FILES], axis=-1)
    return volumes[(volumes > 0).all(axis=-1)].astype(np.float64)


def _mri_stand_in(n_samples: int = 240_391) -> Samples:
    """Three overlapping tissues in runs of alike neighbours, as a scan line crosses them."""
    rng = np.random.default_rng(0)
    means = np.array([[320.0, 400, 250, 900], [480, 520, 420, 750], [220, 700, 600, 1400]])
    tissue = np.repeat(rng.integers(0, 3, n_samples), rng.integers(1, 40, n_samples))[:n_samples]
    return means[tissue] + rng.normal(0, 70, (n_samples, 4))


PHOTO = Source("photo", photo)
PHOTO_MILLION = Source("dithered photo", photo_million)
MRI = Source("brain MRI" if HAS_MRI else "synthetic MRI", mri)

WORKLOADS = (
    Workload("Lloyd iteration", PHOTO, np.float64, Lloyd(8, n_iter=20)),
    Workload("Lloyd iteration", PHOTO, np.float32, Lloyd(8, n_iter=20)),
    Workload("Lloyd iteration", PHOTO, np.uint8, Lloyd(8, n_iter=20)),
    Workload("Lloyd iteration", MRI, np.float64, Lloyd(3, n_iter=10)),
    Workload("Lloyd iteration", MRI, np.float32, Lloyd(3, n_iter=10)),
    Workload("complete fit, n_init = 10", MRI, np.float64, Fit(3, n_init=10)),
    Workload("complete fit, n_init = 10", MRI, np.float32, Fit(3, n_init=10)),
    Workload("complete fit, n_init = 10", PHOTO, np.uint8, Fit(8, n_init=10)),
    Workload("k-means++", PHOTO, np.float64, PlusPlus(8)),
    Workload("k-means++", PHOTO, np.uint8, PlusPlus(8)),
    Workload("k-means++", PHOTO_MILLION, np.float64, PlusPlus(64)),
)
