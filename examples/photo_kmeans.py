"""A photo to its elbow curve and a picture in few colours.

python examples/photo_kmeans.py [PHOTO] [-k 4] [-o photo]
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
from sklearn.datasets import load_sample_image

import clast


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photo", type=Path, nargs="?", help="default: a photo that ships with scikit-learn")
    parser.add_argument("-k", "--n-clusters", type=int, default=4)
    parser.add_argument("-o", "--output", type=Path, default=Path("photo"))
    options = parser.parse_args()
    options.output.mkdir(exist_ok=True)
    image = load_sample_image("china.jpg") if options.photo is None else clast.read_image(options.photo).data

    counts = range(1, 10)
    pixels = image.reshape(-1, image.shape[-1])
    inertia = [model.inertia_ for model in clast.kmeans_sweep(pixels, counts, random_state=0)]

    model = clast.KMeans(options.n_clusters, random_state=0)
    segmentation = clast.segment(image, model, label_order="size")
    print(segmentation.table().to_string(index=False, float_format="%.4g"))

    figure, (elbow, picture) = plt.subplots(1, 2, figsize=(11, 4), layout="constrained")
    elbow.plot(counts, inertia, marker="o")
    elbow.set(xlabel="clusters", ylabel="inertia", title="elbow")
    picture.imshow(segmentation.recolor())
    picture.set(title=f"{options.n_clusters} colours")
    picture.set_axis_off()
    figure.savefig(options.output / "elbow.png")
    segmentation.save(options.output / "labels.png", force=True)
    print(f"written: {options.output / 'elbow.png'}, {options.output / 'labels.png'}")


if __name__ == "__main__":
    main()
