"""What the Python tests share: hypothesis profiles, real inputs, and a way to run code in a process of its own."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import hypothesis
import numpy as np
import pytest

hypothesis.settings.register_profile("default", max_examples=40, deadline=None)
hypothesis.settings.register_profile("thorough", max_examples=1000, deadline=None)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """Folder of real inputs, kept beside the repository and not part of it."""
    folder = Path(__file__).parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"real inputs are not here: {folder} does not exist")
    return folder


@pytest.fixture(scope="session")
def mri(data_dir: Path) -> np.ndarray:
    """Voxels of four MRI modalities that are positive in all, shape (240391, 4), float64."""
    import nibabel

    names = ["t1", "t1_contrast", "flair", "adc"]
    volumes = [np.asarray(nibabel.load(data_dir / "mri" / f"{name}.nii.gz").dataobj) for name in names]
    stack = np.stack(volumes, axis=-1)
    return stack[(stack > 0).all(axis=-1)].astype(np.float64)


@pytest.fixture(scope="session")
def china() -> np.ndarray:
    """Pixels of the photo that ships with scikit-learn, shape (273280, 3), uint8."""
    from sklearn.datasets import load_sample_image

    return load_sample_image("china.jpg").reshape(-1, 3)


@pytest.fixture
def one_openmp_thread() -> Iterator[None]:
    """Keep scikit-learn to one thread: on a busy machine its threads spin a hundred times longer than they work."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1, user_api="openmp"):
        yield


@pytest.fixture(scope="session")
def run_python() -> Callable[..., str]:
    """Run Python code in a fresh process with a deadline; a hang fails the test and never stops the suite."""

    def run(code: str, *, timeout: float = 60, **environment: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            timeout=timeout,
            env={**os.environ, **environment},
        )
        assert done.returncode == 0, f"exit status {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    return run
