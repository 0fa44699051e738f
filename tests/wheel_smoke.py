"""Prove an installed clast: run with the interpreter of the environment, pass or fail by the exit status."""

import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import numpy as np

import clast


def main() -> None:
    check_origin()
    check_fit()
    check_command_line()
    print(f"clast {clast.__version__} works in {sys.prefix}")


def check_origin() -> None:
    """A source tree on the path would hide a wheel that lacks files."""
    package = Path(clast.__file__).resolve().parent
    assert package.is_relative_to(Path(sysconfig.get_path("platlib")).resolve()), f"clast was imported from {package}"
    assert (package / "py.typed").exists()
    assert (package / "_core.pyi").exists()


def check_fit() -> None:
    rng = np.random.default_rng(0)
    blobs = np.concatenate([rng.normal(center, 0.1, (50, 2)) for center in (0.0, 5.0)])
    model = clast.KMeans(n_clusters=2, random_state=0).fit(blobs)
    np.testing.assert_allclose(np.sort(model.cluster_centers_, axis=0), [[0, 0], [5, 5]], atol=0.1)
    assert np.array_equal(model.predict(blobs), model.labels_)

    image = blobs.reshape(10, 10, 2)
    labels = clast.segment(image, model, channel_axis=-1).labels
    assert labels.shape == (10, 10)
    assert set(np.unique(labels)) == {1, 2}


def check_command_line() -> None:
    command = shutil.which("clast", path=str(Path(sys.executable).parent))
    assert command is not None, f"no clast command beside {sys.executable}"
    reported = subprocess.run([command, "--version"], capture_output=True, text=True, check=True).stdout
    assert clast.__version__ in reported, f"clast --version says {reported!r}"


if __name__ == "__main__":
    main()
