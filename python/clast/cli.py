"""The command line: what can be typed, and how it ends.

Exit codes: 0 done; 1 processing failed; 2 wrong usage, which includes outputs that may not be written; 3 an input
cannot be read; 4 shapes or affines do not match; 130 interrupted. An error is one line on stderr; --debug adds the
traceback.
"""

# The commands import what they need when they run, so that --help stays quick.
import argparse
import logging
import os
import sys
import traceback
import warnings
from collections.abc import Sequence
from typing import Any, NoReturn

from clast._arguments import (
    add_shared,
    nonnegative_float,
    number_of_starts,
    number_range,
    positive_float,
    positive_int,
    threshold_list,
)

_INTERRUPTED = 130
# tifffile logs what is wrong with a file before it raises; an error is one line.
_UNHEARD = logging.NullHandler()
_REPORTING = ("json", "quiet", "debug")
_WRITING = ("force", *_REPORTING)


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: error: {message} (see {self.prog} --help)\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command.

    Parameters
    ----------
    argv : sequence of str, optional
        Arguments without the program's name; default ``sys.argv[1:]``.

    Returns
    -------
    int
        The exit code.
    """
    args = _make_parser().parse_args(argv)
    logging.getLogger("tifffile").addHandler(_UNHEARD)
    with warnings.catch_warnings():
        warnings.showwarning = _show_warning
        try:
            args.run(args)
            sys.stdout.flush()
        except KeyboardInterrupt:
            print("clast: interrupted", file=sys.stderr)
            return _INTERRUPTED
        except BrokenPipeError:
            # The reader of our output has left; Python would complain once more when it closes stdout.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 1
        except Exception as error:
            if args.debug:
                traceback.print_exc()
            print(f"clast: error: {_one_line(error)}", file=sys.stderr)
            return _exit_code(error)
    return 0


def _make_parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="clast", description="Segment images by clustering.")
    parser.add_argument("--version", action=_Version)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_segment(commands)
    _add_quadtree(commands)
    _add_superpixels(commands)
    _add_threshold(commands)
    _add_patches(commands)
    _add_select_k(commands)
    _add_info(commands)
    _add_demo(commands)
    return parser


def _add_segment(commands: Any) -> None:
    parser = commands.add_parser(
        "segment",
        help="cluster the pixels of an image and write the labels",
        description="Cluster the pixels of an image and write the labels on its grid: 0 background, 1 to k classes.",
        epilog="example: clast segment t1.nii.gz flair.nii.gz -k 3 --mask nonzero --scale standard -o labels.nii.gz",
    )
    parser.set_defaults(run=_run_segment, refuse=parser.error)
    parser.add_argument(
        "inputs", nargs="+", metavar="INPUT", help="image; several on one grid are stacked as its channels"
    )
    parser.add_argument("-k", type=positive_int, required=True, metavar="K", help="number of classes")
    parser.add_argument(
        "--model", choices=["kmeans", "gmm"], default="kmeans", help="k-means or Gaussian mixture (default: kmeans)"
    )
    parser.add_argument(
        "--covariance",
        choices=["full", "tied", "diag", "spherical"],
        help="covariances of a Gaussian mixture (default: full)",
    )
    add_shared(parser, "axes", "mask", "features", "scale", "pca")
    parser.add_argument(
        "--label-order", choices=["center", "size"], help="number classes by mean of the first channel, or by size"
    )
    add_shared(parser, "seed")
    parser.add_argument(
        "--n-init", type=number_of_starts, default="auto", metavar="N", help="number of starts (default: auto)"
    )
    add_shared(parser, "threads", "labels")
    parser.add_argument(
        "--probabilities",
        metavar="FILE",
        help="probability of every class by a Gaussian mixture: .nii.gz, .nii (4-D), .tif (channels) or .npy",
    )
    add_shared(parser, plot="picture", table="classes in numbers")
    add_shared(parser, *_WRITING)


def _add_quadtree(commands: Any) -> None:
    parser = commands.add_parser(
        "quadtree",
        help="split an image into blocks that are nearly constant",
        description="Split an image into square blocks, a volume into cubes, until each is nearly constant.",
        epilog="example: clast quadtree photo.png --threshold 20 --min-size 4 -o labels.tif --plot picture.png",
    )
    parser.set_defaults(run=_run_quadtree)
    parser.add_argument(
        "inputs", nargs="+", metavar="INPUT", help="image; several on one grid are stacked as its channels"
    )
    parser.add_argument(
        "--threshold", type=threshold_list, required=True, metavar="T", help="split above it; T1,T2,... one per channel"
    )
    parser.add_argument(
        "--criterion",
        choices=["range", "std", "variance", "entropy"],
        default="range",
        help="what is compared with the threshold (default: range)",
    )
    parser.add_argument("--min-size", type=positive_int, default=1, metavar="N", help="side of the smallest blocks")
    parser.add_argument("--max-size", type=positive_int, metavar="N", help="side of the largest blocks")
    add_shared(parser, "axes", "mask", "threads", "labels", plot="picture", table="blocks in numbers")
    add_shared(parser, *_WRITING)


def _add_superpixels(commands: Any) -> None:
    parser = commands.add_parser(
        "superpixels",
        help="cut an image into superpixels and write the labels",
        description="Cut an image or a volume into superpixels (SLIC) and write the labels on its grid: 0 background.",
        epilog="example: clast superpixels photo.jpg -n 250 -o labels.tif --plot overlay.png",
    )
    parser.set_defaults(run=_run_superpixels)
    parser.add_argument("input", metavar="INPUT", help="image")
    parser.add_argument("-n", "--n-segments", type=positive_int, default=100, metavar="N", help="about how many (100)")
    parser.add_argument(
        "--compactness",
        type=positive_float,
        metavar="C",
        help="how much position counts (default: 10 for colours, 0.1 for other images)",
    )
    parser.add_argument("--sigma", type=nonnegative_float, default=0.0, help="smooth by so many pixels first")
    parser.add_argument("--slico", action="store_true", help="let every superpixel find its own compactness")
    add_shared(
        parser, "axes", "mask", "threads", "labels", plot="boundaries over the image", table="superpixels in numbers"
    )
    add_shared(parser, *_WRITING)


def _add_threshold(commands: Any) -> None:
    parser = commands.add_parser(
        "threshold",
        help="find a threshold, or compare those of all methods",
        description="Find the threshold between dark and bright pixels, write what is above it: 1, everything else 0.",
        epilog="example: clast threshold cells.tif --method otsu -o cells-mask.tif --plot picture.png",
    )
    parser.set_defaults(run=_run_threshold, refuse=parser.error)
    parser.add_argument("input", metavar="INPUT", help="image")
    parser.add_argument(
        "--method",
        choices=["all", "intermodes", "isodata", "li", "mean", "minimum", "otsu", "triangle", "yen"],
        default="otsu",
        help="how to find it; all compares them (default: otsu)",
    )
    parser.add_argument(
        "--channel", metavar="NAME", help="which channel of an image with several; name or index from 0"
    )
    parser.add_argument(
        "--nbins", type=positive_int, default=256, metavar="N", help="bins for values that are no integers (256)"
    )
    add_shared(
        parser, "axes", "mask", "threads", "labels", plot="image, histogram and pixels above", table="thresholds"
    )
    add_shared(parser, *_WRITING)


def _add_patches(commands: Any) -> None:
    parser = commands.add_parser(
        "patches",
        help="statistics of the patches of tiles, and their clusters, as a table and a heat map",
        description="Cut images into patches, describe and cluster these, write a table and a heat map of the mosaic.",
        epilog="example: clast patches tiles/*.tif --grid 16 -k 3 --mosaic 2 2 -o table.csv --plot heatmap.png",
    )
    parser.set_defaults(run=_run_patches, refuse=parser.error)
    parser.add_argument("inputs", nargs="+", metavar="FILE", help="image, folder or pattern")
    sizes = parser.add_mutually_exclusive_group()
    sizes.add_argument(
        "--grid", type=positive_int, default=16, metavar="N", help="N x N patches of each image (default: 16)"
    )
    sizes.add_argument(
        "--patch-size", type=positive_int, metavar="PIXELS", help="height and width of a patch, instead of --grid"
    )
    parser.add_argument(
        "--statistics",
        default="mean,std,relative_std,skewness,kurtosis,histogram_mode",
        metavar="NAMES",
        help="what to compute, separated by commas; a number from 0 to 1 is a quantile (default: %(default)s)",
    )
    parser.add_argument("-k", type=positive_int, metavar="K", help="number of clusters; none without it")
    parser.add_argument(
        "--flatfield", metavar="auto|FILE", help="correct uneven lighting by the mean tile or a picture"
    )
    parser.add_argument("--keep-black", action="store_true", help="use tiles of which more than half the pixels are 0")
    add_shared(parser, "axes", "seed", "threads")
    parser.add_argument("-o", "--output", metavar="FILE", help="table of patches: .csv or .tsv")
    add_shared(parser, plot="heat map over the mosaic of images")
    parser.add_argument(
        "--column", metavar="NAME", help="what the heat map shows (default: clusters, or what is first)"
    )
    parser.add_argument(
        "--mosaic", type=positive_int, nargs=2, metavar=("ROWS", "COLUMNS"), help="how the images lie side by side"
    )
    parser.add_argument("--alpha", type=float, help="opacity of the heat map (default: 0.5)")
    add_shared(parser, *_WRITING)


def _add_select_k(commands: Any) -> None:
    parser = commands.add_parser(
        "select-k",
        help="score numbers of clusters by several criteria",
        description="Fit a model for each number of clusters and score all of them by several criteria.",
        epilog="example: clast select-k t1.nii.gz flair.nii.gz --k 2:10 --mask nonzero --scale standard --plot k.png",
    )
    parser.set_defaults(run=_run_select_k)
    parser.add_argument("inputs", nargs="+", metavar="INPUT", help="image; several on one grid become its channels")
    parser.add_argument(
        "--k", type=number_range, default=range(2, 11), metavar="FROM:TO", help="both included (default: 2:10)"
    )
    parser.add_argument("--model", choices=["kmeans", "gmm"], default="kmeans", help="default: kmeans")
    parser.add_argument(
        "--criteria",
        metavar="NAME,NAME",
        help="some of inertia, silhouette, calinski_harabasz, davies_bouldin, entropy,"
        " gap, stability and, for gmm, bic, aic, icl",
    )
    add_shared(parser, "axes", "mask", "features", "scale", "pca", "seed", "threads", plot="curves", table="scores")
    add_shared(parser, *_WRITING)


def _add_info(commands: Any) -> None:
    parser = commands.add_parser(
        "info", help="say what an image file holds", description="Say what image files hold, as clast reads them."
    )
    parser.set_defaults(run=_run_info)
    parser.add_argument("inputs", nargs="+", metavar="FILE", help="image")
    add_shared(parser, "axes", *_REPORTING)


def _add_demo(commands: Any) -> None:
    parser = commands.add_parser(
        "demo",
        help="segment a photo, and compare with scikit-learn",
        description="Segment a photo that comes with scikit-learn, write labels and a picture, time both.",
    )
    parser.set_defaults(run=_run_demo)
    parser.add_argument(
        "-o", "--output", metavar="DIR", default="clast-demo", help="folder to write to (default: clast-demo)"
    )
    add_shared(parser, *_WRITING)


def _run_segment(args: argparse.Namespace) -> None:
    for option in ("covariance", "probabilities"):
        if args.model != "gmm" and getattr(args, option) is not None:
            args.refuse(f"argument --{option}: only a Gaussian mixture has it; add --model gmm")
    from clast._commands import run_segment

    run_segment(args)


def _run_quadtree(args: argparse.Namespace) -> None:
    from clast._quadtree_command import run_quadtree

    run_quadtree(args)


def _run_superpixels(args: argparse.Namespace) -> None:
    from clast._superpixels_command import run_superpixels

    run_superpixels(args)


def _run_threshold(args: argparse.Namespace) -> None:
    if args.method == "all" and args.output is not None:
        args.refuse("argument -o/--output: it takes the pixels above one threshold; choose a --method")
    from clast._threshold_command import run_threshold

    run_threshold(args)


def _run_patches(args: argparse.Namespace) -> None:
    from clast._patches_command import run_patches

    given = [name for name in ("column", "mosaic", "alpha") if getattr(args, name) is not None]
    if args.plot is None and given:
        args.refuse(f"argument --{given[0]}: it says how the heat map looks, but there is no --plot")
    run_patches(args)


def _run_select_k(args: argparse.Namespace) -> None:
    from clast._select_command import run_select_k

    run_select_k(args)


def _run_info(args: argparse.Namespace) -> None:
    from clast._commands import run_info

    run_info(args)


def _run_demo(args: argparse.Namespace) -> None:
    from clast.demo import run_demo

    run_demo(args)


def _exit_code(error: Exception) -> int:
    from clast.image import GridMismatchError, OutputError, UnreadableImageError

    codes = {OutputError: 2, UnreadableImageError: 3, GridMismatchError: 4}
    return next((code for kind, code in codes.items() if isinstance(error, kind)), 1)


def _one_line(error: Exception) -> str:
    if isinstance(error, MemoryError):
        return "the memory does not suffice; use fewer channels or a smaller part of the image"
    # A KeyError shows its message as a string in quotes.
    text = str(error.args[0]) if isinstance(error, KeyError) and error.args else str(error)
    return " ".join(text.split()) or type(error).__name__


def _show_warning(message: Warning | str, *_: Any, **__: Any) -> None:
    print(f"clast: warning: {' '.join(str(message).split())}", file=sys.stderr)


class _Version(argparse.Action):
    """Looks the version up only when it is asked for."""

    def __init__(self, option_strings: Sequence[str], dest: str) -> None:
        super().__init__(option_strings, argparse.SUPPRESS, nargs=0, help="show the version")

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        from clast import __version__

        print(f"clast {__version__}")
        parser.exit()
