"""Which rows a state should be inferred from."""

import numpy as np

from skchaos.neighbors._choose import find_maps
from skchaos.neighbors._rows import segment_bounds
from skchaos.neighbors._scaled import JITTER, Scaled

# A window is worth having where the error of prediction from one row is above this (standard
# deviations) and that from a window this many times lower. One row that does not determine the next
# gives 3 (Duffing with 5 % noise) to 240 times, one that is noisy 1.1 to 1.4 times; clean ones that
# determine the next err by no more than the noise that is added here.
NOTABLE_ERROR = 2.5 * JITTER
MIN_GAIN = 1.05
N_DELAYS = 6
PERIODS_OF_A_MAP = 1.6


def recommend_window(X, *, groups=None, random_state=0):
    """Recommend the window of recent rows to infer a state from.

    One row where one row determines the next and is not noisy. Otherwise six rows, a third of the
    series' memory apart (the first minimum of its mutual information [1]_), so that a window spans
    about a third of a mean period; where that memory is a row or two, as many consecutive rows as
    1.6 mean periods hold. What one row and the window determine is judged by the error of local
    maps that predict rows they were not fitted to.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Consecutive rows in time.
    groups : array-like of shape (n_samples,), default=None
        Trajectory label of each row. A new trajectory starts wherever the label changes.
    random_state : int, RandomState instance or None, default=0
        Seed of the slight noise (.003 standard deviations) that is added to the rows.

    Returns
    -------
    n_delays : int
        Rows of a window, from 1 to 12.
    delay : int
        Steps between two of them. A window spans at most a quarter of the longest trajectory.

    Raises
    ------
    ValueError
        If `groups` does not hold one label a row.

    Notes
    -----
    Where rows are too few to compare neighbours, several columns are taken to determine the next
    row, and one column is not. Less than a second for 100,000 rows of three columns.

    References
    ----------
    .. [1] A. M. Fraser and H. L. Swinney, Phys. Rev. A 33 (1986), 1134-1140.

    Examples
    --------
    >>> from skchaos.datasets import make_henon
    >>> from skchaos.neighbors import recommend_window
    >>> X = make_henon(1000, random_state=0)
    >>> recommend_window(X)
    (1, 1)
    >>> recommend_window(X[:, :1])
    (5, 1)
    """
    scaled = Scaled.of(X, groups, random_state)
    if scaled is None:
        return 1, 1
    window = _window(scaled)
    row, several = find_maps(scaled, [(1, 1)]), find_maps(scaled, [window])
    if not row or not several:
        return (1, 1) if scaled.rows.shape[1] > 1 else window
    gain = row[0].error / several[0].error
    return window if row[0].error > NOTABLE_ERROR and gain > MIN_GAIN else (1, 1)


def _window(scaled):
    longest = max(stop - start for start, stop in segment_bounds(scaled.segments))
    if scaled.memory <= 2:
        n_delays, delay = int(np.clip(round(PERIODS_OF_A_MAP * scaled.period), 3, 12)), 1
    else:
        n_delays, delay = N_DELAYS, round(scaled.memory / 3)
    return max(1, min(n_delays, 1 + longest // (4 * delay))), delay
