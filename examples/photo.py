"""A photo in few colours: how many, by k-means and by a mixture, and in colours of one's own.

python examples/photo.py [PHOTO] [-k 4] [-o photo]
"""

import argparse
from pathlib import Path

import pandas as pd
from sklearn.datasets import load_sample_image

import clast

COUNTS = range(1, 10)


def segment_photo(image, n_colors=4):
    """The elbow curve, k-means with up to as many colours as asked, and a mixture of two."""
    curve = clast.select_k(image, k=COUNTS, criteria=["inertia", "calinski_harabasz"], random_state=0)
    found = {f"{k} colours": curve.segmentation(k, label_order="center") for k in range(2, n_colors + 1)}
    mixture = clast.GaussianMixture(2, random_state=0)
    found["mixture of 2"] = clast.segment(image, mixture, label_order="center")
    return curve, found


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photo", type=Path, nargs="?", help="default: a photo that ships with scikit-learn")
    parser.add_argument("-k", "--n-colors", type=int, choices=COUNTS[1:], default=4)
    parser.add_argument("-o", "--output", type=Path, default=Path("photo"))
    options = parser.parse_args(arguments)
    image = clast.read_image(options.photo) if options.photo else load_sample_image("china.jpg")
    options.output.mkdir(parents=True, exist_ok=True)

    curve, found = segment_photo(image, options.n_colors)
    print(curve.table.round(3), curve, sep="\n")
    curve.table.to_csv(options.output / "curve.csv")
    curve.plot().savefig(options.output / "curve.png")
    tables = pd.concat({name: segmentation.table() for name, segmentation in found.items()}, names=["fit"])
    tables.to_csv(options.output / "classes.csv")
    for name, segmentation in found.items():
        segmentation.plot().savefig(options.output / f"{name}.png")
    chosen = found[f"{options.n_colors} colours"]
    chosen.save(options.output / "labels.png", force=True)
    chosen.pairplot(kind="scatter").savefig(options.output / "pairs.png")


if __name__ == "__main__":
    main()
