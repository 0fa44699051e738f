"""What several commands understand in the same way, and how words of the command line become values."""

import argparse
from typing import Any


def positive_int(text: str) -> int:
    """Read a whole number of at least 1."""
    value = _int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1, not {value}")
    return value


def positive_float(text: str) -> float:
    """Read a number above 0."""
    value = _float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"must be positive, not {text}")
    return value


def nonnegative_float(text: str) -> float:
    """Read a number of at least 0."""
    value = _float(text)
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError(f"must be at least 0, not {text}")
    return value


def threshold_list(text: str) -> list[float] | float:
    """Read a number, or several separated by commas."""
    try:
        values = [float(part) for part in text.split(",")]
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be numbers, not '{text}'") from None
    return values if len(values) > 1 else values[0]


def number_range(text: str) -> range:
    """Read the first and the last number, such as 2:10."""
    first, colon, last = text.partition(":")
    low, high = positive_int(first), positive_int(last if colon else first)
    if high < low:
        raise argparse.ArgumentTypeError(f"must go up, not from {low} to {high}")
    return range(low, high + 1)


def seed_number(text: str) -> int:
    """Read a seed that numpy takes."""
    value = _int(text)
    if not 0 <= value < 1 << 32:
        raise argparse.ArgumentTypeError(f"must be from 0 to 4294967295, not {value}")
    return value


def number_of_starts(text: str) -> int | str:
    """Read a whole number of at least 1, or "auto"."""
    return text if text == "auto" else positive_int(text)


def _int(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be a whole number, not '{text}'") from None


def _float(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be a number, not '{text}'") from None


# Name: option strings, and what argparse is told of them.
_OPTIONS: dict[str, tuple[tuple[str, ...], dict[str, Any]]] = {
    "axes": (("--axes",), {"help": "meaning of the axes of TIFF and .npy files that do not say it, such as CYX"}),
    "mask": (
        ("--mask",),
        {"metavar": "nonzero|FILE", "help": "pixels to use: positive in every channel, or nonzero in a file"},
    ),
    "features": (
        ("--features",),
        {
            "metavar": "NAMES",
            "help": "what to see of each pixel instead of its channels, such as 'intensity, gaussian(2), sobel'",
        },
    ),
    "scale": (
        ("--scale",),
        {"choices": ["standard", "minmax", "max", "robust"], "help": "bring channels to a common scale first"},
    ),
    "pca": (
        ("--pca",),
        {"type": positive_int, "metavar": "N", "help": "number of principal components to cluster"},
    ),
    "seed": (("--seed",), {"type": seed_number, "default": 0, "help": "seed of the random numbers (default: 0)"}),
    "threads": (
        ("--threads",),
        {"type": positive_int, "metavar": "N", "help": "number of threads (default: all cores)"},
    ),
    "labels": (
        ("-o", "--output"),
        {"metavar": "FILE", "help": "label image: .nii.gz, .nii, .tif, .png or .npy"},
    ),
    "plot": (("--plot",), {"metavar": "FILE", "help": "{}: .png, .pdf, .svg or .jpg"}),
    "table": (("--table",), {"metavar": "FILE", "help": "{}: .csv or .tsv"}),
    "force": (("--force",), {"action": "store_true", "help": "replace outputs that exist"}),
    "json": (("--json",), {"action": "store_true", "help": "report as one JSON object"}),
    "quiet": (("--quiet",), {"action": "store_true", "help": "report nothing but warnings and errors"}),
    "debug": (("--debug",), {"action": "store_true", "help": "show the traceback of an error"}),
}


def add_shared(parser: argparse.ArgumentParser, *names: str, **contents: str) -> None:
    """Add options that several commands have.

    Parameters
    ----------
    parser : argparse.ArgumentParser
    *names : str
        Of the options.
    **contents : str
        Options whose help says what is written there, and that.
    """
    for name, content in {**dict.fromkeys(names, ""), **contents}.items():
        strings, options = _OPTIONS[name]
        parser.add_argument(*strings, **{**options, "help": options["help"].replace("{}", content)})
