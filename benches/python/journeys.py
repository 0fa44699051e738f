"""The journeys of `examples` by clast and the long way, on the same phantoms: answers first, then time side by side.

python benches/python/journeys.py [--smoke] [--only TEXT] [--update-readme]
"""

import argparse
import sys
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np
import sklearn
from numpy.typing import NDArray

import clast
from report import ROOT, _duration, machine, update_readme
from timing import timed

sys.path += [str(ROOT / "examples"), str(ROOT / "tests")]

# Pixels as near to two classes go where rounding says: grey values between two first centers, float32 features.
LEAST_EQUAL = 0.99
# A second run of what takes longer says little more than the first.
LONG_S, REPEATS = 10.0, 3

Labels = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class Journey:
    """One example and its long way; both return label images, or clusters, by name."""

    title: str
    ours: Callable[[], Labels]
    long_way: Callable[[], Labels]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--smoke", action="store_true", help="tiny phantoms, everything once")
    parser.add_argument("--only", default="", metavar="TEXT", help="journeys whose line contains TEXT")
    parser.add_argument("--update-readme", action="store_true", help="write the table into the README")
    options = parser.parse_args()
    if options.update_readme and (options.smoke or options.only):
        parser.error("the README shows the complete comparison: not with --smoke or --only")
    if find_spec("skimage") is None:
        print("skipped: journeys (scikit-image is not installed)")
        return
    import skimage

    where = machine(
        f"clast {clast.__version__}, scikit-learn {sklearn.__version__}, scikit-image {skimage.__version__}"
    )
    print(where, flush=True)
    lines = ["| journey | clast | the long way | ratio | equal labels |", "| --- | --- | --- | --- | --- |"]
    for journey in journeys(options.smoke):
        if options.only in journey.title:
            lines.append(measure(journey, 1 if options.smoke else REPEATS))
            print(lines[-1], flush=True)
    if options.update_readme:
        update_readme("\n".join(lines) + f"\n\n{where.replace(chr(10), '; ')}.\n", "bench-journeys")


def journeys(is_smoke: bool) -> list[Journey]:
    """All five, on phantoms of the size of the images they come from, or on tiny ones."""
    phantom = clast.phantom
    head = phantom.brain((32, 32, 8) if is_smoke else (256, 256, 32), random_state=0).image
    photo = import_module("sklearn.datasets").load_sample_image("china.jpg")
    photo = photo[::8, ::8].copy() if is_smoke else photo
    rock = phantom.rock((64, 64) if is_smoke else (512, 512), noise=0.15, shading=0.2, random_state=0).image
    counts = phantom.nanosims((32, 32) if is_smoke else (256, 256), random_state=0).image
    tiles = [made.image for made in phantom.crystals((64, 64) if is_smoke else (512, 512), random_state=0)]
    grids = [4, 8] if is_smoke else [4, 8, 16, 32]
    ways = import_module("long_way")
    volumes = {name: head.channel(index) for index, name in enumerate(head.channel_names)}
    return [
        Journey(
            f"brain MRI {_size(head)}: 15 mixtures, 2 k-means",
            partial(_brain, head),
            partial(ways.segment_brain, volumes),
        ),
        Journey(
            f"photo {' x '.join(map(str, photo.shape))}: k-means with 1 to 9 colours, a mixture",
            partial(_second, import_module("photo").segment_photo, photo),
            lambda: ways.segment_photo(photo)[1],
        ),
        Journey(
            # Without the classifiers, which are scikit-learn's both times.
            f"tomography {_size(rock)}: thresholds, k-means, blocks, superpixels",
            lambda: _labels(import_module("tomography").segment_slice(rock)[0]),
            partial(ways.segment_slice, rock.data, spacing=2.0),
        ),
        Journey(
            f"NanoSIMS {_size(counts)}: k-means with 2 to 31 clusters in two spaces, superpixels",
            partial(_second, import_module("nanosims").segment_counts, counts),
            lambda: ways.segment_counts(counts.data, sample_size=1000)[1],
        ),
        Journey(
            f"crystal tiles 4 x {_size(tiles[0])}: search of {sum(4 * grid**2 for grid in grids)} patches",
            partial(_silhouettes, tiles, grids),
            lambda: {
                "silhouettes": ways.search_tiles([tile.data for tile in tiles], grids)[0]["silhouette"].to_numpy()
            },
        ),
    ]


def measure(journey: Journey, repeats: int) -> str:
    """Compare the answers, then the times of both, in turn; a line of the table."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        seconds: dict[str, list[float]] = {"ours": [], "long": []}
        answers = {}
        for name, run in (("ours", journey.ours), ("long", journey.long_way)):
            answers[name], duration = timed(run)
            seconds[name].append(duration)
        shares = agreement(answers["ours"], answers["long"])
        for _ in range(repeats - 1):
            for name, run in (("ours", journey.ours), ("long", journey.long_way)):
                if seconds[name][0] < LONG_S:
                    seconds[name].append(timed(run)[1])
    ours, long = (float(np.median(values)) for values in seconds.values())
    worst = min(shares, key=lambda name: shares[name])
    equal = "all" if shares[worst] == 1 else f"all but {1 - shares[worst]:.2%} ({worst})"
    return f"| {journey.title} | {_duration(ours)} | {_duration(long)} | **{long / ours:.1f}x** | {equal} |"


def agreement(ours: Labels, theirs: Labels) -> dict[str, float]:
    """The share of equal labels, whatever their numbers; numbers have to be equal to rounding."""
    shares = {}
    for name, expected in theirs.items():
        if expected.dtype.kind == "f":
            shares[name] = float(np.isclose(ours[name], expected, atol=1e-3).mean())
        else:
            shares[name] = float((clast.match_labels(ours[name], expected) == expected).mean())
        if shares[name] < LEAST_EQUAL:
            raise SystemExit(f"{name}: only {shares[name]:.1%} as the long way")
    return shares


def _brain(head: clast.Image) -> Labels:
    mixtures, found = import_module("brain_mri").segment_brain(head)
    fits = {f"{name}, {k}": fit for name, of_name in mixtures.items() for k, fit in of_name.items()}
    return _labels({**fits, **found})


def _second(run: Callable[[Any], Any], image: Any) -> Labels:
    return _labels(run(image)[1])


def _silhouettes(tiles: list[clast.Image], grids: list[int]) -> Labels:
    return {"silhouettes": import_module("crystal_tiles").search_tiles(tiles, grids)[0]["silhouette"].to_numpy()}


def _labels(found: Mapping[str, Any]) -> Labels:
    return {name: fit.labels for name, fit in found.items()}


def _size(image: clast.Image) -> str:
    return " x ".join(map(str, image.data.shape))


if __name__ == "__main__":
    main()
