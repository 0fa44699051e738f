"""The journeys of `examples` the long way: by scikit-learn, scikit-image, scipy and numpy, as their authors would.

Each function takes plain arrays and returns what the example of its name finds, under the same names.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import stats
from scipy.ndimage import gaussian_filter
from skimage.filters import apply_hysteresis_threshold, difference_of_gaussians, sobel, threshold_multiotsu
from skimage.measure import regionprops_table
from skimage.morphology import remove_small_objects
from skimage.segmentation import slic
from sklearn.cluster import AgglomerativeClustering, KMeans
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import RidgeClassifier
from sklearn.metrics import calinski_harabasz_score, davies_bouldin_score, silhouette_score
from sklearn.mixture import GaussianMixture
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler, StandardScaler
from sklearn.tree import DecisionTreeClassifier


def segment_brain(
    volumes: dict[str, np.ndarray], n_classes: int = 3, counts: Sequence[int] = (2, 3, 4), alone: bool = True
) -> dict[str, np.ndarray]:
    """Label volumes, the largest class first, 0 outside of what is positive in all volumes."""
    stack = np.stack([volume.astype(np.float64) for volume in volumes.values()], axis=-1)
    mask = (stack > 0).all(axis=-1)
    samples = stack[mask]
    columns = {name: [index] for index, name in enumerate(volumes)} if alone else {}
    found = {}
    for name, seen in {**columns, "all": list(range(len(volumes)))}.items():
        for k in counts:
            clusters = GaussianMixture(k, random_state=123).fit_predict(samples[:, seen])
            found[f"{name}, {k} classes"] = into_volume(clusters, mask)
    for name, X in {"k-means": samples, "k-means, scaled": StandardScaler().fit_transform(samples)}.items():
        clusters = KMeans(n_classes, n_init=10, random_state=123).fit_predict(X)
        found[name] = into_volume(clusters, mask)
    return found


def into_volume(clusters: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Clusters of the pixels inside a mask as labels from 1 on, the largest first."""
    rank = np.empty(clusters.max() + 1, dtype=np.uint8)
    rank[np.argsort(-np.bincount(clusters), kind="stable")] = np.arange(1, len(rank) + 1)
    labels = np.zeros(mask.shape, dtype=np.uint8)
    labels[mask] = rank[clusters]
    return labels


def class_table(labels: np.ndarray, volumes: dict[str, np.ndarray], pixel_size: float) -> pd.DataFrame:
    """Size, and mean and standard deviation of every channel, class by class."""
    rows = []
    for label in range(1, labels.max() + 1):
        inside = labels == label
        row = {"label": label, "count": inside.sum(), "size": inside.sum() * pixel_size}
        for name, volume in volumes.items():
            values = volume[inside].astype(np.float64)
            row |= {f"mean_{name}": values.mean(), f"std_{name}": values.std()}
        rows.append(row)
    return pd.DataFrame(rows)


def segment_photo(
    image: np.ndarray, n_colors: int = 4, counts: Sequence[int] = range(1, 10)
) -> tuple[pd.DataFrame, dict[str, np.ndarray]]:
    """Scores of the elbow curve, and label images, the darkest red first."""
    samples = image.reshape(-1, 3).astype(np.float64)
    scores, found = {}, {}
    for k in counts:
        model = KMeans(k, random_state=0).fit(samples)
        score = calinski_harabasz_score(samples, model.labels_) if k > 1 else np.nan
        scores[k] = {"inertia": model.inertia_, "calinski_harabasz": score}
        if 2 <= k <= n_colors:
            found[f"{k} colours"] = by_first_channel(model.labels_, samples).reshape(image.shape[:2])
    clusters = GaussianMixture(2, random_state=0).fit_predict(samples)
    found["mixture of 2"] = by_first_channel(clusters, samples).reshape(image.shape[:2])
    return pd.DataFrame(scores).T.rename_axis("k"), found


def by_first_channel(clusters: np.ndarray, samples: np.ndarray) -> np.ndarray:
    """Clusters as labels from 1 on, in the order of their means of the first channel."""
    means = [samples[clusters == cluster, 0].mean() for cluster in range(clusters.max() + 1)]
    rank = np.empty(len(means), dtype=np.uint8)
    rank[np.argsort(means)] = np.arange(1, len(means) + 1)
    return rank[clusters]


