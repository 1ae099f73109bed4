"""Growth rates row by row."""

import numpy as np
from scipy.spatial import cKDTree

from skchaos.neighbors._local_maps import fit_local_maps, tangent_growth
from skchaos.neighbors._measure import measure
from skchaos.neighbors._rows import check_columns, check_count, check_rows, project_windows
from skchaos.neighbors._scaled import Scaled
from skchaos.neighbors._theiler import find_neighbors

# A row this near to a fitted one (in units of the noise that was added to those) is that row.
SAME_MOMENT = 5.0


def local_divergence_rates(
    X_fit, X=None, *, n_delays=None, delay=None, groups=None, random_state=0
):
    """Measure the rate at which nearby orbits part, row by row.

    Around each row a local map is fitted to its neighbours among the fitted rows, as in
    :func:`largest_exponent`, and a tangent vector is carried along the rows by the Jacobians of
    these maps. Its growth over each step is the finite-time exponent there; the mean over a long
    series is the largest exponent.

    Parameters
    ----------
    X_fit : array-like of shape (n_fitted, n_features)
        Consecutive rows, from which neighbours come.
    X : array-like of shape (n_samples, n_features), default=None
        Consecutive rows of one trajectory at which rates are wanted. None is `X_fit`. Rows that are
        among the fitted ones are not compared with the rows just before and after them.
    n_delays : int, default=None
        Rows of a window that is taken as the state. None, together with `delay`, is the window that
        predicts best.
    delay : int, default=None
        Steps between two rows of a window.
    groups : array-like of shape (n_fitted,), default=None
        Label of the trajectory of each row of `X_fit`, contiguous. None is one trajectory.
    random_state : int, RandomState instance or None, default=0
        Seed of the slight noise (.003 standard deviations) that is added to the fitted rows.

    Returns
    -------
    rates : ndarray of shape (n_samples,)
        Per step. A local map looks half the series' memory ahead, and the rows of such a stretch
        share its rate; rows before the first complete window have the first rate. All nan where the
        fitted rows are too few to compare neighbours.

    Raises
    ------
    ValueError
        If `X` has other columns than `X_fit`, or fewer rows than a window.

    Notes
    -----
    About .2 ms a stretch. The tangent vector needs some ten mean periods until it points in the
    growing direction: the first rates of `X` are less exact than the rest.

    Examples
    --------
    >>> from skchaos.datasets import make_henon
    >>> from skchaos.neighbors import local_divergence_rates
    >>> rates = local_divergence_rates(make_henon(2000, random_state=0))
    >>> rates.shape
    (2000,)
    >>> bool(abs(rates.mean() - 0.419) < 0.04)
    True
    """
    if (n_delays is None) != (delay is None):
        raise ValueError(
            f"n_delays={n_delays} and delay={delay}: give both, or None for both to have the "
            "window chosen."
        )
    windows = None
    if n_delays is not None:
        windows = [(check_count("n_delays", n_delays, 1), check_count("delay", delay, 1))]
    X_fit, groups = check_rows(X_fit, groups=groups)
    X = X_fit if X is None else check_rows(X)[0]
    check_columns("X", X, X_fit.shape[1])
    scaled = Scaled.of(X_fit, groups, random_state)
    measured = None if scaled is None else measure(scaled, random_state, windows)
    if measured is None:
        return np.full(len(X), np.nan)
    rows = measured.scaled.apply(X)
    if measured.quadratic is not None:
        jacobians = measured.quadratic.jacobians(rows)
        return tangent_growth(jacobians[None], np.ones((1, rows.shape[1])))[0]
    return _rates(measured.best, measured.scaled.amplitude, rows)


def _rates(best, amplitude, rows):
    space = best.space
    first = (space.n_delays - 1) * space.delay
    if len(rows) <= first:
        raise ValueError(
            f"X has {len(rows)} row(s), but a state is inferred from a window of {space.n_delays} "
            f"rows, {space.delay} steps apart: pass at least {first + 1} rows."
        )
    at = np.arange(first, len(rows), space.step)
    values = project_windows(rows, at, space.delay, space.axes)
    times = _moments(space, values, SAME_MOMENT * amplitude * np.sqrt(space.n_dims))
    distances, neighbors = find_neighbors(
        space.tree,
        space.tree_times,
        values,
        times,
        best.settings.n_neighbors,
        space.theiler_window,
    )
    # Where their own future would be is not known, and not asked for: it only moves the constant.
    futures = np.zeros((len(at), space.n_dims))
    images = space.images[:: space.stride, : space.n_dims]
    _, jacobians = fit_local_maps(
        space.tree.data, images, values, futures, distances, neighbors, best.settings
    )
    growth = tangent_growth(jacobians[None], np.ones((1, space.n_dims)))[0] / space.step
    return np.concatenate([np.full(first, growth[0]), np.repeat(growth, space.step)])[: len(rows)]


def _moments(space, values, near):
    """Return the fitted row that each point is, and a time far from all where it is none."""
    points, rows = space.points.values[space.usable], space.points.rows[space.usable]
    distances, nearest = cKDTree(points).query(values)
    far_away = -2 * (space.theiler_window + 1)
    return np.where(distances < near, rows[nearest], far_away)
