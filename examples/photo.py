"""A photo in few colours: how many, by k-means and by a mixture, and in colours of one's own.

python examples/photo.py [PHOTO] [-k 4] [-o photo]
"""

import argparse
from pathlib import Path

import pandas as pd
from sklearn.datasets import load_sample_image

import clast

COUNTS = range(1, 10)
PALETTE = ["#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#999999", "#000000"]


def segment_photo(image, n_colors=4):
    """The elbow curve, k-means with up to as many colours as asked, and a mixture of two."""
    curve = clast.select_k(image, k=COUNTS, criteria=["inertia", "calinski_harabasz"], random_state=0)
    found = {f"k-means, {k} colours": curve.segmentation(k, label_order="center") for k in range(2, n_colors + 1)}
    mixture = clast.GaussianMixture(2, random_state=0)
    found["mixture, 2 colours"] = clast.segment(image, mixture, label_order="center")
    return curve, found


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photo", type=Path, nargs="?", help="default: a photo that ships with scikit-learn")
    parser.add_argument("-k", "--n-colors", type=int, choices=COUNTS[1:], default=4)
    parser.add_argument("-o", "--output", type=Path, default=Path("photo"))
    options = parser.parse_args(arguments)
    options.output.mkdir(parents=True, exist_ok=True)
    image = clast.read_image(options.photo) if options.photo else load_sample_image("china.jpg")

    curve, found = segment_photo(image, options.n_colors)
    print(curve.table.round(3), curve, sep="\n")
    curve.table.to_csv(options.output / "curve.csv")
    curve.plot().savefig(options.output / "curve.png")
    tables = pd.concat({title: segmentation.table() for title, segmentation in found.items()}, names=["fit"])
    tables.to_csv(options.output / "classes.csv")
    chosen = found[f"k-means, {options.n_colors} colours"]
    chosen.save(options.output / "labels.png", force=True)
    chosen.plot(colors=PALETTE[: options.n_colors]).savefig(options.output / "colors.png")


if __name__ == "__main__":
    main()
