"""Fits of one kind of model with different numbers of clusters."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clast._preparation import clone_estimator
from clast.kmeans import KMeans
from clast.sweep import fit_sweep


@dataclass(frozen=True)
class Family:
    """A model without its number of clusters.

    Attributes
    ----------
    model : estimator
        Unfitted, of our own.
    parameter : str
        "n_clusters" or "n_components".
    random_state : int, RandomState instance or None
        For what is drawn beside the fits.
    """

    model: Any
    parameter: str
    random_state: Any

    @property
    def is_mixture(self) -> bool:
        """Whether the model has likelihoods and posteriors."""
        return hasattr(self.model, "bic") and hasattr(self.model, "predict_proba")

    @property
    def is_kmeans(self) -> bool:
        """Whether the fits can share a sweep."""
        return isinstance(self.model, KMeans)

    def fit(self, counts: list[int], X: NDArray[Any], step: Callable[[], None], random_state: Any = None) -> list[Any]:
        """Fit a model for each number of clusters.

        Parameters
        ----------
        counts : list of int
        X : ndarray of shape (n_samples, n_features)
        step : callable
            Called after each fit.
        random_state : int, default=None
            Instead of the model's own.

        Returns
        -------
        list of estimator
            After Ctrl-C those that are done; their labels are ``labels_``.
        """
        changed = {} if random_state is None else {"random_state": random_state}
        models = [clone_estimator(self.model).set_params(**{self.parameter: k}, **changed) for k in counts]
        if self.is_kmeans:
            return fit_sweep(models, X, None, step)
        fitted: list[Any] = []
        try:
            for model in models:
                fitted.append(model.fit(X))
                step()
        except KeyboardInterrupt:
            if not fitted:
                raise
        return fitted

    def labels(self, model: Any, X: NDArray[Any]) -> NDArray[Any]:
        """Give the labels of a fitted model for the samples that it was fitted to."""
        return np.asarray(model.labels_ if hasattr(model, "labels_") else model.predict(X))


def family_of(model: Any, random_state: Any) -> Family:
    """Check a model and take a copy of it.

    Parameters
    ----------
    model : estimator or None
    random_state : int, RandomState instance or None

    Returns
    -------
    Family

    Raises
    ------
    TypeError
        When the model has neither ``n_clusters`` nor ``n_components``.
    """
    if model is None:
        model = KMeans(random_state=random_state)
    elif isinstance(model, type) and hasattr(model, "get_params"):
        model = model(random_state=random_state) if hasattr(model(), "random_state") else model()
    parameters = model.get_params() if hasattr(model, "get_params") else {}
    for parameter in ("n_clusters", "n_components"):
        if parameter in parameters:
            own = parameters.get("random_state")
            return Family(clone_estimator(model), parameter, own if random_state is None else random_state)
    raise TypeError(f"'model' must be an estimator with n_clusters or n_components; got {model!r}")
