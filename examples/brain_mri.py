"""Four MRI modalities of a head to tissue classes, their volumes in mL, and label volumes for any viewer.

python examples/brain_mri.py [T1 T1_CONTRAST FLAIR ADC] [-k 3] [--slices 16 18 20 22 24] [-o brain]
"""

import argparse
from pathlib import Path

import pandas as pd

import clast

COUNTS = (2, 3, 4)


def segment_brain(image, n_classes=3):
    """Mixtures of each modality alone and of all together, and k-means with and without a common scale."""
    options = {"mask": "nonzero", "label_order": "size"}
    seen = {**{name: [name] for name in image.channel_names}, "all": None}
    mixtures = {name: {} for name in seen}
    for name, channels in seen.items():
        for k in COUNTS:
            model = clast.GaussianMixture(k, random_state=123)
            mixtures[name][f"{k} classes"] = clast.segment(image, model, channels=channels, **options)
    kmeans = clast.KMeans(n_classes, n_init=10, random_state=123)
    scales = {"k-means": None, "k-means, scaled": "standard"}
    return mixtures, {name: clast.segment(image, kmeans, scale=scale, **options) for name, scale in scales.items()}


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", type=Path, nargs="*", help="default: a phantom, whose tissues are known")
    parser.add_argument("-k", "--n-classes", type=int, choices=COUNTS, default=3)
    parser.add_argument("--slices", type=int, nargs="+", default=5, help="to show; default: five of the head")
    parser.add_argument("-o", "--output", type=Path, default=Path("brain"))
    options = parser.parse_args(arguments)
    phantom = None if options.files else clast.phantom.brain(random_state=0)
    image = phantom.image if phantom else clast.read_image(options.files)
    options.output.mkdir(parents=True, exist_ok=True)

    mixtures, found = segment_brain(image, options.n_classes)
    chosen = found["mixture"] = mixtures["all"][f"{options.n_classes} classes"]
    chosen.save(options.output / "labels.nii.gz", force=True)
    chosen.save_map(options.output / "posteriors.nii.gz", chosen.posteriors("uint8"), force=True)
    print(chosen, chosen.table().round(3).T, sep="\n")
    chosen.montage(slices=options.slices).savefig(options.output / "slices.png")
    chosen.pairplot().savefig(options.output / "pairs.png")
    clast.plot.montage(mixtures, slices=options.slices).savefig(options.output / "mixtures.png")
    clast.plot.montage(found, slices=options.slices).savefig(options.output / "models.png")
    found |= {f"{name}, {k}": fit for name, fits in mixtures.items() for k, fit in fits.items()}
    pd.concat({name: fit.table() for name, fit in found.items()}, names=["fit"]).to_csv(options.output / "classes.csv")
    if phantom:
        print(pd.DataFrame({name: phantom.score(fit.labels) for name, fit in found.items()}).round(3).T)


if __name__ == "__main__":
    main()
