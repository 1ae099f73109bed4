"""Forcing intervals to search over."""

from numbers import Integral
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.utils import check_scalar

from skchaos._plan import (
    FALLBACK_INTERVAL,
    closes_loop,
    is_noise_driven,
    predictability_time,
    usable_exponent,
)
from skchaos._regressor import ChaoticRNNRegressor

# From an eighth of the predictability time to twice that time: the range over which the sweeps of
# Mikhaeil et al. 2022, figures 3 and 4, pass through their minimum.
SHORTEST, LONGEST = 1 / 8, 2.0
LARGEST_PART = 1 / 10  # of the rows of the longest trajectory


def forcing_interval_grid(
    X, n_intervals=5, *, groups=None, input_columns=None, process_noise="auto"
):
    """Return forcing intervals around the predictability time of a series.

    The intervals are evenly spaced on a logarithmic scale from an eighth of ln 2 / lambda_max to
    twice that time, with lambda_max measured on `X` as a fit does, after noise was taken from it.
    Where a fit would infer the state anew before every step the least is 1 (:ref:`closed_loop`).
    Where the series shows no positive exponent they are spaced around 30 steps, and where noise
    drives it there is but one, of 1 step.

    Parameters
    ----------
    X : array-like or DataFrame of shape (n_samples, n_features)
        Consecutive rows of the training series.
    n_intervals : int, default=5
        Intervals at most; equal ones are given once.
    groups : array-like of shape (n_samples,), default=None
        Label of the trajectory that each row belongs to, as in :meth:`ChaoticRNNRegressor.fit`.
    input_columns : label or list of labels, default=None
        Columns that drive the others, as in :class:`ChaoticRNNRegressor`: they are left out.
    process_noise : bool or "auto", default="auto"
        Whether noise drives the series, as in :class:`ChaoticRNNRegressor`.

    Returns
    -------
    list of int
        Steps, ascending, none longer than a tenth of the longest trajectory.

    Examples
    --------
    >>> from skchaos.datasets import make_lorenz63
    >>> from skchaos.model_selection import forcing_interval_grid
    >>> grid = forcing_interval_grid(make_lorenz63(5000, random_state=0))
    >>> len(grid)
    5
    """
    check_scalar(n_intervals, "n_intervals", Integral, min_val=1)
    settings = {"input_columns": input_columns, "process_noise": process_noise}
    return intervals_around(ChaoticRNNRegressor(**settings), X, groups, n_intervals)


def intervals_around(
    estimator: ChaoticRNNRegressor, X: Any, groups: Any, n_intervals: int = 5
) -> list[int]:
    """Return intervals around the one that an estimator would take on all of the rows."""
    from skchaos._prepare import measure_as_fitted  # torch loads here

    settings = clone(estimator).set_params(early_stopping=False, dt=1.0, forcing_interval="auto")
    settings._validate_params()
    measured, lengths = measure_as_fitted(settings, X, groups)
    if is_noise_driven(settings.process_noise, measured):
        return [1]
    steps = predictability_time(usable_exponent(measured))
    centre = steps if np.isfinite(steps) else FALLBACK_INTERVAL
    spaced = np.geomspace(SHORTEST * centre, LONGEST * centre, n_intervals)
    if closes_loop(settings, measured, False):  # which no longer interval does
        spaced[0] = 1
    longest = max(1, int(LARGEST_PART * max(lengths)))
    return np.unique(np.clip(np.round(spaced), 1, longest).astype(int)).tolist()
