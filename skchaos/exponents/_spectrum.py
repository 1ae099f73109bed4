"""Lyapunov exponents straight from data."""

from dataclasses import dataclass

import numpy as np

from skchaos.exponents._measure import (
    MAX_SEED,
    MAX_WINDOW_EXPONENTS,
    chains_along,
    measure,
    measure_once,
)
from skchaos.exponents._scaled import MAX_COLUMNS, Scaled
from skchaos.exponents._tangent import growth_along
from skchaos.exponents._threads import one_thread
from skchaos.exponents._verdict import judge, judge_rows, resolved
from skchaos.neighbors._rows import (
    check_columns,
    check_count,
    check_interval,
    check_rows,
    segment_bounds,
)

N_RUNNING = 200


@dataclass(frozen=True)
class MeasuredExponents:
    """What :func:`lyapunov_exponents` measured.

    Parameters
    ----------
    exponents : ndarray of shape (n_exponents,)
        Descending, 1 / unit of `dt`; nan where the rows do not resolve one.
    standard_errors : ndarray of shape (n_exponents,)
        Of `exponents`: sampling over blocks of rows, and how far they move with the settings and
        the resolution of the map and with noise.
    resolved : ndarray of bool, of shape (n_exponents,)
        Which exponents the rows resolve.
    regime : {"fixed point", "cycle", "torus", "chaos", "noise", "undecided"}
        What kind of motion the rows show.
    reason : str
        Why, in words and numbers.
    dt : float
        Sampling interval.
    mean_period : float
        Rows; nan where they do not vary.
    n_delays, delay : int
        Window of rows that was taken as the state; 1 delay is a row alone.
    n_dims : int
        Dimensions of these states.
    step : int
        Rows that the map looks ahead. 1, as the three before it, where no map was fitted.
    length : float
        Of the radial functions, in standard deviations of the leading direction of the states.
    n_centers : int
        Centres of the map.
    penalty : float
        Strength of the penalty on its derivative: the size below which displacements are not
        resolved, in standard deviations of the states.
    prediction_error : float
        Typical error (geometric mean) of predicting a row `step` ahead, in standard deviations.
    noise_level : float
        The part of it that a finer map would not remove, taken for observation noise. For normal
        noise .53 of its standard deviation in one column, and nearly all of it in many.
    gain : float
        Factor by which the map predicts states better than the best linear map.
    running_rows, running : ndarray of shape (n_points,)
        The estimate of the largest exponent (1 / unit of `dt`) from the first so many rows, which
        should have settled.
    """

    exponents: np.ndarray
    standard_errors: np.ndarray
    resolved: np.ndarray
    regime: str
    reason: str
    dt: float
    mean_period: float
    n_delays: int
    delay: int
    n_dims: int
    step: int
    length: float
    n_centers: int
    penalty: float
    prediction_error: float
    noise_level: float
    gain: float
    running_rows: np.ndarray
    running: np.ndarray

    @property
    def lambda_max(self):
        """Largest exponent, 1 / unit of `dt`."""
        return float(self.exponents[0])


