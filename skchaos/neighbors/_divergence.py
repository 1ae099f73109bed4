"""How neighbours part: the mean logarithm of their distance over the lag."""

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from skchaos.neighbors._embedding import cao_dimension, choose_delay, standardised
from skchaos.neighbors._rows import (
    Points,
    check_count,
    check_interval,
    check_rows,
    project_windows,
    segment_bounds,
    window_axes,
    window_rows,
)
from skchaos.neighbors._scales import mean_period
from skchaos.neighbors._theiler import find_neighbors, theiler_limit

MAX_ROWS = 100_000
MAX_LAGS = 100
# In 20 mean periods the weakest chaos of our systems (Mackey-Glass 17, .23 nats a period) takes
# neighbours a hundredth of the attractor apart to its size.
CURVE_PERIODS = 20
MIN_WINDOWS = 10
MAX_DIMS = 20  # leading principal directions, where windows have more
# Neighbours that do not even double their distance show no growth: those of noise, cycles and tori
# gain .3 nats at most where windows no longer overlap, those of chaos 1.3 and more, with 5 % of
# noise too (benchmarks/lyapunov/second_opinion.py).
MIN_RISE = np.log(2)
# Of .4, .5, .6 and .75 the one whose slopes are never further than .22 from known exponents (same
# script): saturation bends the curve beyond, and before it there is little of it.
WAY_TO_PLATEAU = 0.6


@dataclass(frozen=True)
class DivergenceCurve:
    """What :func:`divergence_curve` measured.

    Parameters
    ----------
    lags : ndarray of shape (n_lags,)
        In the unit of `dt`, ascending from 0.
    curve : ndarray of shape (n_lags,)
        Mean logarithm of the distance of neighbours, nats; distances in standard deviations. nan at
        lags without a pair of rows that differ.
    window : tuple of float
        First and last lag between which the curve is read, in the unit of `dt`; nan where
        neighbours do not part.
    slope : float
        Least-squares slope of the curve in the window, 1 / unit of `dt`; nan likewise.
    n_delays, delay : int
        Rows of a window that is taken as a state, and steps between two of them.
    theiler_window : int
        Rows within which two windows are no neighbours.
    """

    lags: np.ndarray
    curve: np.ndarray
    window: tuple[float, float]
    slope: float
    n_delays: int
    delay: int
    theiler_window: int


