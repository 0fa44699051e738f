"""What the commands `clast segment` and `clast info` do, and what commands share."""

import argparse
import json
import math
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np

import clast
from clast._quadtree import QuadTree
from clast._result import Segmentation
from clast.image import Image, OutputError, as_image
from clast.image._files import check_output, replace_atomically
from clast.image._image import format_spacing
from clast.image._read import read_file, stack_images
from clast.image._write import LABEL_SUFFIXES, MAP_SUFFIXES, check_label_output, write_labels, write_map

PLOT_SUFFIXES = (".png", ".pdf", ".svg", ".jpg")
TABLE_SUFFIXES = (".csv", ".tsv")


def run_segment(args: argparse.Namespace) -> None:
    """Read, segment, write, report; every reason not to write is found before the fit."""
    model = _make_model(args)
    outputs = named_outputs(args)
    check_outputs(outputs, args.inputs, force=args.force)
    seconds: dict[str, float] = {}
    with progress(len(args.inputs) + 1 + len(outputs), quiet=args.quiet) as step:
        with timed(seconds, "read"):
            image = read_inputs(args.inputs, args.axes, step)
        if "labels" in outputs:
            check_label_output(outputs["labels"], image.ndim, force=args.force)
        step(f"fitting {args.k} classes")
        threads = clast.threads(args.threads) if args.threads else nullcontext()
        with timed(seconds, "fit"), threads:
            options = {"features": args.features, "scale": args.scale, "pca": args.pca}
            result = clast.segment(image, model, mask=args.mask, label_order=args.label_order, **options)
        with timed(seconds, "write"):
            write_outputs(result, outputs, force=args.force, step=step)
    if args.json:
        print(json.dumps(_report(result, args.inputs, outputs, seconds), indent=2))
    elif not args.quiet:
        _print_report(result, outputs, seconds)


def run_info(args: argparse.Namespace) -> None:
    """Print what each file holds."""
    with progress(len(args.inputs), quiet=args.quiet) as step:
        descriptions = [_describe(path, read_inputs([path], args.axes, step)) for path in args.inputs]
    if args.json:
        print(json.dumps({"files": descriptions}, indent=2))
    elif not args.quiet:
        for description in descriptions:
            print(description.pop("file"))
            for key, value in description.items():
                text = ", ".join(map(_text, value)) if isinstance(value, list) else value
                print(f"  {key.replace('_', ' ')}: {'unknown' if text is None else text}")


def write_outputs(
    result: Segmentation | QuadTree, outputs: Mapping[str, Path], *, force: bool, step: Callable[[str], None]
) -> None:
    """Write all outputs or none of them: files get their names when the last one is complete."""
    with ExitStack() as stack:
        for kind, path in outputs.items():
            step(f"writing {path.name}")
            temporary = stack.enter_context(replace_atomically(path, force=force))
            if kind == "labels":
                write_labels(temporary, result.labels, result.image)
            elif kind == "probabilities" and isinstance(result, Segmentation):
                write_map(temporary, result.posteriors(), result.image)
            elif kind == "table":
                separator = "\t" if path.suffix.lower() == ".tsv" else ","
                table = result.leaves if isinstance(result, QuadTree) else result.table()
                table.to_csv(temporary, sep=separator, index=False)
            else:
                result.plot().savefig(temporary)


@contextmanager
def progress(n_steps: int, *, quiet: bool) -> Iterator[Callable[[str], None]]:
    """Show the stage of long work in one line on stderr, if somebody is watching a terminal.

    Parameters
    ----------
    n_steps : int
    quiet : bool

    Yields
    ------
    callable
        Call it with what begins now.
    """
    if quiet or not sys.stderr.isatty():
        yield lambda stage: None
        return
    from tqdm import tqdm

    with tqdm(total=n_steps, leave=False, bar_format="{desc} |{bar:20}| {elapsed}") as bar:
        started = False

        def step(stage: str) -> None:
            nonlocal started
            bar.update(started)  # what was begun last is done
            started = True
            bar.set_description_str(stage)

        yield step


def _make_model(args: argparse.Namespace) -> Any:
    if args.model == "gmm":
        n_init = 1 if args.n_init == "auto" else args.n_init
        covariance_type = args.covariance or "full"
        return clast.GaussianMixture(
            args.k, covariance_type=covariance_type, n_init=n_init, random_state=args.seed, on_collapse="regularize"
        )
    return clast.KMeans(args.k, n_init=args.n_init, random_state=args.seed)


def named_outputs(args: argparse.Namespace) -> dict[str, Path]:
    """Find the files to write, by what goes there."""
    options = {"labels": "output", "probabilities": "probabilities", "table": "table", "plot": "plot"}
    named = {kind: getattr(args, option, None) for kind, option in options.items()}
    return {kind: Path(path) for kind, path in named.items() if path is not None}


