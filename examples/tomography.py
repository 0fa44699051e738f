"""A slice of a tomography to its phases: thresholds, k-means, blocks, superpixels, and classifiers that are trained.

python examples/tomography.py [SLICE [KNOWN]] [-o tomography]
"""

import argparse
from pathlib import Path

import numpy as np
from sklearn import ensemble, linear_model, neighbors, pipeline, preprocessing, tree

import clast

FEATURES = "intensity, position, gaussian(2), gaussian(4), dog(2, 6), sobel, neighbor(0, 2), neighbor(2, 0)"
SEEN = {"intensity": "intensity", "position": "intensity, position", "blurs": "gaussian(2), gaussian(4)"}


def segment_slice(image, known=None):
    """Thresholds; k-means of pixels, blocks and superpixels; classifiers that learn from the pixels known."""
    grey, kmeans = image.data, clast.KMeans(3, n_init=10, random_state=2018)
    levels, pieces = clast.threshold_multiotsu(grey), clast.slic(grey, 1500, compactness=0.3, channel_axis=None)
    blocks = clast.quadtree(image, criterion="std", threshold=0.7 * grey.std(), min_size=2)
    found = {"Otsu": np.digitize(grey, levels, True) + 1, "hysteresis": clast.hysteresis(grey, levels, min_size=20)}
    found |= {name: clast.segment(image, kmeans, features=seen, scale="standard").labels for name, seen in SEEN.items()}
    found |= {"blocks": blocks.cluster(kmeans), "pieces": clast.regions.cluster_regions(pieces, grey, kmeans)}
    merged = clast.regions.merge_regions(pieces, grey, n_regions=50).labels
    found |= {"merged": clast.regions.cluster_regions(merged, grey, kmeans)}
    found = {name: clast.match_labels(labels, found["Otsu"]) for name, labels in found.items()}
    knn, trees = neighbors.KNeighborsClassifier(), tree.DecisionTreeClassifier(random_state=0)
    linear, forest = linear_model.RidgeClassifier(), ensemble.RandomForestClassifier(random_state=0)
    for step in (knn, linear, trees, forest) if known is not None else ():
        model = pipeline.make_pipeline(clast.PixelFeatures(FEATURES, mask=known), preprocessing.StandardScaler(), step)
        model.fit(image, known.data[known.data > 0]).set_params(pixelfeatures__mask=None)
        found[type(step).__name__] = model[0].to_image(model.predict(image), image)
    return {name: clast.Segmentation.from_labels(labels, image) for name, labels in found.items()}, blocks, pieces


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="*", help="a slice, and classes of some of its pixels, 0 where they are unknown")
    parser.add_argument("-o", "--output", type=Path, default=Path("tomography"))
    options = parser.parse_args(arguments)
    rock = clast.phantom.rock(noise=0.15, shading=0.2, random_state=0)
    image, *known = map(clast.read_image, options.files) if options.files else (rock.image, rock.known(0.25))
    options.output.mkdir(parents=True, exist_ok=True)
    trial = clast.try_thresholds(image)
    trial.table().to_csv(options.output / "thresholds.csv", index=False)
    trial.plot().savefig(options.output / "thresholds.png")
    found, blocks, pieces = segment_slice(image, *known)
    blocks.plot().savefig(options.output / "blocks.png")
    clast.plot.plot_superpixels(image, pieces).savefig(options.output / "pieces.png")
    clast.plot.montage(found).savefig(options.output / "phases.png")
    for name, fit in found.items():
        fit.save(options.output / f"{name}.tif", force=True)
        print(name, fit if options.files else rock.score(fit.labels))


if __name__ == "__main__":
    main()
