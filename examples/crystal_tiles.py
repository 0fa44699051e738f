"""Tiles of a survey to where their crystals are: patches described, clustered, and laid over the mosaic.

python examples/crystal_tiles.py [TILE_OR_FOLDER ...] [-g 16] [-k 2] [--flatfield auto] [-o crystals]
"""

import argparse
from pathlib import Path

from sklearn.metrics import adjusted_rand_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import clast

STATISTICS = ["mean", "std", "relative_std", "skewness", "kurtosis", "histogram_mode"]


def search_tiles(tiles, grids, flatfield=None):
    """Silhouettes of all grids and numbers of clusters by k-means, and of the coarse grids by Ward's hierarchy."""
    options = {"statistics": STATISTICS, "flatfield": flatfield, "random_state": 0}
    kmeans = clast.patch_search(tiles, grids=grids, pca=[None, 2], n_init=20, **options)
    coarse = [grid for grid in grids if grid <= 16]
    return kmeans, clast.patch_search(tiles, grids=coarse, model="agglomerative", **options)


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tiles", nargs="*", help="images or their folder; default: a phantom, whose crystals are known")
    parser.add_argument("--grids", type=int, nargs="+", default=[4, 8, 16, 32, 64], help="to search for the best")
    parser.add_argument("-g", "--grid", type=int, default=16, help="patches along each side of a tile to show")
    parser.add_argument("-k", "--n-clusters", type=int, default=2)
    parser.add_argument("--flatfield", help="an image of the lighting, or 'auto' to find it in the tiles")
    parser.add_argument("-o", "--output", type=Path, default=Path("crystals"))
    options = parser.parse_args(arguments)
    options.output.mkdir(parents=True, exist_ok=True)
    phantoms = [] if options.tiles else clast.phantom.crystals(random_state=0)
    tiles = options.tiles or [phantom.image for phantom in phantoms]

    for name, found in zip(("kmeans", "ward"), search_tiles(tiles, options.grids, options.flatfield), strict=True):
        print(name, found.pivot(index="grid", columns=["space", "n_clusters"], values="silhouette").round(4), sep="\n")
        found.to_csv(options.output / f"silhouettes {name}.csv", index=False)
    patches = clast.patch_table(tiles, grid=options.grid, statistics=STATISTICS, flatfield=options.flatfield)
    model = make_pipeline(StandardScaler(), clast.KMeans(options.n_clusters, n_init=20, random_state=0))
    patches["cluster"] = model.fit_predict(patches[STATISTICS]) + 1
    patches.to_csv(options.output / "patches.csv", index=False)
    for column in ("cluster", "std"):
        clast.plot.patch_heatmap(patches, column, images=tiles).savefig(options.output / f"{column}.png")
    if phantoms:
        truth = clast.patch_table([phantom.truth for phantom in phantoms], grid=options.grid, statistics=["median"])
        print(f"adjusted Rand index to the truth: {adjusted_rand_score(truth['median'], patches['cluster']):.3f}")


if __name__ == "__main__":
    main()