@one_thread
def lyapunov_exponents(X, *, dt=1.0, n_exponents=None, groups=None, random_state=0):
    r"""Measure Lyapunov exponents of a series, straight from its rows.

    Rows, or windows of recent rows where these predict better, are taken as states. A smooth map
    from each state to the one some rows later is fitted by kernel regression, with a penalty on
    its derivative that keeps directions off the attractor from showing growth [1]_; a frame of
    tangent vectors is carried along the rows by the Jacobians of that map and orthonormalised on
    the way [2]_ [3]_. The mean logarithms of its stretching are the exponents.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Consecutive rows in time.
    dt : float, default=1.0
        Sampling interval in your unit of time.
    n_exponents : int, default=None
        Leading exponents to follow, at most the dimensions of the states. None is all of them for
        rows that are states, and 4 for windows.
    groups : array-like of shape (n_samples,), default=None
        Trajectory of each row; rows of one trajectory are contiguous. Nothing is compared with
        its own past or future across trajectories. None is one trajectory.
    random_state : int, default=0
        Seed of the choice of centres and of the first tangent vectors.

    Returns
    -------
    MeasuredExponents
        Exponents, standard errors, regime, and what they were read from.

    Raises
    ------
    ValueError
        If rows are not numeric and finite, `dt` is not positive, more exponents are asked for than
        the states of a map that could be fitted have dimensions,
        or `groups` does not hold one label a row or comes back to one.

    Notes
    -----
    Multiplying the data by a power of two does not change a bit of the result. Accuracy, time and
    memory over 44 systems are in `benchmarks/results/lyapunov.csv`. During a call BLAS is held at
    one thread in the whole process; to use more cores, call several processes.

    References
    ----------
    .. [1] C. M. Bishop, Neural Computation 7 (1995), 108-116.
    .. [2] J.-P. Eckmann, S. O. Kamphorst, D. Ruelle and S. Ciliberto, Phys. Rev. A 34 (1986),
       4971-4979.
    .. [3] M. Sano and Y. Sawada, Phys. Rev. Lett. 55 (1985), 1082-1085.

    Examples
    --------
    >>> from skchaos.datasets import make_henon
    >>> from skchaos.exponents import lyapunov_exponents
    >>> found = lyapunov_exponents(make_henon(2000, random_state=0))
    >>> found.regime
    'chaos'
    >>> print(found.exponents.round(2))
    [ 0.43 -1.64]
    """
    dt = check_interval(dt)
    check_count("random_state", random_state, 0, MAX_SEED - 1)
    if n_exponents is not None:
        n_exponents = check_count("n_exponents", n_exponents, 1)
    X, segments = check_rows(X, groups)
    scaled = Scaled.of(X, segments)
    n_unknown = n_exponents or _n_by_default(X.shape[1])
    if scaled is None:
        reason = "the rows do not vary beyond the rounding of their values"
        return _unknown(dt, n_unknown, np.nan, "undecided", reason)
    told = judge_rows(scaled)
    if told is not None:
        return _unknown(dt, n_unknown, scaled.period, told.regime, told.reason)
    measured = measure(scaled, n_exponents, random_state)
    if measured is None:
        reason = f"{len(X)} rows are too few to fit a map"
        return _unknown(dt, n_unknown, scaled.period, "undecided", reason)
    return _answer(scaled, measured, n_exponents, dt, random_state)


def _n_by_default(n_columns):
    """Return how many exponents are said to be unknown, where no states tell."""
    return MAX_WINDOW_EXPONENTS if n_columns == 1 else min(n_columns, MAX_COLUMNS)


def _answer(scaled, measured, n_exponents, dt, random_state):
    fit = measured.fit
    verdict = judge(scaled, measured, random_state)
    known = resolved(measured, scaled.period) & verdict.has_exponents
    states, asked = fit.states, slice(0, n_exponents)
    return MeasuredExponents(
        exponents=np.where(known, measured.rates, np.nan)[asked] / dt,
        standard_errors=np.where(known, measured.errors, np.nan)[asked] / dt,
        resolved=known[asked],
        regime=verdict.regime,
        reason=verdict.reason,
        dt=dt,
        mean_period=scaled.period,
        n_delays=states.n_delays,
        delay=states.delay,
        n_dims=states.values.shape[1],
        step=states.step,
        length=fit.map.length,
        n_centers=len(fit.map.centers),
        penalty=fit.map.penalty,
        prediction_error=fit.row_error,
        noise_level=fit.row_noise,
        gain=fit.gain,
        **_running(measured, known[0], dt),
    )


def _running(measured, is_known, dt):
    local, states = measured.local[:, 0], measured.fit.states
    known = np.flatnonzero(~np.isnan(local))
    at = np.unique(np.linspace(0, len(known) - 1, N_RUNNING).astype(int))
    means = np.cumsum(local[known])[at] / (at + 1) / dt
    return {
        "running_rows": 1 + states.rows[known[at]] + states.step,
        "running": means if is_known else np.full(len(at), np.nan),
    }


def _unknown(dt, n_exponents, period, regime, reason):
    return MeasuredExponents(
        exponents=np.full(n_exponents, np.nan),
        standard_errors=np.full(n_exponents, np.nan),
        resolved=np.zeros(n_exponents, dtype=bool),
        regime=regime,
        reason=reason,
        dt=dt,
        mean_period=period,
        n_delays=1,
        delay=1,
        n_dims=1,
        step=1,
        length=np.nan,
        n_centers=0,
        penalty=np.nan,
        prediction_error=np.nan,
        noise_level=np.nan,
        gain=np.nan,
        running_rows=np.ones(1, dtype=int),
        running=np.full(1, np.nan),
    )


