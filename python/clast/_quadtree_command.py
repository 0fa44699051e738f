"""What the command `clast quadtree` does."""

import argparse
import json
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np

import clast
from clast._commands import check_outputs, named_outputs, progress, read_inputs, timed, write_outputs
from clast._quadtree import QuadTree
from clast.image._write import check_label_output


def run_quadtree(args: argparse.Namespace) -> None:
    """Read, split, write, report; every reason not to write is found before the work."""
    outputs = named_outputs(args)
    check_outputs(outputs, args.inputs, force=args.force)
    seconds: dict[str, float] = {}
    with progress(len(args.inputs) + 1 + len(outputs), quiet=args.quiet) as step:
        with timed(seconds, "read"):
            image = read_inputs(args.inputs, args.axes, step)
        if "labels" in outputs:
            check_label_output(outputs["labels"], image.ndim, force=args.force)
        step("splitting")
        threads = clast.threads(args.threads) if args.threads else nullcontext()
        with timed(seconds, "split"), threads:
            tree = clast.quadtree(
                image,
                threshold=args.threshold,
                criterion=args.criterion,
                min_size=args.min_size,
                max_size=args.max_size,
                mask=args.mask,
            )
        with timed(seconds, "write"):
            write_outputs(tree, outputs, force=args.force, step=step)
    if args.json:
        print(json.dumps(_report(tree, args, outputs, seconds), indent=2))
    elif not args.quiet:
        print(tree)
        print(f"{tree.n_leaves} leaves, {tree.compression:.4g} per pixel")
        for size, count in _n_leaves_by_size(tree).items():
            print(f"  {count} of size {size}")
        print(", ".join(f"{stage} {duration:.2f} s" for stage, duration in seconds.items()))
        for kind, path in outputs.items():
            print(f"{kind}: {path}")


def _n_leaves_by_size(tree: QuadTree) -> dict[int, int]:
    sizes, counts = np.unique(tree.sizes, return_counts=True)
    return {int(size): int(count) for size, count in zip(sizes[::-1], counts[::-1], strict=True)}


def _report(
    tree: QuadTree, args: argparse.Namespace, outputs: dict[str, Path], seconds: dict[str, float]
) -> dict[str, Any]:
    return {
        "clast": clast.__version__,
        "inputs": [str(path) for path in args.inputs],
        "axes": tree.image.axes,
        "shape": list(tree.image.shape),
        "dtype": str(tree.image.data.dtype),
        "channels": list(tree.image.channel_names),
        "criterion": tree.criterion,
        "threshold": tree.threshold.tolist(),
        "n_leaves": tree.n_leaves,
        "compression": tree.compression,
        "n_leaves_by_size": _n_leaves_by_size(tree),
        "seconds": seconds,
        "files": {kind: str(path) for kind, path in outputs.items()},
    }
