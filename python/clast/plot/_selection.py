"""Curves of the criteria for the number of clusters."""

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from clast.selection import Selection

# Okabe and Ito's blue and vermilion, told apart with any kind of colour vision.
_CURVE, _CHOICE = "#0072B2", "#D55E00"

_TITLES = {
    "inertia": "inertia (knee)",
    "silhouette": "silhouette (highest)",
    "calinski_harabasz": "Calinski-Harabasz (highest)",
    "davies_bouldin": "Davies-Bouldin (lowest)",
    "entropy": "entropy of the labels (knee)",
    "gap": "gap statistic (first within an error)",
    "bic": "BIC (lowest)",
    "aic": "AIC (lowest)",
    "icl": "ICL (lowest)",
    "stability": "stability over seeds (highest)",
}
_UNITS = {"entropy": "bits", "stability": "adjusted Rand index", "gap": "nats", "inertia": "sum of squares"}


def plot_selection(selection: "Selection") -> "Figure":
    """Draw a panel for each criterion with its errors, and mark the number of clusters that it prefers.

    Parameters
    ----------
    selection : Selection

    Returns
    -------
    matplotlib.figure.Figure

    Examples
    --------
    >>> import numpy as np
    >>> import clast
    >>> X = np.concatenate([np.linspace(c, c + 1, 50) for c in (0, 5, 20)])[:, None]
    >>> found = clast.select_k(X, k=range(2, 6), criteria=["silhouette", "davies_bouldin"], random_state=0)
    >>> clast.plot.plot_selection(found)
    <Figure size ... with 2 Axes>
    """
    from matplotlib.figure import Figure

    criteria, choices = selection.criteria, selection.choices()
    n_columns = min(3, len(criteria))
    n_rows = math.ceil(len(criteria) / n_columns)
    figure = Figure(figsize=(3.6 * n_columns, 2.8 * n_rows + 0.4), layout="constrained")
    panels = figure.subplots(n_rows, n_columns, squeeze=False).ravel()
    for panel, criterion in zip(panels, criteria, strict=False):
        _draw(panel, selection, criterion, choices[criterion])
    for panel in panels[len(criteria) :]:
        panel.set_visible(False)
    figure.suptitle(f"number of clusters, features: {selection.space}", fontsize="medium")
    return figure


def _draw(panel: "Axes", selection: "Selection", criterion: str, chosen: int | None) -> None:
    from matplotlib.ticker import MaxNLocator

    table = selection.table
    errors = table.get(f"{criterion}_se")
    panel.errorbar(
        table.index, table[criterion], yerr=errors, color=_CURVE, marker="o", markersize=4, linewidth=1.2, capsize=2
    )
    title = _TITLES[criterion]
    if chosen is not None:
        title += f": k = {chosen}"
        panel.plot(chosen, table[criterion][chosen], marker="o", markersize=10, fillstyle="none", color=_CHOICE)
        panel.axvline(chosen, color=_CHOICE, linewidth=0.8, linestyle=":")
    panel.set_title(title, fontsize="small")
    panel.set_xlabel("clusters k", fontsize="small")
    panel.set_ylabel(_UNITS.get(criterion, "score"), fontsize="small")
    panel.tick_params(labelsize="small")
    panel.xaxis.set_major_locator(MaxNLocator(integer=True))
    panel.margins(x=0.06, y=0.15)
