"""Four MRI modalities to tissue classes, their volumes, and a label volume that any viewer can lay over the scan.

python examples/brain_mri_kmeans.py FOLDER [-k 3] [-o brain]

FOLDER holds t1.nii.gz, t1_contrast.nii.gz, flair.nii.gz and adc.nii.gz of one subject on one grid.
"""

import argparse
from pathlib import Path

import clast

MODALITIES = ("t1", "t1_contrast", "flair", "adc")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("-k", "--n-clusters", type=int, default=3)
    parser.add_argument("-o", "--output", type=Path, default=Path("brain"))
    options = parser.parse_args()
    options.output.mkdir(exist_ok=True)

    image = clast.read_image([options.folder / f"{name}.nii.gz" for name in MODALITIES])
    print(image)

    # ADC varies several times as much as the others: unscaled, it decides nearly alone.
    for scale in (None, "standard"):
        model = clast.KMeans(options.n_clusters, n_init=10, random_state=123)
        # KMeans numbers its clusters by chance; ordered by size, class 1 is healthy tissue both times.
        segmentation = clast.segment(image, model, mask="nonzero", scale=scale, label_order="size")
        name = "unscaled" if scale is None else scale
        path = segmentation.save(options.output / f"labels_{name}.nii.gz", force=True)
        print(f"\n{name}: {path}\n{segmentation.table().to_string(index=False, float_format='%.4g')}")


if __name__ == "__main__":
    main()
