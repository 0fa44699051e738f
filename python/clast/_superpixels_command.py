"""What the command `clast superpixels` does."""

import argparse
import json
import warnings
from collections.abc import Mapping
from contextlib import ExitStack, nullcontext
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import clast
from clast._commands import check_outputs, named_outputs, progress, read_inputs, timed
from clast.image import Image
from clast.image._files import replace_atomically
from clast.image._write import check_label_output, write_labels
from clast.regions import region_statistics
from clast.superpixels import SlicInfo

# For distances between Lab colours scikit-image's default; for channels from 0 to 1 it would leave a grid of squares.
_COMPACTNESS_OF_COLOURS, _COMPACTNESS_OF_OTHERS = 10.0, 0.1

# With suitable arguments the number is within a fifth of what was asked for.
_MANY = 2


def run_superpixels(args: argparse.Namespace) -> None:
    """Read, cut, write, report; every reason not to write is found before the work."""
    outputs = named_outputs(args)
    check_outputs(outputs, [args.input], force=args.force)
    seconds: dict[str, float] = {}
    with progress(2 + len(outputs), quiet=args.quiet) as step:
        with timed(seconds, "read"):
            image = read_inputs([args.input], args.axes, step)
        if "labels" in outputs:
            check_label_output(outputs["labels"], image.ndim, args.n_segments, force=args.force)
        step(f"cutting about {args.n_segments} superpixels")
        threads = clast.threads(args.threads) if args.threads else nullcontext()
        with timed(seconds, "slic"), threads:
            labels, info = clast.slic(
                image,
                args.n_segments,
                _compactness(args, image),
                sigma=args.sigma,
                slic_zero=args.slico,
                mask=args.mask,
                return_info=True,
            )
        _warn_of_count(info.n_segments, args)
        if "labels" in outputs:  # more than asked for may be too many
            check_label_output(outputs["labels"], image.ndim, int(labels.max()), force=args.force)
        with timed(seconds, "write"), ExitStack() as stack:
            for kind, path in outputs.items():
                step(f"writing {path.name}")
                _write(kind, stack.enter_context(replace_atomically(path, force=args.force)), image, labels)
    if args.json:
        print(json.dumps(_report(args, image, info, outputs, seconds), indent=2))
    elif not args.quiet:
        print(image)
        smallest, largest = _extremes(info)
        print(f"SLIC: {info.n_segments} superpixels of {smallest} to {largest} pixels")
        print(", ".join(f"{stage} {duration:.2f} s" for stage, duration in seconds.items()))
        for kind, path in outputs.items():
            print(f"{kind}: {path}")


def _compactness(args: argparse.Namespace, image: Image) -> float:
    if args.compactness is not None:
        return float(args.compactness)
    return _COMPACTNESS_OF_COLOURS if image.is_rgb else _COMPACTNESS_OF_OTHERS


def _warn_of_count(n_found: int, args: argparse.Namespace) -> None:
    """Say why there are much fewer or more superpixels than were asked for."""
    if _MANY * n_found < args.n_segments:
        why = "most pieces were too small and joined a neighbour: a higher --compactness, --sigma or --slico keeps more"
    elif n_found > _MANY * args.n_segments and args.mask is not None:
        why = "islands of the mask have superpixels of their own"
    else:
        return
    warnings.warn(f"{n_found} superpixels instead of about {args.n_segments}: {why}", stacklevel=2)


def _write(kind: str, path: Path, image: Image, labels: NDArray[np.int64]) -> None:
    if kind == "labels":
        write_labels(path, labels.astype(np.uint16 if labels.max() < 1 << 16 else np.int32), image)
    elif kind == "table":
        table = region_statistics(labels, image).table(image)
        table.to_csv(path, sep="\t" if path.suffix.lower() == ".tsv" else ",", index=False)
    else:
        from clast.plot import plot_superpixels

        plot_superpixels(image, labels).savefig(path)


def _report(
    args: argparse.Namespace, image: Image, info: SlicInfo, outputs: Mapping[str, Path], seconds: Mapping[str, float]
) -> dict[str, Any]:
    smallest, largest = _extremes(info)
    return {
        "clast": clast.__version__,
        "inputs": [str(args.input)],
        "axes": image.axes,
        "shape": list(image.shape),
        "channels": list(image.channel_names),
        "n_segments": info.n_segments,
        "smallest": smallest,
        "largest": largest,
        "seconds": dict(seconds),
        "files": {kind: str(path) for kind, path in outputs.items()},
    }


def _extremes(info: SlicInfo) -> tuple[int, int]:
    sizes = info.sizes[info.sizes > 0]
    return (int(sizes.min()), int(sizes.max())) if len(sizes) else (0, 0)
