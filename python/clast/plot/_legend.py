"""Names and sizes of classes beside their colours."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from clast._result import pixel_size

if TYPE_CHECKING:
    from clast._result import Segmentation

_MAX_LEGEND = 12
_UNITS = {"ml": "mL", "um3": "\u00b5m\u00b3", "mm2": "mm\u00b2", "um2": "\u00b5m\u00b2"}


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
    if len(palette) > _MAX_LEGEND:
        entries.append(Patch(alpha=0, label=f"and {len(palette) - _MAX_LEGEND} more"))
    return entries
