"""`clast demo`: a photo segmented from file to picture, and the same fit by scikit-learn beside it."""

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import clast
from clast._commands import progress, write_outputs
from clast.image import Image, OutputError
from clast.image._files import check_output

_N_CLUSTERS = 6
_SEED = 0
_REPEATS = 3


def run_demo(args: argparse.Namespace) -> None:
    """Segment scikit-learn's photo of a temple, write labels and picture, report both libraries' times."""
    folder = Path(args.output)
    outputs = {"labels": folder / "china_labels.png", "plot": folder / "china_segmented.png"}
    _prepare_folder(folder)
    for path in outputs.values():
        check_output(path, (".png",), force=args.force)
    with progress(2 + len(outputs), quiet=args.quiet) as step:
        image = _load_photo()
        step("comparing with scikit-learn")
        report = compare_with_sklearn(image.samples(), _N_CLUSTERS, _SEED)
        step("segmenting")
        start = time.perf_counter()
        model = clast.KMeans(_N_CLUSTERS, n_init=1, random_state=_SEED)
        result = clast.segment(image, model, label_order="center")
        report["seconds_segment"] = time.perf_counter() - start
        write_outputs(result, outputs, force=args.force, step=step)
    report["files"] = {kind: str(path) for kind, path in outputs.items()}
    if args.json:
        print(json.dumps(report, indent=2))
    elif not args.quiet:
        _print_report(report, image)


def compare_with_sklearn(X: NDArray[Any], n_clusters: int, seed: int) -> dict[str, Any]:
    """Fit the same k-means by both libraries, in turn, and compare times and labels.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
    n_clusters : int
    seed : int
        Both draw the same initial centers from it.

    Returns
    -------
    dict
        Shortest time of each in seconds, their ratio, and in how many samples the labels agree.
    """
    import sklearn
    from sklearn.cluster import KMeans

    options: dict[str, Any] = {"n_clusters": n_clusters, "n_init": 1, "random_state": seed}
    models = {"clast": clast.KMeans(**options), "sklearn": KMeans(**options)}
    for model in models.values():
        model.fit(X[:1000])  # thread pools start on first use
    seconds = {name: float("inf") for name in models}
    for _ in range(_REPEATS):
        for name, model in models.items():
            start = time.perf_counter()
            model.fit(X)
            seconds[name] = min(seconds[name], time.perf_counter() - start)
    return {
        "clast": clast.__version__,
        "sklearn": sklearn.__version__,
        "n_threads": clast.get_num_threads(),
        "n_samples": len(X),
        "n_clusters": n_clusters,
        "seed": seed,
        "n_iter": {name: int(model.n_iter_) for name, model in models.items()},
        "inertia": {name: float(model.inertia_) for name, model in models.items()},
        "seconds_fit": seconds,
        "speedup": seconds["sklearn"] / seconds["clast"],
        "labels_equal": int(np.count_nonzero(models["clast"].labels_ == models["sklearn"].labels_)),
    }


def _prepare_folder(folder: Path) -> None:
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot make the folder '{folder}': {error.strerror}; name another by -o") from error


def _load_photo() -> Image:
    from sklearn.datasets import load_sample_image

    return Image(load_sample_image("china.jpg"), axes="YX")


def _print_report(report: dict[str, Any], image: Image) -> None:
    seconds, n_samples = report["seconds_fit"], report["n_samples"]
    height, width = image.shape
    print(
        f"china.jpg, {width} x {height} pixels, into {report['n_clusters']} classes by k-means (seed {report['seed']})"
    )
    for name, title in (("clast", "clast"), ("sklearn", "scikit-learn")):
        version, milliseconds = f"{title} {report[name]}", seconds[name] * 1e3
        print(f"  {version:<20} {milliseconds:8.1f} ms  {report['n_iter'][name]} iterations")
    print(
        f"  the same fit {report['speedup']:.1f} times as fast, on {report['n_threads']} threads"
        f" (shortest of {_REPEATS}, in turn); labels equal in {report['labels_equal']} of {n_samples} pixels"
    )
    print(
        f"  from array to label image, classes numbered from dark to bright: {report['seconds_segment'] * 1e3:.1f} ms"
    )
    for kind, path in report["files"].items():
        print(f"{kind}: {path}")
