"""Ion counts of a NanoSIMS to materials: how many clusters, what they are made of, regrouped and named.

python examples/nanosims.py [COUNTS.tif] [-k 5] [--group NAME LABEL ...] [-o nanosims]
"""

import argparse
from pathlib import Path

import pandas as pd
from sklearn.cluster import AgglomerativeClustering

import clast

MASSES = ("12C", "13C", "16O", "12C14N", "12C15N", "27Al16O", "56Fe16O")
GROUPS = [["organic", 2, 5], ["mineral", 1, 4], ["resin", 3]]  # as the profiles of the phantom say


def segment_counts(image, n_clusters=5, counts=range(2, 32)):
    """Clusters of the scaled channels, of their principal components, and of superpixels by Ward's hierarchy."""
    options = {"k": counts, "scale": "max", "random_state": 0}
    curves = {"channels": clast.select_k(image, **options), "components": clast.select_k(image, pca=2, **options)}
    found = {name: curve.segmentation(n_clusters, label_order="size") for name, curve in curves.items()}
    scaled = image.data / image.data.max(axis=(0, 1))
    superpixels = clast.slic(scaled, 2000, compactness=0.1, channel_axis=2)
    ward = clast.regions.cluster_regions(superpixels, scaled, AgglomerativeClustering(n_clusters))
    found["superpixels"] = clast.Segmentation.from_labels(clast.match_labels(ward, found["channels"].labels), image)
    return curves, found


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("counts", type=Path, nargs="?", help="default: a phantom, whose phases are known")
    parser.add_argument("-k", "--n-clusters", type=int, default=5)
    parser.add_argument("--group", nargs="+", action="append", default=[], help="a name and the labels it has")
    parser.add_argument("-o", "--output", type=Path, default=Path("nanosims"))
    options = parser.parse_args(arguments)
    phantom = None if options.counts else clast.phantom.nanosims(random_state=0)
    image = phantom.image if phantom else clast.read_image(options.counts, channel_names=MASSES)
    options.output.mkdir(parents=True, exist_ok=True)
    curves, found = segment_counts(image, options.n_clusters)
    pd.concat({name: curve.table for name, curve in curves.items()}).to_csv(options.output / "curves.csv")
    print(*curves.values(), sep="\n")
    curves["channels"].plot().savefig(options.output / "curves.png")
    for name, fit in found.items():
        fit.save(options.output / f"{name}.tif", force=True)
    if phantom:
        print(pd.DataFrame({name: phantom.score(fit.labels) for name, fit in found.items()}).round(3).T)
    found["channels"].profiles().savefig(options.output / "profiles.png")
    found["channels"].parallel_coordinates().savefig(options.output / "parallel.png")
    found["components"].cluster_circles().savefig(options.output / "circles.png")
    clast.plot.montage(found).savefig(options.output / "clusters.png")
    groups = GROUPS if phantom and not options.group else options.group
    materials = found["channels"].merge({name: [int(label) for label in labels] for name, *labels in groups})
    materials.table().to_csv(options.output / "materials.csv", index=False)
    materials.plot(channel="12C14N").savefig(options.output / "materials.png")


if __name__ == "__main__":
    main()