def check_outputs(outputs: Mapping[str, Path], inputs: Sequence[str], *, force: bool) -> None:
    """Refuse what cannot be written, before any work is done."""
    suffixes = {
        "labels": LABEL_SUFFIXES,
        "probabilities": MAP_SUFFIXES,
        "table": TABLE_SUFFIXES,
        "plot": PLOT_SUFFIXES,
    }
    taken = {Path(path).resolve(): "an input" for path in inputs}
    for kind, path in outputs.items():
        check_output(path, suffixes[kind], force=force)
        if path.resolve() in taken:
            raise OutputError(f"cannot write the {kind} to '{path}': it is {taken[path.resolve()]} too")
        taken[path.resolve()] = f"where the {kind} go" if kind.endswith("s") else f"where the {kind} goes"


def read_inputs(paths: Sequence[str], axes: str | None, step: Callable[[str], None]) -> Image:
    """Read files that are the channels of one image."""
    images = []
    for path in paths:
        step(f"reading {Path(path).name}")
        images.append(read_file(path, axes))
    return as_image(stack_images(images, paths))


@contextmanager
def timed(seconds: dict[str, float], stage: str) -> Iterator[None]:
    """Note how long a stage takes."""
    start = time.perf_counter()
    yield
    seconds[stage] = time.perf_counter() - start


def _report(
    result: Segmentation, inputs: Sequence[str], outputs: Mapping[str, Path], seconds: Mapping[str, float]
) -> dict[str, Any]:
    image, model = result.image, result.model
    return {
        "clast": clast.__version__,
        "inputs": [str(path) for path in inputs],
        "axes": image.axes,
        "shape": list(image.shape),
        "dtype": str(image.data.dtype),
        "channels": list(image.channel_names),
        "spacing": None if image.spacing is None else list(image.spacing),
        "unit": image.unit,
        "n_pixels": int(result.labels.size),
        "n_samples": int(result.statistics.counts.sum()),
        "model": {
            "name": type(model).__name__,
            "random_state": model.random_state,
            "n_init": model.n_init,
            "n_iter": int(model.n_iter_),
            **_describe_model(model),
        },
        "classes": [
            {name: json_number(value) for name, value in row.items()}
            for row in result.table().to_dict(orient="records")
        ],
        "seconds": dict(seconds),
        "files": {kind: str(path) for kind, path in outputs.items()},
    }


def _describe_model(model: Any) -> dict[str, Any]:
    """Give what only one kind of model has, as JSON holds it."""
    if isinstance(model, clast.KMeans):
        return {"n_clusters": int(model.n_clusters), "inertia": json_number(model.inertia_)}
    return {
        "n_components": int(model.n_components),
        "covariance_type": model.covariance_type,
        "lower_bound": json_number(model.lower_bound_),
        "converged": bool(model.converged_),
    }


def json_number(value: Any) -> int | float | None:
    """Make a plain number; JSON has none for NaN (the mean of a class without pixels)."""
    number = value.item() if isinstance(value, np.generic) else value
    return None if isinstance(number, float) and not math.isfinite(number) else number


def _print_report(result: Segmentation, outputs: Mapping[str, Path], seconds: Mapping[str, float]) -> None:
    model = result.model
    n_samples = int(result.statistics.counts.sum())
    print(result.image)
    print(
        f"{type(model).__name__}: {n_samples} of {result.labels.size} pixels in {result.n_classes} classes,"
        f" {model.n_iter_} iterations, {_quality(model)}"
    )
    print(result.table().to_string(index=False, float_format=lambda value: f"{value:.5g}"))
    print(", ".join(f"{stage} {duration:.2f} s" for stage, duration in seconds.items()))
    for kind, path in outputs.items():
        print(f"{kind}: {path}")


def _quality(model: Any) -> str:
    if isinstance(model, clast.KMeans):
        return f"inertia {model.inertia_:.6g}"
    return f"mean log density {model.lower_bound_:.6g}"


def _text(value: str | int | float) -> str:
    return f"{value:.7g}" if isinstance(value, float) else str(value)  # as many digits as float32 has


def _describe(path: str, image: Image) -> dict[str, Any]:
    finite = image.data if image.data.dtype.kind != "f" else image.data[np.isfinite(image.data)]
    return {
        "file": str(path),
        "axes": image.axes,
        "shape": list(image.shape),
        "channels": list(image.channel_names),
        "dtype": str(image.data.dtype),
        "spacing": None if image.spacing is None else format_spacing(image.spacing, image.unit),
        "range": [json_number(value) for value in (finite.min(), finite.max())] if finite.size else None,
        "distinct_values": len(np.unique(finite)),
        "not_finite": int(image.data.size - finite.size),
        "transparent": 0 if image.mask is None else int(np.count_nonzero(~image.mask)),
    }