def recolor(image: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Every pixel in the mean colour of its class."""
    picture = np.zeros_like(image)
    for label in range(1, labels.max() + 1):
        picture[labels == label] = np.rint(image[labels == label].mean(axis=0))
    return picture


def segment_counts(
    image: np.ndarray, n_clusters: int = 5, counts: Sequence[int] = range(2, 32), sample_size: int | None = None
) -> tuple[dict[str, pd.DataFrame], dict[str, np.ndarray]]:
    """Scores of every number of clusters in both spaces, and label images."""
    scaled = MaxAbsScaler().fit_transform(image.reshape(-1, image.shape[-1]).astype(np.float64))
    curves, found = {}, {}
    for space, samples in {"channels": scaled, "components": PCA(2).fit_transform(scaled)}.items():
        scores = {}
        for k in counts:
            model = KMeans(k, random_state=0).fit(samples)
            clusters = model.labels_
            scores[k] = {
                "inertia": model.inertia_,
                "silhouette": silhouette_score(samples, clusters, sample_size=sample_size, random_state=0),
                "calinski_harabasz": calinski_harabasz_score(samples, clusters),
                "davies_bouldin": davies_bouldin_score(samples, clusters),
                "entropy": stats.entropy(np.bincount(clusters), base=2),
            }
            if k == n_clusters:
                found[space] = into_volume(clusters, np.ones(image.shape[:2], dtype=bool))
        curves[space] = pd.DataFrame(scores).T.rename_axis("k")
    pixels = scaled.reshape(image.shape)
    superpixels = slic(pixels, 2000, compactness=0.1, channel_axis=-1)
    means = regionprops_table(superpixels, pixels, properties=("mean_intensity",))
    clusters = AgglomerativeClustering(n_clusters).fit_predict(np.column_stack(list(means.values())))
    found["superpixels"] = clusters[superpixels - 1] + 1
    return curves, found


def patch_features(tile: np.ndarray, grid: int) -> np.ndarray:
    """Statistics of the patches of a tile, row by row: one line of six for each."""
    height, width = tile.shape[0] // grid, tile.shape[1] // grid
    rows = []
    for row in range(grid):
        for column in range(grid):
            patch = tile[row * height : (row + 1) * height, column * width : (column + 1) * width]
            values = patch.reshape(-1).astype(np.float64)
            counts, edges = np.histogram(values, bins=1024)
            fullest = np.argmax(counts)
            mean, std = values.mean(), values.std()
            mode = (edges[fullest] + edges[fullest + 1]) / 2
            rows.append([mean, std, std / mean, stats.skew(values), stats.kurtosis(values), mode])
    return np.array(rows)


def search_tiles(
    tiles: Sequence[np.ndarray], grids: Sequence[int], counts: Sequence[int] = (2, 3, 4)
) -> tuple[pd.DataFrame, pd.DataFrame, dict[tuple[int, int], np.ndarray]]:
    """Silhouettes by k-means and by Ward's hierarchy, and the clusters that k-means finds in all scaled features."""
    by_kmeans, by_ward, found = [], [], {}
    for grid in grids:
        features = StandardScaler().fit_transform(np.concatenate([patch_features(tile, grid) for tile in tiles]))
        for n_components in (None, 2):
            samples = features if n_components is None else PCA(n_components).fit_transform(features)
            for k in counts:
                clusters = KMeans(k, n_init=20, random_state=0).fit_predict(samples)
                score = silhouette_score(samples, clusters)
                by_kmeans.append({"grid": grid, "pca": n_components, "n_clusters": k, "silhouette": score})
                if n_components is None:
                    found[grid, k] = clusters
        for k in counts if grid <= 16 else ():
            clusters = AgglomerativeClustering(k).fit_predict(features)
            by_ward.append({"grid": grid, "n_clusters": k, "silhouette": silhouette_score(features, clusters)})
    return pd.DataFrame(by_kmeans), pd.DataFrame(by_ward), found


def segment_slice(image: np.ndarray, known: np.ndarray | None = None, spacing: float = 1.0) -> dict[str, np.ndarray]:
    """Label images by thresholds, k-means of pixels, blocks and superpixels, and classifiers that learn from `known`.

    Without "merged": scikit-image merges superpixels by other rules.
    """
    levels = threshold_multiotsu(image)
    found = {"Otsu": np.digitize(image, levels, right=True) + 1}
    above = apply_hysteresis_threshold(image, *levels)
    found["hysteresis"] = remove_small_objects(above, max_size=19).astype(np.uint8)
    table = pixel_features(image, spacing)
    kmeans = KMeans(3, n_init=10, random_state=2018)
    seen = {"intensity": ["intensity"], "position": ["intensity", "y", "x"], "blurs": ["gaussian(2)", "gaussian(4)"]}
    for name, columns in seen.items():
        found[name] = kmeans_of(table[columns], 3).reshape(image.shape)
    leaves = np.array(quadtree_leaves(image.astype(np.float64), 0.7 * image.std(), least=2))
    means = np.array([image[y : y + size, x : x + size].mean() for y, x, size in leaves])
    areas = [image[y : y + size, x : x + size].size for y, x, size in leaves]
    found["blocks"] = np.zeros(image.shape, dtype=np.int32)
    for cluster, (y, x, size) in zip(kmeans.fit_predict(means[:, None], sample_weight=areas), leaves, strict=True):
        found["blocks"][y : y + size, x : x + size] = cluster + 1
    pieces = slic(image, 1500, compactness=0.3, channel_axis=None)
    properties = regionprops_table(pieces, image, properties=("mean_intensity", "area"))
    clusters = kmeans.fit_predict(properties["mean_intensity"][:, None], sample_weight=properties["area"])
    found["pieces"] = clusters[pieces - 1] + 1
    if known is not None:
        told = known.ravel() > 0
        trees, forest = DecisionTreeClassifier(random_state=0), RandomForestClassifier(random_state=0)
        for learner in (KNeighborsClassifier(), RidgeClassifier(), trees, forest):
            model = make_pipeline(StandardScaler(), learner).fit(table[told].to_numpy(), known.ravel()[told])
            found[type(learner).__name__] = model.predict(table.to_numpy()).reshape(image.shape)
    return found


def kmeans_of(table: pd.DataFrame, n_clusters: int) -> np.ndarray:
    """Labels from 1 on of scaled features."""
    # In float32 scikit-learn's sums are rounded, and lead to another optimum here and there.
    samples = StandardScaler().fit_transform(table.astype(np.float64))
    return KMeans(n_clusters, n_init=10, random_state=2018).fit_predict(samples) + 1


def pixel_features(image: np.ndarray, spacing: float) -> pd.DataFrame:
    """The features of every pixel; lengths in units of the spacing."""
    values = image.astype(np.float32)
    y, x = np.indices(image.shape) * spacing
    padded = np.pad(values, 2, mode="edge")
    columns = {
        "intensity": values,
        "y": y,
        "x": x,
        "gaussian(2)": gaussian_filter(values, 2 / spacing, mode="nearest"),
        "gaussian(4)": gaussian_filter(values, 4 / spacing, mode="nearest"),
        "dog(2, 6)": difference_of_gaussians(values, 2 / spacing, 6 / spacing, mode="nearest"),
        "sobel": sobel(values, mode="nearest") / spacing,
        "right": padded[2:-2, 4:],
        "below": padded[4:, 2:-2],
    }
    return pd.DataFrame({name: column.ravel().astype(np.float32) for name, column in columns.items()})


def quadtree_leaves(
    image: np.ndarray, threshold: float, least: int, y: int = 0, x: int = 0, size: int | None = None
) -> list[tuple[int, int, int]]:
    """Origins and sides of the largest squares whose standard deviation is at most the threshold."""
    size = size or 1 << int(np.ceil(np.log2(max(image.shape))))
    block = image[y : y + size, x : x + size]
    if block.size == 0:
        return []
    if size <= least or (block.shape == (size, size) and block.std() <= threshold):
        return [(y, x, size)]
    half = size // 2
    quadrants = [(y + down, x + right) for down in (0, half) for right in (0, half)]
    return [leaf for row, column in quadrants for leaf in quadtree_leaves(image, threshold, least, row, column, half)]
