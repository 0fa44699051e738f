"""Names and sizes of classes beside their colours."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from clast._result import pixel_size

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from clast._result import Segmentation
    from clast.plot._samples import Samples

_MAX_LEGEND = 12
_UNITS = {"ml": "mL", "um3": "\u00b5m\u00b3", "mm2": "mm\u00b2", "um2": "\u00b5m\u00b2"}


def legend_width(entries: Sequence[Any]) -> float:
    """Inches of an entry: a character of the default font is about 0.08 wide, the patch and the gaps around it 0.7."""
    return 0.7 + 0.08 * max((len(entry.get_label()) for entry in entries), default=0)


def legend_rows(entries: Sequence[Any], width: float) -> int:
    """Rows of a legend in a figure of this width in inches."""
    return math.ceil(len(entries) / max(1, int(width / legend_width(entries))))


def add_legend(figure: "Figure", entries: list[Any]) -> None:
    """Put a legend under the panels, in as many columns as fit; none without entries."""
    if entries:
        n_columns = math.ceil(len(entries) / legend_rows(entries, figure.get_figwidth()))
        figure.legend(handles=entries, loc="outside lower center", ncols=n_columns, frameon=False, fontsize="medium")


def class_entries(samples: "Samples") -> list[Any]:
    """Names of the classes of samples, and their shares."""
    shares = np.bincount(samples.classes, minlength=samples.n_classes) / len(samples.classes)
    names = [f"{name} ({share:.1%})" for name, share in zip(samples.names, shares, strict=True)]
    return name_entries(samples.palette, names)


def name_entries(palette: NDArray[Any], names: Sequence[str]) -> list[Any]:
    """Names of classes alone."""
    from matplotlib.patches import Patch

    pairs = zip(palette[:_MAX_LEGEND], names, strict=False)
    return [Patch(facecolor=color, label=name) for color, name in pairs] + _more(len(palette))


def legend_entries(segmentation: "Segmentation", palette: NDArray[Any], names: Sequence[str] | None) -> list[Any]:
    from matplotlib.patches import Patch

    counts = segmentation.statistics.counts
    size = pixel_size(segmentation.image)
    entries = []
    for index in range(min(len(palette), _MAX_LEGEND)):
        name = f"class {index + 1}" if names is None else names[index]
        share = f"{counts[index] / max(1, counts.sum()):.1%}"
        if size is None:
            amount = f"{counts[index]:,} px".replace(",", "\u2009")
        else:
            unit = size[0].partition("_")[2]
            amount = f"{counts[index] * size[1]:.4g} {_UNITS.get(unit, unit)}".rstrip()
        entries.append(Patch(facecolor=palette[index], label=f"{name}: {amount} ({share})"))
    return entries + _more(len(palette))


def _more(n_classes: int) -> list[Any]:
    from matplotlib.patches import Patch

    return [Patch(alpha=0, label=f"and {n_classes - _MAX_LEGEND} more")] if n_classes > _MAX_LEGEND else []
