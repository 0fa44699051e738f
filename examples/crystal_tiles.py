"""Tiles of a survey to where their crystals are: patches described, clustered, and laid over the mosaic.

python examples/crystal_tiles.py [TILE_OR_FOLDER ...] [-g 16] [-k 2] [--flatfield auto] [-o crystals]

Without tiles it segments a phantom, whose crystals are known.
"""

import argparse
from pathlib import Path

from sklearn.metrics import adjusted_rand_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import clast

STATISTICS = ["std", "relative_std", "mean", "skewness", "kurtosis", "histogram_mode"]
GRIDS = [4, 8, 16, 32, 64]


def search_tiles(tiles, grids=GRIDS, flatfield=None):
    """Silhouettes of all grids, numbers of clusters and projections; the hierarchy is for coarse grids."""
    options = {"statistics": STATISTICS, "flatfield": flatfield}
    kmeans = clast.patch_search(tiles, grids=grids, pca=[None, 2], n_init=20, random_state=0, **options)
    ward = clast.patch_search(tiles, grids=[grid for grid in grids if grid <= 16], model="agglomerative", **options)
    return kmeans, ward


def cluster_patches(tiles, grid=16, n_clusters=2, flatfield=None):
    """The patches of one grid with their statistics and clusters."""
    table = clast.patch_table(tiles, grid=grid, statistics=STATISTICS, flatfield=flatfield)
    model = make_pipeline(StandardScaler(), clast.KMeans(n_clusters, n_init=20, random_state=0))
    table["cluster"] = model.fit_predict(table[STATISTICS]) + 1
    return table


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tiles", nargs="*", help="images of one size, or their folder; default: a phantom")
    parser.add_argument("-g", "--grid", type=int, default=16, help="patches along each side of a tile")
    parser.add_argument("-k", "--n-clusters", type=int, default=2)
    parser.add_argument("--flatfield", help="an image of the lighting, or 'auto' to find it in the tiles")
    parser.add_argument("-o", "--output", type=Path, default=Path("crystals"))
    options = parser.parse_args(arguments)
    options.output.mkdir(parents=True, exist_ok=True)
    phantoms = [] if options.tiles else clast.phantom.crystals(random_state=0)
    tiles = options.tiles or [phantom.image for phantom in phantoms]

    kmeans, ward = search_tiles(tiles, flatfield=options.flatfield)
    for name, found in {"kmeans": kmeans, "ward": ward}.items():
        print(name, found.pivot(index="grid", columns=["space", "n_clusters"], values="silhouette").round(4), sep="\n")
        found.to_csv(options.output / f"silhouettes {name}.csv", index=False)
    patches = cluster_patches(tiles, options.grid, options.n_clusters, options.flatfield)
    patches.to_csv(options.output / "patches.csv", index=False)
    for column in ("cluster", "std"):
        clast.plot.patch_heatmap(patches, column, images=tiles).savefig(options.output / f"{column}.png")
    if phantoms:
        truth = clast.patch_table([phantom.truth for phantom in phantoms], grid=options.grid, statistics=["median"])
        print(f"adjusted Rand index to the truth: {adjusted_rand_score(truth['median'], patches['cluster']):.3f}")


if __name__ == "__main__":
    main()
