"""Draws docs/images/overview.png, the picture of the README, by clast: ``python docs/picture.py``."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from sklearn.datasets import load_sample_image

import clast
from clast.regions import boundaries, region_means

TARGET = Path(__file__).parent / "images" / "overview.png"
# Part of the photo that has sky, roof and trees.
ROWS, COLUMNS = slice(20, 340), slice(150, 630)
GAP, FONT_SIZE = 8, 17
# Colours of the whole picture, one of which is transparent: a file of a palette has a third of the bytes.
N_COLORS = 255


def main() -> None:
    photo = np.ascontiguousarray(load_sample_image("china.jpg")[ROWS, COLUMNS])
    panels = [
        ("photo", photo),
        ("segment: 9 classes by k-means", classes(photo)),
        ("slic: superpixels in their mean colour", superpixels(photo)),
        ("quadtree: blocks that are nearly constant", blocks(photo)),
    ]
    height, width = photo.shape[:2]
    canvas = np.zeros((2 * height + GAP, 2 * width + GAP, 3), dtype=np.uint8)
    is_gap = np.ones(canvas.shape[:2], dtype=bool)
    for index, (caption, panel) in enumerate(panels):
        top, left = index // 2 * (height + GAP), index % 2 * (width + GAP)
        place = slice(top, top + height), slice(left, left + width)
        canvas[place], is_gap[place] = captioned(panel, caption), False
    save(canvas, is_gap)


def classes(photo: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return clast.segment(photo, clast.KMeans(9, random_state=0)).recolor()


def superpixels(photo: NDArray[np.uint8]) -> NDArray[np.uint8]:
    labels = clast.slic(photo, n_segments=700, compactness=10)
    means = region_means(labels, photo).astype(np.uint8)
    means[boundaries(labels)] = means[boundaries(labels)] * 0.7
    return means


def blocks(photo: NDArray[np.uint8]) -> NDArray[np.uint8]:
    tree = clast.quadtree(photo, threshold=90, min_size=4, max_size=64, channel_axis=-1)
    means = tree.mean_image()
    means[tree.boundaries] = means[tree.boundaries] * 0.7
    return means


def captioned(panel: NDArray[np.uint8], caption: str) -> NDArray[np.uint8]:
    picture = Image.fromarray(panel)
    draw = ImageDraw.Draw(picture)
    font = ImageFont.load_default(FONT_SIZE)
    left, top, right, bottom = draw.textbbox((10, panel.shape[0] - FONT_SIZE - 12), caption, font=font)
    draw.rectangle((left - 6, top - 5, right + 6, bottom + 5), fill="black")
    draw.text((10, panel.shape[0] - FONT_SIZE - 12), caption, font=font, fill="white")
    return np.asarray(picture)


def save(canvas: NDArray[np.uint8], is_gap: NDArray[np.bool_]) -> None:
    """Write a picture of few colours whose gaps show the page behind it."""
    indexed = Image.fromarray(canvas).quantize(N_COLORS, dither=Image.Dither.NONE)
    pixels = np.array(indexed)
    pixels[is_gap] = N_COLORS
    picture = Image.fromarray(pixels, mode="P")
    picture.putpalette([*indexed.getpalette()[: 3 * N_COLORS], 0, 0, 0])
    TARGET.parent.mkdir(exist_ok=True)
    picture.save(TARGET, optimize=True, transparency=N_COLORS)


if __name__ == "__main__":
    main()
