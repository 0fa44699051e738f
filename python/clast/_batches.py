"""What a mini-batch run goes through: rows drawn as scikit-learn draws them, until its rules say that they suffice."""

from typing import Any

import numpy as np
import sklearn
from numpy.typing import NDArray

from clast import _core
from clast._validation import center_dtype

# Since 1.9 scikit-learn draws rows in proportion to their weight and weighs all rows of a batch alike; before, it drew
# them all alike and weighed them within the batch. The same seed gives the batches of the installed version.
_WEIGHTS_ARE_DRAWN = tuple(int(number) for number in sklearn.__version__.split(".")[:2]) >= (1, 9)


class Batches:
    """Endless mini-batches of the rows of `X`, drawn with replacement.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
    size : int
        Rows per batch.
    sample_weight : ndarray of shape (n_samples,), float64, or None
    random_state : RandomState
        Advanced by every batch.

    Attributes
    ----------
    total_weight : float
        What a mean over a batch stands for: multiplied by it, it is the sum over all samples.

    Notes
    -----
    Memory: a float for every 32 samples, and one probability per sample if they are weighted.
    """

    def __init__(
        self,
        X: NDArray[Any],
        size: int,
        sample_weight: NDArray[np.float64] | None,
        random_state: np.random.RandomState,
    ) -> None:
        self._n_samples = len(X)
        self._size = size
        self._sample_weight = sample_weight
        self._random_state = random_state
        self.total_weight = float(self._n_samples)
        if _WEIGHTS_ARE_DRAWN:
            self._prepare_draws(center_dtype(X))

    def _prepare_draws(self, dtype: type[np.floating[Any]]) -> None:
        # scikit-learn divides in the dtype of the samples; a draw between two rows depends on the last bit.
        self._probabilities, self._each = None, float(dtype(1) / dtype(self._n_samples))
        if self._sample_weight is not None:
            weights = self._sample_weight.astype(dtype, copy=False)
            self.total_weight = float(weights.sum())
            self._probabilities = (weights / weights.sum()).astype(np.float64, copy=False)
        self._sums = _core.choice_sums(self._probabilities, self._n_samples, self._each)

    def draw(self) -> tuple[NDArray[np.int64], NDArray[np.float64] | None]:
        """Draw the next batch.

        Returns
        -------
        rows : ndarray of shape (size,), int64
        sample_weight : ndarray of shape (size,), float64, or None
            Weights within the batch; None weighs all alike.
        """
        if not _WEIGHTS_ARE_DRAWN:
            rows = self._random_state.randint(0, self._n_samples, self._size).astype(np.int64, copy=False)
            return rows, None if self._sample_weight is None else self._sample_weight[rows]
        draws = self._random_state.random_sample(self._size)
        return _core.choose_rows(self._probabilities, self._n_samples, self._each, self._sums, draws), None


class Progress:
    """Decides after every step whether a run ends, by scikit-learn's rules.

    Parameters
    ----------
    n_steps : int
        Largest number of steps.
    share : float
        Share of a batch in all samples, which decides how fast the smoothed inertia forgets.
    tol : float
        Squared movement of the centers at which a run ends; 0 never does.
    max_no_improvement : int or None
        Steps in a row without a smaller smoothed inertia at which it ends.
    verbose : int

    Attributes
    ----------
    step : int
        Steps made.
    inertia : float
        Mean inertia of a sample, smoothed over the batches.
    """

    def __init__(self, n_steps: int, share: float, tol: float, max_no_improvement: int | None, verbose: int) -> None:
        self.step = 0
        self.inertia = np.inf
        self._n_steps = n_steps
        self._weight_of_latest = min(2 * share, 1)
        self._tol = tol
        self._max_no_improvement = max_no_improvement
        self._verbose = verbose
        self._smallest = np.inf
        self._n_no_improvement = 0

    def has_converged(self, inertia: float, before: NDArray[np.float64], centers: NDArray[np.float64]) -> bool:
        """Count a step that moved the centers from `before`; `inertia` is the mean of its batch."""
        self.step += 1
        self._smooth(inertia)
        # The first inertia is that of the initial centers.
        if self.step == 1:
            return False
        if self._tol > 0 and ((centers - before) ** 2).sum() <= self._tol:
            return self._stop("small centers change")
        if self.inertia < self._smallest:
            self._smallest, self._n_no_improvement = self.inertia, 0
        else:
            self._n_no_improvement += 1
        if self._max_no_improvement is not None and self._n_no_improvement >= self._max_no_improvement:
            return self._stop("lack of improvement in inertia")
        return False

    def _smooth(self, inertia: float) -> None:
        # The smoothing starts with the second batch.
        if self.step <= 2:
            self.inertia = inertia
        else:
            self.inertia = self.inertia * (1 - self._weight_of_latest) + inertia * self._weight_of_latest
        if self._verbose:
            ewa = "" if self.step == 1 else f", ewa inertia: {self.inertia}"
            print(f"Minibatch step {self.step}/{self._n_steps}: mean batch inertia: {inertia}{ewa}")

    def _stop(self, reason: str) -> bool:
        if self._verbose:
            print(f"Converged ({reason}) at step {self.step}/{self._n_steps}")
        return True