@one_thread
def local_exponents(X_fit, X=None, *, n_exponents=1, groups=None, X_groups=None, random_state=0):
    """Measure the rates at which nearby orbits part, row by row.

    Frames of tangent vectors are carried along the rows as in :func:`lyapunov_exponents`. Their
    growth over the rows just ahead is the finite-time exponent there; the mean over a long series
    is the exponent.

    Parameters
    ----------
    X_fit : array-like of shape (n_fitted, n_features)
        Consecutive rows, which the map is fitted to.
    X : array-like of shape (n_samples, n_features), default=None
        Consecutive rows at which rates are wanted. None is `X_fit`.
    n_exponents : int, default=1
        Leading exponents.
    groups : array-like of shape (n_fitted,), default=None
        Trajectory of each row of `X_fit`; rows of one trajectory are contiguous.
    X_groups : array-like of shape (n_samples,), default=None
        The same for the rows of `X`.
    random_state : int, default=0
        Seed of the choice of centres and of the first tangent vectors.

    Returns
    -------
    rates : ndarray of shape (n_samples, n_exponents)
        Per row. Rows before the first complete window have the first rate, rows whose future is
        not known the last one, and of several trajectories those of the first mean period the rate
        that follows. nan at rows farther outside the range of the fitted ones than that range is
        wide, of which the map knows nothing, in windows that hold such rows, in trajectories too
        short for a window and its image, and everywhere where the fitted rows are too few or do not
        vary.

    Raises
    ------
    ValueError
        If rows are not numeric and finite, `X` has other columns than `X_fit`, or nowhere as many
        rows as a window and its image, `groups` do not hold one label a row, or the
        states have fewer dimensions than exponents are asked for.

    Examples
    --------
    >>> from skchaos.datasets import make_henon
    >>> from skchaos.exponents import local_exponents
    >>> rates = local_exponents(make_henon(2000, random_state=0))
    >>> rates.shape
    (2000, 1)
    >>> bool(abs(rates.mean() - 0.419) < 0.04)
    True
    """
    n_exponents = check_count("n_exponents", n_exponents, 1)
    check_count("random_state", random_state, 0, MAX_SEED - 1)
    X_fit, segments = check_rows(X_fit, groups)
    if X is None and X_groups is not None:
        raise ValueError("X_groups is given without X: pass groups, the trajectories of X_fit.")
    X, X_segments = (X_fit, segments) if X is None else check_rows(X, X_groups)
    check_columns("X", X, X_fit.shape[1])
    scaled = Scaled.of(X_fit, segments)
    measured = None if scaled is None else measure_once(scaled, n_exponents, random_state)
    if measured is None:
        return np.full((len(X), n_exponents), np.nan)
    fit, states = measured.fit, measured.fit.states
    X, far = _within_reach(X, X_fit)
    here = states.at(scaled.transform(X), X_segments)
    if len(here.with_image()) == 0:
        needed = (states.n_delays - 1) * states.delay + states.step + 1
        raise ValueError(
            f"X has {len(X)} row(s), but a window and its image span {needed}: pass at least "
            f"{needed} consecutive rows."
        )
    links, counts = chains_along(scaled, here)
    rng = np.random.RandomState(random_state)
    growth = growth_along(fit.map.jacobians(here.values), links, n_exponents, rng)
    rates = np.full((len(X), n_exponents), np.nan)
    rates[here.rows[links[counts]]] = growth[counts] / here.step
    unlike = far.copy()  # windows that hold such a row, too
    for lag in range(1, here.n_delays):
        unlike[here.rows] |= far[here.rows - lag * here.delay]
    filled = _filled(np.column_stack([rates, unlike]), X_segments)
    filled[(filled[:, -1] > 0) | far] = np.nan
    return filled[:, :-1]


def _within_reach(X, X_fit):
    """Return rows, cut off where they are farther outside the range of fitted ones than it is wide.

    And which rows these are.
    """
    low, high = X_fit.min(axis=0), X_fit.max(axis=0)
    with np.errstate(over="ignore"):  # nothing is far beyond the largest numbers
        width = high - low
        near = np.clip(X, low - width, high + width)
    return near, (near != X).any(axis=1)


def _filled(rates, segments):
    """Give rows without a rate that of the nearest row of their trajectory that has one."""
    known = np.flatnonzero(~np.isnan(rates[:, 0]))
    for start, stop in segment_bounds(segments):
        inside = known[(known >= start) & (known < stop)]
        if len(inside):
            nearest = np.clip(np.searchsorted(inside, np.arange(start, stop)), 0, len(inside) - 1)
            rates[start:stop] = rates[inside[nearest]]
    return rates
