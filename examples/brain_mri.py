"""Four MRI modalities of a head to tissue classes, their volumes in mL, and label volumes for any viewer.

python examples/brain_mri.py [T1 T1_CONTRAST FLAIR ADC] [-k 3] [-o brain]

Without files it segments a phantom, whose tissues are known.
"""

import argparse
from pathlib import Path

import pandas as pd

import clast

COUNTS = (2, 3, 4)


def segment_brain(image, n_classes=3):
    """Mixtures of each modality alone and of all of them, then k-means with and without a common scale."""
    found = {}
    for channels in [*([name] for name in image.channel_names), image.channel_names]:
        for k in COUNTS:
            model = clast.GaussianMixture(k, random_state=123)
            title = f"{'all' if len(channels) > 1 else channels[0]}, mixture of {k}"
            found[title] = clast.segment(image, model, mask="nonzero", channels=channels, label_order="size")
    for scale in (None, "standard"):
        model = clast.KMeans(n_classes, n_init=10, random_state=123)
        title = f"all, {scale or 'unscaled'}, k-means of {n_classes}"
        found[title] = clast.segment(image, model, mask="nonzero", scale=scale, label_order="size")
    return found


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", type=Path, nargs="*", help="modalities on one grid; default: a phantom")
    parser.add_argument("-k", "--n-classes", type=int, choices=COUNTS, default=3)
    parser.add_argument("-o", "--output", type=Path, default=Path("brain"))
    options = parser.parse_args(arguments)
    options.output.mkdir(parents=True, exist_ok=True)
    phantom = None if options.files else clast.phantom.brain(random_state=0)
    image = phantom.image if phantom else clast.read_image(options.files)
    print(image)

    found = segment_brain(image, options.n_classes)
    chosen = found[f"all, mixture of {options.n_classes}"]
    print(chosen.table().round(3).to_string(index=False))
    tables = pd.concat({title: segmentation.table() for title, segmentation in found.items()}, names=["fit"])
    tables.to_csv(options.output / "classes.csv")
    chosen.save(options.output / "labels.nii.gz", force=True)
    chosen.save_map(options.output / "posteriors.nii.gz", chosen.posteriors("uint8"), force=True)
    if phantom:
        score = {
            title: clast.metrics.dice(clast.match_labels(segmentation.labels, phantom.truth), phantom.truth)
            for title, segmentation in found.items()
        }
        print(pd.DataFrame(score).T.set_axis(phantom.names, axis=1).round(3))


if __name__ == "__main__":
    main()
