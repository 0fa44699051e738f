"""What the command `clast select-k` does."""

import argparse
import json
from collections.abc import Mapping
from contextlib import ExitStack, nullcontext
from pathlib import Path
from typing import Any

import clast
from clast._commands import check_outputs, json_number, named_outputs, progress, read_inputs, timed
from clast.image._files import replace_atomically
from clast.selection import Selection


def run_select_k(args: argparse.Namespace) -> None:
    """Read, fit all numbers of clusters, write, report."""
    outputs = named_outputs(args)
    check_outputs(outputs, args.inputs, force=args.force)
    model = clast.GaussianMixture(on_collapse="regularize") if args.model == "gmm" else clast.KMeans()
    criteria = None if args.criteria is None else [name.strip() for name in args.criteria.split(",")]
    seconds: dict[str, float] = {}
    with progress(len(args.inputs), quiet=args.quiet) as step, timed(seconds, "read"):
        image = read_inputs(args.inputs, args.axes, step)
    threads = clast.threads(args.threads) if args.threads else nullcontext()
    with timed(seconds, "fit"), threads:
        selection = clast.select_k(
            image,
            model.set_params(random_state=args.seed),
            k=args.k,
            criteria=criteria,
            mask=args.mask,
            features=args.features,
            scale=args.scale,
            pca=args.pca,
            progress=not args.quiet,
        )
    with timed(seconds, "write"):
        _write(selection, outputs, force=args.force)
    if args.json:
        print(json.dumps(_report(selection, args.inputs, outputs, seconds), indent=2))
    elif not args.quiet:
        _print_report(selection, outputs, seconds)


def _write(selection: Selection, outputs: Mapping[str, Path], *, force: bool) -> None:
    with ExitStack() as stack:
        for kind, path in outputs.items():
            temporary = stack.enter_context(replace_atomically(path, force=force))
            if kind == "table":
                selection.table.to_csv(temporary, sep="\t" if path.suffix.lower() == ".tsv" else ",")
            else:
                selection.plot().savefig(temporary)


def _report(
    selection: Selection, inputs: list[str], outputs: Mapping[str, Path], seconds: Mapping[str, float]
) -> dict[str, Any]:
    rows = selection.table.reset_index().to_dict(orient="records")
    return {
        "clast": clast.__version__,
        "inputs": [str(path) for path in inputs],
        "space": selection.space,
        "scores": [{str(name): json_number(value) for name, value in row.items()} for row in rows],
        "choices": selection.choices(),
        "seconds": dict(seconds),
        "files": {kind: str(path) for kind, path in outputs.items()},
    }


def _print_report(selection: Selection, outputs: Mapping[str, Path], seconds: Mapping[str, float]) -> None:
    print(selection.table.to_string(float_format=lambda value: f"{value:.5g}"))
    for criterion, k in selection.choices().items():
        print(f"{criterion}: {'no number stands out' if k is None else k}")
    print(", ".join(f"{stage} {duration:.2f} s" for stage, duration in seconds.items()))
    for kind, path in outputs.items():
        print(f"{kind}: {path}")
