"""Ion counts of a NanoSIMS to materials: how many clusters, what they are made of, and regrouped by name.

python examples/nanosims.py [COUNTS.tif] [-k 5] [-o nanosims]

Without a file it segments a phantom, whose phases are known.
"""

import argparse
from pathlib import Path

import pandas as pd

import clast

MASSES = ("12C", "13C", "16O", "12C14N", "12C15N", "27Al16O", "56Fe16O")
CRITERIA = ("entropy", "silhouette", "calinski_harabasz", "davies_bouldin")


def segment_counts(image, n_clusters=5):
    """Two to 31 clusters of the scaled channels, and of their first two principal components."""
    spaces = {"scaled": None, "two components": 2}
    curves = {
        space: clast.select_k(image, k=range(2, 32), scale="max", pca=pca, criteria=CRITERIA, random_state=0)
        for space, pca in spaces.items()
    }
    return curves, {space: curve.segmentation(n_clusters, label_order="size") for space, curve in curves.items()}


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("counts", type=Path, nargs="?", help="default: a phantom")
    parser.add_argument("-k", "--n-clusters", type=int, choices=range(2, 32), default=5, metavar="K")
    parser.add_argument("-o", "--output", type=Path, default=Path("nanosims"))
    options = parser.parse_args(arguments)
    options.output.mkdir(parents=True, exist_ok=True)
    phantom = None if options.counts else clast.phantom.nanosims(random_state=0)
    image = phantom.image if phantom else clast.read_image(options.counts, channel_names=MASSES)
    print(image)

    curves, found = segment_counts(image, options.n_clusters)
    for space, curve in curves.items():
        print(curve)
        curve.plot().savefig(options.output / f"curves {space}.png")
    pd.concat({space: curve.table for space, curve in curves.items()}, names=["space"]).to_csv(
        options.output / "curves.csv"
    )
    clusters = found["scaled"]
    print(clusters.table().round(2).to_string(index=False))


if __name__ == "__main__":
    main()