def divergence_curve(X, *, dt=1.0, n_delays="auto", delay="auto", n_neighbors=5, groups=None):
    r"""Measure how far neighbours are apart on average, over the lag: a second opinion.

    With states :math:`y_i` (windows of rows, newest row at i) and their nearest neighbours
    :math:`y_j`

    .. math:: S(l) = \langle \log \| y_{j+l} - y_{i+l} \| \rangle

    is a straight line where neighbours part exponentially, and its slope is the largest Lyapunov
    exponent [1]_; with several neighbours as in [2]_. No map is fitted, so that the curve can
    disagree with :func:`skchaos.exponents.lyapunov_exponents`, which is the more accurate of the
    two. Look at the curve, not at the slope alone.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Consecutive rows in time.
    dt : float, default=1.0
        Sampling interval in your unit of time.
    n_delays : int or "auto", default="auto"
        Rows of a window. "auto" is that of :func:`cao_dimension`. Set 1 where rows are states.
    delay : int or "auto", default="auto"
        Steps between two rows of a window. "auto" is that of :func:`choose_delay`.
    n_neighbors : int, default=5
        Neighbours of each reference state, fewer where there are not as many. Set 1 for the
        original curve [1]_, more where the curve is rough.
    groups : array-like of shape (n_samples,), default=None
        Trajectory of each row; rows of one trajectory are contiguous. No window and no pair is
        followed across.

    Returns
    -------
    DivergenceCurve
        Lags, curve, the window that it is read in, its slope, and the embedding.

    Raises
    ------
    TypeError
        If `n_delays`, `delay` or `n_neighbors` is not a whole number (or "auto").
    ValueError
        If one of them is below 1, `dt` is not positive, a column is constant, `groups` does not
        hold one label a row, or no trajectory holds 10 windows.

    Notes
    -----
    The window begins after half a mean period, in which displacements turn into the growing
    direction, and not before windows have ceased to overlap with where they started. It ends where
    the curve has made six tenths of its way to its plateau, the size of the attractor. Where
    that way is shorter than ln 2, as in noise and on cycles, there is no window and no slope.

    The slope has no standard error: where it begins and ends matters more than the scatter. On
    clean series of our systems it is off by 6 % in the median and by 22 % at most; it falls short
    where noise keeps neighbours from being near, with 5 % of noise by a tenth to a half
    (`benchmarks/lyapunov/second_opinion.py`).

    500 reference states, evenly spread, are followed for up to 20 mean periods, and at most a
    quarter of the longest trajectory. Windows of more than 20 columns are reduced to their 20
    leading principal directions. Only the last 100,000 rows are used: about a second on one core,
    and more for many columns.

    References
    ----------
    .. [1] M. T. Rosenstein, J. J. Collins and C. J. De Luca, Physica D 65 (1993), 117-134, eq. 13.
    .. [2] H. Kantz, Phys. Lett. A 185 (1994), 77-87.

    Examples
    --------
    The logistic map's exponent is ln 2, .693:

    >>> from skchaos.datasets import make_logistic
    >>> from skchaos.neighbors import divergence_curve
    >>> found = divergence_curve(make_logistic(2000, random_state=0))
    >>> bool(abs(found.slope - 0.693) < 0.03)
    True
    """
    dt = check_interval(dt)
    n_delays, delay = _check_auto("n_delays", n_delays), _check_auto("delay", delay)
    n_neighbors = check_count("n_neighbors", n_neighbors, 1)
    X, segments = check_rows(X, groups)
    rows, segments = standardised(X[-MAX_ROWS:], segments[-MAX_ROWS:])
    n_delays, delay = _embedding(rows, segments, n_delays, delay)
    points = _points(rows, segments, n_delays, delay)
    longest = max(stop - start for start, stop in segment_bounds(points.segments))
    period = mean_period(rows, segments)
    theiler_window = min(max(1, round(period)), longest // 10)
    last = int(np.clip(CURVE_PERIODS * period, 3, max(3, longest // 4)))
    lags = np.unique(np.linspace(0, last, MAX_LAGS).astype(int))
    curve = mean_log_distance(points, lags, theiler_window=theiler_window, n_neighbors=n_neighbors)
    start, stop, rate = _read(lags, curve, period, (n_delays - 1) * delay)
    return DivergenceCurve(
        lags=lags * dt,
        curve=curve,
        window=(start * dt, stop * dt),
        slope=rate / dt,
        n_delays=n_delays,
        delay=delay,
        theiler_window=theiler_window,
    )


def _check_auto(name, value):
    """Return None for "auto", and else a whole number."""
    if not isinstance(value, str):
        return check_count(name, value, 1)
    if value != "auto":
        raise ValueError(f'{name}={value!r} must be a whole number of at least 1, or "auto".')
    return None


def _embedding(rows, segments, n_delays, delay):
    """Return number of delays and delay: those given, else measured ones."""
    if n_delays == 1:
        return 1, delay or 1  # of no consequence for a single row
    delay = delay or choose_delay(rows, groups=segments).delay
    return n_delays or cao_dimension(rows, delay=delay, groups=segments).n_delays, delay


def _points(rows, segments, n_delays, delay):
    """Return windows as points, in up to 20 principal directions."""
    newest = window_rows(segments, n_delays, delay)
    longest = np.bincount(segments[newest]).max() if len(newest) else 0
    if longest < MIN_WINDOWS:
        raise ValueError(
            f"The longest trajectory of X holds {longest} window(s) of {n_delays} row(s) with a "
            f"delay of {delay}, and {MIN_WINDOWS} are needed: give trajectories of "
            f"{MIN_WINDOWS + (n_delays - 1) * delay} rows or more, or fewer delays."
        )
    axes = window_axes(rows, newest, n_delays, delay, MAX_DIMS)
    return Points(project_windows(rows, newest, delay, axes), newest, segments[newest])


def mean_log_distance(points, lags, *, theiler_window, n_neighbors=5, n_references=500):
    r"""Return the mean logarithm of the distance of neighbouring points over the lag.

    .. math:: S(l) = \langle \log \| y_{j+l} - y_{i+l} \| \rangle

    over reference points i and their nearest neighbours j outside the Theiler window (Rosenstein,
    Collins & De Luca 1993, Physica D 65, 117, eq. 13; with several neighbours as in Kantz 1994,
    Phys. Lett. A 185, 77). Its slope, between an early stretch in which displacements turn into
    the growing direction and the size of the attractor, is the largest exponent. Pairs at
    distance zero are left out of the lag at which they are.

    Parameters
    ----------
    points : Points
        State space points. Pairs whose future leaves a trajectory are not used.
    lags : ndarray of shape (n_lags,)
        Rows, ascending.
    theiler_window : int
        Rows within which two points are no neighbours.
    n_neighbors : int, default=5
        Neighbours of each reference point, fewer where there are not as many.
    n_references : int, default=500
        Reference points, evenly spread.

    Returns
    -------
    curve : ndarray of shape (n_lags,)
        nan at lags without a pair.
    """
    curve = np.full(len(lags), np.nan)
    usable = points.with_future(lags[-1])
    n_neighbors = min(n_neighbors, theiler_limit(len(usable), theiler_window))
    if n_neighbors < 1:
        return curve
    times = points.times(theiler_window)
    references = usable[np.unique(np.linspace(0, len(usable) - 1, n_references).astype(int))]
    _, found = find_neighbors(
        cKDTree(points.values[usable]),
        times[usable],
        points.values[references],
        times[references],
        n_neighbors,
        theiler_window,
    )
    first, second = np.repeat(references, n_neighbors), usable[found.ravel()]
    for n, lag in enumerate(lags):
        apart = np.linalg.norm(points.values[first + lag] - points.values[second + lag], axis=1)
        apart = apart[apart > 0]
        if len(apart):
            curve[n] = np.log(apart).mean()
    return curve


def linear_region(lags, curve, period):
    """Return the first and last lag between which a divergence curve can be read.

    It begins after half a mean period, in which displacements align, and ends where the curve has
    made six tenths of its way to its plateau, the median of its last third.
    """
    begin = int(np.searchsorted(lags, period / 2))
    begin = min(begin, max(0, len(lags) - 3))
    plateau = np.median(curve[-(len(curve) // 3 + 1) :])
    bar = curve[begin] + WAY_TO_PLATEAU * (plateau - curve[begin])
    above = np.flatnonzero(curve[begin:] >= bar)
    end = begin + int(above[0]) if len(above) else len(lags) - 1
    end = min(max(end, begin + 2), len(lags) - 1)
    return int(lags[begin]), int(lags[end])


def slope(lags, curve, start, stop):
    """Return the least-squares slope of a curve between two lags, nan with fewer than two."""
    inside = (lags >= start) & (lags <= stop) & np.isfinite(curve)
    if np.count_nonzero(inside) < 2:
        return np.nan
    return float(np.polyfit(lags[inside], curve[inside], 1)[0])


def _read(lags, curve, period, span):
    """Return first and last lag of the window, in rows, and the slope in it; nan for no growth."""
    start, stop = linear_region(lags, curve, max(period, 2 * span))
    at_start = curve[np.searchsorted(lags, start)]
    plateau = np.median(curve[-(len(curve) // 3 + 1) :])
    if not plateau - at_start >= MIN_RISE:  # also where one of them is nan
        return np.nan, np.nan, np.nan
    return start, stop, slope(lags, curve, start, stop)
