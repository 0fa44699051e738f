"""What the command `clast patches` does."""

import argparse
import json
import time
from contextlib import ExitStack, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import clast
from clast._commands import PLOT_SUFFIXES, TABLE_SUFFIXES
from clast._patch_grids import statistic_names
from clast.image import OutputError
from clast.image._files import check_output, replace_atomically
from clast.tiles import features_of

if TYPE_CHECKING:
    import pandas as pd


def run_patches(args: argparse.Namespace) -> None:
    """Read, describe, cluster, write, report; every reason not to write is found first."""
    outputs = {kind: Path(path) for kind, path in (("table", args.output), ("plot", args.plot)) if path is not None}
    for kind, path in outputs.items():
        check_output(path, TABLE_SUFFIXES if kind == "table" else PLOT_SUFFIXES, force=args.force)
        if path.resolve() in {Path(file).resolve() for file in args.inputs}:
            raise OutputError(f"cannot write the {kind} to '{path}': it is an input too")
    statistics = [_statistic(text) for text in args.statistics.split(",")]
    start = time.perf_counter()
    with clast.threads(args.threads) if args.threads else nullcontext():
        table = clast.patch_table(
            args.inputs,
            grid=None if args.patch_size else args.grid,
            patch_size=args.patch_size,
            statistics=statistics,
            flatfield=args.flatfield,
            skip_black=None if args.keep_black else 0.5,
            axes=args.axes,
        )
        column = args.column or str(statistics[0])
        report: dict[str, Any] = {"clast": clast.__version__, "inputs": args.inputs}
        if args.k is not None:
            report["silhouette"] = _cluster(table, statistic_names(statistics), args)
            column = args.column or "cluster"
    patches = table.drop_duplicates(["tile", "row", "column"])
    report |= {
        "n_tiles": int(table["tile"].nunique()),
        "n_patches": len(patches),
        "skipped": table.attrs["skipped"],
        "statistics": list(statistic_names(statistics)),
    }
    if args.k is not None:
        report["sizes"] = {str(cluster): int(n) for cluster, n in patches["cluster"].value_counts(sort=False).items()}
    _write(table, column, outputs, args)
    report |= {"files": {kind: str(path) for kind, path in outputs.items()}, "seconds": time.perf_counter() - start}
    if args.json:
        print(json.dumps(report, indent=2))
    elif not args.quiet:
        _print_report(report)


def _cluster(table: "pd.DataFrame", names: tuple[str, ...], args: argparse.Namespace) -> float | None:
    """Add a column of clusters 1 to k in the order of the first statistic; 0 where a statistic is undefined."""
    from sklearn.preprocessing import StandardScaler

    from clast.metrics import silhouette_score

    features = features_of(table, names)
    is_defined = np.isfinite(features).all(axis=1)
    if is_defined.sum() <= args.k:
        raise ValueError(f"{is_defined.sum()} patches are too few for {args.k} clusters; use a finer grid")
    samples = StandardScaler().fit_transform(features[is_defined])
    model = clast.KMeans(args.k, n_init=20, random_state=args.seed).fit(samples)
    order = np.argsort(np.argsort(model.cluster_centers_[:, 0], kind="stable"), kind="stable")
    clusters = np.zeros(len(features), dtype=np.int32)
    clusters[is_defined] = order[model.labels_] + 1
    table["cluster"] = np.repeat(clusters, len(table) // len(features))
    return None if args.k == 1 else float(silhouette_score(samples, model.labels_))


def _write(table: "pd.DataFrame", column: str, outputs: dict[str, Path], args: argparse.Namespace) -> None:
    with ExitStack() as stack:
        for kind, path in outputs.items():
            temporary = stack.enter_context(replace_atomically(path, force=args.force))
            if kind == "table":
                table.to_csv(temporary, sep="\t" if path.suffix.lower() == ".tsv" else ",", index=False)
            else:
                from clast.plot import patch_heatmap

                if "channel" in table:
                    table = table.drop_duplicates(["tile", "row", "column"])
                mosaic = None if args.mosaic is None else tuple(args.mosaic)
                images = None if table.attrs["skipped"] else args.inputs
                alpha = 0.5 if args.alpha is None else args.alpha
                figure = patch_heatmap(table, column, mosaic=mosaic, images=images, alpha=alpha)
                figure.savefig(temporary)


def _print_report(report: dict[str, Any]) -> None:
    tiles = "1 tile" if report["n_tiles"] == 1 else f"{report['n_tiles']} tiles"
    print(f"{report['n_patches']} patches of {tiles}: {', '.join(report['statistics'])}")
    if "sizes" in report:
        sizes = ", ".join(f"{cluster}: {n}" for cluster, n in sorted(report["sizes"].items()))
        print(f"clusters (patches) {sizes}")
        if report["silhouette"] is not None:
            print(f"silhouette {report['silhouette']:.4f} of scaled features")
    for kind, path in report["files"].items():
        print(f"{kind}: {path}")
    print(f"{report['seconds']:.2f} s")


def _statistic(text: str) -> str | float:
    try:
        return float(text)
    except ValueError:
        return text.strip()
