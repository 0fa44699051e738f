"""Superpixels against what people drew on photos of the Berkeley Segmentation Data Set.

python benches/python/superpixel_quality.py [FOLDER] [--smoke] [--update-readme]
"""

import argparse
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from statistics import fmean

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.io import loadmat

import clast
from clast.metrics import achievable_segmentation_accuracy, boundary_recall, undersegmentation_error
from image_workloads import simple_itk_slic
from report import ROOT, update_readme

BSDS = ROOT.parent / "shared" / "data" / "bsds"
N_SEGMENTS = (100, 250, 500, 1000)
SCORES = {
    "boundary recall": boundary_recall,
    "undersegmentation error": undersegmentation_error,
    "achievable accuracy": achievable_segmentation_accuracy,
}

Photo = NDArray[np.uint8]
Labels = NDArray[np.integer]
Segmenter = Callable[[Photo, int], Labels]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, default=BSDS, help="photos (.jpg) and ground truth (.mat)")
    parser.add_argument("--smoke", action="store_true", help="one photo, one number of segments")
    parser.add_argument("--update-readme", action="store_true", help="write the table into the README")
    options = parser.parse_args()
    photos = sorted(options.folder.glob("*.jpg"))[: 1 if options.smoke else None]
    if not photos:
        print(f"skipped: quality of superpixels (no photos in {options.folder})")
        return
    numbers = N_SEGMENTS[:1] if options.smoke else N_SEGMENTS
    lines = [
        f"| segments asked for | library | superpixels | {' | '.join(SCORES)} |",
        f"| --- | --- | --- |{' --- |' * len(SCORES)}",
    ]
    for n_segments in numbers:
        for name, segment in segmenters().items():
            lines.append(f"| {n_segments} | {name} | {measure(segment, photos, n_segments)} |")
            print(lines[-1], flush=True)
    if options.update_readme:
        update_readme("\n".join(lines) + "\n", "bench-quality")


def segmenters() -> dict[str, Segmenter]:
    """What is installed, by name."""
    found: dict[str, Segmenter] = {"clast": lambda photo, n_segments: clast.slic(photo, n_segments)}
    if find_spec("skimage"):
        from skimage.segmentation import slic

        found["scikit-image"] = lambda photo, n_segments: slic(photo, n_segments)
    if find_spec("SimpleITK"):
        found["SimpleITK"] = simple_itk_slic
    return found


def measure(segment: Segmenter, photos: list[Path], n_segments: int) -> str:
    """Mean number of superpixels and scores, over the photos and over the people who drew each; cells of the table."""
    counts, scores = [], {name: [] for name in SCORES}
    for path in photos:
        with Image.open(path) as photo:
            labels = segment(np.asarray(photo.convert("RGB")), n_segments)
        counts.append(len(np.unique(labels)))
        drawn = list(ground_truth(path.with_suffix(".mat")))
        for name, score in SCORES.items():
            scores[name].append(fmean(score(labels, truth) for truth in drawn))
    return " | ".join([f"{fmean(counts):.0f}", *(f"{fmean(values):.4f}" for values in scores.values())])


def ground_truth(path: Path) -> Iterator[Labels]:
    """The segments that each person drew."""
    for drawing in loadmat(path)["groundTruth"].ravel():
        yield drawing["Segmentation"][0, 0].astype(np.int64)


if __name__ == "__main__":
    main()
