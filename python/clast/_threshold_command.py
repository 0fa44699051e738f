"""What the command `clast threshold` does."""

import argparse
import json
from collections.abc import Mapping
from contextlib import ExitStack, nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import clast
from clast._commands import check_outputs, named_outputs, progress, read_inputs, timed
from clast.image._files import replace_atomically
from clast.image._write import check_label_output, write_labels
from clast.thresholds import ThresholdTrial
from clast.thresholds._trial import METHODS


def run_threshold(args: argparse.Namespace) -> None:
    """Read, find, write, report; every reason not to write is found before the work."""
    outputs = named_outputs(args)
    check_outputs(outputs, [args.input], force=args.force)
    seconds: dict[str, float] = {}
    with progress(2 + len(outputs), quiet=args.quiet) as step:
        with timed(seconds, "read"):
            image = read_inputs([args.input], args.axes, step)
        if "labels" in outputs:
            check_label_output(outputs["labels"], image.ndim, force=args.force)
        step("finding thresholds")
        threads = clast.threads(args.threads) if args.threads else nullcontext()
        with timed(seconds, "threshold"), threads:
            trial = clast.try_thresholds(
                image,
                mask=args.mask,
                methods=METHODS if args.method == "all" else [args.method],
                channel=_channel(args.channel),
                nbins=args.nbins,
            )
        if args.method in trial.reasons:
            raise ValueError(f"{args.method} found no threshold: {trial.reasons[args.method]}")
        with timed(seconds, "write"), ExitStack() as stack:
            for kind, path in outputs.items():
                step(f"writing {path.name}")
                _write(kind, stack.enter_context(replace_atomically(path, force=args.force)), trial, args.method)
    if args.json:
        print(json.dumps(_report(args, trial, outputs, seconds), indent=2))
    elif not args.quiet:
        print(trial.image)
        found = trial.table().drop(columns="reason").dropna()
        print(found.to_string(index=False, float_format=lambda value: f"{value:.6g}"))
        for method, reason in trial.reasons.items():
            print(f"{method} found none: {reason}")
        print(", ".join(f"{stage} {duration:.2f} s" for stage, duration in seconds.items()))
        for kind, path in outputs.items():
            print(f"{kind}: {path}")


def _channel(text: str | None) -> int | str | None:
    return int(text) if text is not None and text.isdecimal() else text


def _write(kind: str, path: Path, trial: ThresholdTrial, method: str) -> None:
    if kind == "labels":
        write_labels(path, trial.above(method).astype(np.uint8), trial.image)
    elif kind == "table":
        trial.table().to_csv(path, sep="\t" if path.suffix.lower() == ".tsv" else ",", index=False)
    else:
        trial.plot().savefig(path)


def _report(
    args: argparse.Namespace, trial: ThresholdTrial, outputs: Mapping[str, Path], seconds: Mapping[str, float]
) -> dict[str, Any]:
    image = trial.image
    return {
        "clast": clast.__version__,
        "inputs": [str(args.input)],
        "axes": image.axes,
        "shape": list(image.shape),
        "dtype": str(image.data.dtype),
        "channel": image.channel_names[0],
        "thresholds": [
            {name: None if pd.isna(value) else value for name, value in row.items()}
            for row in trial.table().to_dict(orient="records")
        ],
        "seconds": dict(seconds),
        "files": {kind: str(path) for kind, path in outputs.items()},
    }
